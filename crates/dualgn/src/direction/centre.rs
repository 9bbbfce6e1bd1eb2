//! [`Centre`]: the centre `c` of a proximity term, as the dual sees it.
//!
//! With `d = c + e` the subproblem in `e` has its centre at zero, and its outputs are moved by `J c`: the same system
//! with another right-hand side.

use burn::tensor::Tensor;

use super::kernel::placed;
use super::measures::{Measures, dot, read};
use crate::error::{DeviceError, Error, LinearizeError};
use crate::linearize::{Linearization, ParamVector};
use crate::loss::CurvatureFactor;

/// A centre `c`, represented by its effect on the outputs.
#[derive(Clone, Debug)]
pub(super) struct Centre {
    /// `J c`, `[m, k]`, or combinations `Vᵀ J c`.
    pub change: Tensor<2>,
    /// `‖c‖²`, in the metric.
    pub norm_squared: f64,
}

impl Centre {
    /// Cost: one product with `J`.
    pub(super) fn new(
        linearization: &Linearization,
        centre: &ParamVector,
        metric: Option<&ParamVector>,
    ) -> Result<Self, Error> {
        let change = linearization.jvp(centre)?;
        let norm_squared = match metric {
            None => centre.dot(centre)?,
            Some(metric) if metric.is_of(linearization.graph()) => centre.clone().times(metric).dot(centre)?,
            Some(_) => return Err(LinearizeError::OtherNetwork.into()),
        };
        Ok(Self { change, norm_squared })
    }

    /// The centre in the combined outputs of a model, in the float type and on the device of its gradient.
    pub(super) fn combined(&self, map: Option<&CurvatureFactor>, gradient: &Tensor<2>) -> Self {
        let change = match map {
            Some(map) => map.apply_transpose(self.change.clone().unsqueeze()).squeeze_dim(0),
            None => self.change.clone(),
        };
        Self { change: placed(change, &gradient.device(), gradient.dtype()), ..*self }
    }

    /// The measures of a prox-linear `d = c + e` from those of `e`, whose loss is that of the moved outputs. `gradient`
    /// is that at the unmoved outputs; `change` is `J e`.
    pub(super) fn prox_linear(
        &self,
        measures: Measures,
        gradient: &Tensor<2>,
        alpha: &Tensor<2>,
        change: &Tensor<2>,
        loss: f64,
        damping: f64,
    ) -> Result<Measures, DeviceError> {
        let m = gradient.dims()[0] as f64;
        let own = placed(self.change.clone(), &gradient.device(), gradient.dtype());
        let [slope, along] = read([dot(gradient, &(own.clone() + change.clone())), dot(alpha, &own)])?;
        let penalty = 0.5 * damping * measures.norm_squared;
        Ok(Measures {
            slope: slope / m,
            // The centre may ascend.
            slope_rounding: f64::INFINITY,
            norm_squared: self.norm_squared - 2.0 * along / (damping * m) + measures.norm_squared,
            predicted_decrease: loss - (measures.primal_value - penalty),
            initial_value: loss + 0.5 * damping * self.norm_squared,
            ..measures
        })
    }
}
