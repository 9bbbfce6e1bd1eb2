//! The acceleration of the path that a step begins: how the outputs bend along it.

use std::time::Duration;

use burn::module::Module;

use super::form::{Expansion, Model};
use super::kernel::placed;
use super::{Proximity, Subproblem};
use crate::error::{DirectionError, Error};
use crate::linearize::ParamVector;
use crate::loss::ConvexLoss;

/// The length of the difference quotient for second derivatives, in steps: Transtrum and Sethna's.
const DIFFERENCE: f64 = 0.1;

impl<L: ConvexLoss> Subproblem<'_, L> {
    /// Computes half the acceleration `b` for which the outputs along `w + t v + t² b` are as straight as the metric of the second-order
    /// model and the damping allow: `2 b` minimises `½ (J a + f'')ᵀ H (J a + f'')/m + (λ/2) ‖a‖²` for the second derivative `f''` of the
    /// outputs along `v`, which is a difference quotient. (Transtrum and Sethna, arXiv 1201.5885, equations 9 to 11.)
    ///
    /// Cost: a forward pass, a product with `J`, and a solution of the system that gives a direction.
    pub(crate) fn acceleration<M: Module>(
        &self,
        model: &M,
        vector: &ParamVector,
        damping: f64,
    ) -> Result<ParamVector, Error> {
        let form = self.form()?;
        let Model::SecondOrder(Expansion { gradient, factor }) = &form.model else {
            return Err(DirectionError::NoCurvature.into());
        };
        let moved = self.linearization().outputs_at(&vector.added_to(model.clone(), DIFFERENCE))?;
        let mean = (moved - self.linearization().outputs()) / DIFFERENCE;
        let bend = (mean - self.linearization().jvp(vector)?) * (2.0 / DIFFERENCE);
        let bend = placed(form.combined(bend), &gradient.device(), gradient.dtype());
        let curved = factor.apply(factor.apply_transpose(bend.unsqueeze())).squeeze_dim(0);
        let expansion = Expansion { gradient: curved, factor: factor.clone() };
        let solved = self.second_order(form, &expansion, damping, None, None, None)?;
        let direction = self.finish(form, Proximity::new(damping), None, solved, Duration::ZERO)?;
        Ok(direction.vector().scale(0.5))
    }
}
