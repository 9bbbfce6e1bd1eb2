//! Softmax cross-entropy, with classes or probabilities as targets.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, activation};

use super::{ConvexLoss, CurvatureFactor, entropy_term, matching, on_device, validate_real};
use crate::error::{DeviceError, Error, LossError};

/// `ℓ(f) = log Σ_c e^{f_c} - ⟨y, f⟩`, for one class out of `k`.
///
/// Gradient `q - y` with `q` the softmax of `f`; curvature `diag(q) - q qᵀ`, factored as `diag(√q) - q √qᵀ`; conjugate
/// `Σ π log π` with `π = α + y` in the simplex, so each `α_i` sums to zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoftmaxCrossEntropy;

/// Targets of [`SoftmaxCrossEntropy`]. Tensors convert into it.
#[derive(Clone, Debug)]
pub enum ClassTargets {
    /// One class an example, `[m]`, from 0 to `k - 1`.
    Classes(Tensor<1, Int>),
    /// A distribution over the classes for each example, `[m, k]`, with rows that sum to one: soft or smoothed labels.
    Probabilities(Tensor<2>),
}

impl From<Tensor<1, Int>> for ClassTargets {
    fn from(classes: Tensor<1, Int>) -> Self {
        Self::Classes(classes)
    }
}

impl From<Tensor<2>> for ClassTargets {
    fn from(probabilities: Tensor<2>) -> Self {
        Self::Probabilities(probabilities)
    }
}

/// Rows that sum to one up to this are taken as distributions: the rounding of f32 probabilities.
const SUM_TOLERANCE: f64 = 1e-4;

impl ConvexLoss for SoftmaxCrossEntropy {
    type Target = ClassTargets;

    fn validate(&self, outputs: [usize; 2], targets: &ClassTargets) -> Result<(), Error> {
        let [examples, classes] = outputs;
        if classes < 2 {
            let expected = "at least two, one a class; for a single yes-or-no output use the logistic loss";
            return Err(LossError::Outputs { found: classes, expected }.into());
        }
        match targets {
            ClassTargets::Classes(indices) => validate_classes(examples, classes, indices),
            ClassTargets::Probabilities(probabilities) => validate_probabilities(outputs, probabilities),
        }
    }

    fn value(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        match targets {
            ClassTargets::Classes(indices) => {
                let indices = on_device(indices.clone(), &outputs);
                let log = activation::log_softmax(outputs, 1);
                log.gather(1, indices.unsqueeze_dim(1)).squeeze_dim::<1>(1).neg()
            }
            // log Σ e^f = f_c - log q_c for any c, so the loss is -⟨y, log q⟩ when y sums to one.
            ClassTargets::Probabilities(probabilities) => {
                let probabilities = matching(probabilities, &outputs);
                let log = activation::log_softmax(outputs, 1);
                (log * probabilities).sum_dim(1).squeeze_dim::<1>(1).neg()
            }
        }
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Tensor<2> {
        add_targets(activation::softmax(outputs, 1), targets, -1.0)
    }

    fn curvature(&self, outputs: Tensor<2>, _targets: &ClassTargets) -> CurvatureFactor {
        let probabilities = activation::softmax(outputs, 1);
        CurvatureFactor::Softmax { root: probabilities.clone().sqrt(), probabilities }
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        entropy_term(add_targets(dual, targets, 1.0)).sum_dim(1).squeeze_dim(1)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        let point = add_targets(dual, targets, 1.0);
        let negative = point.clone().neg().clamp_min(0.0).max_dim(1);
        let sum = (point.sum_dim(1) - 1.0).abs();
        Tensor::cat(vec![negative, sum], 1).max_dim(1).squeeze_dim(1)
    }
}

/// `x + s y` with `y` the targets as points of the simplex, which classes are without being written out.
fn add_targets(x: Tensor<2>, targets: &ClassTargets, sign: f64) -> Tensor<2> {
    match targets {
        ClassTargets::Classes(indices) => {
            let [examples, _] = x.dims();
            let ones = Tensor::<2>::full([examples, 1], sign, (&x.device(), x.dtype()));
            let indices = on_device(indices.clone(), &x);
            x.scatter(1, indices.unsqueeze_dim(1), ones, IndexingUpdateOp::Add)
        }
        ClassTargets::Probabilities(probabilities) => x.clone() + matching(probabilities, &x) * sign,
    }
}

fn validate_classes(examples: usize, classes: usize, indices: &Tensor<1, Int>) -> Result<(), Error> {
    let [found] = indices.dims();
    if found != examples {
        return Err(LossError::Shape {
            outputs: vec![examples, classes],
            found: vec![found],
            expected: format!("one class an example, shape [{examples}]"),
        }
        .into());
    }
    let values: Vec<i64> = indices.clone().try_into_data().map_err(DeviceError::from)?.iter::<i64>().collect();
    match values.iter().position(|&class| class < 0 || class >= classes as i64) {
        Some(index) => Err(LossError::ClassRange { index, class: values[index], classes }.into()),
        None => Ok(()),
    }
}

fn validate_probabilities(outputs: [usize; 2], probabilities: &Tensor<2>) -> Result<(), Error> {
    let values = validate_real(outputs, probabilities)?;
    if let Some(index) = values.iter().position(|&value| value < 0.0) {
        let expected = "probabilities, which are not negative";
        return Err(LossError::Range { index, value: values[index], expected }.into());
    }
    let [_, classes] = outputs;
    let sums = values.chunks_exact(classes).map(|row| row.iter().sum::<f64>());
    for (row, sum) in sums.enumerate() {
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            let expected = "probabilities that sum to one for each example (the value is the sum of the example's row)";
            return Err(LossError::Range { index: row, value: sum, expected }.into());
        }
    }
    Ok(())
}
