//! Dense layers `z = a W`: where most parameters of most networks are.
//!
//! The gradient of output `(i, c)` by `W` is `Σ_t a_{i,t} δ_{i,c,t}ᵀ`. For one position its inner products factor into
//! those of the inputs and those of the sensitivities, so that nothing of the size of `W` is ever touched.

use super::layout::{positions, stacked_positions};
use super::Sum;
use crate::kernels::outer;
use crate::linearize::Linearization;
use crate::tensor::Array;

/// One position an example: `(A Aᵀ [+ 1]) ⊙ (Δ Δᵀ)`. The `+ 1` is the bias, whose gradient is `δ` itself.
pub(super) fn pairwise(linearization: &Linearization, node: usize, sensitivity: &Array, bias: bool, sum: &mut Sum) {
    let graph = linearization.graph();
    let (m, k) = (graph.examples, sensitivity.shape()[0]);
    let inputs = linearization.kept(node).array(0).clone();
    let features = inputs.elements() / m;
    let columns = sensitivity.elements() / (m * k);
    let mut of_inputs = outer(inputs.reshape(&[m, features]));
    if bias {
        of_inputs = of_inputs.add_scalar(1.0);
    }
    let of_sensitivities = outer(sensitivity.clone().reshape(&[k * m, columns]));
    let product = of_sensitivities.reshape(&[k, m, k, m]).mul(of_inputs.reshape(&[1, m, 1, m]));
    sum.add(product.reshape(&[k * m, k * m]));
}

/// Several positions: the per-example gradients, a few input features at a time so that `chunk` numbers suffice.
pub(super) fn at_positions(
    linearization: &Linearization,
    node: usize,
    sensitivity: &Array,
    chunk: usize,
    sum: &mut Sum,
) {
    let graph = linearization.graph();
    let (m, k) = (graph.examples, sensitivity.shape()[0]);
    let (input, output) = (&graph.values[graph.nodes[node].inputs[0]], &graph.values[graph.nodes[node].output]);
    // [m, T, features] as [1, m, features, T], and [k, m, T, columns].
    let inputs = positions(linearization.kept(node).array(0).clone(), &input.batch, m).transpose().lift();
    let sensitivities = stacked_positions(sensitivity.clone(), &output.batch, m);
    let features = inputs.shape()[2];
    let columns = sensitivities.shape()[3];
    let step = (chunk / (k * m * columns)).clamp(1, features.max(1));
    for start in (0..features).step_by(step) {
        let end = (start + step).min(features);
        let gradients = inputs.clone().narrow(2, start, end).matmul(sensitivities.clone());
        sum.add(outer(gradients.reshape(&[k * m, (end - start) * columns])));
    }
}
