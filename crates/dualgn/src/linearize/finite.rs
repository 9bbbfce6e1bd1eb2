//! The search for the first number that is not finite. It runs only once a loss is not finite, and reads all values
//! from the device.

use burn::module::Module;

use super::evaluation::module_tensors;
use super::{Linearization, Saved};
use crate::error::{DeviceError, DirectionError};
use crate::tensor::Array;

impl Linearization {
    /// Finds the first number that is not finite among the inputs, the parameters and the outputs, in this order.
    ///
    /// # Errors
    /// Returns `DeviceError` if the device fails.
    pub(crate) fn not_finite<M: Module>(&self, model: &M) -> Result<Option<DirectionError>, DeviceError> {
        if let Some((input, example, entry, value)) = self.bad_input()? {
            return Ok(Some(DirectionError::InputNotFinite { input, example, entry, value }));
        }
        let tensors = module_tensors(model);
        let mut largest = (String::new(), 0.0);
        for known in &self.graph.tensors {
            let Some(array) = tensors.get(&known.id).filter(|array| array.dtype().is_float()) else { continue };
            let values = array.to_f64()?;
            if let Some(entry) = first_bad(&values) {
                let (path, value) = (known.path.clone(), values[entry]);
                return Ok(Some(DirectionError::ParameterNotFinite { path, entry, value }));
            }
            let size = values.iter().fold(0.0, |size: f64, value| size.max(value.abs()));
            if size > largest.1 {
                largest = (known.path.clone(), size);
            }
        }
        let values = self.outputs.to_f64()?;
        Ok(first_bad(&values).map(|index| {
            let (k, value) = (self.outputs_per_example(), values[index]);
            let (path, largest) = largest;
            DirectionError::OutputNotFinite { example: index / k, output: index % k, value, path, largest }
        }))
    }

    /// Finds the index of the input, of the example and of the entry within it, and the value; the inputs of several
    /// networks are numbered consecutively.
    fn bad_input(&self) -> Result<Option<(usize, usize, usize, f64)>, DeviceError> {
        match &self.saved {
            Saved::Pass(pass) => among(&pass.inputs, 0),
            Saved::Parts(parts) => {
                for (start, inputs) in parts.inputs() {
                    if let Some(found) = among(inputs, start)? {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            }
            Saved::Blocks(stack) => {
                let mut before = 0;
                for block in stack.blocks() {
                    if let Some((input, example, entry, value)) = block.linearization.bad_input()? {
                        return Ok(Some((before + input, example, entry, value)));
                    }
                    before += block.linearization.graph.inputs.len();
                }
                Ok(None)
            }
        }
    }
}

/// Searches inputs whose first example has the number `start`.
fn among(inputs: &[Array], start: usize) -> Result<Option<(usize, usize, usize, f64)>, DeviceError> {
    for (input, array) in inputs.iter().enumerate().filter(|(_, array)| array.dtype().is_float()) {
        let values = array.to_f64()?;
        if let Some(index) = first_bad(&values) {
            let width = values.len() / array.shape()[0];
            return Ok(Some((input, start + index / width, index % width, values[index])));
        }
    }
    Ok(None)
}

fn first_bad(values: &[f64]) -> Option<usize> {
    values.iter().position(|value| !value.is_finite())
}
