//! Binary logistic loss of a logit.

use burn::tensor::{Tensor, activation};

use super::{ConvexLoss, CurvatureFactor, entropy_term, matching, validate_real};
use crate::error::{Error, LossError};

/// `ℓ(f) = Σ_c log(1 + e^{f_c}) - y_c f_c`, for yes-or-no targets. Each output is a logit of its own.
///
/// Targets: `[m, k]`, each a probability in `[0, 1]`; for one yes-or-no question `k = 1`. Gradient `σ(f) - y`, curvature
/// `diag(σ(f) (1 - σ(f)))`, conjugate `s log s + (1 - s) log(1 - s)` with `s = α + y` in `[0, 1]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logistic;

impl ConvexLoss for Logistic {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        let values = validate_real(outputs, targets)?;
        match values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            Some(index) => {
                let expected = "0 for no, 1 for yes, or a probability between them";
                Err(LossError::Range { index, value: values[index], expected }.into())
            }
            None => Ok(()),
        }
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        // -log σ(-f) is log(1 + e^f), computed without overflow.
        let softplus = activation::log_sigmoid(outputs.clone().neg()).neg();
        (softplus - matching(targets, &outputs) * outputs).sum_dim(1).squeeze_dim(1)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let targets = matching(targets, &outputs);
        activation::sigmoid(outputs) - targets
    }

    fn curvature(&self, outputs: Tensor<2>, _targets: &Tensor<2>) -> CurvatureFactor {
        // σ(f) σ(-f) keeps its relative accuracy where 1 - σ(f) would cancel.
        let product = activation::sigmoid(outputs.clone()) * activation::sigmoid(outputs.neg());
        CurvatureFactor::Diagonal(product.sqrt())
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let yes = dual.clone() + matching(targets, &dual);
        let no = yes.clone().neg() + 1.0;
        (entropy_term(yes) + entropy_term(no)).sum_dim(1).squeeze_dim(1)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let yes = dual.clone() + matching(targets, &dual);
        let below = yes.clone().neg().clamp_min(0.0);
        let above = (yes - 1.0).clamp_min(0.0);
        (below + above).max_dim(1).squeeze_dim(1)
    }
}
