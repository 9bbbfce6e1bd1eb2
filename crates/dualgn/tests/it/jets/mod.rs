//! Derivatives by points, against central differences of derivatives of one order less, down to the values themselves; and the
//! Jacobians of residuals made of them.

mod functions;
mod networks;
mod refusals;

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use dualgn::Network;
use dualgn::jet::Jet;

use crate::common::{assert_close, difference, gram_by_products, host, moved, norm, tensor};

/// What a network makes of points.
pub(crate) fn outputs<M: Module>(
    model: &M,
    forward: impl Fn(&M, Tensor<2>) -> Tensor<2> + Send + Sync + 'static,
    points: &Tensor<2>,
) -> Vec<f64> {
    let network = Network::trace(model, forward, points.dims()).unwrap();
    host(network.linearize(model, points.clone()).unwrap().outputs())
}

/// The derivative along an axis of a function of points, by differences of fourth order.
pub(crate) fn difference_along(axis: usize, points: &Tensor<2>, at: impl Fn(&Tensor<2>) -> Vec<f64>) -> Vec<f64> {
    let h = 2e-3;
    let [_, n] = points.dims();
    let unit: Vec<f64> = (0..n).map(|other| f64::from(u8::from(other == axis))).collect();
    let moved = |steps: f64| {
        let shift: Vec<f64> = unit.iter().map(|unit| unit * steps * h).collect();
        at(&(points.clone() + crate::common::from::<2>(shift, [1, n], DType::F64)))
    };
    let [a, b, c, d] = [-2.0, -1.0, 1.0, 2.0].map(moved);
    (0..a.len()).map(|i| (a[i] - d[i] + 8.0 * (c[i] - b[i])) / (12.0 * h)).collect()
}

/// Products with the Jacobian of a residual against differences by the weights and each other, and the Gram matrix against them.
pub(crate) fn check_jacobian<M: Module>(
    what: &str,
    model: &M,
    residual: impl Fn(&M, Tensor<2>) -> Tensor<2> + Clone + Send + Sync + 'static,
    points: &Tensor<2>,
) {
    let network = Network::trace(model, residual, points.dims()).unwrap();
    let at = |model: &M| host(network.linearize(model, points.clone()).unwrap().outputs());
    let linearization = network.linearize(model, points.clone()).unwrap();
    let (m, k) = (linearization.examples(), linearization.outputs_per_example());
    let cotangent: Tensor<2> = tensor([m, k], 5, DType::F64);
    let pulled = linearization.vjp(cotangent.clone()).unwrap();
    let direction = pulled.with_entries(&crate::common::numbers(pulled.len(), 6)).unwrap();
    let pushed = host(linearization.jvp(&direction).unwrap());
    let differences = difference(|step| at(&moved(model, &direction, step)));
    assert_close(&format!("{what}: Jacobian-vector product"), &pushed, &differences, 1e-6);
    let (left, right) =
        (pushed.iter().zip(host(cotangent)).map(|(a, b)| a * b).sum::<f64>(), pulled.dot(&direction).unwrap());
    let scale = norm(&pushed) * (m as f64 * k as f64).sqrt();
    assert!((left - right).abs() <= 1e-11 * scale, "{what}: {left} and {right} of {scale}");
    let gram = host(linearization.gram().unwrap());
    assert_close(&format!("{what}: Gram matrix"), &gram, &gram_by_products(&linearization, DType::F64), 1e-10);
}

/// All of a jet that the tests look at: slopes, second derivatives, some of orders three and four, sums.
pub(crate) fn everything(u: &Jet) -> Tensor<2> {
    let [m, k] = u.value().dims();
    let flat = |tensor: Tensor<3>| tensor.flatten(1, 2);
    let fourth = u.along(&[0.5, -1.0], 4);
    let parts = vec![
        u.value(),
        flat(u.gradient()),
        u.hessian().reshape([m, k * 4]),
        u.laplacian(),
        u.derivative([1, 0, 1]),
        fourth,
    ];
    Tensor::cat(parts, 1)
}
