//! What jets cannot do is an error of tracing that says so.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation};
use dualgn::Network;
use dualgn::error::TraceError;
use dualgn::jet::jet;

fn refused(forward: impl Fn(&Linear, Tensor<2>) -> Tensor<2> + Send + Sync + 'static, words: &[&str]) {
    let model = LinearConfig::new(2, 3).init(&Device::default()).train();
    let error = Network::trace(&model, forward, [4, 2]).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, TraceError::Unsupported { .. } | TraceError::Panicked { .. }), "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn second_derivatives_of_straight_pieces() {
    let forward = |m: &Linear, x: Tensor<2>| jet(x, |x| activation::relu(m.forward(x))).laplacian();
    refused(forward, &["Relu", "no second derivative", "tanh"]);
    // The first is there, as it is for autodiff.
    let model = LinearConfig::new(2, 3).init(&Device::default()).train();
    let first = |m: &Linear, x: Tensor<2>| jet(x, |x| activation::relu(m.forward(x))).derivative([1]);
    assert!(Network::trace(&model, first, [4, 2]).is_ok());
}

#[test]
fn operations_without_a_rule() {
    let power = |m: &Linear, x: Tensor<2>| {
        let f = |x: Tensor<2>| m.forward(x.clone()).exp().powf(m.forward(x));
        jet(x, f).derivative([0])
    };
    refused(power, &["powf_scalar"]);
    let nested = |m: &Linear, x: Tensor<2>| jet(x, |x| jet(x, |x| m.forward(x).tanh()).derivative([0])).derivative([0]);
    refused(nested, &["inside the function of another jet"]);
}

#[test]
fn functions_that_are_none_of_points() {
    refused(|m, x| jet(x.clone(), |_| m.forward(x)).derivative([0]), &["does not depend on its points"]);
    refused(|m, x| jet(x, |x| m.forward(x).slice([0..2, 0..3])).derivative([0]), &["2 values for 4 points"]);
}

#[test]
fn coordinates_and_orders_that_are_not_there() {
    refused(|m, x| jet(x, |x| m.forward(x)).derivative([2]), &["coordinate 2", "points have 2"]);
    refused(|m, x| jet(x, |x| m.forward(x)).derivative([0; 5]), &["order 5", "up to order 4"]);
    refused(|m, x| jet(x, |x| m.forward(x)).along(&[1.0], 1), &["1 numbers for 2 coordinates"]);
    refused(|m, x| jet(x, |x| m.forward(x)).laplacian_over(1..3), &["1..3 of 2 coordinates"]);
}

#[test]
#[should_panic(expected = "forward passes that are traced")]
fn nothing_is_recorded_outside_a_trace() {
    let model = LinearConfig::new(2, 3).init(&Device::default());
    let _ = jet(Tensor::zeros([4, 2], &Device::default()), |x| model.forward(x));
}
