//! The patches that a convolution multiplies with its kernel.

use burn::tensor::Slice;

use crate::tensor::Array;
use crate::trace::Conv;

/// The positions of the patches of a convolution along each spatial axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patches {
    kernel: Vec<usize>,
    stride: Vec<usize>,
    /// Padding before and after.
    padding: Vec<(usize, usize)>,
    dilation: Vec<usize>,
    pub groups: usize,
}

impl Patches {
    /// The patches of a convolution with a weight of the given shape.
    pub(super) fn new(conv: &Conv, weight: &[usize]) -> Self {
        macro_rules! patches {
            ($options:ident, $padding:expr) => {
                Self {
                    kernel: weight[2..].to_vec(),
                    stride: $options.stride.to_vec(),
                    padding: $padding,
                    dilation: $options.dilation.to_vec(),
                    groups: $options.groups,
                }
            };
        }
        let both = |padding: &[usize]| padding.iter().map(|&padding| (padding, padding)).collect();
        match conv {
            Conv::One(options) => patches!(options, options.padding.to_vec()),
            Conv::Two(options) => patches!(options, options.padding.to_vec()),
            Conv::Three(options) => patches!(options, options.padding.to_vec()),
            Conv::TransposedOne(options) => patches!(options, both(&options.padding)),
            Conv::TransposedTwo(options) => patches!(options, both(&options.padding)),
            Conv::TransposedThree(options) => patches!(options, both(&options.padding)),
        }
    }

    /// `[n, channels, ..]` as `[n, channels · kernel, positions]`, with `counts` positions along each axis.
    pub(super) fn of(&self, x: Array, counts: &[usize]) -> Array {
        let x = self.pad(x);
        let shape = x.shape();
        let (n, channels) = (shape[0], shape[1]);
        let offsets: usize = self.kernel.iter().product();
        let positions = counts.iter().product();
        let patch = |mut offset: usize| {
            let mut slices = vec![Slice::from(0..n), Slice::from(0..channels)];
            let mut spatial = vec![];
            for axis in (0..counts.len()).rev() {
                let start = (offset % self.kernel[axis]) * self.dilation[axis];
                offset /= self.kernel[axis];
                let end = start + (counts[axis] - 1) * self.stride[axis] + 1;
                spatial.push(Slice::new(start as isize, Some(end as isize), self.stride[axis] as isize));
            }
            slices.extend(spatial.into_iter().rev());
            x.clone().slice(&slices).reshape(&[n, channels, 1, positions])
        };
        Array::cat((0..offsets).map(patch).collect(), 2).reshape(&[n, channels * offsets, positions])
    }

    fn pad(&self, x: Array) -> Array {
        if self.padding.iter().all(|&padding| padding == (0, 0)) {
            return x;
        }
        let shape = x.shape();
        let mut padded = shape.clone();
        let mut slices = vec![Slice::from(0..shape[0]), Slice::from(0..shape[1])];
        for (axis, &(before, after)) in self.padding.iter().enumerate() {
            padded[axis + 2] += before + after;
            slices.push(Slice::from(before..before + shape[axis + 2]));
        }
        Array::zeros(&padded, x.dtype(), &x.device()).slice_assign(&slices, x)
    }
}
