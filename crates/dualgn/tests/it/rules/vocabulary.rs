//! The whole vocabulary of Burn's operations: each is supported, and then some case records it and passes its checks, or
//! refused, and then a network that uses it gets an error with its name.

use std::collections::{BTreeMap, BTreeSet};

use burn::backend::Dispatch;
use burn::backend::ops::{ActivationOps, IntTensorOps, ModuleOps};
use burn::tensor::ops::{ConvOptions, GridSampleOptions, InterpolateMode, InterpolateOptions, MaxPoolOptions};
use burn::tensor::{DType, Distribution, IndexingUpdateOp, Int, Tensor};
use dualgn::error::TraceError;
use dualgn::inspect::{Derivative, Operation, Support, operations};
use dualgn::{Network, Tracing};

use super::{CASES, Case, Probe, flat};

type Key = (&'static str, &'static str);

fn key(operation: &Operation) -> Key {
    (operation.family, operation.name)
}

/// Names that Burn 0.22's recorder never writes: it records what they consist of.
const NEVER_RECORDED: &[Key] =
    &[("float", "IsNan"), ("float", "IsInf"), ("module", "CtcLoss"), ("module", "Linear"), ("other", "Init")];

#[test]
fn every_supported_operation_is_recorded_by_a_checked_case() {
    let mut recorded: BTreeMap<Key, BTreeSet<&str>> = BTreeMap::new();
    for (name, forward) in CASES.iter().copied().flatten() {
        for dtype in [DType::F32, DType::F64] {
            let network =
                Network::trace(&Probe::new(dtype), *forward, [3, 24]).unwrap_or_else(|error| panic!("{name}: {error}"));
            for operation in network.operations() {
                // Of integers, an operation says nothing of its derivative.
                let has_rule = matches!(operation.recorded.support, Support::Rule(_) | Support::Parts(_));
                if has_rule && operation.derivative != Derivative::Passes {
                    continue;
                }
                recorded.entry(key(&operation.recorded)).or_default().insert(name);
            }
        }
    }
    let mut missing = vec![];
    for operation in operations() {
        let supported = !matches!(operation.support, Support::Refused(_));
        let known = recorded.contains_key(&key(operation)) || NEVER_RECORDED.contains(&key(operation));
        if supported != known {
            missing.push(format!("{} {}", operation.family, operation.name));
        }
    }
    assert!(missing.is_empty(), "supported without a case, or refused with one: {}", missing.join(", "));
    for never in NEVER_RECORDED {
        assert!(!recorded.contains_key(never), "{never:?} is recorded after all");
    }
}

/// What the table says of a rule is what the network then uses.
#[test]
fn the_table_names_the_rules_that_are_used() {
    for (name, forward) in CASES.iter().copied().flatten() {
        let network = Network::trace(&Probe::new(DType::F64), *forward, [3, 24]).unwrap();
        for operation in network.operations() {
            if let Support::Rule(rule) = operation.recorded.support
                && operation.derivative == Derivative::Passes
            {
                assert_eq!(operation.rule, rule, "{name}: {}", operation.recorded.name);
            }
        }
    }
}

fn dispatch<const D: usize>(x: Tensor<D>) -> burn::backend::DispatchTensor {
    x.into_dispatch()
}

/// One case for each refused operation that a forward pass can record.
const REFUSED: &[Case] = &[
    ("Random", |p, x| p.z(x.clone()) * x.random_like(Distribution::Bernoulli(0.5))),
    ("IntRandom", |p, x| {
        let draw = Dispatch::int_random(
            [3, 24].into(),
            Distribution::Uniform(0.0, 5.0),
            x.device().as_dispatch(),
            burn::tensor::IntDType::I64,
        );
        let draw: Tensor<2, Int> = Tensor::from_dispatch(draw);
        p.z(x.clone()) * draw.float().cast(x.dtype())
    }),
    ("ReluBackward", |p, x| Tensor::from_dispatch(Dispatch::relu_backward(dispatch(p.z(x.clone())), dispatch(x)))),
    ("GeluBackward", |p, x| Tensor::from_dispatch(Dispatch::gelu_backward(dispatch(p.z(x.clone())), dispatch(x)))),
    ("SigmoidBackward", |p, x| {
        Tensor::from_dispatch(Dispatch::sigmoid_backward(dispatch(p.z(x.clone())), dispatch(x)))
    }),
    ("LogSigmoidBackward", |p, x| {
        Tensor::from_dispatch(Dispatch::log_sigmoid_backward(dispatch(p.z(x.clone())), dispatch(x)))
    }),
    ("EmbeddingBackward", |p, x| {
        let tokens = x.clone().narrow(1, 0, 6).int();
        let gradient = p.z(x).reshape([3, 6, 4]);
        let rows = Dispatch::embedding_backward(dispatch(p.a.val()), dispatch(gradient), tokens.into_dispatch());
        Tensor::<2>::from_dispatch(rows).narrow(0, 0, 3)
    }),
    ("Conv2dXBackward", |p, x| {
        let options = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
        let z = p.z4(x);
        let weight = p.weights([2, 2, 1, 1]);
        flat(Tensor::<4>::from_dispatch(Dispatch::conv2d_x_backward(
            dispatch(z.clone()),
            dispatch(weight),
            dispatch(z),
            options,
        )))
    }),
    ("AvgPool2dBackward", |p, x| {
        let z = p.z4(x);
        let pooled = z.clone().narrow(2, 0, 3).narrow(3, 0, 3);
        flat(Tensor::<4>::from_dispatch(Dispatch::avg_pool2d_backward(
            dispatch(z),
            dispatch(pooled),
            [2, 2],
            [2, 2],
            [0, 0],
            true,
            false,
        )))
    }),
];

#[test]
fn refused_operations_say_so_by_name() {
    for (name, forward) in REFUSED {
        let error = Network::trace(&Probe::new(DType::F32), *forward, [3, 24]).unwrap_err();
        let TraceError::Unsupported { operation, reason, .. } = &error else { panic!("{name}: {error}") };
        assert_eq!(operation, name);
        let line = operations().find(|line| line.name == *name).unwrap();
        assert_eq!(line.support, Support::Refused(reason), "{name}");
    }
}

/// Forms of supported operations that have no rule are refused too, not evaluated as something else.
#[test]
fn forms_without_a_rule_are_refused() {
    fn scatter(p: &Probe, x: Tensor<2>, update: IndexingUpdateOp) -> Tensor<2> {
        let places = super::ints(&[3, 0, 5], [3, 1], &x);
        p.z(x.clone()).scatter(1, places, x.narrow(1, 0, 1), update)
    }
    let forms: &[Case] = &[
        ("Scatter", |p, x| scatter(p, x, IndexingUpdateOp::Mul)),
        ("Scatter", |p, x| scatter(p, x, IndexingUpdateOp::Min)),
        ("Scatter", |p, x| scatter(p, x, IndexingUpdateOp::Max)),
        ("SelectAssign", |p, x| {
            let places = super::ints(&[3], [1], &x);
            p.z(x.clone()).select_assign(1, places, x.narrow(1, 0, 1), IndexingUpdateOp::Mul)
        }),
        ("ScatterNd", |p, x| {
            let places = super::ints(&[0, 3, 1, 2], [2, 2], &x);
            let values = p.z(x.clone()).narrow(0, 0, 1).narrow(1, 0, 2).reshape([2]);
            p.z(x).scatter_nd::<2, 1>(places, values, IndexingUpdateOp::Mul)
        }),
        // The device has no such interpolation, which it says by a panic.
        ("Interpolate", |p, x| {
            let options = InterpolateOptions::new(InterpolateMode::NearestExact).with_output_size([3, 3]);
            flat(burn::tensor::module::interpolate(p.z4(x), options))
        }),
        ("GridSample2d", |p, x| {
            let options = GridSampleOptions::new(InterpolateMode::Nearest);
            flat(p.z4(x.clone()).grid_sample_2d(x.narrow(1, 0, 8).reshape([3, 2, 2, 2]), options))
        }),
    ];
    for (name, forward) in forms {
        let error = Network::trace(&Probe::new(DType::F32), *forward, [3, 24]).unwrap_err();
        let TraceError::Unsupported { operation, .. } = &error else { panic!("{name}: {error}") };
        assert_eq!(operation, name, "{error}");
    }
    // Where a pool found its maxima is another output of the operation, and is missed by the one that reads it.
    let positions = |p: &Probe, x: Tensor<2>| {
        let (z, places) = burn::tensor::module::max_pool2d_with_indices(p.z4(x.clone()), MaxPoolOptions::new([2, 2]));
        flat(z * places.float().cast(x.dtype()))
    };
    let error = Network::trace(&Probe::new(DType::F32), positions, [3, 24]).unwrap_err();
    assert!(error.to_string().contains("input [[3, 2, 3, 3]]"), "{error}");
}

/// Reading values is refused with the remedy, also where Burn does it inside an operation.
#[test]
fn one_hot_reads_its_tokens() {
    let forward = |p: &Probe, x: Tensor<2>| {
        let hot = x.clone().narrow(1, 0, 1).int().one_hot::<3>(6);
        hot.float().cast(x.dtype()).reshape([3, 6]).matmul(p.a.val())
    };
    let error = Network::trace(&Probe::new(DType::F32), forward, [3, 24]).unwrap_err();
    assert!(matches!(error, TraceError::ReadsValues { .. }), "{error}");
    // What to write instead.
    let forward = |p: &Probe, x: Tensor<2>| {
        let tokens = ((x.clone().narrow(1, 0, 1) + 1.0) * 2.9).int();
        let classes = Tensor::<1, Int>::arange(0..6, &x.device()).unsqueeze::<2>().expand([3, 6]);
        tokens.expand([3, 6]).equal(classes).float().cast(x.dtype()).matmul(p.a.val())
    };
    let inputs = crate::common::tensor::<2>([3, 24], 3, DType::F64);
    crate::check::check("one-hot by comparison", &Probe::new(DType::F64), forward, inputs);
}

/// Random numbers by choice: drawn anew for each linearisation, and the same for all its products.
#[test]
fn random_numbers_are_fixed_during_a_linearisation() {
    let dropout = |p: &Probe, x: Tensor<2>| p.z(x.clone()) * x.random_like(Distribution::Bernoulli(0.5)) * 2.0;
    let model = Probe::new(DType::F64);
    let network = Tracing::new().random().network(&model, dropout, [3, 24]).unwrap();
    let inputs = crate::common::tensor::<2>([3, 24], 3, DType::F64);
    let first = network.linearize(&model, inputs.clone()).unwrap();
    let (outputs, second) = (first.outputs(), network.linearize(&model, inputs.clone()).unwrap().outputs());
    let kept = outputs.clone().not_equal_elem(0.0);
    let count = kept.clone().int().sum().into_scalar::<i64>();
    assert!((10..62).contains(&count), "about half of 72 are kept, not {count}");
    assert!(second.not_equal(outputs.clone()).any().into_scalar::<bool>(), "drawn anew");
    // The network is linear in `b` but for the shift, so the tangent of `b` itself gives the outputs without it.
    let tangent = first.vjp(outputs.clone()).unwrap();
    let gram = first.gram().unwrap();
    let jvp = first.jvp(&tangent).unwrap().reshape([72, 1]);
    let product = gram.matmul(outputs.reshape([72, 1]));
    crate::common::assert_close("K u = J Jᵀ u", &crate::common::host(jvp), &crate::common::host(product), 1e-12);
}
