//! Interpolation and adaptive averages: products with weights, along one axis after another.

use burn::backend::Dispatch;
use burn::backend::ir::{AdaptiveAvgPool3dOpIr, InterpolateOpIr};
use burn::backend::ops::ModuleOps;
use burn::tensor::Device;

use super::Scope;
use super::blocks::{along, averages};
use crate::error::DeviceError;
use crate::tensor::Array;

impl Scope {
    /// The interpolation of an image; `None` if its weights cannot be read.
    pub(super) fn interpolated(&mut self, ir: &InterpolateOpIr) -> Option<Array> {
        let mut result = self.read(&ir.x);
        for (axis, &output) in ir.output_size.iter().enumerate() {
            let length = ir.x.shape[axis + 2];
            let weights = weights(ir, length, output).ok()?;
            let weights = Array::from_f64(&weights, &[length, output], ir.x.dtype, &self.device);
            result = along(result, axis + 2, weights);
        }
        Some(result)
    }

    /// The means that an adaptive pool takes.
    pub(super) fn averaged(&mut self, ir: &AdaptiveAvgPool3dOpIr) -> Array {
        let mut result = self.read(&ir.x);
        for (axis, &output) in ir.output_size.iter().enumerate() {
            let length = ir.x.shape[axis + 2];
            let weights = Array::from_f64(&averages(length, output), &[length, output], ir.x.dtype, &self.device);
            result = along(result, axis + 2, weights);
        }
        result
    }
}

/// The weights `[length, output]` of an interpolation along one axis. It is the same along one axis as along the other,
/// and linear: Burn's own, of unit vectors, gives them.
fn weights(ir: &InterpolateOpIr, length: usize, output: usize) -> Result<Vec<f64>, DeviceError> {
    let unit = (0..length * length).map(|i| f64::from(i % (length + 1) == 0)).collect::<Vec<_>>();
    let unit = Array::from_f64(&unit, &[length, 1, length, 1], ir.x.dtype, &Device::default());
    let moved = Dispatch::interpolate(unit.into_dispatch(), [output, 1], ir.options.clone().into());
    Array::new(moved).reshape(&[length, output]).to_f64()
}
