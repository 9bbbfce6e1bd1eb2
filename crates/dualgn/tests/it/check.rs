//! The generic check of a traced network: outputs, both products and their stacks, against Burn's autodiff and against
//! differences.

use burn::module::Module;
use burn::tensor::{DType, Tensor};
use dualgn::{Inputs, Network, ParamVector};

use crate::common::{
    assert_close, difference, flatten, from, gram_by_products, host, moved, norm, numbers, tensor, vjp_by_autodiff,
};

/// Checks a model whose parameters are on an autodiff device.
///
/// f64: products with the transpose agree with autodiff to 1e-9 and products with the Jacobian with central differences
/// to 1e-6, whose own error at a step of 1e-5 is about 1e-10 from truncation and 1e-11 from rounding. f32: 1e-4, since
/// sums of some thousand products lose that much; differences say nothing at that precision, so there the product is
/// compared through the inner product `⟨J v, u⟩ = ⟨v, Jᵀ u⟩`.
pub(crate) fn check<M: Module + 'static, I: Inputs, const E: usize>(
    name: &str,
    model: &M,
    forward: impl Fn(&M, I) -> Tensor<E> + Send + Sync + Clone + 'static,
    inputs: I,
) {
    check_to(None, name, model, forward, inputs);
}

/// As [`check`], with another tolerance for the comparison with autodiff.
pub(crate) fn check_to<M: Module + 'static, I: Inputs, const E: usize>(
    close: Option<f64>,
    name: &str,
    model: &M,
    forward: impl Fn(&M, I) -> Tensor<E> + Send + Sync + Clone + 'static,
    inputs: I,
) {
    let network =
        Network::trace(model, forward.clone(), inputs.shapes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let linearization = network.linearize(model, inputs.clone()).unwrap();
    let outputs = linearization.outputs();
    let [m, k] = outputs.dims();
    let dtype = outputs.dtype();
    let close = close.unwrap_or(if dtype == DType::F64 { 1e-9 } else { 1e-4 });
    let dual = if dtype == DType::F64 { 1e-11 } else { 1e-4 };

    let wanted = forward(&model.valid(), inputs.clone()).reshape([m, k]);
    assert_close(
        &format!("{name}: outputs"),
        &host(outputs),
        &host(wanted),
        if dtype == DType::F64 { 1e-13 } else { 1e-6 },
    );

    let cotangents: Vec<Tensor<2>> = (0..2).map(|seed| from(numbers(m * k, seed), [m, k], dtype)).collect();
    let stacked = linearization.vjps(Tensor::stack(cotangents.clone(), 0)).unwrap();
    for (cotangent, stacked) in cotangents.iter().zip(stacked) {
        let found = linearization.vjp(cotangent.clone()).unwrap();
        let wanted = vjp_by_autodiff(model, &forward, inputs.clone(), cotangent.clone());
        let found = flatten(model, &found.into_gradients());
        assert_close(&format!("{name}: vjp"), &found, &wanted, close);
        let stacked = flatten(model, &stacked.into_gradients());
        assert_close(&format!("{name}: stacked vjp"), &stacked, &found, if dtype == DType::F64 { 1e-12 } else { 1e-5 });
    }

    let pulled = linearization.vjp(cotangents[0].clone()).unwrap();
    let tangent = pulled.with_entries(&numbers(pulled.len(), 99)).unwrap();
    let pushed = host(linearization.jvp(&tangent).unwrap());
    let left: f64 = pushed.iter().zip(host(cotangents[0].clone())).map(|(a, b)| a * b).sum();
    let right = tangent.dot(&pulled).unwrap();
    let scale = norm(&pushed) * norm(&host(cotangents[0].clone()));
    assert!((left - right).abs() <= dual * scale, "{name}: ⟨Jv, u⟩ = {left} but ⟨v, Jᵀu⟩ = {right}");

    // From the products that were just checked.
    if dtype == DType::F64 && network.mixes_examples().is_none() {
        let wanted = gram_by_products(&linearization, dtype);
        assert_close(&format!("{name}: Gram matrix"), &host(linearization.gram().unwrap()), &wanted, 1e-11);
    }

    if dtype == DType::F64 {
        let differences = difference(|step| host(forward(&moved(model, &tangent, step).valid(), inputs.clone())));
        assert_close(&format!("{name}: jvp"), &pushed, &differences, 1e-6);
    }
}

/// Outputs, both products and the Gram matrix of a network, in parts of one example and of all but one.
pub(crate) fn check_parts<M: Module + 'static, I: Inputs, const E: usize>(
    name: &str,
    model: &M,
    forward: impl Fn(&M, I) -> Tensor<E> + Send + Sync + 'static,
    inputs: I,
    dtype: DType,
) {
    // The same products, summed in another order: a few hundred roundings of 1e-16 or 6e-8.
    let tolerance = if dtype == DType::F64 { 1e-12 } else { 1e-4 };
    let network = Network::trace(model, forward, inputs.shapes()).unwrap();
    let whole = network.linearize(model, inputs.clone()).unwrap();
    let (m, k) = (whole.examples(), whole.outputs_per_example());
    let cotangents: Tensor<3> = tensor([2, m, k], 12, dtype);
    let cotangent = cotangents.clone().narrow(0, 0, 1).reshape([m, k]);
    let pulled = whole.vjp(cotangent.clone()).unwrap();
    for examples in [1, m.saturating_sub(1)] {
        let name = format!("{name} {dtype:?} by {examples}");
        let parts = network.linearize_in_parts(model, inputs.clone(), examples).unwrap();
        assert_eq!((parts.examples(), parts.outputs_per_example()), (m, k));
        assert_close(&name, &host(parts.outputs()), &host(whole.outputs()), tolerance);
        let own = parts.vjp(cotangent.clone()).unwrap();
        assert_close(&name, &own.to_vec().unwrap(), &pulled.to_vec().unwrap(), tolerance);
        // Vectors of both are vectors of one network.
        assert_close(&name, &host(parts.jvp(&pulled).unwrap()), &host(whole.jvp(&own).unwrap()), tolerance);
        let stacked = |vectors: Vec<ParamVector>| vectors[1].to_vec().unwrap();
        let (own, pulled) = (parts.vjps(cotangents.clone()).unwrap(), whole.vjps(cotangents.clone()).unwrap());
        assert_close(&name, &stacked(own), &stacked(pulled), tolerance);
        assert_close(&name, &host(parts.gram().unwrap()), &host(whole.gram().unwrap()), tolerance);
    }
}
