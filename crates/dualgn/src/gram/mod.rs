//! The Gram matrix `K = J Jᵀ`, `[mk, mk]`, assembled without forming the Jacobian `J`.
//!
//! `K` is a sum over parameters, since rows of `J` are concatenations of blocks. Backward passes with stacked cotangents give
//! the sensitivities `δ` at every place where a parameter meets data, its *site*; each kind of site then has its own way to
//! the block's contribution (see [`plan`]):
//!
//! | site | contribution to `K[(i,c), (j,c')]` | file |
//! |---|---|---|
//! | dense layer, one position an example | `(a_iᵀ a_j [+ 1]) · (δ_{i,c}ᵀ δ_{j,c'})`, with `+ 1` for its bias | here |
//! | dense layer at positions, several times; convolution at its patches; embedding of tokens | inner products of `Σ_t a_t δ_tᵀ`, in the cheaper of two ways | [`factors`] |
//! | bias, scale, parameters of a normalisation | of `Σ δ`, `Σ x̂ δ` | [`broadcast`] |
//! | anything else, and parameters used in different ways | rows of an operation's own rule, through whatever makes its inputs of the parameters | [`rows`] |
//!
//! It needs examples that do not mix: row `(i, c)` then depends on example `i` alone. What does not fit the memory at once is
//! made in chunks: of the rows an example (with a backward pass for each pair of chunks), of a layer's input features, of
//! examples. Nothing of the size of `J` is ever there.

mod blocks;
mod broadcast;
mod cost;
mod describe;
mod factors;
mod layout;
mod memory;
mod normal;
mod plan;
mod product;
mod rows;
mod sensitivities;
mod sum;
mod unfold;

use std::collections::HashSet;

use burn::tensor::Tensor;

pub use describe::{Examples, TracedOperation};

use crate::error::{DirectionError, Error};
use crate::kernels::{SymmetricSum, interleave, on_workers, outer};
use crate::linearize::Linearization;
use crate::tensor::Array;
use blocks::{Block, grid};
use cost::Cost;
use factors::Factors;
pub(crate) use memory::{default_memory, mixing, too_large};
pub(crate) use normal::{normal_matrix, normal_memory_needed};
use plan::{Kind, Part, Plan};
pub(crate) use product::{Products, product_flops};
pub(crate) use sensitivities::Sensitivities;
use sum::Sum;

impl Linearization {
    /// The Gram matrix `K = J Jᵀ`, `[mk, mk]`, with row `i k + c` for output `c` of example `i`. It is symmetric positive
    /// semidefinite; also known as the empirical neural tangent kernel.
    ///
    /// Cost: `k` backward passes without their weight gradients, and the Gram products. Memory: at most half of what is
    /// free, for the matrix, the sensitivities, and the rows it is assembled from.
    ///
    /// # Errors
    /// An operation mixes the examples of a batch, or the matrix does not fit the memory.
    pub fn gram(&self) -> Result<Tensor<2>, Error> {
        let (matrix, _) = on_workers(&self.device(), || assemble(self, Rows::All, default_memory()))?;
        Ok(matrix.into_tensor())
    }
}

/// Which rows of `J` the matrix is of: all of them, or `r` combinations of each example's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'a> {
    /// All `k` an example.
    All,
    /// Those of `Vᵀ J`, from `r` cotangents for each example, `[r, m, k]`.
    Combined(&'a Tensor<3>),
}

impl Rows<'_> {
    /// How many an example.
    fn per_example(self, linearization: &Linearization) -> usize {
        match self {
            Self::All => linearization.outputs_per_example(),
            Self::Combined(cotangents) => cotangents.dims()[0],
        }
    }
}

/// Rows of the matrix and an estimate of the bytes that assembly needs at least: the matrix, a copy of it, its solver's, and
/// the sensitivities of one row an example.
pub(crate) fn memory_needed(linearization: &Linearization, per_example: usize) -> (usize, usize) {
    let graph = linearization.graph();
    let rows = graph.examples * per_example;
    let sensitivities = Sensitivities::bytes(graph, &Plan::new(graph).sites());
    (rows, rows * rows * (3 * graph.dtype.size() + size_of::<f64>()) + 2 * sensitivities)
}

/// What the Gram rules take, without the backward passes.
pub(crate) fn cost_of_rules(linearization: &Linearization, per_example: usize) -> Cost {
    let graph = linearization.graph();
    cost::cost(&Plan::new(graph), graph, per_example)
}

/// Assembles `K`, or `Vᵀ K V`, within a memory budget in bytes; with the sensitivities of all rows, if they were there at once.
pub(crate) fn assemble(
    linearization: &Linearization,
    rows: Rows,
    memory: usize,
) -> Result<(Array, Option<Sensitivities>), DirectionError> {
    if let Some(error) = mixing(linearization) {
        return Err(error);
    }
    let graph = linearization.graph();
    let (m, k) = (graph.examples, rows.per_example(linearization));
    let cotangents = cotangents(linearization, rows);
    let (rows, needed) = memory_needed(linearization, k);
    if needed > memory {
        return Err(too_large("Gram", rows, m, needed, memory));
    }
    let plan = Plan::new(graph);
    let sites: HashSet<usize> = (0..graph.nodes.len()).filter(|&node| graph.is_site(&graph.nodes[node])).collect();
    // Half of what the matrix leaves is for two sets of sensitivities, half for what a rule works with.
    let half = (memory - needed) / 2;
    let at_once = 1 + half / (2 * Sensitivities::bytes(graph, &sites)).max(1);
    let chunk = half / (2 * graph.dtype.size());
    let part =
        |range: Block| Sensitivities::new(linearization, &sites, cotangents.clone().narrow(0, range.start, range.end));
    let mut kept: Option<(Block, Sensitivities)> = None;
    let matrix = grid(1, k, at_once, true, |i, j| {
        let left = match kept.take() {
            Some((range, left)) if range == i => left,
            _ => part(i),
        };
        let right = (i != j).then(|| part(j));
        let block = block(linearization, &plan, &left, right.as_ref(), chunk);
        let shape = [m, left.count, m, right.as_ref().unwrap_or(&left).count];
        kept = Some((i, left));
        block.reshape(&shape)
    });
    let matrix = matrix.reshape(&[m * k, m * k]);
    // Outputs may have another float type than parameters, and whoever multiplies with the matrix has the outputs'.
    let all = kept.filter(|(range, _)| range.end - range.start == k).map(|(_, sensitivities)| sensitivities);
    Ok((matrix.cast(linearization.output_type()), all))
}

/// The block `[m k, m k']` of the matrix for two sets of rows; `right` is `None` if they are the same.
fn block(
    linearization: &Linearization,
    plan: &Plan,
    left: &Sensitivities,
    right: Option<&Sensitivities>,
    chunk: usize,
) -> Array {
    let graph = linearization.graph();
    let (m, device) = (graph.examples, linearization.device());
    let mut sum = match right {
        None => Sum::Symmetric(SymmetricSum::new(m * left.count, graph.dtype, device.clone())),
        Some(_) => Sum::Rectangular(None),
    };
    for part in &plan.parts {
        match part.kind {
            Kind::Dense { bias } => dense(linearization, part, bias, left, right, &mut sum),
            Kind::Broadcast => {
                let (node, position) = part.sites[0];
                let rows = |set: &Sensitivities| {
                    let sensitivity = set.by_node.get(&node)?.clone();
                    Some(interleave(broadcast::rows(linearization, node, position, sensitivity)))
                };
                if let Some(own) = rows(left) {
                    sum.add_product(own, right.and_then(rows));
                }
            }
            _ => {
                let Some(factors) = Factors::of(linearization, part, &left.by_node) else { continue };
                let right = right.map(|right| Factors::of(linearization, part, &right.by_node));
                factors.contribute(right.flatten().as_ref(), chunk, &mut sum);
            }
        }
    }
    if !plan.loose.is_empty() {
        sum.add(rows::contribution(linearization, plan, left, right, chunk));
    }
    let shape = [left.count * m, right.unwrap_or(left).count * m];
    sum.finish().unwrap_or_else(|| Array::zeros(&shape, graph.dtype, &device))
}

/// A dense layer with one position an example: `(A Aᵀ [+ 1]) ⊙ (Δ Δᵀ)`. The `+ 1` is the bias, whose gradient is `δ` itself.
/// Nothing of the size of the weight is touched.
fn dense(
    linearization: &Linearization,
    part: &Part,
    bias: bool,
    left: &Sensitivities,
    right: Option<&Sensitivities>,
    sum: &mut Sum,
) {
    let (node, _) = part.sites[0];
    let m = linearization.graph().examples;
    let rows = |set: &Sensitivities| {
        let sensitivity = set.by_node.get(&node)?.clone();
        let columns = sensitivity.elements() / (set.count * m);
        Some(interleave(sensitivity.reshape(&[set.count, m, columns])))
    };
    let Some(own) = rows(left) else { return };
    let inputs = linearization.kept(node).array(0).clone();
    let features = inputs.elements() / m;
    let of_inputs = outer(inputs.reshape(&[m, features]));
    let of_inputs = if bias { of_inputs.add_scalar(1.0) } else { of_inputs };
    sum.add_weighted_product(own, right.and_then(rows), of_inputs);
}

/// The cotangents of the rows, `[r, ..]` shaped like the network's output: for all rows, units.
fn cotangents(linearization: &Linearization, rows: Rows) -> Array {
    let graph = linearization.graph();
    let cotangents = match rows {
        Rows::All => units(linearization, graph.outputs),
        Rows::Combined(cotangents) => Array::from_tensor(cotangents.clone()).cast(linearization.output_type()),
    };
    let count = cotangents.shape()[0];
    cotangents.reshape(&[&[count], graph.values[graph.output].shape.as_slice()].concat())
}

/// The unit vectors of `k` numbers an example, `[k, m, k]`.
pub(crate) fn units(linearization: &Linearization, k: usize) -> Array {
    let identity: Vec<f64> = (0..k * k).map(|index| f64::from(index / k == index % k)).collect();
    let units = Array::from_f64(&identity, &[k, 1, k], linearization.output_type(), &linearization.device());
    units.expand(&[k, linearization.examples(), k])
}
