//! Convolutions over one to three axes and their two transposes, as products of matrices: each example's patches are
//! laid out, `[channels · kernel, positions]`, in a buffer that stays in the cache of the thread that multiplies them.
//!
//! `docs/performance.md` has the times beside Burn's.

use std::ops::AddAssign;

use burn::backend::ops::ConvOptions;
use burn::tensor::{Element, TensorData};
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::axis::Axis;
use super::{contiguous, range, with_float};
use crate::tensor::Array;

/// Number of parts in which sums over the examples are computed, whatever the number of threads, so that results do not
/// depend on it.
const PARTS: usize = 8;

/// The requirements of a kernel on a float type.
trait Entry: Element + ComplexField + Copy + AddAssign {}
impl<T: Element + ComplexField + Copy + AddAssign> Entry for T {}

/// A convolution of `x`, `[m, channels, ..]`, with `W`, `[outputs, channels, ..]`, in one group. Axes that are missing
/// have length one and come first.
#[derive(Clone, Debug)]
pub(crate) struct Convolution {
    channels: usize,
    outputs: usize,
    axes: [Axis; 3],
    /// Shapes of `x`, `W` and the result.
    shapes: [Vec<usize>; 3],
}

/// A contiguous stretch of a row of the patches: its start in the row and in the image, and its length.
struct Stretch {
    patch: usize,
    image: usize,
    length: usize,
}

impl Convolution {
    /// A convolution of the given shapes; `None` for several groups, or if the window does not fit.
    pub(crate) fn new<const N: usize>(x: &[usize], weight: &[usize], options: &ConvOptions<N>) -> Option<Self> {
        if options.groups != 1 {
            return None;
        }
        let mut axes = [Axis::MISSING; 3];
        for (index, axis) in axes[3 - N..].iter_mut().enumerate() {
            let (stride, dilation, padding) = (options.stride[index], options.dilation[index], options.padding[index]);
            *axis = Axis::new(x[index + 2], weight[index + 2], stride, dilation, padding)?;
        }
        let mut y = vec![x[0], weight[0]];
        y.extend(axes[3 - N..].iter().map(|axis| axis.output));
        Some(Self { channels: x[1], outputs: weight[0], axes, shapes: [x.to_vec(), weight.to_vec(), y] })
    }

    /// `x * W + b`; `None` if the arrays are not on the host.
    pub(crate) fn value(&self, x: &Array, weight: &Array, bias: Option<&Array>) -> Option<Array> {
        let (device, dtype) = (x.device(), x.dtype());
        let (x, weight) = (contiguous(x)?, contiguous(weight)?);
        let bias = match bias {
            Some(bias) => Some(contiguous(bias)?),
            None => None,
        };
        let shape = self.shapes[2].clone();
        let data = with_float!(dtype, {
            let bias = bias.as_ref().map(|bias| &bias.storage::<T>()[range(bias)]);
            let y = self.convolve(&x.storage::<T>()[range(&x)], &weight.storage::<T>()[range(&weight)], bias);
            TensorData::new(y, shape)
        });
        Some(Array::from_data(data, &device))
    }

    /// The cotangent of `x` from that of the result.
    pub(crate) fn transpose_input(&self, weight: &Array, y: &Array) -> Option<Array> {
        let (device, dtype, shape) = (y.device(), y.dtype(), self.shapes[0].clone());
        let (weight, y) = (contiguous(weight)?, contiguous(y)?);
        let data = with_float!(dtype, {
            TensorData::new(self.scatter(&weight.storage::<T>()[range(&weight)], &y.storage::<T>()[range(&y)]), shape)
        });
        Some(Array::from_data(data, &device))
    }

    /// The cotangent of `W` from that of the result.
    pub(crate) fn transpose_weight(&self, x: &Array, y: &Array) -> Option<Array> {
        let (device, dtype, shape) = (y.device(), y.dtype(), self.shapes[1].clone());
        let (x, y) = (contiguous(x)?, contiguous(y)?);
        let data = with_float!(dtype, {
            TensorData::new(self.correlate(&x.storage::<T>()[range(&x)], &y.storage::<T>()[range(&y)]), shape)
        });
        Some(Array::from_data(data, &device))
    }

    fn image(&self) -> usize {
        self.channels * self.axes.iter().map(|axis| axis.input).product::<usize>()
    }

    fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.output).product()
    }

    fn patch(&self) -> usize {
        self.channels * self.axes.iter().map(|axis| axis.kernel).product::<usize>()
    }

    fn convolve<T: Entry>(&self, x: &[T], weight: &[T], bias: Option<&[T]>) -> Vec<T> {
        let (positions, patch) = (self.positions(), self.patch());
        let mut y = vec![T::zero_impl(); x.len() / self.image() * self.outputs * positions];
        let weight = MatRef::from_row_major_slice(weight, self.outputs, patch);
        let examples = y.par_chunks_mut(self.outputs * positions).zip(x.par_chunks(self.image()));
        let parallel = self.within(x);
        examples.for_each_init(Vec::new, |patches, (y, x)| {
            let patches = self.lay_out(x, patches);
            let mut add = Accum::Replace;
            if let Some(bias) = bias {
                y.chunks_exact_mut(positions).zip(bias).for_each(|(y, bias)| y.fill(*bias));
                add = Accum::Add;
            }
            let y = MatMut::from_row_major_slice_mut(y, self.outputs, positions);
            matmul(y, add, weight, MatRef::from_row_major_slice(patches, patch, positions), T::one_impl(), parallel);
        });
        y
    }

    fn scatter<T: Entry>(&self, weight: &[T], y: &[T]) -> Vec<T> {
        let (positions, patch, image) = (self.positions(), self.patch(), self.image());
        let mut x = vec![T::zero_impl(); y.len() / (self.outputs * positions) * image];
        let weight = MatRef::from_row_major_slice(weight, self.outputs, patch).transpose();
        let parallel = self.within(&x);
        let examples = x.par_chunks_mut(image).zip(y.par_chunks(self.outputs * positions));
        examples.for_each_init(
            || vec![T::zero_impl(); patch * positions],
            |patches, (x, y)| {
                let y = MatRef::from_row_major_slice(y, self.outputs, positions);
                let target = MatMut::from_row_major_slice_mut(patches, patch, positions);
                matmul(target, Accum::Replace, weight, y, T::one_impl(), parallel);
                let stride = self.axes[2].stride;
                self.for_each_stretch(|Stretch { patch, image, length }| {
                    let row = &patches[patch..patch + length];
                    if stride == 1 {
                        x[image..image + length].iter_mut().zip(row).for_each(|(x, &value)| *x += value);
                    } else {
                        x[image..].iter_mut().step_by(stride).zip(row).for_each(|(x, &value)| *x += value);
                    }
                });
            },
        );
        x
    }

    fn correlate<T: Entry>(&self, x: &[T], y: &[T]) -> Vec<T> {
        let (positions, patch, image) = (self.positions(), self.patch(), self.image());
        let at_once = (x.len() / image).div_ceil(PARTS);
        let parts = x.par_chunks(at_once * image).zip(y.par_chunks(at_once * self.outputs * positions));
        let parallel = self.within(x);
        let sums = parts.map(|(x, y)| {
            let (mut sum, mut patches) = (vec![T::zero_impl(); self.outputs * patch], Vec::new());
            for (x, y) in x.chunks(image).zip(y.chunks(self.outputs * positions)) {
                let patches = MatRef::from_row_major_slice(self.lay_out(x, &mut patches), patch, positions);
                let y = MatRef::from_row_major_slice(y, self.outputs, positions);
                let target = MatMut::from_row_major_slice_mut(&mut sum, self.outputs, patch);
                matmul(target, Accum::Add, y, patches.transpose(), T::one_impl(), parallel);
            }
            sum
        });
        let mut sums: Vec<Vec<T>> = sums.collect();
        let mut total = sums.pop().expect("a batch has examples");
        sums.iter().for_each(|sum| total.iter_mut().zip(sum).for_each(|(total, &term)| *total += term));
        total
    }

    /// The number of threads to use within an example, if there are fewer examples than threads.
    fn within<T>(&self, x: &[T]) -> Par {
        if x.len() / self.image() < rayon::current_num_threads() { Par::rayon(0) } else { Par::Seq }
    }

    /// The patches of an example.
    fn lay_out<'a, T: Entry>(&self, x: &'a [T], patches: &'a mut Vec<T>) -> &'a [T] {
        let plain = |axis: &Axis| (axis.kernel, axis.stride, axis.padding, axis.output) == (1, 1, 0, axis.input);
        if self.axes.iter().all(plain) {
            return x;
        }
        // Entries in the padding are zero and stay zero.
        patches.resize(self.patch() * self.positions(), T::zero_impl());
        let stride = self.axes[2].stride;
        self.for_each_stretch(|Stretch { patch, image, length }| {
            let row = &mut patches[patch..patch + length];
            if stride == 1 {
                row.copy_from_slice(&x[image..image + length]);
            } else {
                row.iter_mut().zip(x[image..].iter().step_by(stride)).for_each(|(to, &from)| *to = from);
            }
        });
        patches
    }

    /// Calls a function for each stretch of the patches outside the padding.
    fn for_each_stretch(&self, mut each: impl FnMut(Stretch)) {
        let [a, b, c] = self.axes;
        let mut row = 0;
        for channel in 0..self.channels {
            for (i, j, k) in offsets(a.kernel, b.kernel, c.kernel) {
                let (first_a, end_a, from_a) = a.met(i);
                let (first_b, end_b, from_b) = b.met(j);
                let (first_c, end_c, from_c) = c.met(k);
                let length = end_c - first_c;
                let end_a = if length == 0 { first_a } else { end_a };
                for at_a in first_a..end_a {
                    for at_b in first_b..end_b {
                        let plane = channel * a.input + from_a + (at_a - first_a) * a.stride;
                        let line = plane * b.input + from_b + (at_b - first_b) * b.stride;
                        let patch = row + (at_a * b.output + at_b) * c.output + first_c;
                        each(Stretch { patch, image: line * c.input + from_c, length });
                    }
                }
                row += self.positions();
            }
        }
    }
}

fn offsets(a: usize, b: usize, c: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..a).flat_map(move |i| (0..b).flat_map(move |j| (0..c).map(move |k| (i, j, k))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Dispatch;
    use burn::backend::ops::ModuleOps;
    use burn::tensor::{DType, Device};

    fn array(shape: &[usize], seed: usize, dtype: DType) -> Array {
        let count: usize = shape.iter().product();
        let values: Vec<f64> = (0..count).map(|i| ((i * 37 + seed) % 101) as f64 / 50.0 - 1.0).collect();
        Array::from_f64(&values, shape, dtype, &Device::flex())
    }

    fn assert_equal(found: &Array, wanted: &Array, tolerance: f64, case: &str) {
        assert_eq!(found.shape(), wanted.shape(), "{case}");
        let (found, wanted) = (found.to_f64().unwrap(), wanted.to_f64().unwrap());
        let error = found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(error < tolerance, "{case}: {error}");
    }

    /// Against Burn's own, over one, two and three axes: strides, dilations, padding of one side, kernels of one entry,
    /// fewer examples than threads.
    #[test]
    fn values_and_transposes_are_burns() {
        type Case<const N: usize> = (usize, [usize; N], [usize; N], [usize; N], [(usize, usize); N], [usize; N]);
        let ones: [Case<1>; 3] =
            [(3, [9], [3], [1], [(1, 1)], [1]), (1, [10], [3], [2], [(2, 0)], [2]), (2, [5], [1], [1], [(0, 0)], [1])];
        let twos: [Case<2>; 4] = [
            (5, [7, 6], [3, 2], [1, 1], [(0, 0), (0, 0)], [1, 1]),
            (4, [8, 9], [3, 3], [2, 1], [(1, 1), (2, 2)], [1, 2]),
            (1, [6, 6], [1, 1], [1, 1], [(0, 0), (0, 0)], [1, 1]),
            (11, [6, 6], [1, 1], [2, 3], [(0, 0), (1, 1)], [1, 1]),
        ];
        let threes: [Case<3>; 1] = [(3, [4, 5, 6], [2, 3, 2], [1, 2, 1], [(1, 1), (0, 0), (1, 1)], [1, 1, 2])];
        macro_rules! compare {
            ($cases:expr, $value:ident, $by_x:ident, $by_weight:ident) => {
                for (m, input, kernel, stride, padding, dilation) in $cases {
                    for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 2e-4)] {
                        let case = format!("{input:?} {kernel:?} {stride:?} {padding:?} {dilation:?} {dtype:?}");
                        let options = ConvOptions { stride, padding, dilation, groups: 1 };
                        let x = array(&[&[m, 3][..], &input].concat(), 1, dtype);
                        let weight = array(&[&[4, 3][..], &kernel].concat(), 5, dtype);
                        let bias = array(&[4], 9, dtype);
                        let convolution = Convolution::new(&x.shape(), &weight.shape(), &options).unwrap();
                        let d = |array: &Array| array.clone().into_dispatch();
                        for bias in [None, Some(&bias)] {
                            let wanted = Array::new(Dispatch::$value(d(&x), d(&weight), bias.map(d), options.clone()));
                            let found = convolution.value(&x, &weight, bias).unwrap();
                            assert_equal(&found, &wanted, tolerance, &case);
                        }
                        let y = array(&convolution.shapes[2], 3, dtype);
                        let wanted = Array::new(Dispatch::$by_x(d(&x), d(&weight), d(&y), options.clone()));
                        assert_equal(&convolution.transpose_input(&weight, &y).unwrap(), &wanted, tolerance, &case);
                        let wanted = Array::new(Dispatch::$by_weight(d(&x), d(&weight), d(&y), options.clone()));
                        assert_equal(&convolution.transpose_weight(&x, &y).unwrap(), &wanted, tolerance, &case);
                    }
                }
            };
        }
        compare!(ones, conv1d, conv1d_x_backward, conv1d_weight_backward);
        compare!(twos, conv2d, conv2d_x_backward, conv2d_weight_backward);
        compare!(threes, conv3d, conv3d_x_backward, conv3d_weight_backward);
    }
}
