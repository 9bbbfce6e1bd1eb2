//! Directions for several dampings at one point: the Gram matrix and one eigendecomposition serve all of them.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;

use super::kernel::{Kernel, on_host, spread};
use super::measures::read;
use super::quadratic::Quadratic;
use super::{Direction, GaussNewton, Model, Route, Solved, Start, Timings};
use crate::error::{DirectionError, Error};
use crate::kernels::on_workers;
use crate::linearize::Linearization;
use crate::loss::{ConvexLoss, Margin};
use crate::trace::{Inputs, Network};

impl<L: ConvexLoss> GaussNewton<L> {
    /// The exact directions of a second-order model for each of several dampings `λ > 0`, as a search for the damping wants
    /// them. The oracle's own damping, solver and route do not matter.
    ///
    /// With the eigenvalues of `LᵀKL` each costs two products with a square matrix of `mk` rows and one vjp; the
    /// eigendecomposition takes as long as some 25 factorisations.
    ///
    /// # Errors
    /// Those of [`GaussNewton::direction`] on the route [`Route::DualAssembled`]; the model is the prox-linear one.
    pub fn path<M: Module, I: Inputs>(
        &self,
        network: &Network<M, I>,
        model: &M,
        inputs: I,
        targets: impl Into<L::Target>,
        dampings: &[f64],
    ) -> Result<Vec<Direction>, Error> {
        let start = Instant::now();
        let (linearization, targets) = (network.linearize(model, inputs)?, targets.into());
        let linearize = start.elapsed();
        let timings = Timings { linearize, ..Timings::default() };
        on_workers(&linearization.device(), || self.path_at(&linearization, &targets, timings, dampings))
    }

    fn path_at(
        &self,
        linearization: &Linearization,
        targets: &L::Target,
        mut timings: Timings,
        dampings: &[f64],
    ) -> Result<Vec<Direction>, Error> {
        if let Some(bad) = dampings.iter().find(|damping| !(damping.is_finite() && **damping > 0.0)) {
            return Err(DirectionError::Damping(*bad).into());
        }
        let start = Instant::now();
        let (loss, _) = self.checked_loss(linearization, targets)?;
        let outputs = on_host(linearization.outputs());
        let at = |gradient, factor| Quadratic { gradient, factor, damping: 1.0 };
        let (model, map) = match self.model {
            Model::FastGaussNewton => {
                let Margin { map, .. } =
                    self.loss.margin(linearization.outputs(), targets).ok_or(DirectionError::NoMargin)?;
                let Margin { gradient, curvature, .. } =
                    self.loss.margin(outputs, targets).ok_or(DirectionError::NoMargin)?;
                (at(gradient, curvature), Some(map))
            }
            Model::Quadratic => {
                let factor = self.loss.curvature(outputs.clone(), targets).ok_or(DirectionError::NoCurvature)?;
                self.contrasts(linearization, at(self.loss.gradient(outputs, targets), factor))
            }
            Model::ProxLinear { .. } => return Err(DirectionError::Primal.into()),
        };
        let kernel = Kernel::assemble(linearization, map.as_ref(), model.gradient.dims()[1], self.budget())?;
        let duals = model.path(&kernel, dampings)?;
        timings.solve = start.elapsed();

        let examples = linearization.examples() as f64;
        let direction = |(dual, &damping): (super::quadratic::Dual, &f64)| {
            let measures = Quadratic { damping, ..model.clone() }.measure(&dual)?;
            let start = Instant::now();
            let spread = spread(linearization, map.as_ref(), dual.alpha.clone());
            let pseudo_gradient = linearization.vjp(spread.clone() / examples)?;
            let timings = Timings { pull_back: start.elapsed(), ..timings };
            let alpha = if map.is_some() { spread } else { dual.alpha };
            let solved = Solved {
                alpha,
                vector: None,
                start: Some(Start::Beta(dual.beta)),
                map: None,
                measures,
                iterations: 0,
                route: Route::DualAssembled,
                warm: false,
            };
            Direction::new(loss, damping, solved, timings, pseudo_gradient)
        };
        duals.into_iter().zip(dampings).map(direction).collect()
    }

    /// The mean loss at the outputs and `g`, once targets are seen to fit and both to be finite.
    pub(super) fn checked_loss(
        &self,
        linearization: &Linearization,
        targets: &L::Target,
    ) -> Result<(f64, Tensor<2>), Error> {
        let outputs = linearization.outputs();
        self.loss.validate(outputs.dims(), targets)?;
        let losses = self.loss.value(outputs.clone(), targets);
        let gradient = self.loss.gradient(outputs, targets);
        let [loss, gradient_sum] = read([losses.mean(), gradient.clone().abs().sum()])?;
        for (what, value) in [("the loss", loss), ("the gradient of the loss", gradient_sum)] {
            if !value.is_finite() {
                return Err(DirectionError::NotFinite { what }.into());
            }
        }
        Ok((loss, gradient))
    }
}
