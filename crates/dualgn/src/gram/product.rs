//! [`Products`]: products with `K = J Jᵀ` without forming `K`, at less than the cost of a product with `Jᵀ` and one
//! with `J`.
//!
//! A dense layer `z = a W` contributes `ż = a (Σ aᵀ z̄) = (a aᵀ) z̄` to the product with `K`: with `r` rows `a`, the
//! inner products `a aᵀ`, computed once, take `r²` multiplications per column instead of `2 r` times the number of
//! inputs, and no array of the size of `W` is needed. This form is used where `r` is less than twice the number of
//! inputs, which for batches is usually so. It is valid whether or not examples mix. All other parameters are handled
//! through parameter space.

use std::collections::HashMap;

use super::widened;
use crate::kernels::{outer, product};
use crate::linearize::{Flow, Linearization};
use crate::tensor::Array;
use crate::trace::{Graph, Matmul, Op};

/// `K` as an operator at a linearised point.
#[derive(Debug)]
pub(crate) struct Products<'a> {
    linearization: &'a Linearization,
    /// The inner products `a aᵀ`, `[r, r]`, of the layers that use the short form.
    inner: HashMap<usize, Array>,
}

impl<'a> Products<'a> {
    /// Cost: the inner products of the inputs of the layers that use the short form.
    pub(crate) fn new(linearization: &'a Linearization) -> Self {
        let inner = |(node, rows, inputs)| {
            let a = widened(linearization.kept(node).array(0).clone(), linearization);
            (node, outer(a.reshape(&[rows, inputs])))
        };
        // Parts keep no values, and blocks have products with each other, so all their parameters are handled through
        // parameter space.
        let short = if linearization.is_in_pieces() { vec![] } else { short(linearization.graph()) };
        Self { linearization, inner: short.into_iter().map(inner).collect() }
    }

    /// `K u`, `[c, m, k]`, of stacked `u`.
    pub(crate) fn times(&self, u: Array) -> Array {
        let graph = self.linearization.graph();
        let shape = u.shape();
        let u = u.reshape(&[&[shape[0]], graph.values[graph.output].shape.as_slice()].concat());
        if self.linearization.is_in_pieces() {
            return self.linearization.push(self.linearization.pull_checked(u)).reshape(&shape);
        }
        let mut flow = Flow::new(graph.values.len());
        flow.add(graph.output, u);
        let mut sensitivities = HashMap::new();
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            let short = self.inner.contains_key(&index);
            if short && let Some(sensitivity) = flow.get(node.output) {
                sensitivities.insert(index, sensitivity.clone());
            }
            self.linearization.pull_node(index, node, &mut flow, |value| {
                graph.values[value].active && !(short && graph.is_parameter_side(value))
            });
        }
        // The vectors at the parameters are now their tangents; the short form has handled all others.
        let short = |node| sensitivities.remove(&node).map(|sensitivity| rows_times(&self.inner[&node], sensitivity));
        self.linearization.push_flow(flow, short).reshape(&shape)
    }
}

/// `G z̄` for stacked `z̄`, `[c, .., columns]`, with rows folded, in the precision of `G`; the result has that of `z̄`.
fn rows_times(inner: &Array, sensitivity: Array) -> Array {
    let (shape, dtype) = (sensitivity.shape(), sensitivity.dtype());
    let sensitivity = sensitivity.cast(inner.dtype());
    let rows = inner.shape()[0];
    let columns = shape.last().copied().unwrap_or(1);
    let result = match shape[0] {
        1 => product(inner.clone(), sensitivity.reshape(&[rows, columns])),
        count => inner.clone().lift().matmul(sensitivity.reshape(&[count, rows, columns])),
    };
    result.reshape(&shape).cast(dtype)
}

/// The dense layers that use the short form: node, rows, inputs.
fn short(graph: &Graph) -> Vec<(usize, usize, usize)> {
    let readers = graph.readers();
    let layer = |&parameter: &usize| {
        let uses = graph.uses(&readers, parameter)?;
        let [only] = uses.as_slice() else { return None };
        let node = &graph.nodes[only.node];
        let weight = &graph.values[only.value].shape;
        let one_matrix = weight[..weight.len().saturating_sub(2)].iter().all(|&length| length == 1);
        if node.op != Op::Matmul(Matmul) || only.position != 1 || !one_matrix {
            return None;
        }
        let inputs = weight[weight.len() - 2];
        let rows = graph.values[node.inputs[0]].shape.iter().product::<usize>() / inputs.max(1);
        (rows < 2 * inputs).then_some((only.node, rows, inputs))
    };
    graph.parameters.iter().filter_map(layer).collect()
}

/// Floating-point operations of one product with `K`.
pub(crate) fn product_flops(graph: &Graph) -> f64 {
    let saved = |(node, rows, inputs): (usize, usize, usize)| {
        let columns = graph.values[graph.nodes[node].output].shape.last().copied().unwrap_or(1);
        (rows * columns) as f64 * (4.0 * inputs as f64 - 2.0 * rows as f64)
    };
    graph.product_flops() - short(graph).into_iter().map(saved).sum::<f64>()
}
