//! [`Machine`]: the speeds of a device, measured within milliseconds or nominal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use burn::tensor::{DType, Device};

use crate::kernels::product;
use crate::tensor::Array;

/// Speeds of a device in one float type, and of the host in double precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    /// Floating-point operations per second in matrix products.
    pub flops: f64,
    /// The same in f64 on the host.
    pub host_flops: f64,
    /// Bytes read and written per second.
    pub bandwidth: f64,
    /// Fixed time of any operation, in seconds.
    pub overhead: f64,
}

/// Repetitions of a measurement; the fastest counts.
const REPEATS: usize = 4;

impl Machine {
    /// The speeds of a device, measured at the first call and remembered.
    pub(super) fn of(device: &Device, dtype: DType) -> Self {
        static KNOWN: Known = Mutex::new(None);
        remembered(&KNOWN, (format!("{device:?}"), dtype), || Self::measure(device, dtype))
    }

    /// The speeds of two cores of 2020 with wide vector units, or of a graphics card of that time: never measured, and
    /// so the same in every run.
    pub(super) fn nominal(device: &Device) -> Self {
        match *device == Device::flex() {
            true => Self { flops: 1e11, host_flops: 5e10, bandwidth: 1e10, overhead: 1e-6 },
            false => Self { flops: 1e13, host_flops: 5e10, bandwidth: 1e12, overhead: 1e-5 },
        }
    }

    fn measure(device: &Device, dtype: DType) -> Self {
        let square = |size: usize, dtype, device| Array::constant(&[size, size], 0.5, dtype, device);
        let host = Device::flex();
        let (wide, double) = (square(512, dtype, device), square(256, DType::F64, &host));
        let cubes = |size: f64| 2.0 * size.powi(3);
        let large = square(2048, dtype, device);
        let small = square(4, dtype, device);
        let bytes = (3 * large.elements() * dtype.size()) as f64;
        const CHAIN: usize = 32;
        let chain = || (0..CHAIN).fold(small.clone(), |sum, _| sum.add(small.clone()));
        Self {
            flops: cubes(512.0) / fastest(|| product(wide.clone(), wide.clone())),
            host_flops: cubes(256.0) / fastest(|| product(double.clone(), double.clone())),
            bandwidth: bytes / fastest(|| large.clone().add(large.clone())),
            overhead: fastest(chain) / CHAIN as f64,
        }
    }
}

/// The known speeds of devices, by name and float type.
type Known = Mutex<Option<HashMap<(String, DType), Machine>>>;

/// Returns the known speeds of a device, or measures them. The lock is not held while measuring: a worker that waits
/// for the products of a measurement may take up other work that asks for the same speeds, and would wait for itself.
/// If several measure at once, the first result counts.
fn remembered(known: &Known, key: (String, DType), measure: impl FnOnce() -> Machine) -> Machine {
    let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(machine) = known().get_or_insert_default().get(&key) {
        return *machine;
    }
    let measured = measure();
    *known().get_or_insert_default().entry(key).or_insert(measured)
}

/// The time of the fastest of several calls, in seconds. Reading one number of the result waits for it.
fn fastest(call: impl Fn() -> Array) -> f64 {
    let once = || {
        let start = Instant::now();
        let result = call();
        // A device that fails here fails again in the work itself, where it is an error.
        let _ = result.narrow(0, 0, 1).narrow(1, 0, 1).scalar();
        start.elapsed().as_secs_f64()
    };
    (0..REPEATS).map(|_| once()).fold(f64::INFINITY, f64::min).max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A worker that waits for a measurement may take up other work that asks for the same measurement.
    #[test]
    fn a_measurement_within_a_measurement_ends() {
        let known = Known::default();
        let key = || ("a device".to_owned(), DType::F64);
        let machine = |flops| Machine { flops, host_flops: 1.0, bandwidth: 1.0, overhead: 1.0 };
        let outer = remembered(&known, key(), || {
            assert_eq!(remembered(&known, key(), || machine(1.0)).flops, 1.0);
            machine(2.0)
        });
        assert_eq!(outer.flops, 1.0, "the first counts");
        assert_eq!(remembered(&known, key(), || unreachable!()).flops, 1.0);
    }
}
