//! [`Part`]: the training or the test examples where training needs them.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::data::{DataError, InputRows, OnDisk, Scale, Split, Targets};

/// One part of the data: inputs on the device, or on disk, and the targets, scaled, on the host.
#[derive(Clone, Debug)]
pub struct Part {
    inputs: Where,
    features: usize,
    device: Device,
    /// `n` targets.
    pub targets: Targets,
}

#[derive(Clone, Debug)]
enum Where {
    /// `[n, features]`.
    Device(Box<Tensor<2>>),
    Disk(OnDisk),
}

impl Part {
    /// Moves a split to the device, unless it is on disk.
    pub fn new(split: &Split, scale: Scale, device: &Device) -> Self {
        let features = split.features();
        let inputs = match &split.inputs {
            InputRows::Memory(values) => {
                let data = TensorData::new(values.clone(), [split.len(), features]);
                Where::Device(Box::new(Tensor::from_data(data, device)))
            }
            InputRows::Disk(disk) => Where::Disk(disk.clone()),
        };
        Self { inputs, features, device: device.clone(), targets: split.targets.scaled(scale) }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the inputs go.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Some examples on the device: inputs `[indices.len(), features]`, and targets.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn gather(&self, indices: &[usize]) -> Result<(Tensor<2>, Targets), DataError> {
        let inputs = match &self.inputs {
            Where::Device(inputs) => {
                let rows: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
                let rows: Tensor<1, Int> = Tensor::from_data(TensorData::from(rows.as_slice()), &self.device);
                inputs.as_ref().clone().select(0, rows)
            }
            Where::Disk(disk) => self.tensor(disk.gather(indices)?),
        };
        Ok((inputs, self.targets.gather(indices)))
    }

    /// Examples that follow each other, as [`gather`](Self::gather).
    pub fn range(&self, range: Range<usize>) -> Result<(Tensor<2>, Targets), DataError> {
        let indices: Vec<usize> = range.clone().collect();
        let inputs = match &self.inputs {
            Where::Device(inputs) => inputs.as_ref().clone().slice([range, 0..self.features]),
            Where::Disk(disk) => self.tensor(disk.gather(&indices)?),
        };
        Ok((inputs, self.targets.gather(&indices)))
    }

    fn tensor(&self, values: Vec<f32>) -> Tensor<2> {
        let rows = values.len() / self.features;
        Tensor::from_data(TensorData::new(values, [rows, self.features]), &self.device)
    }
}
