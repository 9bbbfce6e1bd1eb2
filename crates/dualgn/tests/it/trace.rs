//! What cannot be traced is refused, with the operation and its place.

use burn::backend::Dispatch;
use burn::backend::ops::ActivationOps;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};
use dualgn::Network;
use dualgn::error::TraceError;
use dualgn::inspect::{Derivative, Examples};

use crate::common::tensor;

#[derive(Module, Debug)]
struct Pair {
    inner: Inner,
    head: Linear,
}

#[derive(Module, Debug)]
struct Inner {
    body: Linear,
}

fn pair() -> Pair {
    let device = Device::default();
    Pair { inner: Inner { body: LinearConfig::new(3, 4).init(&device) }, head: LinearConfig::new(4, 2).init(&device) }
}

fn trace<const E: usize>(forward: fn(&Pair, Tensor<2>) -> Tensor<E>) -> TraceError {
    Network::trace(&pair(), forward, [5, 3]).unwrap_err()
}

/// A derivative written out by hand, which has no rule.
fn by_hand<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let x = x.into_dispatch();
    Tensor::from_dispatch(Dispatch::relu_backward(x.clone(), x))
}

#[test]
fn an_unsupported_operation_is_named_with_its_place() {
    let error = trace(|m, x| m.head.forward(by_hand(m.inner.body.forward(x))));
    let TraceError::Unsupported { operation, place, shapes, .. } = &error else { panic!("{error}") };
    assert_eq!(operation, "ReluBackward");
    assert_eq!(place, "between `inner.body.bias` and `head.weight`");
    assert_eq!(shapes, &[vec![5, 4], vec![5, 4]]);
    assert!(
        error.to_string().starts_with("cannot linearise `ReluBackward` between `inner.body.bias` and `head.weight`"),
        "{error}"
    );
    let error = trace(|m, x| by_hand(m.head.forward(m.inner.body.forward(x))));
    assert!(error.to_string().contains("`ReluBackward` after `head.bias`"), "{error}");
    let error = trace(|m, x| m.head.forward(m.inner.body.forward(by_hand(x))));
    assert!(error.to_string().contains("`ReluBackward` before `inner.body.weight`"), "{error}");
}

#[test]
fn an_unused_operation_is_not_asked_for_a_rule() {
    let forward = |m: &Pair, x: Tensor<2>| {
        let _ = by_hand(x.clone());
        m.head.forward(m.inner.body.forward(x))
    };
    Network::trace(&pair(), forward, [5, 3]).unwrap();
}

/// Nothing learns through rounding, and a network that would is refused.
#[test]
fn outputs_without_a_derivative_are_refused() {
    let error = trace(|m, x| m.head.forward(m.inner.body.forward(x)).round());
    let (operation, place) = ("Round".into(), "after `head.bias`".into());
    assert_eq!(error, TraceError::NoDerivative { operation, place });
}

#[test]
fn inputs_share_the_batch() {
    let forward = |m: &Pair, (a, b): (Tensor<2>, Tensor<2>)| m.inner.body.forward(a) * m.inner.body.forward(b);
    let error = Network::trace(&pair(), forward, ([5, 3], [4, 3])).unwrap_err();
    assert_eq!(error, TraceError::InputBatches { first: vec![5, 3], other: vec![4, 3] });
}

#[test]
fn reading_values_is_refused() {
    let error = trace(|m, x| {
        let x = m.inner.body.forward(x);
        if x.clone().sum().into_scalar::<f32>() > 0.0 { m.head.forward(x) } else { m.head.forward(-x) }
    });
    assert!(matches!(error, TraceError::ReadsValues { .. }), "{error}");
}

#[test]
fn a_wrong_shape_is_refused_with_the_shape() {
    let error = Network::trace(&pair(), |m: &Pair, x: Tensor<2>| m.head.forward(x), [5, 3]).unwrap_err();
    let TraceError::Panicked { shapes, message } = &error else { panic!("{error}") };
    assert_eq!(shapes, &[vec![5, 3]]);
    assert!(!message.is_empty());
    let empty = Network::trace(&pair(), |m: &Pair, x: Tensor<2>| m.inner.body.forward(x), [0, 3]).unwrap_err();
    assert_eq!(empty, TraceError::EmptyInput { shape: vec![0, 3] });
}

#[test]
fn constants_of_another_device_are_refused_with_the_remedy() {
    let error = trace(|m, x| m.inner.body.forward(x) + Tensor::<2>::ones([5, 4], &Device::default()));
    assert!(matches!(error, TraceError::OtherDevice { .. }), "{error}");
    let forward = |m: &Pair, x: Tensor<2>| {
        let ones = Tensor::<2>::ones([5, 4], &x.device());
        m.inner.body.forward(x) + ones
    };
    Network::trace(&pair(), forward, [5, 3]).unwrap();
}

#[test]
fn outputs_must_start_with_the_batch() {
    let error = trace(|m, x| m.inner.body.forward(x).transpose());
    assert_eq!(error, TraceError::OutputShape { examples: 5, output: vec![4, 5] });
    let error = trace(|m, x| m.inner.body.forward(x).sum());
    assert_eq!(error, TraceError::OutputShape { examples: 5, output: vec![1] });
}

#[test]
fn something_must_be_trainable() {
    let frozen = pair().freeze();
    let error = Network::trace(&frozen, |m: &Pair, x: Tensor<2>| m.inner.body.forward(x), [5, 3]).unwrap_err();
    assert_eq!(error, TraceError::NoParameters);
    assert_eq!(trace(|_, x| x * 2.0), TraceError::NoParameters);
}

#[test]
fn the_output_must_depend_on_the_input() {
    let bias = |m: &Pair| m.head.bias.as_ref().unwrap().val().unsqueeze::<2>();
    let error = Network::trace(&pair(), move |m: &Pair, _: Tensor<2>| bias(m).expand([5, 2]), [5, 3]).unwrap_err();
    assert_eq!(error, TraceError::IgnoresInput);
    // A parameter returned as it is, whose first axis happens to be as long as the batch.
    let error = Network::trace(&pair(), |m: &Pair, _: Tensor<2>| m.head.weight.val(), [4, 3]).unwrap_err();
    assert_eq!(error, TraceError::IgnoresInput);
}

/// `clone` keeps a parameter's identity, so two such fields cannot be told apart by it.
#[test]
fn copies_of_a_parameter_are_refused_with_both_paths() {
    let mut model = pair();
    let device = Device::default();
    model.inner.body = LinearConfig::new(3, 4).init(&device);
    model.head = LinearConfig::new(3, 4).init(&device);
    model.head.weight = model.inner.body.weight.clone();
    let forward = |m: &Pair, x: Tensor<2>| m.inner.body.forward(x.clone()) * m.head.forward(x);
    let error = Network::trace(&model, forward, [5, 3]).unwrap_err();
    let (first, second) = ("inner.body.weight".into(), "head.weight".into());
    assert_eq!(error, TraceError::CopiedParameter { first, second });
}

#[test]
fn outputs_without_numbers_are_refused() {
    let error = trace(|m, x| m.head.forward(m.inner.body.forward(x)).slice([0..5, 0..0]));
    // Burn records an empty slice as a tensor of its own.
    assert!(matches!(error, TraceError::OutputShape { .. } | TraceError::Unsupported { .. }), "{error}");
}

#[test]
fn half_precision_is_refused_by_name() {
    let half = crate::common::cast(pair(), DType::F16);
    let error = Network::trace(&half, |m: &Pair, x: Tensor<2>| m.inner.body.forward(x), [5, 3]).unwrap_err();
    assert_eq!(error, TraceError::ParameterType { path: "inner.body.weight".into(), dtype: "F16".into() });
}

#[test]
fn tracing_works_from_several_threads_at_once() {
    let workers: Vec<_> = (0..4)
        .map(|seed| {
            std::thread::spawn(move || {
                let model = pair();
                let forward = |m: &Pair, x: Tensor<2>| m.head.forward(m.inner.body.forward(x).tanh());
                let network = Network::trace(&model, forward, [5, 3]).unwrap();
                let inputs: Tensor<2> = tensor([5, 3], seed, DType::F32);
                network.linearize(&model, inputs).unwrap().outputs().dims()
            })
        })
        .collect();
    for worker in workers {
        assert_eq!(worker.join().unwrap(), [5, 2]);
    }
}

/// The description of a network says where examples mix, where derivatives end and how parameters meet data.
#[test]
fn a_network_is_described_operation_by_operation() {
    let forward = |m: &Pair, x: Tensor<2>| {
        let x = m.inner.body.forward(x);
        let steps = (x.clone() * 3.0).round();
        m.head.forward(x + steps)
    };
    let network = Network::trace(&pair(), forward, [5, 3]).unwrap();
    let operations = network.operations();
    let find = |name: &str| operations.iter().find(|operation| operation.recorded.name == name).unwrap();
    let product = find("Matmul");
    assert_eq!((product.rule, product.gram), ("matmul", Some("dense, with its bias")));
    assert_eq!((product.place.as_str(), product.shape.as_slice()), ("at `inner.body.weight`", [5, 4].as_slice()));
    assert_eq!((product.examples, product.derivative), (Examples::Apart, Derivative::Passes));
    let rounded = find("Round");
    assert_eq!((rounded.examples, rounded.derivative), (Examples::Apart, Derivative::Ends));
    assert_eq!(find("Reshape").examples, Examples::Shared, "a bias on its way");

    let centred = |m: &Pair, x: Tensor<2>| {
        let x = m.inner.body.forward(x);
        m.head.forward(x.clone() - x.mean_dim(0))
    };
    let network = Network::trace(&pair(), centred, [5, 3]).unwrap();
    let operations = network.operations();
    let mean = operations.iter().find(|operation| operation.recorded.name == "MeanDim").unwrap();
    assert_eq!(mean.examples, Examples::Mixed);
    assert!(operations.iter().all(|operation| operation.gram.is_none()), "there is no Gram matrix");
    let mixing = network.mixes_examples().unwrap();
    assert_eq!(mixing.operation, "MeanDim");
    assert_eq!(mixing.to_string(), "`MeanDim` between `inner.body.bias` and `head.weight`");
}

#[test]
fn outputs_are_f32_or_f64() {
    let error = Network::trace(&pair(), |m: &Pair, x: Tensor<2>| m.inner.body.forward(x).cast(DType::F16), [5, 3]);
    assert_eq!(error.unwrap_err(), TraceError::OutputType { dtype: "F16".into() });
}
