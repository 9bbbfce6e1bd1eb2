//! A shaded picture of a surface, by rays.

use dualgn_train::picture::Raster;
use rayon::prelude::*;

use crate::geometry::{GeometryError, Mesh, Solid, Vector, cross, dot, minus};

/// From where a surface is seen, in radians: turned around the upward axis, then raised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Around.
    pub turn: f64,
    /// Up.
    pub rise: f64,
}

impl View {
    /// From the front, somewhat from above.
    pub(crate) const FRONT: Self = Self { turn: 0.35, rise: 0.25 };
    /// From behind.
    pub(crate) const BACK: Self = Self { turn: 3.5, rise: 0.25 };
}

/// Half of the side of what is seen.
const REACH: f64 = 1.15;

/// A picture of a surface in `[-1, 1]³`, square, without perspective; transparent beside it.
pub(crate) fn render(mesh: &Mesh, view: View, size: usize) -> Result<Raster, GeometryError> {
    let solid = Solid::unsigned("the surface", mesh)?;
    let ((turn_sine, turn), (rise_sine, rise)) = (view.turn.sin_cos(), view.rise.sin_cos());
    // The directions to the right, up, and to the eye.
    let right = [turn, 0.0, -turn_sine];
    let up = [-turn_sine * rise_sine, rise, -turn * rise_sine];
    let eye = [turn_sine * rise, rise_sine, turn * rise];
    let light = unit(sum(&[(0.5, right), (0.7, up), (0.8, eye)]));
    let shade = |x: f64, y: f64| -> [f64; 4] {
        let origin = sum(&[(x, right), (y, up), (4.0, eye)]);
        let Some((along, flat, face)) = solid.ray(origin, eye.map(|x| -x)) else { return [0.0; 4] };
        let at = sum(&[(1.0, origin), (-along, eye)]);
        let mut normal = smooth(mesh, face, at).unwrap_or(flat);
        if dot(normal, eye) < 0.0 {
            normal = normal.map(|x| -x);
        }
        let (lit, facing) = (dot(normal, light).max(0.0), dot(normal, eye).max(0.0));
        let strength = 0.22 + 0.68 * lit + 0.10 * facing;
        let glint = 0.25 * lit.powi(24);
        let colour = [0.62, 0.72, 0.84].map(|part| (part * strength + glint).min(1.0));
        [colour[0], colour[1], colour[2], 1.0]
    };
    // Four rays a pixel.
    let rows: Vec<Vec<u8>> = (0..size)
        .into_par_iter()
        .map(|row| {
            let pixel = |column: usize| {
                let mut total = [0.0; 4];
                for (dx, dy) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                    let place = |index: usize, part: f64| (2.0 * (index as f64 + part) / size as f64 - 1.0) * REACH;
                    let found = shade(place(column, dx), -place(row, dy));
                    (0..4).for_each(|part| total[part] += found[part] / 4.0);
                }
                let [r, g, b, opacity] = total;
                let colour = [r, g, b].map(|part| part / opacity.max(1e-9));
                [colour[0], colour[1], colour[2], opacity].map(|part| (255.0 * part).round() as u8)
            };
            (0..size).flat_map(pixel).collect()
        })
        .collect();
    Ok(Raster { width: size, height: size, pixels: rows.concat() })
}

/// The normals of a triangle's corners, blended at a point of it.
fn smooth(mesh: &Mesh, face: usize, at: Vector) -> Option<Vector> {
    let [a, b, c] = mesh.corners(face);
    let area = |p, q, r| cross(minus(q, p), minus(r, p));
    let whole = area(a, b, c);
    let squared = dot(whole, whole);
    if squared == 0.0 {
        return None;
    }
    let weights = [area(at, b, c), area(a, at, c), area(a, b, at)].map(|part| dot(part, whole) / squared);
    let corners = mesh.shading[face].map(|normal| mesh.normals[normal as usize]);
    Some(unit(sum(&[(weights[0], corners[0]), (weights[1], corners[1]), (weights[2], corners[2])])))
}

fn sum(terms: &[(f64, Vector)]) -> Vector {
    std::array::from_fn(|axis| terms.iter().map(|(factor, vector)| factor * vector[axis]).sum())
}

fn unit(a: Vector) -> Vector {
    let length = dot(a, a).sqrt().max(f64::MIN_POSITIVE);
    a.map(|x| x / length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::surface;

    #[test]
    fn a_sphere_is_a_disc_that_is_lighter_towards_the_light() {
        let ball = |points: &[f64]| {
            Ok::<_, std::convert::Infallible>(
                points.chunks(3).map(|p| p.iter().map(|x| x * x).sum::<f64>().sqrt() - 0.7).collect(),
            )
        };
        let mesh = surface([[-1.0; 3], [1.0; 3]], 24, ball).unwrap().unwrap();
        let picture = render(&mesh, View::FRONT, 64).unwrap();
        let covered = picture.pixels.chunks(4).filter(|pixel| pixel[3] > 127).count() as f64 / 4096.0;
        let wanted = std::f64::consts::PI * 0.49 / (2.0 * REACH).powi(2);
        assert!((covered - wanted).abs() < 0.02, "{covered} {wanted}");
        let green = |x: usize, y: usize| picture.pixels[4 * (y * 64 + x) + 1];
        assert!(green(40, 22) > green(24, 42) + 30, "{} {}", green(40, 22), green(24, 42));
    }
}
