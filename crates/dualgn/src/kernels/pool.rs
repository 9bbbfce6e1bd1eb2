//! Maxima of windows over planes, and reading from or writing to the positions of the maxima.
//!
//! Beside Burn's on the CPU (`benches/kernels.rs`, f32, two cores, 64 images of 6 planes of 28 × 28, windows of 2 × 2):
//! see `docs/performance.md`. Positions are shared by all vectors that are stacked along the first axis, without copies
//! of them.

use std::ops::AddAssign;

use burn::backend::{BackendTensor, DispatchKindConversion, DispatchTensor, Flex};
use burn::tensor::{DType, Element, TensorData};
use rayon::prelude::*;

use super::axis::Axis;
use super::{HostTensor, contiguous, range, with_float};
use crate::tensor::Array;

/// Number of entries that justify a separate task.
const CHUNK: usize = 1 << 14;

/// The windows in a plane, along rows and along columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
}

impl Windows {
    /// Maxima of `[m, channels, rows, columns]`, `[m, channels, ..]`, and their places in the plane,
    /// `[m, channels, windows]`; of equal ones the first, as Burn has it. `None` for an array that is not on the host.
    pub(crate) fn maxima(&self, x: &Array) -> Option<(Array, Array)> {
        let (shape, data) = (x.shape(), contiguous(x)?);
        let (planes, rows, columns) = (shape[0] * shape[1], shape[2], shape[3]);
        let axis = |axis: usize, length: usize| {
            let padding = (self.padding[axis], self.padding[axis]);
            Axis::new(length, self.kernel[axis], self.stride[axis], self.dilation[axis], padding)
        };
        let axes = [axis(0, rows)?, axis(1, columns)?];
        let windows = axes[0].output * axes[1].output;
        let mut places = vec![0i32; planes * windows];
        let output = [shape[0], shape[1], axes[0].output, axes[1].output];
        let maxima = with_float!(x.dtype(), {
            TensorData::new(fill(&data.storage::<T>()[range(&data)], axes, &mut places), output)
        });
        let device = x.device();
        let places = TensorData::new(places, [shape[0], shape[1], windows]);
        Some((Array::from_data(maxima, &device), Array::from_data(places, &device)))
    }
}

fn fill<T: Element + PartialOrd>(x: &[T], axes: [Axis; 2], places: &mut [i32]) -> Vec<T> {
    let [rows, columns] = axes;
    let (plane, windows) = (rows.input * columns.input, rows.output * columns.output);
    let mut maxima = vec![T::from_elem(f64::NEG_INFINITY); places.len()];
    let at_once = (CHUNK / plane).max(1);
    let parts = maxima.par_chunks_mut(at_once * windows).zip(places.par_chunks_mut(at_once * windows));
    parts.zip(x.par_chunks(at_once * plane)).for_each(|((maxima, places), x)| {
        let each = maxima.chunks_exact_mut(windows).zip(places.chunks_exact_mut(windows)).zip(x.chunks_exact(plane));
        for ((maxima, places), x) in each {
            for i in 0..rows.kernel {
                let (first, end, from) = rows.met(i);
                for (step, row) in (first..end).enumerate() {
                    let line = (from + step * rows.stride) * columns.input;
                    for j in 0..columns.kernel {
                        let (first, end, from) = columns.met(j);
                        let targets = row * columns.output + first..row * columns.output + end;
                        let found = maxima[targets.clone()].iter_mut().zip(&mut places[targets]);
                        let start = line + from;
                        let values = x[start.min(plane)..].iter().step_by(columns.stride);
                        let values = values.zip((start as i32..).step_by(columns.stride));
                        for ((maximum, place), (&value, at)) in found.zip(values) {
                            // NaN counts as a maximum.
                            let is_new = value > *maximum || value.partial_cmp(&value).is_none();
                            *maximum = if is_new { value } else { *maximum };
                            *place = if is_new { at } else { *place };
                        }
                    }
                }
            }
        }
    });
    maxima
}

/// The entries of planes, `[c m, channels, ..]`, at places, `[m, channels, windows]`: `[c m, channels, windows]`.
/// `None` if they are not on the host.
pub(crate) fn take(x: &Array, places: &Array) -> Option<Array> {
    let (shape, windows) = (x.shape(), places.shape()[2]);
    let (host, places) = (contiguous(x)?, host_places(places)?);
    let places = &places.storage::<i32>()[range(&places)];
    let (plane, output) = (shape[2..].iter().product(), [shape[0], shape[1], windows]);
    let data = with_float!(x.dtype(), {
        TensorData::new(taken(&host.storage::<T>()[range(&host)], places, plane, windows), output)
    });
    Some(Array::from_data(data, &x.device()))
}

fn taken<T: Element>(x: &[T], places: &[i32], plane: usize, windows: usize) -> Vec<T> {
    let planes = x.len() / plane;
    let mut output = vec![T::from_elem(0.0); planes * windows];
    let at_once = (CHUNK / windows).max(1);
    output.par_chunks_mut(at_once * windows).enumerate().for_each(|(part, output)| {
        for (index, output) in output.chunks_exact_mut(windows).enumerate() {
            let index = part * at_once + index;
            let (x, places) = (&x[index * plane..][..plane], places_of(places, index, windows));
            output.iter_mut().zip(places).for_each(|(y, &place)| *y = x[place as usize]);
        }
    });
    output
}

/// Planes of so many entries with those of `y`, `[c m, channels, ..]`, added at places, `[m, channels, windows]`:
/// `[c m, channels, plane]`. `None` if they are not on the host.
pub(crate) fn put(y: &Array, places: &Array, plane: usize) -> Option<Array> {
    let (shape, windows) = (y.shape(), places.shape()[2]);
    let (host, places) = (contiguous(y)?, host_places(places)?);
    let places = &places.storage::<i32>()[range(&places)];
    let output = [shape[0], shape[1], plane];
    let data = with_float!(y.dtype(), {
        TensorData::new(placed(&host.storage::<T>()[range(&host)], places, plane, windows), output)
    });
    Some(Array::from_data(data, &y.device()))
}

fn placed<T: Element + AddAssign>(y: &[T], places: &[i32], plane: usize, windows: usize) -> Vec<T> {
    let planes = y.len() / windows;
    let mut output = vec![T::from_elem(0.0); planes * plane];
    let at_once = (CHUNK / plane).max(1);
    output.par_chunks_mut(at_once * plane).enumerate().for_each(|(part, output)| {
        for (index, output) in output.chunks_exact_mut(plane).enumerate() {
            let index = part * at_once + index;
            let (y, places) = (&y[index * windows..][..windows], places_of(places, index, windows));
            y.iter().zip(places).for_each(|(&y, &place)| output[place as usize] += y);
        }
    });
    output
}

/// The positions for a plane; they repeat for each stacked vector.
fn places_of(places: &[i32], plane: usize, windows: usize) -> &[i32] {
    &places[plane * windows % places.len()..][..windows]
}

fn host_places(places: &Array) -> Option<HostTensor> {
    if places.dtype() != DType::I32 {
        return None;
    }
    match <DispatchTensor as DispatchKindConversion<Flex>>::try_into_backend(places.clone().into_dispatch()) {
        Ok(BackendTensor::Int(places)) => Some(places.to_contiguous()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Dispatch;
    use burn::backend::ops::ModuleOps;
    use burn::tensor::{Device, Int, Tensor};

    /// Against Burn's pool, with overlap, gaps, padding, ties and what is not a number; and stacked vectors, against
    /// its gather and scatter.
    #[test]
    fn maxima_places_and_moves_are_burns() {
        let device = Device::flex();
        for (kernel, stride, padding, dilation) in [
            ([2, 2], [2, 2], [0, 0], [1, 1]),
            ([3, 2], [1, 2], [1, 0], [1, 1]),
            ([2, 3], [2, 1], [0, 1], [2, 1]),
            ([1, 3], [1, 3], [0, 1], [1, 2]),
        ] {
            for dtype in [DType::F32, DType::F64] {
                let [m, channels, rows, columns] = [5, 3, 7, 8];
                let values: Vec<f64> = (0..m * channels * rows * columns).map(|i| ((i * 37) % 11) as f64).collect();
                let mut values = values;
                values[17] = f64::NAN;
                let x = Array::from_f64(&values, &[m, channels, rows, columns], dtype, &device);
                let (maxima, places) = Windows { kernel, stride, padding, dilation }.maxima(&x).unwrap();
                let tensor = x.clone().into_dispatch();
                let int = burn::tensor::IntDType::I32;
                let wanted = Dispatch::max_pool2d_with_indices(tensor, kernel, stride, padding, dilation, false, int);
                let (wanted, at) = (Array::new(wanted.output), Array::new(wanted.indices));
                assert_eq!(maxima.shape(), wanted.shape());
                let bits = |array: Array| array.to_f64().unwrap().into_iter().map(f64::to_bits).collect::<Vec<_>>();
                assert_eq!(bits(maxima), bits(wanted.clone()));
                let at = at.reshape(&places.shape());
                let ints = |array: &Array| {
                    let integers = Tensor::<3, Int>::from_dispatch(array.clone().into_dispatch());
                    integers.into_data().iter::<i64>().collect::<Vec<_>>()
                };
                assert_eq!(ints(&places), ints(&at));

                let (plane, windows) = (rows * columns, places.shape()[2]);
                let stacked = Array::cat(vec![x.clone(), x.scale(0.5)], 0).reshape(&[2 * m, channels, plane]);
                let twice = Array::cat(vec![at.clone(), at], 0);
                let taken = take(&stacked, &places).unwrap();
                assert_eq!(bits(taken.clone()), bits(stacked.gather(2, twice.clone())));
                let zeros = Array::zeros(&[2 * m, channels, plane], dtype, &device);
                assert_eq!(bits(put(&taken, &places, plane).unwrap()), bits(zeros.scatter_add(2, twice, taken)));
                assert!(windows > 0);
            }
        }
    }
}
