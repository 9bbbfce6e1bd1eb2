//! [`PerToken`]: a loss applied to each token of a sequence.

use burn::tensor::{Bool, Int, Tensor};

use super::{ClassTargets, ConvexLoss, CurvatureFactor, DualUpdate, Margin, matching, read, validate_weights};
use crate::error::{Error, LossError};

/// A loss applied to each of the `T` tokens of an example, for networks with outputs `[m, T, V]`: language models,
/// taggers, and other models with one prediction per position.
///
/// The loss of a batch is the weighted mean over all its tokens, `Σ w_{i,t} ℓ(f_{i,t}) / Σ w_{i,t}`. Weights default to
/// one; a weight of zero leaves a token out, such as padding (its target must still be valid, such as class 0). Each
/// token has a curvature of its own, `V × V`; `T` is the length of the targets, which must equal that of the outputs.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network};
/// use dualgn::loss::{PerToken, SoftmaxCrossEntropy, TokenTargets};
///
/// let device = Device::default();
/// let model = LinearConfig::new(4, 3).init(&device);
/// let network = Network::trace(&model, Linear::forward::<3>, [2, 5, 4])?;
///
/// let inputs = Tensor::<3>::random([2, 5, 4], burn::tensor::Distribution::Default, &device);
/// let classes = Tensor::<2, Int>::zeros([2, 5], &device);
/// let padding = Tensor::<2>::from_floats([[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0, 0.0]], &device);
///
/// let oracle = GaussNewton::new(PerToken(SoftmaxCrossEntropy)).damping(0.1);
/// let targets = TokenTargets::from(classes).weighted(padding);
/// let direction = oracle.direction(&network, &model, inputs, targets)?;
/// assert!(direction.slope < 0.0);
/// # Ok::<(), dualgn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct PerToken<L>(pub L);

/// Targets of [`PerToken`]: the targets of the loss, with one row per token, and optionally a weight for each token.
///
/// Integer tensors `[m, T]` convert into classes, float tensors `[m, T, V]` into real targets.
#[derive(Clone, Debug)]
pub struct TokenTargets<T> {
    rows: T,
    shape: [usize; 2],
    weights: Option<Tensor<2>>,
}

impl<T> TokenTargets<T> {
    /// Creates targets from those of `m T` rows, example by example, and the shape `[m, T]`.
    pub fn new(rows: T, shape: [usize; 2]) -> Self {
        Self { rows, shape, weights: None }
    }

    /// Sets the weights `[m, T]`, finite, nonnegative and not all zero.
    #[must_use]
    pub fn weighted(mut self, weights: Tensor<2>) -> Self {
        self.weights = Some(weights);
        self
    }

    /// The weight of each token, `[m T, 1]`, scaled so that their sum is `m`, the number of examples over which the
    /// direction takes its mean.
    fn scales(&self, outputs: &Tensor<2>) -> Tensor<2> {
        let [m, length] = self.shape;
        let weights = match &self.weights {
            Some(weights) => matching(weights, outputs),
            None => Tensor::ones(self.shape, (&outputs.device(), outputs.dtype())),
        };
        let sum = weights.clone().sum().reshape([1, 1]);
        (weights * m as f64 / sum).reshape([m * length, 1])
    }

    /// The dual variables divided by the scales, token by token, `[m T, V]`; the scales; and a mask of the tokens of
    /// weight zero.
    fn divide(&self, dual: Tensor<2>) -> (Tensor<2>, Tensor<2>, Tensor<2, Bool>) {
        let scales = self.scales(&dual);
        let absent = scales.clone().equal_elem(0.0);
        (rows(dual, self) / scales.clone().mask_fill(absent.clone(), 1.0), scales, absent)
    }
}

impl From<Tensor<2, Int>> for TokenTargets<ClassTargets> {
    fn from(classes: Tensor<2, Int>) -> Self {
        let shape = classes.dims();
        Self::new(ClassTargets::Classes(classes.flatten(0, 1)), shape)
    }
}

impl From<Tensor<3>> for TokenTargets<Tensor<2>> {
    fn from(targets: Tensor<3>) -> Self {
        let [m, length, width] = targets.dims();
        Self::new(targets.reshape([m * length, width]), [m, length])
    }
}

impl<L: ConvexLoss> ConvexLoss for PerToken<L> {
    type Target = TokenTargets<L::Target>;

    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error> {
        let [m, k] = outputs;
        let [examples, length] = targets.shape;
        let wrong =
            |found: Vec<usize>, expected: String| LossError::Shape { outputs: outputs.to_vec(), found, expected };
        if examples != m || length == 0 || !k.is_multiple_of(length) {
            let expected = format!("[{m}, T] tokens, with T a divisor of the {k} outputs of an example");
            return Err(wrong(targets.shape.to_vec(), expected).into());
        }
        if let Some(weights) = &targets.weights {
            if weights.dims() != targets.shape {
                let expected = format!("one weight a token, shape {:?}", targets.shape);
                return Err(wrong(weights.dims().to_vec(), expected).into());
            }
            let values = read(weights)?;
            let each = "weights of tokens that are finite and not negative";
            validate_weights(&values, each, "at least one token with a positive weight")?;
        }
        self.0.validate([m * length, k / length], &targets.rows)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        let scales = targets.scales(&outputs);
        let losses: Tensor<2> = self.0.value(rows(outputs, targets), &targets.rows).unsqueeze_dim(1);
        sum_of_tokens(losses * scales, targets)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2> {
        let (shape, scales) = (outputs.dims(), targets.scales(&outputs));
        (self.0.gradient(rows(outputs, targets), &targets.rows) * scales).reshape(shape)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<CurvatureFactor> {
        let root = targets.scales(&outputs).sqrt();
        let factor = Box::new(self.0.curvature(rows(outputs, targets), &targets.rows)?);
        Some(CurvatureFactor::Rows { count: targets.shape[1], root, factor })
    }

    /// `(s ℓ)*(α) = s ℓ*(α / s)`; a token of weight zero adds nothing.
    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        let (point, scales, _) = targets.divide(dual);
        let conjugates: Tensor<2> = self.0.conjugate(point, &targets.rows).unsqueeze_dim(1);
        sum_of_tokens(conjugates * scales, targets)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        let [m, length] = targets.shape;
        // The only point in the domain of a token of weight zero is zero.
        let outside = rows(dual.clone(), targets).abs().max_dim(1);
        let (point, _, absent) = targets.divide(dual);
        let violation: Tensor<2> = self.0.domain_violation(point, &targets.rows).unsqueeze_dim(1);
        violation.mask_where(absent, outside).reshape([m, length]).max_dim(1).squeeze_dim(1)
    }

    /// `(s ℓ)*` at a token: `s` times the update of `ℓ*` at `v / s` with `s σ`.
    fn dual_update(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<Option<DualUpdate>, Error> {
        let [m, length] = targets.shape;
        let width = outputs[1] / length;
        let weights = match &targets.weights {
            Some(weights) => read(weights)?,
            None => vec![1.0; m * length],
        };
        let mean = weights.iter().sum::<f64>() / m as f64;
        let Some(inner) = self.0.dual_update([m * length, width], &targets.rows)? else { return Ok(None) };
        Ok(Some(DualUpdate::new(move |example, sigma, point| {
            for (token, point) in point.chunks_exact_mut(width).enumerate() {
                let row = example * length + token;
                inner.apply_scaled(row, weights[row] / mean, sigma, point);
            }
        })))
    }

    fn margin(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<Margin> {
        let [m, length] = targets.shape;
        let scales = targets.scales(&outputs);
        let Margin { map, gradient, curvature } = self.0.margin(rows(outputs, targets), &targets.rows)?;
        let in_rows = |root: Tensor<2>, factor| CurvatureFactor::Rows { count: length, root, factor: Box::new(factor) };
        let [_, columns] = gradient.dims();
        Some(Margin {
            map: in_rows(scales.ones_like(), map),
            gradient: (gradient * scales.clone()).reshape([m, length * columns]),
            curvature: in_rows(scales.sqrt(), curvature),
        })
    }
}

/// Outputs `[m, T V]` as `[m T, V]`.
fn rows<T>(outputs: Tensor<2>, targets: &TokenTargets<T>) -> Tensor<2> {
    let ([m, k], [_, length]) = (outputs.dims(), targets.shape);
    outputs.reshape([m * length, k / length])
}

fn sum_of_tokens<T>(values: Tensor<2>, targets: &TokenTargets<T>) -> Tensor<1> {
    values.reshape(targets.shape).sum_dim(1).squeeze_dim(1)
}
