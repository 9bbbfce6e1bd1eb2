//! Where tensors live: `--device`; and the way back.

use burn::tensor::{Device, Element, Tensor};
use clap::ValueEnum;

use crate::failure::Failure;

/// A kind of device. Which ones exist depends on the features this program was built with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DeviceName {
    /// The CPU, by Burn's Flex backend; always there.
    #[default]
    Flex,
    /// An NVIDIA GPU.
    Cuda,
    /// An AMD GPU.
    Rocm,
    /// A GPU by WebGPU, whatever the system offers.
    Wgpu,
    /// A GPU by Vulkan.
    Vulkan,
    /// An Apple GPU.
    Metal,
}

impl DeviceName {
    /// The device itself.
    pub fn open(self) -> Result<Device, Failure> {
        match self {
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(Device::cuda(burn::tensor::DeviceIndex::Default)),
            #[cfg(feature = "rocm")]
            Self::Rocm => Ok(Device::rocm(burn::tensor::DeviceIndex::Default)),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "metal")]
            Self::Metal => Ok(Device::metal(burn::tensor::DeviceKind::DefaultDevice)),
            #[allow(unreachable_patterns, reason = "with all features there is nothing left")]
            other => {
                let name = other.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
                Err(Failure::input(format!(
                    "this program was built without `{name}`; build it with `cargo build --release --features {name}`"
                )))
            }
        }
    }
}

/// The entries of a tensor, row-major, on the host.
///
/// # Errors
/// The device failed.
pub fn entries<E: Element, const D: usize>(tensor: Tensor<D>) -> Result<Vec<E>, Failure> {
    let data = tensor.try_into_data().map_err(|error| Failure::run(error.to_string()))?;
    Ok(data.iter::<E>().collect())
}
