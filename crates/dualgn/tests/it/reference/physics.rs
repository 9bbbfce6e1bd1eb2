//! Physics and shapes: residuals made of derivatives by the points. The constants of a row travel with its point, as more columns.

use burn::tensor::{DType, Tensor};
use dualgn::jet::jet;
use dualgn::loss::{Squared, Terms};
use dualgn::{Blocks, GaussNewton, Network, Solver};

use super::{MLP3, Reference, Weights, check, joined, real};
use crate::common::{assert_close, from};

/// `φ(.. φ(x W + b) ..) W + b`.
fn network(w: &Weights, x: Tensor<2>, phi: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    let last = w.matrices.len() - 1;
    let hidden = (0..last).fold(x, |x, layer| phi(w.dense(layer, x)));
    w.dense(last, hidden)
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
    let u = jet(x, |x| network(w, x, Tensor::tanh));
    weight * (interior.clone() * (u.laplacian() - source) + (-interior + 1.0) * u.value())
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
        let u = jet(x, |x| network(w, x, |z| (z * 5.0).sin()));
        let norm = u.gradient().powi_scalar(2).sum_dim(2).squeeze_dim::<2>(2).sqrt();
        weight * (surface.clone() * u.value() + (-surface + 1.0) * (norm - 1.0))
    };
    check("eikonal_sdf", MLP3, forward, Squared, |r| rows(r, "n_surface", false), real);
}

/// The same directions of two blocks, each with its points and its weight, in the place of one network with weighted rows.
#[test]
fn pinn_poisson_2d_in_blocks() {
    for seed in 0..2 {
        let mut reference = Reference::open("pinn_poisson_2d", seed);
        let weights = Weights::read(&mut reference, MLP3);
        let x = reference.inputs();
        let [m, axes] = x.dims();
        let count = reference.integers("n_interior")[[0]] as usize;
        let source: Tensor<2> = from(reference.values("source"), [count, 1], DType::F64);
        let inside = Tensor::cat(vec![x.clone().narrow(0, 0, count), source], 1);
        let equation = move |w: &Weights, x: Tensor<2>| {
            let u = jet(x.clone().narrow(1, 0, axes), |x| network(w, x, Tensor::tanh));
            u.laplacian() - x.narrow(1, axes, 1)
        };
        let boundary = move |w: &Weights, x: Tensor<2>| network(w, x.narrow(1, 0, axes), Tensor::tanh);
        let inputs = vec![inside, x.narrow(0, count, m - count)];
        let networks = [
            Network::trace(&weights, equation, inputs[0].dims()).unwrap(),
            Network::trace(&weights, boundary, inputs[1].dims()).unwrap(),
        ];
        let loss = Terms::new().term(Squared, 1.0).term(Squared, 10.0);
        let oracle = GaussNewton::new(loss).damping(reference.number("lambda")).solver(Solver::Cholesky);
        let direction =
            oracle.direction(&Blocks::new(networks), &weights, inputs.clone(), Terms::zeros(&inputs, 1)).unwrap();
        let ranks = [2, 1, 2, 1, 2, 1];
        let found = weights.flat(&direction.vector(), MLP3, &ranks);
        assert_close("direction", &found, &joined(&mut reference, MLP3, "direction"), 1e-8);
        assert_close("loss", &[direction.loss], &reference.values("loss"), 1e-10);
    }
}
