//! [`Heads`]: a loss for networks whose outputs have different losses.

use burn::tensor::Tensor;

use super::{ConvexLoss, CurvatureFactor, DualUpdate, validate_parameter};
use crate::error::{Error, LossError};

/// Two losses side by side, `ℓ(f) = w₀ ℓ₀(f_{..n}) + w₁ ℓ₁(f_{n..})`, for a network with several tasks, such as a class
/// and a box. The network concatenates its heads, `Tensor::cat(vec![a, b], 1)`. For more than two heads, nest.
///
/// There is curvature only if both heads have it; otherwise use the prox-linear model.
///
/// ```
/// use burn::prelude::*;
/// use dualgn::ConvexLoss;
/// use dualgn::loss::{HeadTargets, Heads, Huber, SoftmaxCrossEntropy};
///
/// // Three outputs for the class, and two for a position.
/// let loss = Heads::new(SoftmaxCrossEntropy, 3, Huber::default()).weighted([1.0, 0.1]);
/// let device = Device::default();
/// let classes = Tensor::<1, Int>::from_data([0, 2], &device);
/// let positions = Tensor::<2>::from_data([[0.5, 1.0], [-1.0, 0.0]], &device);
/// let targets: HeadTargets<_, _> = (classes, positions).into();
/// assert!(loss.validate([2, 5], &targets).is_ok());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Heads<A, B> {
    /// The loss of the first outputs.
    pub first: A,
    /// The number of outputs of the first head.
    pub first_outputs: usize,
    /// The loss of the other outputs.
    pub second: B,
    /// The weights of both losses, positive.
    pub weights: [f64; 2],
}

/// Targets of [`Heads`]: the targets of both losses. Pairs convert into it.
#[derive(Clone, Debug)]
pub struct HeadTargets<S, T> {
    /// Targets of the first loss.
    pub first: S,
    /// Targets of the second loss.
    pub second: T,
}

impl<S, T, X: Into<S>, Y: Into<T>> From<(X, Y)> for HeadTargets<S, T> {
    fn from((first, second): (X, Y)) -> Self {
        Self { first: first.into(), second: second.into() }
    }
}

impl<A, B> Heads<A, B> {
    /// Creates the sum of `first` on the first `first_outputs` outputs and `second` on the others, both with weight
    /// one.
    pub fn new(first: A, first_outputs: usize, second: B) -> Self {
        Self { first, first_outputs, second, weights: [1.0; 2] }
    }

    /// Sets the weights of both losses.
    #[must_use]
    pub fn weighted(mut self, weights: [f64; 2]) -> Self {
        self.weights = weights;
        self
    }

    /// Splits `[m, k]` into the columns of the first head and those of the second.
    fn split(&self, values: Tensor<2>) -> [Tensor<2>; 2] {
        let [_, k] = values.dims();
        let n = self.first_outputs;
        [values.clone().narrow(1, 0, n), values.narrow(1, n, k - n)]
    }

    /// The dual variables of both heads divided by their weights, `(w ℓ)*(α) = w ℓ*(α / w)`.
    fn divide(&self, dual: Tensor<2>) -> [Tensor<2>; 2] {
        let [first, second] = self.split(dual);
        [first / self.weights[0], second / self.weights[1]]
    }
}

impl<A: ConvexLoss, B: ConvexLoss> ConvexLoss for Heads<A, B> {
    type Target = HeadTargets<A::Target, B::Target>;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        let fits = self.first_outputs > 0;
        validate_parameter("number of outputs of the first head", self.first_outputs as f64, fits, "at least one")?;
        if outputs <= self.first_outputs {
            let expected = "those of the first head and at least one more for the second";
            return Err(LossError::Outputs { found: outputs, expected });
        }
        self.first.check_outputs(self.first_outputs)?;
        self.second.check_outputs(outputs - self.first_outputs)
    }

    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error> {
        let [m, k] = outputs;
        self.check_outputs(k)?;
        for (name, weight) in ["weight of the first head", "weight of the second head"].into_iter().zip(self.weights) {
            validate_parameter(name, weight, weight > 0.0 && weight.is_finite(), "positive and finite")?;
        }
        self.first.validate([m, self.first_outputs], &targets.first)?;
        self.second.validate([m, k - self.first_outputs], &targets.second)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        let [first, second] = self.split(outputs);
        self.first.value(first, &targets.first) * self.weights[0]
            + self.second.value(second, &targets.second) * self.weights[1]
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2> {
        let [first, second] = self.split(outputs);
        let first = self.first.gradient(first, &targets.first) * self.weights[0];
        let second = self.second.gradient(second, &targets.second) * self.weights[1];
        Tensor::cat(vec![first, second], 1)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<CurvatureFactor> {
        let [first, second] = self.split(outputs);
        let roots = self
            .weights
            .map(|weight| Tensor::full([first.dims()[0], 1], weight.sqrt(), (&first.device(), first.dtype())));
        let scaled = |root, factor| Box::new(CurvatureFactor::Rows { count: 1, root, factor: Box::new(factor) });
        let [first_root, second_root] = roots;
        Some(CurvatureFactor::Heads {
            outputs: self.first_outputs,
            first: scaled(first_root, self.first.curvature(first, &targets.first)?),
            second: scaled(second_root, self.second.curvature(second, &targets.second)?),
        })
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        let [first, second] = self.divide(dual);
        self.first.conjugate(first, &targets.first) * self.weights[0]
            + self.second.conjugate(second, &targets.second) * self.weights[1]
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        let [first, second] = self.divide(dual);
        let first = self.first.domain_violation(first, &targets.first);
        first.max_pair(self.second.domain_violation(second, &targets.second))
    }

    fn dual_update(&self, [m, k]: [usize; 2], targets: &Self::Target) -> Result<Option<DualUpdate>, Error> {
        let (n, weights) = (self.first_outputs, self.weights);
        let Some(first) = self.first.dual_update([m, n], &targets.first)? else { return Ok(None) };
        let Some(second) = self.second.dual_update([m, k - n], &targets.second)? else { return Ok(None) };
        Ok(Some(DualUpdate::new(move |example, sigma, point| {
            let (head, tail) = point.split_at_mut(n);
            first.apply_scaled(example, weights[0], sigma, head);
            second.apply_scaled(example, weights[1], sigma, tail);
        })))
    }
}
