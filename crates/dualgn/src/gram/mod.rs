//! The Gram matrix `K = J Jᵀ`, `[mk, mk]`, assembled without forming the Jacobian `J`.
//!
//! `K` is a sum over parameters, since rows of `J` are concatenations of blocks. Backward passes with stacked
//! cotangents give the sensitivities `δ` at every place where a parameter meets data, its *site*. Each kind of site has
//! its own rule for the contribution of the block (see [`plan`]):
//!
//! | site | contribution to `K[(i,c), (j,c')]` | file |
//! |---|---|---|
//! | dense layer, one position per example | `(a_iᵀ a_j [+ 1]) · (δ_{i,c}ᵀ δ_{j,c'})`, with `+ 1` for its bias | here |
//! | dense layer at several positions, or used several times; convolution at its patches; embedding of tokens | inner products of `Σ_t a_t δ_tᵀ`, in the cheaper of two forms | [`factors`] |
//! | bias, scale, parameters of a normalisation | inner products of `Σ δ`, `Σ x̂ δ` | [`broadcast`] |
//! | other operations, and parameters used in different ways | materialised rows, by the derivative rules of the operations | [`rows`] |
//!
//! The examples must be independent: row `(i, c)` then depends on example `i` only. Data that do not fit into memory at
//! once are computed in chunks: of the rows per example (with a backward pass for each pair of chunks), of the input
//! features of a layer, or of examples. No array of the size of `J` is formed.

mod assembly;
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

use burn::tensor::Tensor;

pub(crate) use assembly::assemble;
pub use describe::{Derivative, Examples, TracedOperation};

use crate::error::Error;
use crate::kernels::{SymmetricSum, interleave, on_workers, outer, product};
use crate::linearize::{Linearization, Place};
use crate::tensor::Array;
use crate::trace::Graph;
use cost::Cost;
use factors::{Factors, Vocabulary};
pub(crate) use memory::{default_memory, mixing, too_large};
pub(crate) use normal::{normal_matrix, normal_memory_needed};
use plan::{Kind, Plan};
pub(crate) use product::{Products, product_flops};
pub(crate) use sensitivities::Sensitivities;
use sum::Sum;

impl Linearization {
    /// Computes the Gram matrix `K = J Jᵀ`, `[mk, mk]`, with row `i k + c` for output `c` of example `i`. It is
    /// symmetric positive semidefinite, and is also known as the empirical neural tangent kernel.
    ///
    /// Cost: `k` backward passes without weight gradients, and the Gram products. Memory: at most half of the free
    /// memory, for the matrix, the sensitivities, and the rows it is assembled from.
    ///
    /// # Errors
    /// Returns `DirectionError::MixesExamples` if an operation mixes the examples of a batch, and
    /// `DirectionError::Memory` if the matrix does not fit into this memory.
    pub fn gram(&self) -> Result<Tensor<2>, Error> {
        let (matrix, _) = on_workers(&self.device(), || assemble(self, Rows::All, default_memory()))?;
        Ok(matrix.into_tensor())
    }
}

/// The rows of `J` whose products form the matrix: all of them, or `r` combinations per example.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows<'a> {
    /// All `k` rows per example.
    All,
    /// The rows of `Vᵀ J`, from `r` cotangents for each example, `[r, m, k]`.
    Combined(&'a Tensor<3>),
}

impl Rows<'_> {
    /// Number of rows per example.
    fn per_example(self, linearization: &Linearization) -> usize {
        match self {
            Self::All => linearization.outputs_per_example(),
            Self::Combined(cotangents) => cotangents.dims()[0],
        }
    }
}

/// The number of rows of the matrix, and a lower estimate of the bytes that its assembly needs: the matrix, a copy of
/// it, the solver's copy, and the sensitivities of one row per example.
pub(crate) fn memory_needed(linearization: &Linearization, per_example: usize) -> (usize, usize) {
    let graph = linearization.graph();
    let rows = graph.examples * per_example;
    let bytes = |place: &Place| Sensitivities::bytes(place.graph, &Plan::new(place.graph).sites());
    let sensitivities = linearization.pieces().iter().map(bytes).max().unwrap_or(0);
    (rows, rows * rows * (3 * graph.dtype.size() + size_of::<f64>()) + 2 * sensitivities)
}

/// The cost of the Gram rules, without the backward passes.
pub(crate) fn cost_of_rules(linearization: &Linearization, per_example: usize) -> Cost {
    let of = |graph: &Graph, outputs: usize| cost::cost(&Plan::new(graph), graph, outputs);
    if !linearization.is_in_pieces() {
        return of(linearization.graph(), per_example);
    }
    // Between pieces the cost is about that within each piece, for all pairs of rows.
    let rows = |place: &Place| place.examples.len() as f64;
    let all = linearization.examples() as f64;
    let one = |place: &Place| {
        let per_example = if place.graph.examples == place.examples.len() { per_example } else { place.graph.outputs };
        let Cost { flops, contributions } = of(place.graph, per_example);
        Cost { flops: flops * all / rows(place), contributions }
    };
    let costs: Vec<Cost> = linearization.pieces().iter().map(one).collect();
    Cost {
        flops: costs.iter().map(|cost| cost.flops).sum(),
        contributions: costs.iter().map(|cost| cost.contributions).max().unwrap_or(0),
    }
}

/// A set of rows that a rule multiplies.
#[derive(Clone, Copy)]
struct Side<'a> {
    linearization: &'a Linearization,
    plan: &'a Plan,
    sensitivities: &'a Sensitivities,
}

impl Side<'_> {
    fn examples(self) -> usize {
        self.linearization.graph().examples
    }

    /// The sensitivity at a site, in the precision of the parameters, which sums use even where activations are
    /// coarser.
    fn sensitivity(self, node: usize) -> Option<Array> {
        Some(widened(self.sensitivities.by_node.get(&node)?.clone(), self.linearization))
    }

    /// Whether two sets have the same examples.
    fn shares_examples(self, other: Self) -> bool {
        std::ptr::eq(self.linearization, other.linearization)
    }
}

/// What a function returns for two sets, the second of which is `None` if they are the same; `None` if it returns nothing
/// for one of them.
fn of_both<'a, T>(
    left: Side<'a>,
    right: Option<Side<'a>>,
    of: impl Fn(Side<'a>) -> Option<T>,
) -> Option<(T, Option<T>)> {
    let other = match right {
        Some(right) => Some(of(right)?),
        None => None,
    };
    Some((of(left)?, other))
}

/// The block `[m k, m' k']` of the matrix for two sets of rows; `right` is `None` if they are the same.
fn block(left: Side, right: Option<Side>, chunk: usize) -> Array {
    let (graph, device) = (left.linearization.graph(), left.linearization.device());
    let rows = |side: Side| side.examples() * side.sensitivities.count;
    let mut sum = match right {
        None => Sum::Symmetric(SymmetricSum::new(rows(left), graph.dtype, device.clone())),
        Some(_) => Sum::Rectangular(None),
    };
    for (index, part) in left.plan.parts.iter().enumerate() {
        match part.kind {
            Kind::Dense { bias } => dense(index, bias, left, right, &mut sum),
            Kind::Broadcast => {
                let rows = |side: Side| {
                    let (node, position) = side.plan.parts[index].sites[0];
                    let sensitivity = side.sensitivities.by_node.get(&node)?.clone();
                    Some(interleave(broadcast::rows(side.linearization, node, position, sensitivity)))
                };
                if let Some((own, other)) = of_both(left, right, rows) {
                    sum.add_product(own, other);
                }
            }
            _ => {
                let sides = [Some(left), right].into_iter().flatten();
                let vocabulary = Vocabulary::of(sides.map(|side| (side.linearization, &side.plan.parts[index])));
                let factors = |side: Side| {
                    let (part, sensitivities) = (&side.plan.parts[index], |node| side.sensitivity(node));
                    Factors::of(side.linearization, part, sensitivities, &vocabulary)
                };
                if let Some((own, other)) = of_both(left, right, factors) {
                    own.contribute(other.as_ref(), chunk, &mut sum);
                }
            }
        }
    }
    if !left.plan.loose.is_empty() {
        sum.add(rows::contribution(left, right, chunk));
    }
    let shape = [rows(left), rows(right.unwrap_or(left))];
    sum.finish().unwrap_or_else(|| Array::zeros(&shape, graph.dtype, &device))
}

/// A dense layer with one position per example: `(A Aᵀ [+ 1]) ⊙ (Δ Δᵀ)`. The `+ 1` is the bias, whose gradient is `δ`
/// itself. No array of the size of the weight is needed.
fn dense(index: usize, bias: bool, left: Side, right: Option<Side>, sum: &mut Sum) {
    let node = |side: Side| side.plan.parts[index].sites[0].0;
    let rows = |side: Side| {
        let sensitivity = side.sensitivity(node(side))?;
        let (count, m) = (side.sensitivities.count, side.examples());
        let columns = sensitivity.elements() / (count * m);
        Some(interleave(sensitivity.reshape(&[count, m, columns])))
    };
    let Some((own, other)) = of_both(left, right, rows) else { return };
    let inputs = |side: Side| {
        let inputs = widened(side.linearization.kept(node(side)).array(0).clone(), side.linearization);
        let (m, elements) = (side.examples(), inputs.elements());
        inputs.reshape(&[m, elements / m])
    };
    let of_inputs = match right {
        Some(right) if !left.shares_examples(right) => product(inputs(left), inputs(right).transpose()),
        _ => outer(inputs(left)),
    };
    let of_inputs = if bias { of_inputs.add_scalar(1.0) } else { of_inputs };
    sum.add_weighted_product(own, other, of_inputs);
}

/// Converts an array of lower precision to that of the parameters.
fn widened(array: Array, linearization: &Linearization) -> Array {
    let dtype = linearization.graph().dtype;
    if array.dtype().size() < dtype.size() { array.cast(dtype) } else { array }
}

/// The cotangents of the rows, `[r, ..]` shaped like the network's output; for all rows, unit vectors.
fn cotangents(linearization: &Linearization, rows: Rows) -> Array {
    let graph = linearization.graph();
    let cotangents = match rows {
        Rows::All => units(linearization, graph.outputs),
        Rows::Combined(cotangents) => Array::from_tensor(cotangents.clone()).cast(linearization.output_type()),
    };
    let count = cotangents.shape()[0];
    cotangents.reshape(&[&[count], graph.values[graph.output].shape.as_slice()].concat())
}

/// The cotangents of a piece's rows, `[r, m, k]`, taken from those of the whole, `[r', M, k']`. A block has rows where
/// the whole has examples of one output.
fn of_piece(whole: &Array, place: &Place, piece: &Linearization) -> Array {
    let own = whole.clone().narrow(1, place.examples.start, place.examples.end);
    let (m, k) = (piece.examples(), piece.outputs_per_example());
    if own.shape()[1] == m { own } else { units(piece, k).mul(own.reshape(&[1, m, k])) }
}

/// The unit vectors of `k` numbers per example, `[k, m, k]`.
pub(crate) fn units(linearization: &Linearization, k: usize) -> Array {
    let identity: Vec<f64> = (0..k * k).map(|index| f64::from(index / k == index % k)).collect();
    let units = Array::from_f64(&identity, &[k, 1, k], linearization.output_type(), &linearization.device());
    units.expand(&[k, linearization.examples(), k])
}
