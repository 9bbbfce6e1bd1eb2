//! Signed distances: zero on a surface, of slope one everywhere, and along the normals on the surface.

use std::f64::consts::PI;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Tensor;
use dualgn::jet::jet;
use dualgn_io::Failure;

use crate::embedding::Embedding;
use crate::formula::Scope;
use crate::geometry::{Cloud, GeometryError, Given, Region, Solid, Vector, read_mesh};
use crate::network::{Architecture, Field, SmoothActivation};
use crate::problem::{Placed, PointFunction, Problem, Shape, Term, Training, single};

/// `‖∇u‖ - 1`.
fn eikonal(field: &Field, rows: Tensor<2>) -> Tensor<2> {
    let slopes = jet(rows, |x| field.value(x)).gradient();
    let [m, outputs, dims] = slopes.dims();
    slopes.reshape([m * outputs, dims]).powi_scalar(2).sum_dim(1).sqrt() - 1.0
}

/// The value on the surface.
fn on_surface(field: &Field, rows: Tensor<2>) -> Tensor<2> {
    field.value(field.points(&rows))
}

/// `⟨∇u, n⟩ - 1` for rows of points and normals.
fn normals(field: &Field, rows: Tensor<2>) -> Tensor<2> {
    let dims = field.dims();
    let slopes = jet(field.points(&rows), |x| field.value(x)).gradient();
    let [m, outputs, _] = slopes.dims();
    let normals = rows.narrow(1, dims, dims);
    (slopes.reshape([m * outputs, dims]) * normals).sum_dim(1) - 1.0
}

/// The meaning of names in formulas about one unknown function; time is called `t`.
pub(super) fn scope(axes: &[&str]) -> Scope {
    let time = axes.iter().position(|axis| *axis == "t");
    let mut scope = Scope::new(axes, time).expect("the names of coordinates are words that are different");
    scope.unknown("u").expect("no coordinate has the name of the unknown");
    scope
}

/// Tanh layers for one unknown function.
pub(super) fn tanh(dims: usize, hidden: &[usize]) -> Architecture {
    Architecture {
        dims,
        outputs: 1,
        embedding: Embedding::default(),
        hidden: hidden.to_vec(),
        activation: SmoothActivation::Tanh,
        transform: None,
        coefficients: vec![],
    }
}

/// A run of so many steps.
pub(super) fn steps(steps: usize) -> Training {
    Training { steps, ..Training::default() }
}

pub(super) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Vertices below which points are taken on the triangles.
const FEW: usize = 1000;

/// A sphere, from which shapes start.
fn sphere(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt() - 0.5
}

/// Terms of points on a surface, of points of it with normals, and of points beside it.
fn terms([surface, with_normals]: [Region; 2], [on, off]: [usize; 2], dims: usize) -> Vec<Term> {
    vec![
        Term::new("surface", 1.0, on, surface, on_surface),
        Term::new("normals", 1.0, on, with_normals, normals),
        Term::new("eikonal", 0.01, off, Region::cube(dims, -1.0, 1.0), eikonal),
    ]
}

/// The ending of files of points with normals.
const CLOUD: &str = "xyz";

/// What is known of a shape, and where its points are drawn.
struct Known {
    /// In a few words, such as `12 vertices, 20 triangles`.
    words: String,
    /// Points of the surface, those of them with a normal, and how many there are.
    surface: [Region; 2],
    count: usize,
    /// Where there are more beside it.
    near: Option<Region>,
    /// The signed distance.
    exact: PointFunction,
    shape: Shape,
}

pub(super) fn shape(path: &Path) -> Result<Problem, Failure> {
    let is_cloud = path.extension().is_some_and(|ending| ending == CLOUD);
    let read = if is_cloud { of_cloud(path) } else { of_mesh(path) };
    let (known, placed) = read?;
    let Known { words, surface, count, near, exact, shape } = known;
    let mut terms = terms(surface, [count.min(2000), 3000], 3);
    if let Some(region) = near {
        terms.push(Term { name: "eikonal near it".into(), region, points: 1000, ..terms[2].clone() });
    }
    let name = path.file_name().map_or_else(|| path.display().to_string(), |file| file.to_string_lossy().into_owned());
    let repairs: String = placed.remarks.iter().map(|remark| format!(" In the file, {remark}.")).collect();
    Ok(Problem {
        description: format!(
            "The signed distance of the surface of {name} ({words}, scaled into [-0.9, 0.9]³): zero there, along the normals, and of slope \
             one in the cube around it.{repairs}",
        ),
        source: "King, Berzins, Mishra and Zeinhofer, arXiv 2602.00099".into(),
        stated: vec![],
        axes: names(&["x", "y", "z"]),
        unknowns: names(&["u"]),
        scope: scope(&["x", "y", "z"]),
        domain: Region::cube(3, -1.0, 1.0),
        low: vec![-1.0; 3],
        high: vec![1.0; 3],
        architecture: tanh(3, &[32, 32, 32]),
        terms,
        exact: Some(exact),
        compared: None,
        hard: None,
        coefficients: vec![],
        start: Some(single(sphere)),
        shape: Some(shape),
        placed: Some(placed),
        views: vec![],
        training: steps(80),
    })
}

/// Rows of points with their normals.
fn beside(points: impl Iterator<Item = (Vector, Vector)>) -> Region {
    let rows = points.flat_map(|(point, normal)| [point, normal].concat());
    Region::Points { rows: Arc::new(rows.collect()), columns: 6 }
}

fn of_cloud(path: &Path) -> Result<(Known, Placed), GeometryError> {
    let (cloud, frame, remarks) = Cloud::read(path)?;
    let count = cloud.points.len();
    let rows = beside(cloud.points.iter().copied().zip(cloud.normals.iter().copied()));
    let surface = [rows.clone(), rows];
    let inner = cloud.clone();
    let exact = single(move |x| inner.signed_distance([x[0], x[1], x[2]]));
    let words = format!("{count} points");
    Ok((Known { words, surface, count, near: None, exact, shape: Shape::Cloud(cloud) }, Placed { frame, remarks }))
}

fn of_mesh(path: &Path) -> Result<(Known, Placed), GeometryError> {
    let Given { mesh, frame, remarks } = read_mesh(path)?;
    let solid = Solid::new(&path.display().to_string(), &mesh)?;
    let exact = single(move |x| solid.signed_distance([x[0], x[1], x[2]]));
    let (vertices, shared) = (mesh.vertices.len(), Arc::new(mesh.clone()));
    // A coarse mesh has too few vertices to stand for its triangles, and so has one that consists of creases, where a vertex has no
    // normal of its own.
    let smooth = mesh.smooth_vertices();
    let surface = match smooth.len() {
        FEW.. if smooth.len() * 4 >= vertices * 3 => {
            let rows = Arc::new(mesh.vertices.concat());
            [Region::Points { rows, columns: 3 }, beside(smooth.iter().copied())]
        }
        _ => [Region::Surface(shared.clone()), Region::Surface(shared.clone())],
    };
    let words = format!("{vertices} vertices, {} triangles", mesh.faces.len());
    let near = Some(Region::Band(shared, 0.05));
    let known = Known { words, surface, count: vertices.max(FEW), near, exact, shape: Shape::Mesh(mesh) };
    Ok((known, Placed { frame, remarks }))
}

/// Half of the straight part of a side.
const STRAIGHT: f64 = 0.35;
/// The radius of the corners.
const ROUND: f64 = 0.2;

pub(super) fn distance2d() -> Problem {
    fn exact(x: &[f64]) -> f64 {
        let [a, b] = [x[0].abs() - STRAIGHT, x[1].abs() - STRAIGHT];
        a.max(0.0).hypot(b.max(0.0)) + a.max(b).min(0.0) - ROUND
    }
    // Points evenly along the outline: four sides and four quarters of a circle, with their normals.
    let (side, arc) = (2.0 * STRAIGHT, ROUND * PI / 2.0);
    const POINTS: usize = 400;
    let rows = (0..POINTS).flat_map(|index| {
        let along = (index as f64 + 0.5) / POINTS as f64 * 4.0;
        let (quarter, rest) = (along.floor(), along.fract() * (side + arc));
        let (place, normal) = if rest < side {
            ([STRAIGHT + ROUND, rest - STRAIGHT], [1.0, 0.0])
        } else {
            let angle = (rest - side) / ROUND;
            let normal = [angle.cos(), angle.sin()];
            ([STRAIGHT + ROUND * normal[0], STRAIGHT + ROUND * normal[1]], normal)
        };
        let (sine, cosine) = (quarter * PI / 2.0).sin_cos();
        let turned = |[x, y]: [f64; 2]| [cosine * x - sine * y, sine * x + cosine * y];
        [turned(place), turned(normal)].concat()
    });
    let surface = Region::Points { rows: Arc::new(rows.collect()), columns: 4 };
    Problem {
        description: "The signed distance of a square with round corners: zero at 400 points of its outline, with their normals, and of slope \
                      one in the square [-1, 1]²."
            .into(),
        source: "a standard test".into(),
        stated: vec![],
        axes: names(&["x", "y"]),
        unknowns: names(&["u"]),
        scope: scope(&["x", "y"]),
        domain: Region::cube(2, -1.0, 1.0),
        low: vec![-1.0; 2],
        high: vec![1.0; 2],
        architecture: tanh(2, &[32, 32, 32]),
        terms: terms([surface.clone(), surface], [POINTS, 1000], 2),
        exact: Some(single(exact)),
        compared: None,
        hard: None,
        coefficients: vec![],
        start: Some(single(sphere)),
        shape: None,
        placed: None,
        views: vec![],
        training: steps(100),
    }
}
