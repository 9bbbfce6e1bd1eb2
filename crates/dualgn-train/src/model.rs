//! The models of the loss that directions come from.

use dualgn::LossModel;
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use crate::problem::LossName;

/// What stands for the loss in the subproblem of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumMessage, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum ModelName {
    /// Quadratic model of the loss, as in dual Gauss-Newton; needs a loss with curvature
    Quadratic,
    /// The loss itself, as in prox-linear methods; works with every loss
    ProxLinear,
    /// Quadratic model in one number per example, as in fast Gauss-Newton; only for the softmax cross-entropy
    Fgn,
}

/// What the duality gap of a prox-linear direction must come down to, and what that may cost.
#[derive(Clone, Copy, Debug)]
pub struct ProxLinear {
    /// The gap at most, for each unit of the decrease that the dual promises.
    pub gap: f64,
    /// Inner iterations at most.
    pub iterations: usize,
}

impl ModelName {
    /// The model a loss has unless another is asked for: the quadratic one where it has curvature.
    pub fn default_for(loss: LossName) -> Self {
        if loss.has_curvature() { Self::Quadratic } else { Self::ProxLinear }
    }

    /// The model itself.
    pub fn model(self, ProxLinear { gap, iterations }: ProxLinear) -> LossModel {
        match self {
            Self::Quadratic => LossModel::Quadratic,
            Self::ProxLinear => LossModel::ProxLinear { gap, iterations },
            Self::Fgn => LossModel::FastGaussNewton,
        }
    }
}
