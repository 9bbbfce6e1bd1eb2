//! [`Part`]: the training or the test examples where training needs them.

use burn::tensor::{Device, Tensor, TensorData};

use crate::data::{Scale, Split, Targets};

/// One part of the data: all inputs on the device, and the targets, scaled, on the host.
#[derive(Clone, Debug)]
pub struct Part {
    /// `[n, features]`.
    pub inputs: Tensor<2>,
    /// `n` targets.
    pub targets: Targets,
}

impl Part {
    /// Moves a split to the device.
    pub fn new(split: &Split, scale: Scale, device: &Device) -> Self {
        let data = TensorData::new(split.inputs.clone(), [split.len(), split.features()]);
        let targets = split.targets.scaled(scale);
        Self { inputs: Tensor::from_data(data, device), targets }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }
}
