//! From a pseudo-gradient or a gradient to new weights, by an optimizer of Burn.

use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};

use super::method::MethodName;
use crate::problem::Mlp;

/// An optimizer with its rate.
pub struct Stepper {
    optimizer: ModuleOptimizer,
    rate: f64,
}

impl Stepper {
    /// The optimizer of a method at a learning rate; `damping` turns a step along `d` into a rate for `-λ d`.
    pub fn new(method: MethodName, rate: f64, damping: f64) -> Self {
        let optimizer = if method.is_adam() { AdamConfig::new().init() } else { SgdConfig::new().init() };
        let rate = if method == MethodName::DualGnSgd { rate / damping } else { rate };
        Self { optimizer, rate }
    }

    /// One step.
    pub fn step(&mut self, model: Mlp, gradients: GradientsParams) -> Mlp {
        self.optimizer.step(self.rate, model, gradients)
    }
}
