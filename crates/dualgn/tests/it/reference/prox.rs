//! The prox-linear model, and fast Gauss-Newton.

use burn::tensor::{Tensor, activation};
use dualgn::loss::{Absolute, Hinge, Logistic, MulticlassHinge, Poisson, Quantile, SoftmaxCrossEntropy};
use dualgn::{ConvexLoss, LossModel, Network};
use dualgn::{Direction, GaussNewton, Inputs, Solver};

use super::weights::Weights;
use super::{MLP2, MLP3, Reference, binary, classes, indices, joined, real};
use crate::common::{assert_close, host, route_of};

/// A relative gap of 1e-11 bounds `λ/2 ‖d - d*‖²` by 1e-11 of the decrease, so it leaves a few digits beyond the 1e-6 that
/// directions are compared to; the iterations are far beyond need.
const EXACT: LossModel = LossModel::ProxLinear { gap: 1e-13, iterations: 20_000 };

fn check<L, T>(
    case: &str,
    names: &[&str],
    forward: fn(&Weights, Tensor<2>) -> Tensor<2>,
    loss: L,
    model: LossModel,
    targets: fn(&mut Reference) -> T,
) where
    L: ConvexLoss + Clone,
    T: Into<L::Target> + Clone,
{
    for seed in 0..2 {
        let mut reference = Reference::open(case, seed);
        let name = reference.name.clone();
        let (inputs, targets) = (reference.inputs(), targets(&mut reference));
        let weights = Weights::read(&mut reference, names);
        let ranks: Vec<usize> = names.iter().map(|name| reference.array(&format!("param.{name}")).ndim()).collect();
        let network = Network::trace(&weights, forward, inputs.shapes()).unwrap();
        let oracle = GaussNewton::new(loss.clone()).damping(reference.number("lambda")).model(model);
        let solve = |solver: Solver| -> Direction {
            oracle
                .clone()
                .solver(solver)
                .route(route_of(solver))
                .direction(&network, &weights, inputs.clone(), targets.clone())
                .unwrap()
        };
        for solver in [Solver::Cholesky, Solver::ConjugateGradient { iterations: 300, tolerance: 1e-12 }] {
            let direction = solve(solver);
            let close = |what: &str, found: &[f64], wanted: &[f64]| {
                assert_close(&format!("{name}, {solver:?}, {}: {what}", direction.iterations), found, wanted, 1e-6);
            };
            assert!(direction.relative_gap() <= 1e-9, "{name}, {solver:?}: {}", direction.relative_gap());
            close(
                "direction",
                &weights.flat(&direction.vector(), names, &ranks),
                &joined(&mut reference, names, "direction"),
            );
            close("loss", &[direction.loss], &reference.values("loss"));
            close("slope", &[direction.slope], &reference.values("slope"));
            close("norm", &[direction.norm], &reference.values("direction_norm"));
            close("primal value", &[direction.primal_value], &reference.values("primal_value"));
            close("dual value", &[direction.dual_value], &reference.values("dual_value"));
            close("decrease", &[direction.predicted_decrease], &reference.values("predicted_decrease"));
            assert_eq!(host(direction.dual()).len(), reference.values("alpha").len());
        }
    }
}

#[test]
fn softmax() {
    check("prox_softmax", MLP2, |w, x| w.mlp(x, activation::relu), SoftmaxCrossEntropy, EXACT, classes);
}

#[test]
fn logistic() {
    check("prox_logistic", MLP3, |w, x| w.mlp(x, activation::gelu), Logistic, EXACT, binary);
}

#[test]
fn poisson() {
    check("prox_poisson", MLP3, |w, x| w.mlp(x, Tensor::tanh), Poisson, EXACT, real);
}

#[test]
fn multiclass_hinge() {
    check("prox_multiclass_hinge", MLP2, |w, x| w.mlp(x, activation::relu), MulticlassHinge, EXACT, indices);
}

#[test]
fn multiclass_hinge_k3() {
    check("prox_multiclass_hinge_k3", MLP2, |w, x| w.mlp(x, Tensor::tanh), MulticlassHinge, EXACT, indices);
}

#[test]
fn hinge() {
    check("prox_hinge", MLP3, |w, x| w.mlp(x, Tensor::tanh), Hinge, EXACT, binary);
}

#[test]
fn absolute() {
    check("prox_absolute", MLP3, |w, x| w.mlp(x, Tensor::tanh), Absolute, EXACT, real);
}

#[test]
fn quantile() {
    check("prox_quantile", MLP3, |w, x| w.mlp(x, Tensor::tanh), Quantile { level: 0.8 }, EXACT, real);
}

#[test]
fn fast_gauss_newton() {
    let model = LossModel::FastGaussNewton;
    check("fgn_margin_softmax", MLP2, |w, x| w.mlp(x, activation::relu), SoftmaxCrossEntropy, model, classes);
    check("fgn_margin_two_classes", MLP2, |w, x| w.mlp(x, Tensor::tanh), SoftmaxCrossEntropy, model, classes);
}
