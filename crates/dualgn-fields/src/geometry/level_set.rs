//! The surface where a function is zero.

use fast_surface_nets::ndshape::RuntimeShape;
use fast_surface_nets::{SurfaceNetsBuffer, surface_nets};

use super::mesh::Mesh;
use super::vector::Vector;

/// Newton's steps onto the surface: each squares the distance, which is a small part of a cell after the first.
const PROJECTIONS: usize = 2;
/// Differences are taken over this part of a cell.
const DIFFERENCE: f64 = 1e-3;

/// The surface in a box where `f` is zero, negative inside: closed (at the box, if it reaches it), from the values at
/// `resolution³` grid points by dual cells ("surface nets"), whose vertices are then moved onto the surface. `f` takes points row
/// by row. `None` if the sign does not change.
pub fn surface<E>(
    bounds: [Vector; 2],
    resolution: usize,
    f: impl Fn(&[f64]) -> Result<Vec<f64>, E>,
) -> Result<Option<Mesh>, E> {
    let [low, high] = bounds;
    let n = resolution.max(4);
    let cell: Vector = std::array::from_fn(|axis| (high[axis] - low[axis]) / (n - 1) as f64);
    let at = |index: usize, axis: usize| (index / n.pow(axis as u32)) % n;
    // Slab by slab: the points of all cells at once would take more memory than their values.
    let mut values: Vec<f32> = Vec::with_capacity(n * n * n);
    for slab in 0..n {
        let indices = slab * n * n..(slab + 1) * n * n;
        let points: Vec<f64> = indices
            .clone()
            .flat_map(|index| (0..3).map(move |axis| low[axis] + cell[axis] * at(index, axis) as f64))
            .collect();
        // The last cells are not joined to what is beyond them: two layers there.
        let is_border = |index: usize| (0..3).any(|axis| at(index, axis) == 0 || at(index, axis) + 2 >= n);
        let border = cell[0] as f32;
        values.extend(f(&points)?.iter().zip(indices).map(|(&value, index)| match is_border(index) {
            true => (value as f32).max(border),
            false => value as f32,
        }));
    }
    let mut nets = SurfaceNetsBuffer::default();
    surface_nets(&values, &RuntimeShape::<u32, 3>::new([n as u32; 3]), [0; 3], [n as u32 - 1; 3], &mut nets);
    if nets.indices.is_empty() {
        return Ok(None);
    }
    let mut vertices: Vec<Vector> = nets
        .positions
        .iter()
        .map(|p| std::array::from_fn(|axis| low[axis] + cell[axis] * f64::from(p[axis])))
        .collect();
    let mut normals = vec![];
    for _ in 0..=PROJECTIONS {
        let (found, gradients) = values_and_gradients(&vertices, cell, &f)?;
        normals = gradients;
        if normals.len() == vertices.len() {
            for ((vertex, value), gradient) in vertices.iter_mut().zip(found).zip(&normals) {
                let squared: f64 = gradient.iter().map(|x| x * x).sum();
                for axis in 0..3 {
                    // Never farther than a cell: where the gradient vanishes there is no step.
                    let step = value * gradient[axis] / squared.max(f64::MIN_POSITIVE);
                    let step = if step.abs() <= cell[axis] { step } else { 0.0 };
                    vertex[axis] = (vertex[axis] - step).clamp(low[axis], high[axis]);
                }
            }
        }
    }
    let faces: Vec<[u32; 3]> = nets.indices.chunks_exact(3).map(|face| [face[0], face[1], face[2]]).collect();
    let unit = |normal: Vector| {
        let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length > 0.0 { normal.map(|x| x / length) } else { [0.0, 0.0, 1.0] }
    };
    Ok(Some(Mesh { vertices, normals: normals.into_iter().map(unit).collect(), shading: faces.clone(), faces }))
}

fn values_and_gradients<E>(
    points: &[Vector],
    cell: Vector,
    f: &impl Fn(&[f64]) -> Result<Vec<f64>, E>,
) -> Result<(Vec<f64>, Vec<Vector>), E> {
    let values = f(&points.concat())?;
    let mut gradients = vec![[0.0; 3]; points.len()];
    for axis in 0..3 {
        let step = DIFFERENCE * cell[axis];
        let moved = |by: f64| {
            let moved = points.iter().flat_map(|point| {
                let mut point = *point;
                point[axis] += by;
                point
            });
            f(&moved.collect::<Vec<_>>())
        };
        let (ahead, behind) = (moved(step)?, moved(-step)?);
        for (gradient, (ahead, behind)) in gradients.iter_mut().zip(ahead.iter().zip(&behind)) {
            gradient[axis] = (ahead - behind) / (2.0 * step);
        }
    }
    Ok((values, gradients))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::geometry::edges::is_closed;
    use crate::geometry::vector::{cross, dot};

    fn sphere(radius: f64) -> impl Fn(&[f64]) -> Result<Vec<f64>, Infallible> {
        move |points| Ok(points.chunks(3).map(|p| p.iter().map(|x| x * x).sum::<f64>().sqrt() - radius).collect())
    }

    #[test]
    fn a_sphere_is_one() {
        let mesh = surface([[-1.0; 3], [1.0; 3]], 24, sphere(0.7)).unwrap().unwrap();
        assert!(is_closed(&mesh.faces) && mesh.smooth_vertices().len() == mesh.vertices.len());
        for (vertex, normal) in mesh.vertices.iter().zip(&mesh.normals) {
            let radius = vertex.iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!((radius - 0.7).abs() < 1e-9, "{radius}");
            assert!((0..3).all(|axis| (normal[axis] - vertex[axis] / radius).abs() < 1e-5));
        }
        // Outward: the volume by the divergence theorem, below that of the ball since the triangles are chords.
        let volume: f64 = (0..mesh.faces.len())
            .map(|face| {
                let [a, b, c] = mesh.corners(face);
                dot(a, cross(b, c)) / 6.0
            })
            .sum();
        let ball = 4.0 / 3.0 * std::f64::consts::PI * 0.7f64.powi(3);
        assert!(volume > 0.97 * ball && volume < ball, "{volume} {ball}");
    }

    #[test]
    fn what_reaches_the_box_is_closed_there_and_nothing_is_nothing() {
        let mesh = surface([[-1.0; 3], [1.0; 3]], 16, sphere(1.2)).unwrap().unwrap();
        // Where it meets the box, dual cells may join four triangles at an edge; none has a rim.
        let mut edges = std::collections::HashMap::new();
        for &[a, b, c] in &mesh.faces {
            for (from, to) in [(a, b), (b, c), (c, a)] {
                *edges.entry([from.min(to), from.max(to)]).or_insert(0) += 1;
            }
        }
        assert!(edges.values().all(|count| count % 2 == 0));
        assert!(mesh.vertices.iter().flatten().all(|x| x.abs() <= 1.0));
        assert!(
            surface([[-1.0; 3], [1.0; 3]], 16, |points| Ok::<_, Infallible>(vec![1.0; points.len() / 3]))
                .unwrap()
                .is_none()
        );
    }
}
