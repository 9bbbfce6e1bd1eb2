//! [`MultiLabel`]: several binary labels at once.

use burn::tensor::Tensor;

use super::{BinaryTargets, ConvexLoss, CurvatureFactor, DualUpdate, max_outputs, sum_outputs};
use crate::error::{Error, LossError};

/// A binary loss applied to each output: every output is a label of its own, such as one tag. The loss of an example is
/// the sum over its outputs. Targets: those of the binary loss, `[m, k]`.
///
/// ```
/// use burn::tensor::{Int, Tensor};
/// use dualgn::ConvexLoss;
/// use dualgn::loss::{BinaryTargets, Logistic, MultiLabel};
///
/// let device = burn::tensor::Device::default();
/// let tags: BinaryTargets = Tensor::<2, Int>::from_data([[0, 1, 1], [1, 0, 0]], &device).into();
/// let logits = Tensor::<2>::zeros([2, 3], &device);
/// let losses: Vec<f32> = MultiLabel(Logistic).value(logits, &tags).into_data().iter().collect();
/// assert!((losses[0] - 3.0 * 2f32.ln()).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MultiLabel<L>(pub L);

/// `[m, k]` as `[m k, 1]`.
fn fold(values: Tensor<2>) -> Tensor<2> {
    let [m, k] = values.dims();
    values.reshape([m * k, 1])
}

fn fold_targets(targets: &BinaryTargets) -> BinaryTargets {
    BinaryTargets(fold(targets.0.clone()))
}

impl<L: ConvexLoss<Target = BinaryTargets>> ConvexLoss for MultiLabel<L> {
    type Target = BinaryTargets;

    fn check_outputs(&self, _outputs: usize) -> Result<(), LossError> {
        self.0.check_outputs(1)
    }

    fn validate(&self, outputs: [usize; 2], targets: &BinaryTargets) -> Result<(), Error> {
        let [m, k] = outputs;
        if targets.0.dims() != outputs {
            return Err(LossError::Shape {
                outputs: outputs.to_vec(),
                found: targets.0.dims().to_vec(),
                expected: format!("one answer an output, shape {outputs:?}"),
            }
            .into());
        }
        self.0.validate([m * k, 1], &fold_targets(targets))
    }

    fn value(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let shape = outputs.dims();
        sum_outputs(self.0.value(fold(outputs), &fold_targets(targets)).reshape(shape))
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Tensor<2> {
        let shape = outputs.dims();
        self.0.gradient(fold(outputs), &fold_targets(targets)).reshape(shape)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &BinaryTargets) -> Option<CurvatureFactor> {
        let shape = outputs.dims();
        let outputs = fold(outputs);
        let root = outputs.ones_like();
        Some(match self.0.curvature(outputs, &fold_targets(targets))? {
            CurvatureFactor::Diagonal(diagonal) => CurvatureFactor::Diagonal(diagonal.reshape(shape)),
            factor => CurvatureFactor::Rows { count: shape[1], root, factor: Box::new(factor) },
        })
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let shape = dual.dims();
        sum_outputs(self.0.conjugate(fold(dual), &fold_targets(targets)).reshape(shape))
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &BinaryTargets) -> Tensor<1> {
        let shape = dual.dims();
        max_outputs(self.0.domain_violation(fold(dual), &fold_targets(targets)).reshape(shape))
    }

    fn dual_update(&self, [m, k]: [usize; 2], targets: &BinaryTargets) -> Result<Option<DualUpdate>, Error> {
        let Some(inner) = self.0.dual_update([m * k, 1], &fold_targets(targets))? else { return Ok(None) };
        Ok(Some(DualUpdate::new(move |example, sigma, point| {
            for (output, point) in point.chunks_exact_mut(1).enumerate() {
                inner.apply(example * k + output, sigma, point);
            }
        })))
    }
}
