//! From a gradient or a Gauss-Newton direction to new weights, by an optimizer of Burn.

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use dualgn::Direction;

use super::method::{Method, Optimizer};
use crate::problem::Mlp;

/// An optimizer with its rate.
pub struct Stepper {
    method: Method,
    optimizer: ModuleOptimizer,
    rate: f64,
}

impl Stepper {
    /// The optimizer of a method at a learning rate.
    pub fn new(method: Method, rate: f64) -> Self {
        let optimizer = match method.optimizer {
            Optimizer::Sgd => SgdConfig::new().init(),
            Optimizer::Adam => AdamConfig::new().init(),
        };
        Self { method, optimizer, rate }
    }

    /// One step on a gradient.
    pub fn step(&mut self, model: Mlp, gradients: GradientsParams) -> Mlp {
        self.optimizer.step(self.rate, model, gradients)
    }

    /// One step on a direction: along it by the rate, or by the optimizer on its pseudo-gradient.
    pub fn follow(&mut self, model: Mlp, direction: Direction) -> Mlp {
        match self.method.optimizer {
            Optimizer::Sgd => direction.apply(model, self.rate),
            Optimizer::Adam => self.step(model, direction.into_gradients()),
        }
    }
}
