//! [`Terms`]: the loss of several blocks of rows.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;

use super::{ConvexLoss, CurvatureFactor, DualUpdate, validate_parameter};
use crate::error::{Error, LossError};

/// A loss with real targets, of one output.
type Single = dyn ConvexLoss<Target = Tensor<2>>;

/// The loss of [`Blocks`](crate::Blocks): a weighted sum of one loss per block, `Σ_b w_b (1/m_b) Σ_i Σ_c ℓ_b(f_{i,c})`.
/// The loss of each block is a mean over its own `m_b` examples, so the meaning of a weight does not depend on the
/// number of points.
///
/// Each loss takes real targets and is a sum over the outputs of an example, as [`Squared`](crate::loss::Squared),
/// [`Huber`](crate::loss::Huber) and [`Absolute`](crate::loss::Absolute) are, since every row of the blocks is a single output.
/// Targets are a list of tensors `[m_b, k_b]`; for residuals they are [`zeros`](Terms::zeros).
#[derive(Clone, Default)]
pub struct Terms {
    terms: Vec<(Arc<Single>, f64)>,
}

impl fmt::Debug for Terms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weights: Vec<f64> = self.terms.iter().map(|(_, weight)| *weight).collect();
        formatter.debug_struct("Terms").field("weights", &weights).finish_non_exhaustive()
    }
}

/// One term on its rows.
struct OnRows<'a> {
    loss: &'a Single,
    /// The factor of the loss of a row that makes the mean over all rows the loss.
    scale: f64,
    rows: Range<usize>,
    /// `[rows, 1]`.
    targets: Tensor<2>,
}

impl Terms {
    /// Creates a loss without terms.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a term for the next block: a loss and its weight, positive.
    #[must_use]
    pub fn term(mut self, loss: impl ConvexLoss<Target = Tensor<2>> + 'static, weight: f64) -> Self {
        self.terms.push((Arc::new(loss), weight));
        self
    }

    /// Creates zero targets, for residuals with `outputs` numbers per point: one tensor for each tensor of points.
    pub fn zeros<const D: usize>(points: &[Tensor<D>], outputs: usize) -> Vec<Tensor<2>> {
        let zeros = |points: &Tensor<D>| {
            Tensor::zeros([points.dims()[0], outputs], (&points.device().without_autodiff(), points.dtype()))
        };
        points.iter().map(zeros).collect()
    }

    fn on_rows<'a>(&'a self, rows: usize, targets: &'a [Tensor<2>]) -> impl Iterator<Item = OnRows<'a>> {
        let mut start = 0;
        self.terms.iter().zip(targets).map(move |((loss, weight), targets)| {
            let [m, k] = targets.dims();
            let own = start..start + m * k;
            start = own.end;
            let scale = weight * rows as f64 / m as f64;
            OnRows { loss: &**loss, scale, rows: own, targets: targets.clone().reshape([m * k, 1]) }
        })
    }

    /// Applies a function to each term and its own rows, and stacks the results.
    fn each<const D: usize>(
        &self,
        rows: &Tensor<2>,
        targets: &[Tensor<2>],
        of: impl Fn(&OnRows, Tensor<2>) -> Tensor<D>,
    ) -> Tensor<D> {
        let one = |term: OnRows| of(&term, rows.clone().narrow(0, term.rows.start, term.rows.len()));
        Tensor::cat(self.on_rows(rows.dims()[0], targets).map(one).collect(), 0)
    }
}

impl ConvexLoss for Terms {
    type Target = Vec<Tensor<2>>;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        if outputs != 1 {
            return Err(LossError::Outputs { found: outputs, expected: "one output a row, as blocks have" });
        }
        for (loss, weight) in &self.terms {
            validate_parameter(
                "the weight of a term",
                *weight,
                weight.is_finite() && *weight > 0.0,
                "a positive number",
            )?;
            loss.check_outputs(1)?;
        }
        Ok(())
    }

    fn validate(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<(), Error> {
        self.check_outputs(outputs[1])?;
        let rows: usize = targets.iter().map(|targets| targets.dims().iter().product::<usize>()).sum();
        if self.terms.len() != targets.len() || rows != outputs[0] {
            return Err(LossError::Shape {
                outputs: outputs.to_vec(),
                found: targets.iter().flat_map(|targets| targets.dims()).collect(),
                expected: format!(
                    "targets for each of {} terms, shaped like the outputs of its block, {} numbers in all",
                    self.terms.len(),
                    outputs[0]
                ),
            }
            .into());
        }
        self.on_rows(rows, targets).try_for_each(|term| term.loss.validate([term.rows.len(), 1], &term.targets))
    }

    fn value(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        self.each(&outputs, targets, |term, outputs| term.loss.value(outputs, &term.targets) * term.scale)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Self::Target) -> Tensor<2> {
        self.each(&outputs, targets, |term, outputs| term.loss.gradient(outputs, &term.targets) * term.scale)
    }

    /// The factor of a single output is a number.
    fn curvature(&self, outputs: Tensor<2>, targets: &Self::Target) -> Option<CurvatureFactor> {
        let rows = outputs.dims()[0];
        let one = |term: OnRows| {
            let outputs = outputs.clone().narrow(0, term.rows.start, term.rows.len());
            let ones = Tensor::ones([1, term.rows.len(), 1], (&outputs.device(), outputs.dtype()));
            let factor = term.loss.curvature(outputs, &term.targets)?;
            (factor.columns(1) == 1).then(|| factor.apply(ones).squeeze_dim::<2>(0) * term.scale.sqrt())
        };
        let factors = self.on_rows(rows, targets).map(one).collect::<Option<Vec<_>>>()?;
        Some(CurvatureFactor::Diagonal(Tensor::cat(factors, 0)))
    }

    /// `(s ℓ)*(α) = s ℓ*(α / s)`.
    fn conjugate(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        self.each(&dual, targets, |term, dual| term.loss.conjugate(dual / term.scale, &term.targets) * term.scale)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Self::Target) -> Tensor<1> {
        self.each(&dual, targets, |term, dual| {
            term.loss.domain_violation(dual / term.scale, &term.targets) * term.scale
        })
    }

    fn dual_update(&self, outputs: [usize; 2], targets: &Self::Target) -> Result<Option<DualUpdate>, Error> {
        let mut updates = vec![];
        for term in self.on_rows(outputs[0], targets) {
            let OnRows { loss, scale, rows, targets } = term;
            let Some(update) = loss.dual_update([rows.len(), 1], &targets)? else { return Ok(None) };
            updates.push((rows, scale, update));
        }
        Ok(Some(DualUpdate::new(move |row, sigma, point| {
            let term = updates.iter().find(|(rows, ..)| rows.contains(&row));
            let (rows, scale, update) = term.expect("every row is of a term");
            update.apply_scaled(row - rows.start, *scale, sigma, point);
        })))
    }
}
