//! Physics and shapes. The derivatives by the inputs are written out in the forward pass, layer by layer: a value, and for
//! each input axis its first and second derivative. The constants of a row travel with its point, as more columns.

use burn::tensor::{DType, Tensor};
use dualgn::Squared;

use super::{MLP3, Reference, Weights, check, real};
use crate::common::from;

/// A value with its derivatives along one axis.
type Jet = (Tensor<2>, Tensor<2>);

/// `u` and, for each axis, `(∂u, ∂²u)` of a network `φ(.. φ(x W + b) ..) W + b` given `φ` and its two derivatives.
fn derivatives(w: &Weights, x: Tensor<2>, phi: fn(Tensor<2>) -> [Tensor<2>; 3]) -> (Tensor<2>, Vec<Jet>) {
    let [m, axes] = x.dims();
    let unit = |axis: usize| {
        let one = Tensor::<2>::ones([m, 1], (&x.device(), x.dtype()));
        let zeros = |columns| Tensor::<2>::zeros([m, columns], (&x.device(), x.dtype()));
        Tensor::cat(vec![zeros(axis), one, zeros(axes - axis - 1)].into_iter().filter(|t| t.dims()[1] > 0).collect(), 1)
    };
    let mut jets: Vec<Jet> = (0..axes).map(|axis| (unit(axis), unit(axis) * 0.0)).collect();
    let mut value = x.clone();
    let last = w.matrices.len() - 1;
    for layer in 0..=last {
        value = w.dense(layer, value);
        for (first, second) in &mut jets {
            *first = first.clone().matmul(w.matrix(layer));
            *second = second.clone().matmul(w.matrix(layer));
        }
        if layer < last {
            let [y, slope, bend] = phi(value);
            for (first, second) in &mut jets {
                *second = slope.clone() * second.clone() + bend.clone() * first.clone() * first.clone();
                *first = slope.clone() * first.clone();
            }
            value = y;
        }
    }
    (value, jets)
}

fn tanh_jet(z: Tensor<2>) -> [Tensor<2>; 3] {
    let y = z.tanh();
    let slope = -(y.clone() * y.clone()) + 1.0;
    [y.clone(), slope.clone(), y * slope * -2.0]
}

/// `sin(5 z)`.
fn sine_jet(z: Tensor<2>) -> [Tensor<2>; 3] {
    let z = z * 5.0;
    [z.clone().sin(), z.clone().cos() * 5.0, z.sin() * -25.0]
}

/// Points with three more columns: the weight of the row, its source, and whether it is of the first kind.
fn rows(reference: &mut Reference, first: &str, source: bool) -> Tensor<2> {
    let x = reference.inputs();
    let [m, _] = x.dims();
    let weight = reference.values("row_weight");
    let count = reference.integers(first)[[0]] as usize;
    let source = if source { reference.values("source") } else { vec![] };
    let column = |values: Vec<f64>| from::<2>(values, [m, 1], DType::F64);
    let source = (0..m).map(|i| source.get(i).copied().unwrap_or(0.0)).collect();
    let kind = (0..m).map(|i| f64::from(i < count)).collect();
    Tensor::cat(vec![x, column(weight), column(source), column(kind)], 1)
}

fn split(x: Tensor<2>) -> [Tensor<2>; 4] {
    let [m, columns] = x.dims();
    let part = |from: usize, to: usize| x.clone().slice([0..m, from..to]);
    [part(0, columns - 3), part(columns - 3, columns - 2), part(columns - 2, columns - 1), part(columns - 1, columns)]
}

fn poisson(w: &Weights, x: Tensor<2>) -> Tensor<2> {
    let [x, weight, source, interior] = split(x);
    let (u, jets) = derivatives(w, x, tanh_jet);
    let laplacian = jets.into_iter().map(|(_, second)| second).reduce(|a, b| a + b).unwrap();
    weight * (interior.clone() * (laplacian - source) + (-interior + 1.0) * u)
}

#[test]
fn pinn_poisson_1d() {
    check("pinn_poisson_1d", MLP3, poisson, Squared, |r| rows(r, "n_interior", true), real);
}

#[test]
fn pinn_poisson_2d() {
    check("pinn_poisson_2d", MLP3, poisson, Squared, |r| rows(r, "n_interior", true), real);
}

#[test]
fn eikonal_sdf() {
    let forward = |w: &Weights, x: Tensor<2>| {
        let [x, weight, _, surface] = split(x);
        let (u, jets) = derivatives(w, x, sine_jet);
        let square = jets.into_iter().map(|(first, _)| first.clone() * first).reduce(|a, b| a + b).unwrap();
        weight * (surface.clone() * u + (-surface + 1.0) * (square.sqrt() - 1.0))
    };
    check("eikonal_sdf", MLP3, forward, Squared, |r| rows(r, "n_surface", false), real);
}
