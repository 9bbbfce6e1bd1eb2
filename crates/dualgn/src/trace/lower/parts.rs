//! Operations defined by others.
//!
//! Each definition is written once, in tensor operations, and recorded like a forward pass of the user's: what comes out is
//! lowered in turn. So it has derivatives, a batch axis and a Gram matrix without a rule of its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::backend::Dispatch;
use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, DeformConv2dOpIr, FloatOperationIr, ModuleOperationIr, NumericOperationIr,
    OperationIr, PadModeIr, ScalarIr, TensorId, TensorIr, Unfold4dOpIr,
};
use burn::backend::ops::ModuleOps;
use burn::backend::ops::attention::attention_fallback;
use burn::backend::ops::ctc::ctc_loss_default;
use burn::backend::ops::grid_sample::float_grid_sample_2d_ref;
use burn::tensor::ops::InterpolateMode;
use burn::tensor::{DType, Device, Slice, TensorData};

use super::number;
use crate::tensor::Array;
use crate::trace::record;

/// The recorded definition of one operation.
pub(in crate::trace) struct Definition {
    pub operations: Vec<OperationIr>,
    /// The constants it uses.
    pub data: BTreeMap<TensorId, TensorData>,
    /// The tensors it was recorded with, and the operation's inputs that they stand for.
    pub inputs: Vec<(TensorId, TensorId)>,
    /// The tensors it makes, and the operation's outputs that they are.
    pub outputs: Vec<(TensorId, TensorId)>,
}

/// Records the definition of an operation; `dtype` is the float type of the network.
pub(in crate::trace) fn define(operation: &OperationIr, dtype: DType) -> Result<Definition, String> {
    let device = record::device(dtype);
    let mut scope = Scope { device: device.clone(), inputs: vec![] };
    let mut outputs = vec![];
    // Burn panics on forms of an operation that a device lacks, such as a mode of interpolation.
    let captured = catch_unwind(AssertUnwindSafe(|| {
        device.capture_scope(|session| {
            record::configure(&device, dtype);
            let made = scope.define(operation);
            let id = |(array, out): (Array, &TensorIr)| Some((record::tensor_id(array.into_dispatch())?, out.id));
            outputs = made.into_iter().filter_map(id).collect();
            session.complete([], outputs.iter().map(|(made, _)| *made))
        })
    }));
    let captured = captured.map_err(|panic| record::words(&*panic))?.map_err(|error| error.to_string())?;
    Ok(Definition { operations: captured.graph.operations, data: captured.values, inputs: scope.inputs, outputs })
}

struct Scope {
    device: Device,
    inputs: Vec<(TensorId, TensorId)>,
}

impl Scope {
    /// A tensor that stands for an input of the operation.
    fn read(&mut self, tensor: &TensorIr) -> Array {
        let array = Array::blank(&tensor.shape.to_vec(), tensor.dtype, &self.device);
        let id = record::tensor_id(array.clone().into_dispatch()).expect("made on the recording device");
        self.inputs.push((id, tensor.id));
        array
    }

    fn indices(&self, values: impl IntoIterator<Item = usize>) -> Array {
        let values: Vec<i64> = values.into_iter().map(|value| value as i64).collect();
        let length = values.len();
        Array::from_data(TensorData::new(values, [length]), &self.device)
    }

    /// The outputs of an operation, each with the tensor that Burn recorded for it.
    fn define<'a>(&mut self, operation: &'a OperationIr) -> Vec<(Array, &'a TensorIr)> {
        match operation {
            OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => self.base(op),
            OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => self.numeric(op),
            OperationIr::Float(_, op) => self.float(op),
            OperationIr::Module(op) => self.module(op),
            OperationIr::Activation(op) => self.activation(op),
            _ => vec![],
        }
    }

    fn base<'a>(&mut self, op: &'a BaseOperationIr) -> Vec<(Array, &'a TensorIr)> {
        use BaseOperationIr as B;
        match op {
            B::Unfold(ir) => {
                let x = self.read(&ir.input);
                let mut shape = x.shape();
                let windows = ir.out.shape[ir.dim];
                let places = (0..windows).flat_map(|window| (0..ir.size).map(move |i| window * ir.step + i));
                let taken = x.select(ir.dim, self.indices(places));
                shape[ir.dim] = windows;
                shape.insert(ir.dim + 1, ir.size);
                let mut axes: Vec<usize> = (0..shape.len()).filter(|&axis| axis != ir.dim + 1).collect();
                axes.push(ir.dim + 1);
                vec![(taken.reshape(&shape).permute(&axes), &ir.out)]
            }
            B::GatherNd(ir) => {
                let (data, indices) = (self.read(&ir.data), self.read(&ir.indices));
                let (rows, places) = flat_places(&data, indices);
                vec![(rows.select(0, places).reshape(&ir.out.shape.to_vec()), &ir.out)]
            }
            B::ScatterNd(ir) => {
                let (data, indices, values) = (self.read(&ir.data), self.read(&ir.indices), self.read(&ir.values));
                let (rows, places) = flat_places(&data, indices);
                let values = values.reshape(&[places.elements(), rows.shape()[1]]);
                let written = rows.select_assign(0, places, values, ir.reduction);
                vec![(written.reshape(&ir.out.shape.to_vec()), &ir.out)]
            }
            _ => vec![],
        }
    }

    fn numeric<'a>(&mut self, op: &'a NumericOperationIr) -> Vec<(Array, &'a TensorIr)> {
        use NumericOperationIr as N;
        match op {
            N::CumMax(ir) => vec![(extremes_so_far(self.read(&ir.input), ir.axis, true), &ir.out)],
            N::CumMin(ir) => vec![(extremes_so_far(self.read(&ir.input), ir.axis, false), &ir.out)],
            N::Prod(ir) => vec![(product(line(self.read(&ir.input)), 0), &ir.out)],
            N::ProdDim(ir) => vec![(product(self.read(&ir.input), ir.axis), &ir.out)],
            N::CumProd(ir) => vec![(products_so_far(self.read(&ir.input), ir.axis), &ir.out)],
            N::Max(ir) => vec![(largest(line(self.read(&ir.input)), 0).0, &ir.out)],
            N::Min(ir) => vec![(smallest(line(self.read(&ir.input)), 0).0, &ir.out)],
            N::MaxAbs(ir) => vec![(largest(line(self.read(&ir.input)).abs(), 0).0, &ir.out)],
            N::MaxAbsDim(ir) => vec![(largest(self.read(&ir.input).abs(), ir.axis).0, &ir.out)],
            N::MaxDim(ir) => vec![(largest(self.read(&ir.input), ir.axis).0, &ir.out)],
            N::MinDim(ir) => vec![(smallest(self.read(&ir.input), ir.axis).0, &ir.out)],
            N::MaxDimWithIndices(ir) => both(largest(self.read(&ir.tensor), ir.dim), &ir.out, &ir.out_indices),
            N::MinDimWithIndices(ir) => both(smallest(self.read(&ir.tensor), ir.dim), &ir.out, &ir.out_indices),
            N::ArgTopK(ir) => vec![(top(self.read(&ir.input), ir.axis, ir.out.shape[ir.axis]).1, &ir.out)],
            N::TopK(ir) => vec![(top(self.read(&ir.input), ir.axis, ir.out.shape[ir.axis]).0, &ir.out)],
            N::TopKWithIndices(ir) => both(top(self.read(&ir.tensor), ir.dim, ir.k), &ir.out, &ir.out_indices),
            N::Sort(ir) => vec![(sorted(self.read(&ir.input), ir.dim, ir.descending).0, &ir.out)],
            N::SortWithIndices(ir) => {
                both(sorted(self.read(&ir.input), ir.dim, ir.descending), &ir.out, &ir.out_indices)
            }
            N::Pad(ir) => vec![(pad(self.read(&ir.input), &ir.padding, &ir.mode), &ir.out)],
            _ => vec![],
        }
    }

    fn float<'a>(&mut self, op: &'a FloatOperationIr) -> Vec<(Array, &'a TensorIr)> {
        match op {
            FloatOperationIr::Cross(ir) => {
                let shape = ir.out.shape.to_vec();
                let (a, b) = (self.read(&ir.lhs).expand(&shape), self.read(&ir.rhs).expand(&shape));
                // Entry i of a × b is a[i + 1] b[i + 2] - a[i + 2] b[i + 1].
                let (next, after) = (self.indices([1, 2, 0]), self.indices([2, 0, 1]));
                let turned = |x: &Array, order: &Array| x.clone().select(ir.dim, order.clone());
                let forward = turned(&a, &next).mul(turned(&b, &after));
                vec![(forward.sub(turned(&a, &after).mul(turned(&b, &next))), &ir.out)]
            }
            FloatOperationIr::GridSample2d(ir) if bilinear(&ir.options.clone().into()) => {
                let (x, grid) = (self.read(&ir.tensor).into_dispatch(), self.read(&ir.grid).into_dispatch());
                let sampled = float_grid_sample_2d_ref::<Dispatch>(x, grid, ir.options.clone().into());
                vec![(Array::new(sampled), &ir.out)]
            }
            _ => vec![],
        }
    }

    fn activation<'a>(&mut self, op: &'a ActivationOperationIr) -> Vec<(Array, &'a TensorIr)> {
        match op {
            ActivationOperationIr::PRelu(ir) => {
                let (x, slope) = (self.read(&ir.lhs), self.read(&ir.rhs));
                let negative = x.clone().lower_scalar(0.0);
                vec![(x.clone().mask_where(negative, x.mul(slope)), &ir.out)]
            }
            ActivationOperationIr::HardSigmoid(ir) => {
                let line = self.read(&ir.tensor).scale(number(&ir.alpha)).add_scalar(number(&ir.beta));
                vec![(line.clamp(0.0, 1.0), &ir.out)]
            }
            ActivationOperationIr::Softmin(ir) => vec![(self.read(&ir.input).neg().softmax(ir.axis), &ir.out)],
            _ => vec![],
        }
    }

    fn module<'a>(&mut self, op: &'a ModuleOperationIr) -> Vec<(Array, &'a TensorIr)> {
        use ModuleOperationIr as M;
        match op {
            M::Linear(ir) => {
                let (x, weight) = (self.read(&ir.x), self.read(&ir.weight));
                let inner = weight.shape()[0];
                let rows = x.elements() / inner;
                let product = x.reshape(&[rows, inner]).matmul(weight);
                let output = match &ir.bias {
                    Some(bias) => product.add(self.read(bias).lift()),
                    None => product,
                };
                vec![(output.reshape(&ir.out.shape.to_vec()), &ir.out)]
            }
            M::Attention(ir) => {
                let [query, key, value] = [&ir.query, &ir.key, &ir.value].map(|t| self.read(t).into_dispatch());
                let [mask, bias] =
                    [&ir.mask, &ir.attn_bias].map(|t| t.as_ref().map(|tensor| self.read(tensor).into_dispatch()));
                let options = ir.options.clone().into();
                let attended = attention_fallback::<Dispatch>(query, key, value, mask, bias, options);
                vec![(Array::new(attended), &ir.out)]
            }
            M::CtcLoss(ir) => {
                let [log_probs, targets, input_lengths, target_lengths] =
                    [&ir.log_probs, &ir.targets, &ir.input_lengths, &ir.target_lengths]
                        .map(|t| self.read(t).into_dispatch());
                let loss = ctc_loss_default::<Dispatch>(log_probs, targets, input_lengths, target_lengths, ir.blank);
                vec![(Array::new(loss), &ir.out)]
            }
            // Interpolation is the same along one axis as along the other, and linear: Burn's own, of unit vectors, gives
            // the weights of each axis.
            M::Interpolate(ir) => {
                let x = self.read(&ir.x);
                let weights = |length: usize, output: usize| {
                    let dtype = ir.x.dtype;
                    let unit = (0..length * length).map(|i| f64::from(i % (length + 1) == 0)).collect::<Vec<_>>();
                    let unit = Array::from_f64(&unit, &[length, 1, length, 1], dtype, &Device::default());
                    let size = [output, 1];
                    let moved = Dispatch::interpolate(unit.into_dispatch(), size, ir.options.clone().into());
                    Array::new(moved).reshape(&[length, output]).to_f64().map(|w| (w, [length, output]))
                };
                let mut result = x;
                for (axis, &output) in ir.output_size.iter().enumerate() {
                    let Ok((values, shape)) = weights(ir.x.shape[axis + 2], output) else { return vec![] };
                    let weights = Array::from_f64(&values, &shape, ir.x.dtype, &self.device);
                    result = along(result, axis + 2, weights);
                }
                vec![(result, &ir.out)]
            }
            M::AdaptiveAvgPool3d(ir) => {
                let mut result = self.read(&ir.x);
                for (axis, &output) in ir.output_size.iter().enumerate() {
                    let weights = averages(ir.x.shape[axis + 2], output);
                    let shape = [ir.x.shape[axis + 2], output];
                    result = along(result, axis + 2, Array::from_f64(&weights, &shape, ir.x.dtype, &self.device));
                }
                vec![(result, &ir.out)]
            }
            M::Unfold4d(ir) => vec![(patches(self.read(&ir.x), ir), &ir.out)],
            M::DeformableConv2d(ir) => vec![(self.deformable(ir), &ir.out)],
            _ => vec![],
        }
    }

    /// Dai et al. 2017: each tap of the kernel reads at an offset of its own, between four pixels.
    fn deformable(&mut self, ir: &DeformConv2dOpIr) -> Array {
        let (x, offset, weight) = (self.read(&ir.x), self.read(&ir.offset), self.read(&ir.weight));
        let mask = ir.mask.as_ref().map(|mask| self.read(mask));
        let bias = ir.bias.as_ref().map(|bias| self.read(bias));
        let options = &ir.options;
        let [m, channels, height, width] = [0, 1, 2, 3].map(|axis| ir.x.shape[axis]);
        let [out_channels, _, rows, columns] = [0, 1, 2, 3].map(|axis| ir.weight.shape[axis]);
        let (out_height, out_width) = (ir.out.shape[2], ir.out.shape[3]);
        let (taps, places) = (rows * columns, out_height * out_width);
        let (groups, dtype) = (options.offset_groups, ir.x.dtype);
        let in_group = channels / groups;

        // Where each tap stands before its offset: [1, 1, taps, places].
        let grid = |axis: usize| {
            let start = |tap: usize, place: usize| {
                let (tap, place) =
                    if axis == 0 { (tap / columns, place / out_width) } else { (tap % columns, place % out_width) };
                (place * options.stride[axis] + tap * options.dilation[axis]) as f64 - options.padding[axis] as f64
            };
            let values: Vec<f64> = (0..taps).flat_map(|t| (0..places).map(move |p| start(t, p))).collect();
            Array::from_f64(&values, &[1, 1, taps, places], dtype, &self.device)
        };
        let offset = offset.reshape(&[m, groups, taps, 2, places]);
        let at =
            |axis: usize| offset.clone().narrow(3, axis, axis + 1).reshape(&[m, groups, taps, places]).add(grid(axis));
        let (y, x_at) = (at(0), at(1));
        let (top, left) = (y.clone().floor(), x_at.clone().floor());
        let (down, right) = (y.sub(top.clone()), x_at.sub(left.clone()));
        let pixels = x.reshape(&[m, groups, in_group, height * width]);
        let read = |step_y: f64, step_x: f64, part: Array| {
            let (y, x) = (top.clone().add_scalar(step_y), left.clone().add_scalar(step_x));
            let inside = |at: &Array, length: usize| {
                let limit = (length - 1) as f64;
                // 1 where clamping changes nothing.
                at.clone().clamp(0.0, limit).sub(at.clone()).abs().sign().neg().add_scalar(1.0)
            };
            let part = part.mul(inside(&y, height)).mul(inside(&x, width));
            let y = y.clamp(0.0, (height - 1) as f64);
            let place = y.scale(width as f64).add(x.clamp(0.0, (width - 1) as f64)).convert(DType::I64);
            let place = place.reshape(&[m, groups, 1, taps * places]).expand(&[m, groups, in_group, taps * places]);
            pixels.clone().gather(3, place).mul(part.reshape(&[m, groups, 1, taps * places]))
        };
        let rest = |share: &Array| share.clone().neg().add_scalar(1.0);
        let mut columns = read(0.0, 0.0, rest(&down).mul(rest(&right)))
            .add(read(0.0, 1.0, rest(&down).mul(right.clone())))
            .add(read(1.0, 0.0, down.clone().mul(rest(&right))))
            .add(read(1.0, 1.0, down.clone().mul(right.clone())));
        if let Some(mask) = mask {
            columns = columns.mul(mask.reshape(&[m, groups, 1, taps * places]));
        }
        let parts = options.weight_groups;
        let columns = columns.reshape(&[m, parts, channels / parts * taps, places]);
        let weight = weight.reshape(&[1, parts, out_channels / parts, channels / parts * taps]);
        let output = weight.matmul(columns).reshape(&ir.out.shape.to_vec());
        match bias {
            Some(bias) => output.add(bias.reshape(&[1, out_channels, 1, 1])),
            None => output,
        }
    }
}

fn both<'a>((a, b): (Array, Array), first: &'a TensorIr, second: &'a TensorIr) -> Vec<(Array, &'a TensorIr)> {
    vec![(a, first), (b, second)]
}

fn bilinear(options: &burn::tensor::ops::GridSampleOptions) -> bool {
    matches!(options.mode, InterpolateMode::Bilinear)
}

/// All elements along one axis.
fn line(x: Array) -> Array {
    let elements = x.elements();
    x.reshape(&[elements])
}

fn length(x: &Array, axis: usize) -> usize {
    x.shape()[axis]
}

/// Elements and their positions.
fn largest(x: Array, axis: usize) -> (Array, Array) {
    let position = x.clone().argmax(axis);
    (x.gather(axis, position.clone()), position)
}

fn smallest(x: Array, axis: usize) -> (Array, Array) {
    let position = x.clone().argmin(axis);
    (x.gather(axis, position.clone()), position)
}

fn sorted(x: Array, axis: usize, descending: bool) -> (Array, Array) {
    let position = x.clone().argsort(axis, descending);
    (x.gather(axis, position.clone()), position)
}

fn top(x: Array, axis: usize, count: usize) -> (Array, Array) {
    let position = x.clone().argsort(axis, true).narrow(axis, 0, count);
    (x.gather(axis, position.clone()), position)
}

/// The product along an axis, which keeps length one, by halves: right at zeros too, where a sum of logarithms is not.
fn product(mut x: Array, axis: usize) -> Array {
    while length(&x, axis) > 1 {
        let all = length(&x, axis);
        let half = all / 2;
        let pairs = x.clone().narrow(axis, 0, half).mul(x.clone().narrow(axis, half, 2 * half));
        x = if all % 2 == 0 { pairs } else { Array::cat(vec![pairs, x.narrow(axis, 2 * half, all)], axis) };
    }
    x
}

/// Products up to and including each element: after `s` rounds, of the last `2^s` elements.
fn products_so_far(x: Array, axis: usize) -> Array {
    so_far(x, axis, |x, late, step, all| {
        let rest = x.clone().narrow(axis, step, all).mul(late);
        Array::cat(vec![x.narrow(axis, 0, step), rest], axis)
    })
}

fn extremes_so_far(x: Array, axis: usize, max: bool) -> Array {
    so_far(x, axis, |x, late, step, all| {
        let rest = x.clone().narrow(axis, step, all);
        let earlier =
            if max { late.clone().greater_equal(rest.clone()) } else { rest.clone().greater_equal(late.clone()) };
        Array::cat(vec![x.narrow(axis, 0, step), rest.mask_where(earlier, late)], axis)
    })
}

/// Combines each element with the one `1, 2, 4, ..` places before it.
fn so_far(mut x: Array, axis: usize, combine: impl Fn(Array, Array, usize, usize) -> Array) -> Array {
    let all = length(&x, axis);
    let mut step = 1;
    while step < all {
        let late = x.clone().narrow(axis, 0, all - step);
        x = combine(x, late, step, all);
        step *= 2;
    }
    x
}

/// The rows of an array that integer tuples address, and the tuples as row numbers.
fn flat_places(data: &Array, indices: Array) -> (Array, Array) {
    let (shape, tuples) = (data.shape(), indices.shape());
    let depth = tuples[tuples.len() - 1];
    let count = indices.elements() / depth;
    let indices = indices.reshape(&[count, depth]);
    let stride = |axis: usize| shape[axis + 1..depth].iter().product::<usize>() as f64;
    let place = |axis: usize| indices.clone().narrow(1, axis, axis + 1).scale(stride(axis));
    let places = (1..depth).fold(place(0), |sum, axis| sum.add(place(axis)));
    let rows = shape[..depth].iter().product();
    (data.clone().reshape(&[rows, data.elements() / rows]), places.reshape(&[count]))
}

fn pad(x: Array, padding: &[(usize, usize)], mode: &PadModeIr) -> Array {
    if let PadModeIr::Constant(value) = mode {
        let shape = x.shape();
        let wide: Vec<usize> = shape.iter().zip(padding).map(|(n, (before, after))| before + n + after).collect();
        let place: Vec<Slice> =
            shape.iter().zip(padding).map(|(n, (before, _))| Slice::from(*before..before + n)).collect();
        return Array::constant(&wide, number(value), x.dtype(), &x.device()).slice_assign(&place, x);
    }
    let mirrored = matches!(mode, PadModeIr::Reflect);
    padding.iter().enumerate().fold(x, |x, (axis, &(before, after))| {
        let all = length(&x, axis);
        let part = |start: usize, end: usize, count: usize| {
            let part = x.clone().narrow(axis, start, end);
            (count > 0).then(|| if mirrored { part.flip(&[axis]) } else { part.repeat(axis, count) })
        };
        let first = if mirrored { part(1.min(all), (1 + before).min(all), before) } else { part(0, 1, before) };
        let last = if mirrored {
            part(all.saturating_sub(1 + after), (all - 1).max(1), after)
        } else {
            part(all - 1, all, after)
        };
        let pieces: Vec<Array> = [first, Some(x.clone()), last].into_iter().flatten().collect();
        if pieces.len() == 1 { x } else { Array::cat(pieces, axis) }
    })
}

/// `Σ_i x[.., i, ..] w[i, o]` along one axis.
fn along(x: Array, axis: usize, weights: Array) -> Array {
    let rank = x.shape().len();
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(axis, rank - 1);
    let moved = x.permute(&axes);
    let mut shape = moved.shape();
    let [inner, outer] = [0, 1].map(|axis| length(&weights, axis));
    let rows = moved.elements() / inner;
    shape[rank - 1] = outer;
    moved.reshape(&[rows, inner]).matmul(weights).reshape(&shape).permute(&axes)
}

/// The weights `[input, output]` of an adaptive average: output `o` is the mean of `⌊o n / n'⌋ .. ⌈(o + 1) n / n'⌉`.
fn averages(input: usize, output: usize) -> Vec<f64> {
    let weight = |i: usize, o: usize| {
        let (start, end) = (o * input / output, ((o + 1) * input).div_ceil(output));
        if (start..end).contains(&i) { 1.0 / (end - start) as f64 } else { 0.0 }
    };
    (0..input).flat_map(|i| (0..output).map(move |o| weight(i, o))).collect()
}

/// The patches that a two-dimensional convolution would read: `[m, channels · taps, places]`.
fn patches(x: Array, ir: &Unfold4dOpIr) -> Array {
    let options = &ir.options;
    let [pad_y, pad_x] = options.padding;
    let padded = pad(x, &[(0, 0), (0, 0), (pad_y, pad_y), (pad_x, pad_x)], &PadModeIr::Constant(ScalarIr::Float(0.0)));
    let shape = padded.shape();
    let span = |axis: usize| options.dilation[axis] * (ir.kernel_size[axis] - 1) + 1;
    let places = |axis: usize| (shape[axis + 2] - span(axis)) / options.stride[axis] + 1;
    let (rows, columns) = (places(0), places(1));
    let range = |axis: usize, tap: usize, places: usize| {
        let start = (tap * options.dilation[axis]) as isize;
        let stride = options.stride[axis] as isize;
        Slice::new(start, Some(start + (places as isize - 1) * stride + 1), stride)
    };
    let mut taps = vec![];
    for y in 0..ir.kernel_size[0] {
        for x in 0..ir.kernel_size[1] {
            let slices = [Slice::full(), Slice::full(), range(0, y, rows), range(1, x, columns)];
            taps.push(padded.clone().slice(&slices).reshape(&[shape[0], shape[1], 1, rows * columns]));
        }
    }
    let count = taps.len();
    Array::cat(taps, 2).reshape(&[shape[0], shape[1] * count, rows * columns])
}
