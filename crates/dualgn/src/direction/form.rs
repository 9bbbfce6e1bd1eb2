//! [`Form`]: a model of the loss at a point, with the way it is solved and the matrix where there is one.

use burn::tensor::Tensor;

use super::centre::Centre;
use super::kernel::{Kernel, on_host};
use super::primal;
use super::quadratic::Quadratic;
use super::route::{How, Method, Route};
use super::{GaussNewton, LossModel, Subproblem};
use crate::error::{DirectionError, Error};
use crate::gram::Sensitivities;
use crate::linearize::ParamVector;
use crate::loss::{ConvexLoss, CurvatureFactor, Margin};
use crate::solve::Symmetric;

/// Everything of a subproblem that does not depend on its proximity term.
#[derive(Debug)]
pub(super) struct Form {
    pub how: How,
    pub model: Model,
    /// The map from the combined outputs to the outputs, if they differ.
    pub map: Option<CurvatureFactor>,
    pub matrix: Option<Symmetric>,
    /// `JᵀHJ/m` of a primal system that is factorised, `[p, p]`.
    pub normal: Option<Vec<f64>>,
    /// What the matrix was made of, if all of it is in memory at once: it shortens the way back to the parameters.
    pub sensitivities: Option<Sensitivities>,
}

impl Form {
    /// Combines outputs, or what is like them, as the model does: `Vᵀ x` with a map `V`.
    pub(super) fn combined(&self, outputs: Tensor<2>) -> Tensor<2> {
        match &self.map {
            Some(map) => map.apply_transpose(outputs.unsqueeze()).squeeze_dim(0),
            None => outputs,
        }
    }
}

/// A model of the loss at a point: of second order, or the loss itself, with the relative duality gap and the number of
/// iterations at which its solver stops.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one exists per direction; a box would be one more thing to unwrap")]
pub(super) enum Model {
    SecondOrder(Expansion),
    ProxLinear { gap: f64, iterations: usize },
}

/// `g` and `L` of a second-order model, in the combined outputs if there is a map.
#[derive(Debug)]
pub(super) struct Expansion {
    pub gradient: Tensor<2>,
    pub factor: CurvatureFactor,
}

impl Expansion {
    /// The model with its centre.
    pub(super) fn quadratic(&self, map: Option<&CurvatureFactor>, damping: f64, centre: Option<&Centre>) -> Quadratic {
        let centre = centre.map(|centre| centre.combined(map, &self.gradient));
        Quadratic::new(self.gradient.clone(), self.factor.clone(), damping, centre)
    }
}

impl<L: ConvexLoss> Subproblem<'_, L> {
    /// Calls a function with a form that has the Gram matrix.
    pub(super) fn with_matrix<R>(&self, act: impl FnOnce(&Form) -> Result<R, Error>) -> Result<R, Error> {
        match self.form.get() {
            Some(form) if form.matrix.is_some() => act(form),
            _ => act(&self.make_form(Some(How { route: Route::DualAssembled, method: Method::Direct }))?),
        }
    }

    /// The form of the oracle's model, computed once.
    pub(super) fn form(&self) -> Result<&Form, Error> {
        if let Some(form) = self.form.get() {
            return Ok(form);
        }
        let form = self.make_form(None)?;
        // Another thread may have been first; both forms are the same.
        Ok(self.form.get_or_init(|| form))
    }

    /// The form of the model for a given route and method, or for those that the oracle chooses.
    pub(super) fn make_form(&self, how: Option<How>) -> Result<Form, Error> {
        let Self { oracle, linearization, targets, .. } = self;
        let outputs = linearization.outputs();
        // What the network's outputs are reduced to: a margin, or nothing.
        let margin = |outputs| oracle.loss.margin(outputs, targets).ok_or(DirectionError::NoMargin);
        let (columns, map) = match oracle.model {
            LossModel::FastGaussNewton => {
                let Margin { map, gradient, .. } = margin(outputs.clone())?;
                (gradient.dims()[1], Some(map))
            }
            _ => (oracle.columns(linearization), None),
        };
        let how = how.map_or_else(|| oracle.choose(linearization, columns), Ok)?;
        // Where the matrix is on the host in double precision, everything else is.
        let outputs = if how.route == Route::DualAssembled { on_host(outputs) } else { outputs };
        let (model, map) = match oracle.model {
            LossModel::ProxLinear { gap, iterations } => (Model::ProxLinear { gap, iterations }, None),
            LossModel::FastGaussNewton => {
                let Margin { gradient, curvature, .. } = margin(outputs)?;
                (Model::SecondOrder(Expansion { gradient, factor: curvature }), map)
            }
            LossModel::Quadratic => {
                let factor = oracle.loss.curvature(outputs.clone(), targets).ok_or(DirectionError::NoCurvature)?;
                let gradient = match how.route {
                    Route::DualAssembled => oracle.loss.gradient(outputs, targets),
                    _ => self.gradient.clone(),
                };
                let expansion = Expansion { gradient, factor };
                let (expansion, map) =
                    if how.route.is_assembled() { self.contrasts(expansion) } else { (expansion, None) };
                (Model::SecondOrder(expansion), map)
            }
        };
        let (matrix, sensitivities) = match how.route {
            Route::DualAssembled => {
                let columns = match &model {
                    Model::SecondOrder(expansion) => expansion.gradient.dims()[1],
                    Model::ProxLinear { .. } => columns,
                };
                let (matrix, sensitivities) =
                    Kernel::assemble(linearization, map.as_ref(), columns, oracle.memory_budget())?;
                (Some(matrix), sensitivities)
            }
            _ => (None, None),
        };
        let normal = match (&model, how) {
            (Model::SecondOrder(expansion), How { route: Route::PrimalAssembled, method: Method::Direct }) => {
                Some(primal::normal(linearization, map.as_ref(), expansion, oracle.memory_budget())?)
            }
            _ => None,
        };
        Ok(Form { how, model, map, matrix, normal, sensitivities })
    }

    /// The model in the contrasts to the last output, with the map from them to the outputs, if the loss depends on
    /// those alone: fewer rows to assemble and fewer unknowns.
    fn contrasts(&self, expansion: Expansion) -> (Expansion, Option<CurvatureFactor>) {
        let [m, k] = expansion.gradient.dims();
        let columns = self.oracle.columns(&self.linearization);
        match expansion.factor.without_last() {
            Some(factor) if columns < k => {
                let (device, dtype) = (self.linearization.device(), self.linearization.output_type());
                let map = CurvatureFactor::contrasts([m, k], &device, dtype);
                (Expansion { gradient: expansion.gradient.narrow(1, 0, columns), factor }, Some(map))
            }
            _ => (expansion, None),
        }
    }

    pub(super) fn kernel<'k>(&'k self, form: &'k Form, inverse: Option<&'k ParamVector>) -> Kernel<'k> {
        match (&form.matrix, inverse) {
            (Some(matrix), _) => Kernel::Matrix(matrix),
            (None, None) => Kernel::products(&self.linearization, form.map.as_ref()),
            (None, Some(inverse)) => Kernel::scaled(&self.linearization, form.map.as_ref(), inverse),
        }
    }
}

impl<L: ConvexLoss> GaussNewton<L> {
    /// The route and method for a metric other than the identity.
    pub(super) fn by_products(&self) -> Result<How, DirectionError> {
        let route = Route::DualMatrixFree;
        let ways = match self.route {
            Some(other) if other != route => return Err(DirectionError::Metric),
            _ => self.solver.candidates(Some(route)),
        };
        match ways {
            Ok(ways) => ways.first().copied().ok_or(DirectionError::Metric),
            // What the solver does needs a matrix.
            Err(DirectionError::Route { .. }) => Err(DirectionError::Metric),
            Err(error) => Err(error),
        }
    }
}
