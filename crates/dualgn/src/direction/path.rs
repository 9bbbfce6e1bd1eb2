//! Directions for several dampings at one point, from one Gram matrix and one eigendecomposition.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;

use super::form::{Form, Model};
use super::measures::read;
use super::proximity::Proximity;
use super::quadratic::Dual;
use super::subproblem::{Solved, Start, Subproblem};
use super::{Direction, GaussNewton, Route};
use crate::error::{DirectionError, Error};
use crate::kernels::on_workers;
use crate::linearize::Linearization;
use crate::linearize::Linearize;
use crate::loss::ConvexLoss;

impl<L: ConvexLoss> GaussNewton<L> {
    /// Computes the exact directions of a second-order model for several dampings `λ > 0`, for example to search for
    /// the best damping. The damping, solver and route of the oracle are not used.
    ///
    /// From the eigenvalues of `LᵀKL` each direction costs two products with a square matrix of `mk` rows and one vjp;
    /// the eigendecomposition takes about as long as 25 factorisations.
    ///
    /// # Errors
    /// * Returns the errors of [`GaussNewton::direction`] on the route [`Route::DualAssembled`].
    /// * Returns `DirectionError::Primal` if the model is the prox-linear one.
    /// * Returns `DirectionError::Eigenvalues` if the eigendecomposition fails.
    pub fn path<M: Module, N: Linearize<M>>(
        &self,
        network: &N,
        model: &M,
        inputs: N::Inputs,
        targets: impl Into<L::Target>,
        dampings: &[f64],
    ) -> Result<Vec<Direction>, Error> {
        self.subproblem(network, model, inputs, targets)?.path(dampings)
    }

    /// The mean loss at the outputs and `g`, after validating the targets; or the name of the one that is not finite.
    pub(super) fn checked_loss(
        &self,
        linearization: &Linearization,
        targets: &L::Target,
    ) -> Result<Result<(f64, Tensor<2>), &'static str>, Error> {
        let outputs = linearization.outputs();
        self.loss.validate(outputs.dims(), targets)?;
        let losses = self.loss.value(outputs.clone(), targets);
        let gradient = self.loss.gradient(outputs, targets);
        let [loss, gradient_sum] = read([losses.mean(), gradient.clone().abs().sum()])?;
        for (what, value) in [("the loss", loss), ("the gradient of the loss", gradient_sum)] {
            if !value.is_finite() {
                return Ok(Err(what));
            }
        }
        Ok(Ok((loss, gradient)))
    }
}

impl<L: ConvexLoss> Subproblem<'_, L> {
    /// Computes the exact directions of a second-order model for several dampings from one eigendecomposition, as
    /// [`GaussNewton::path`] does.
    ///
    /// # Errors
    /// Returns the errors of [`GaussNewton::path`].
    pub fn path(&self, dampings: &[f64]) -> Result<Vec<Direction>, Error> {
        if let Some(bad) = dampings.iter().find(|damping| !(damping.is_finite() && **damping > 0.0)) {
            return Err(DirectionError::Damping(*bad).into());
        }
        let start = Instant::now();
        let path = |form: &Form| {
            let Model::SecondOrder(expansion) = &form.model else { return Err(DirectionError::Primal.into()) };
            let model = |damping: f64| expansion.quadratic(form.map.as_ref(), damping, None);
            let duals = model(1.0).path(&self.kernel(form, None), dampings)?;
            let solve = start.elapsed();
            let direction = |(dual, &damping): (Dual, &f64)| {
                let measures = model(damping).measure(&dual)?;
                let solved = Solved {
                    alpha: dual.alpha,
                    vector: None,
                    start: Some(Start::Beta(dual.beta)),
                    measures,
                    iterations: 0,
                    route: Route::DualAssembled,
                    warm: false,
                };
                self.finish(form, Proximity::new(damping), None, solved, solve)
            };
            duals.into_iter().zip(dampings).map(direction).collect()
        };
        on_workers(&self.linearization().device(), || self.with_matrix(path))
    }
}
