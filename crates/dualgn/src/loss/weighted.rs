//! [`Weighted`]: a loss with a weight for each example.

use burn::tensor::Tensor;

use super::{ConvexLoss, CurvatureFactor, DualUpdate, Margin, PerToken, TokenTargets, validate_weights};
use crate::error::{DeviceError, Error, LossError};

/// A loss with a weight `w_i` for each example: the loss of a batch is `Σ w_i ℓ(f_i) / Σ w_i`. Use it for rare classes,
/// for samples of unequal probability, or to leave examples out with a weight of zero (their targets must still be
/// valid).
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network};
/// use dualgn::loss::{SoftmaxCrossEntropy, Weighted};
///
/// let device = Device::default();
/// let model = LinearConfig::new(4, 3).init(&device);
/// let network = Network::trace(&model, Linear::forward::<2>, [5, 4])?;
///
/// let inputs = Tensor::<2>::random([5, 4], burn::tensor::Distribution::Default, &device);
/// let classes = Tensor::<1, Int>::from_data([0, 1, 2, 0, 1], &device);
/// let weights = Tensor::<1>::from_data([1.0, 2.0, 0.5, 1.0, 0.0], &device);
///
/// let oracle = GaussNewton::new(Weighted(SoftmaxCrossEntropy)).damping(0.1);
/// let direction = oracle.direction(&network, &model, inputs, (classes, weights))?;
/// assert!(direction.slope < 0.0);
/// # Ok::<(), dualgn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Weighted<L>(pub L);

/// Targets of [`Weighted`]: the targets of the loss, and the weights. Pairs of both convert into it.
#[derive(Clone, Debug)]
pub struct WeightedTargets<T> {
    targets: T,
    weights: Tensor<1>,
}

impl<T> WeightedTargets<T> {
    /// Creates targets from those of the loss and the weights `[m]`, finite, nonnegative and not all zero.
    pub fn new(targets: impl Into<T>, weights: Tensor<1>) -> Self {
        Self { targets: targets.into(), weights }
    }
}

impl<T, U: Into<T>> From<(U, Tensor<1>)> for WeightedTargets<T> {
    fn from((targets, weights): (U, Tensor<1>)) -> Self {
        Self::new(targets, weights)
    }
}

/// Converts examples to sequences of one token, with the weights of the examples.
fn tokens<T: Clone>(targets: &WeightedTargets<T>) -> TokenTargets<T> {
    let [m] = targets.weights.dims();
    TokenTargets::new(targets.targets.clone(), [m, 1]).weighted(targets.weights.clone().unsqueeze_dim(1))
}

impl<L: ConvexLoss> ConvexLoss for Weighted<L> {
    type Target = WeightedTargets<L::Target>;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        self.0.check_outputs(outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error> {
        let [m, _] = outputs;
        if targets.weights.dims() != [m] {
            return Err(LossError::Shape {
                outputs: outputs.to_vec(),
                found: targets.weights.dims().to_vec(),
                expected: format!("one weight an example, shape [{m}]"),
            }
            .into());
        }
        let weights = targets.weights.clone().try_into_data().map_err(DeviceError::from)?;
        let weights: Vec<f64> = weights.iter::<f64>().collect();
        let each = "weights of examples that are finite and not negative";
        validate_weights(&weights, each, "at least one example with a positive weight")?;
        self.0.validate(outputs, &targets.targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        PerToken(&self.0).value(outputs, &tokens(targets))
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2> {
        PerToken(&self.0).gradient(outputs, &tokens(targets))
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<CurvatureFactor> {
        PerToken(&self.0).curvature(outputs, &tokens(targets))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        PerToken(&self.0).conjugate(dual, &tokens(targets))
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        PerToken(&self.0).domain_violation(dual, &tokens(targets))
    }

    fn is_shift_invariant(&self) -> bool {
        self.0.is_shift_invariant()
    }

    fn dual_update(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<Option<DualUpdate>, Error> {
        PerToken(&self.0).dual_update(outputs, &tokens(targets))
    }

    fn margin(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<Margin> {
        PerToken(&self.0).margin(outputs, &tokens(targets))
    }
}
