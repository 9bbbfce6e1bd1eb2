//! Operations defined by others.
//!
//! Each definition is written once, in tensor operations, and recorded like a forward pass of the user; the result is
//! lowered in turn. So it has derivatives, a batch axis and a Gram matrix without a rule of its own.

mod blocks;
mod deformable;
mod resampling;

use std::collections::BTreeMap;

use burn::backend::Dispatch;
use burn::backend::ir::{
    ActivationOperationIr, BaseOperationIr, FloatOperationIr, ModuleOperationIr, NumericOperationIr, OperationIr,
    TensorId, TensorIr,
};
use burn::backend::ops::attention::attention_fallback;
use burn::backend::ops::ctc::ctc_loss_default;
use burn::backend::ops::grid_sample::float_grid_sample_2d_ref;
use burn::tensor::ops::InterpolateMode;
use burn::tensor::{Device, TensorData};

use blocks::{extremes_so_far, flat_places, largest, pad, patches, product, products_so_far, smallest, sorted, top};

use super::step::number;
use crate::tensor::Array;
use crate::trace::record::{self, Recording, Types};

/// The recorded definition of one operation.
pub(in crate::trace) struct Definition {
    pub operations: Vec<OperationIr>,
    /// The constants it uses.
    pub data: BTreeMap<TensorId, TensorData>,
    /// Pairs of the tensors it was recorded with and the inputs of the operation that they stand for.
    pub inputs: Vec<(TensorId, TensorId)>,
    /// Pairs of the tensors it creates and the outputs of the operation that they stand for.
    pub outputs: Vec<(TensorId, TensorId)>,
}

/// Records the definition of an operation; `None` if this form of it has none, or the device does not support it.
pub(in crate::trace) fn define(operation: &OperationIr, types: Types) -> Option<Definition> {
    let (mut inputs, mut outputs) = (vec![], vec![]);
    let recording = record::record(types, |device| {
        let mut scope = Scope { device: device.clone(), inputs: vec![] };
        let id = |(array, out): (Array, &TensorIr)| Some((record::tensor_id(array.into_dispatch())?, out.id));
        outputs = scope.define(operation).into_iter().filter_map(id).collect();
        inputs = scope.inputs;
        outputs.iter().map(|(made, _)| *made).collect()
    });
    // Burn panics on features that a device lacks, such as a mode of interpolation.
    let Recording { operations, data } = recording.ok().filter(|_| !outputs.is_empty())?;
    Some(Definition { operations, data, inputs, outputs })
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
        Array::from_data(
            TensorData::new(values, [length]).convert_dtype(self.device.settings().int_dtype.into()),
            &self.device,
        )
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
            M::Interpolate(ir) => self.interpolated(ir).map(|made| (made, &ir.out)).into_iter().collect(),
            M::AdaptiveAvgPool3d(ir) => vec![(self.averaged(ir), &ir.out)],
            M::Unfold4d(ir) => vec![(patches(self.read(&ir.x), ir), &ir.out)],
            M::DeformableConv2d(ir) => vec![(self.deformable(ir), &ir.out)],
            _ => vec![],
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

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::ir::{AttentionOpIr, AttentionOptionsIr, CtcLossOpIr, LinearOpIr};
    use burn::tensor::{DType, Shape};

    fn tensor(id: u64, shape: &[usize], dtype: DType) -> TensorIr {
        TensorIr::uninit(TensorId::new(u64::MAX - id), Shape::from(shape.to_vec()), dtype)
    }

    /// A definition reads all inputs and makes the output in its shape. Burn 0.22 records linear layers and the CTC
    /// loss by their parts already, so that no forward pass can show these.
    fn makes_its_output(op: ModuleOperationIr, inputs: usize) {
        let operation = OperationIr::Module(op);
        let types = Types { float: DType::F32, int: DType::I64, bool: DType::Bool(burn::tensor::BoolStore::U8) };
        let definition = define(&operation, types).unwrap();
        assert_eq!(definition.inputs.len(), inputs);
        let wanted = operation.outputs().next().unwrap();
        let [(made, stands_for)] = definition.outputs[..] else { panic!("one output") };
        assert_eq!(stands_for, wanted.id);
        let made =
            definition.operations.iter().flat_map(OperationIr::outputs).find(|tensor| tensor.id == made).unwrap();
        assert_eq!((&made.shape, made.dtype), (&wanted.shape, wanted.dtype));
        for (stand_in, _) in definition.inputs {
            let read = |operation: &OperationIr| operation.inputs().any(|tensor| tensor.id == stand_in);
            assert!(definition.operations.iter().any(read), "an input is never read");
        }
    }

    #[test]
    fn definitions_of_whole_modules_are_complete() {
        let float = |id, shape: &[usize]| tensor(id, shape, DType::F32);
        makes_its_output(
            ModuleOperationIr::Linear(LinearOpIr {
                x: float(0, &[2, 3, 4]),
                weight: float(1, &[4, 5]),
                bias: Some(float(2, &[5])),
                out: float(3, &[2, 3, 5]),
            }),
            3,
        );
        makes_its_output(
            ModuleOperationIr::Attention(AttentionOpIr {
                query: float(0, &[2, 2, 3, 4]),
                key: float(1, &[2, 2, 5, 4]),
                value: float(2, &[2, 2, 5, 6]),
                mask: Some(tensor(3, &[2, 2, 3, 5], DType::Bool(burn::tensor::BoolStore::U8))),
                attn_bias: Some(float(4, &[2, 2, 3, 5])),
                options: AttentionOptionsIr { scale: None, softcap: None, is_causal: false },
                out: float(5, &[2, 2, 3, 6]),
            }),
            5,
        );
        let int = |id, shape: &[usize]| tensor(id, shape, DType::I64);
        makes_its_output(
            ModuleOperationIr::CtcLoss(CtcLossOpIr {
                log_probs: float(0, &[4, 2, 3]),
                targets: int(1, &[2, 2]),
                input_lengths: int(2, &[2]),
                target_lengths: int(3, &[2]),
                blank: 0,
                out: float(4, &[2]),
            }),
            4,
        );
    }
}
