//! [`Along`]: the model of the loss along an arbitrary vector.

use burn::tensor::Tensor;

use super::form::{Expansion, Model};
use super::kernel::placed;
use super::measures::{dot, read};
use super::{Direction, Subproblem};
use crate::error::{DirectionError, Error};
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The model of the loss along a vector `p`, without the proximity term.
pub(crate) struct Along {
    /// `⟨∇L, p⟩`.
    pub slope: f64,
    /// `½ uᵀHu/m` with `u = J p`; `None` where the model is the loss itself.
    pub curvature: Option<f64>,
    /// `J p`, where the model is the loss itself.
    change: Option<Tensor<2>>,
}

impl<L: ConvexLoss> Subproblem<'_, L> {
    /// Evaluates the model along a vector. If the vector is a direction of a second-order model, no product is needed;
    /// otherwise this costs one product with `J`.
    pub(crate) fn along(&self, vector: &ParamVector, direction: Option<&Direction>) -> Result<Along, Error> {
        let is_second_order = matches!(self.form()?.model, Model::SecondOrder(_));
        if let (Some(direction), true) = (direction, is_second_order) {
            let curvature = Some(-direction.predicted_decrease - direction.slope);
            return Ok(Along { slope: direction.slope, curvature, change: None });
        }
        let change = self.linearization().jvp(vector)?;
        let m = self.linearization().examples() as f64;
        if !is_second_order {
            let [slope] = read([dot(&self.gradient, &change)])?;
            return Ok(Along { slope: slope / m, curvature: None, change: Some(change) });
        }
        let factored = self.factored(&change)?;
        let [slope, curvature] = read([dot(&self.gradient, &change), dot(&factored, &factored)])?;
        Ok(Along { slope: slope / m, curvature: Some(0.5 * curvature / m), change: None })
    }

    /// The decrease of the model, without the proximity term, for the step `t p`.
    pub(crate) fn predicted(&self, along: &Along, t: f64) -> Result<f64, Error> {
        if let Some(curvature) = along.curvature {
            return Ok(-t * (along.slope + t * curvature));
        }
        let change = along.change.clone().expect("of the loss itself");
        Ok(self.loss() - self.loss_of(self.linearization().outputs() + change * t)?)
    }

    /// Computes the `a` and `b` for which `d = a v₀ + b v₁` minimises the second-order model with `(λ/2) ‖d‖²`, with
    /// `more` added to the slope along each vector. If the vectors are parallel, `b` is zero.
    pub(crate) fn minimiser(
        &self,
        vectors: [&ParamVector; 2],
        more: [f64; 2],
        damping: f64,
    ) -> Result<[f64; 2], Error> {
        let m = self.linearization().examples() as f64;
        let changes = [self.linearization().jvp(vectors[0])?, self.linearization().jvp(vectors[1])?];
        let factored = [self.factored(&changes[0])?, self.factored(&changes[1])?];
        let g = &self.gradient;
        let [g0, g1, c00, c01, c11] = read([
            dot(g, &changes[0]),
            dot(g, &changes[1]),
            dot(&factored[0], &factored[0]),
            dot(&factored[0], &factored[1]),
            dot(&factored[1], &factored[1]),
        ])?;
        let entry = |c: f64, i: usize, j: usize| Ok::<_, Error>(c / m + damping * vectors[i].dot(vectors[j])?);
        let (a00, a01, a11) = (entry(c00, 0, 0)?, entry(c01, 0, 1)?, entry(c11, 1, 1)?);
        let (b0, b1) = (-g0 / m - more[0], -g1 / m - more[1]);
        let determinant = a00 * a11 - a01 * a01;
        if determinant <= 1e-12 * a00 * a11 {
            return Ok([if a00 > 0.0 { b0 / a00 } else { 0.0 }, 0.0]);
        }
        Ok([(b0 * a11 - b1 * a01) / determinant, (b1 * a00 - b0 * a01) / determinant])
    }

    /// `Lᵀ u` of the model's curvature, on the device of the model.
    fn factored(&self, change: &Tensor<2>) -> Result<Tensor<2>, Error> {
        let form = self.form()?;
        let Model::SecondOrder(Expansion { gradient, factor }) = &form.model else {
            return Err(DirectionError::NoCurvature.into());
        };
        let change = placed(form.combined(change.clone()), &gradient.device(), gradient.dtype());
        Ok(placed(
            factor.apply_transpose(change.unsqueeze()).squeeze_dim(0),
            &self.linearization().device(),
            self.linearization().output_type(),
        ))
    }
}
