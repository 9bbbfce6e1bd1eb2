//! [`DeviceError`]: a failure of the device.

use burn::backend::ExecutionError;
use thiserror::Error;

/// A failure of the device, for example because it ran out of memory.
#[derive(Debug, Error)]
#[error("the device failed while a result was read: {0}")]
pub struct DeviceError(String);

impl From<ExecutionError> for DeviceError {
    fn from(error: ExecutionError) -> Self {
        Self(error.to_string())
    }
}
