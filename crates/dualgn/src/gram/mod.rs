//! The Gram matrix `K = J Jᵀ`, `[mk, mk]`, assembled without forming the Jacobian `J`.
//!
//! `K` is a sum over parameters, since rows of `J` are concatenations of blocks. One backward pass with all `k` output
//! cotangents stacked gives the sensitivities `δ` at every place where a parameter meets data, its *site*; each kind of
//! site then has its own way to the block's contribution (see [`plan`]):
//!
//! | site | contribution to `K[(i,c), (j,c')]` | file |
//! |---|---|---|
//! | dense layer, one position an example | `(a_iᵀ a_j [+ 1]) · (δ_{i,c}ᵀ δ_{j,c'})`, with `+ 1` for its bias | [`dense`] |
//! | dense layer at `T` positions | rows `Σ_t a_{i,t} δ_{i,c,t}ᵀ`, in chunks of input features | [`dense`] |
//! | addition of a broadcast parameter | rows `Σ δ_{i,c}` | [`shift`] |
//! | anything else, and parameters used more than once | rows by the operation's own rule, example by example | [`rows`] |
//!
//! It needs examples that do not mix: row `(i, c)` then depends on example `i` alone.

mod dense;
mod describe;
mod layout;
mod plan;
mod rows;
mod shift;

use burn::tensor::Tensor;

pub use describe::{Examples, TracedOperation};

use crate::error::{DirectionError, Error};
use crate::linearize::{Flow, Linearization};
use crate::tensor::Array;
use plan::{Plan, Site};

/// Memory for the Gram matrix and what it is assembled from, in bytes, unless the caller says otherwise.
pub(crate) const DEFAULT_MEMORY: usize = 2 << 30;

impl Linearization {
    /// The Gram matrix `K = J Jᵀ`, `[mk, mk]`, with row `i k + c` for output `c` of example `i`. It is symmetric positive
    /// semidefinite; also known as the empirical neural tangent kernel.
    ///
    /// Cost: `k` backward passes without their weight gradients, and the Gram products. Memory: at most 2 GiB for the matrix
    /// and the rows it is assembled from, and `k` times the activations of a layer for the sensitivities.
    ///
    /// # Errors
    /// An operation mixes the examples of a batch, or the matrix does not fit the memory.
    pub fn gram(&self) -> Result<Tensor<2>, Error> {
        Ok(assemble(self, Rows::All, DEFAULT_MEMORY)?.into_tensor())
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

/// Rows of the matrix and an estimate of the bytes that assembly needs at least: the matrix, a copy of it, and its solver's.
pub(crate) fn memory_needed(linearization: &Linearization, per_example: usize) -> (usize, usize) {
    let graph = linearization.graph();
    let rows = graph.examples * per_example;
    (rows, rows * rows * (3 * graph.dtype.size() + size_of::<f64>()))
}

/// Floating-point operations of assembling the Gram matrix and solving with it in double precision, which counts twice.
pub(crate) fn direct_flops(linearization: &Linearization, per_example: usize) -> f64 {
    let graph = linearization.graph();
    let rows = (graph.examples * per_example) as f64;
    Plan::new(graph).flops(graph, per_example) + 2.0 / 3.0 * rows.powi(3)
}

/// Floating-point operations of one conjugate-gradient iteration: a product with `J` and one with `Jᵀ`, each about two
/// forward passes.
pub(crate) fn iteration_flops(linearization: &Linearization) -> f64 {
    4.0 * linearization.graph().forward_flops()
}

/// Assembles `K`, or `Vᵀ K V`, within a memory budget in bytes.
pub(crate) fn assemble(linearization: &Linearization, rows: Rows, memory: usize) -> Result<Array, DirectionError> {
    let graph = linearization.graph();
    if let Some(node) = graph.mixing {
        let (operation, place) = (graph.nodes[node].recorded.name.into(), graph.place(node));
        return Err(DirectionError::MixesExamples { operation, place });
    }
    let (m, k) = (graph.examples, rows.per_example(linearization));
    let cotangents = cotangents(linearization, rows);
    let (rows, needed) = memory_needed(linearization, k);
    if needed > memory {
        let mib = |bytes: usize| bytes.div_ceil(1 << 20);
        return Err(DirectionError::Memory { rows, needed_mib: mib(needed), budget_mib: mib(memory) });
    }
    // Rows of a chunk, in numbers; the chunk and its product's packing share what the matrix leaves.
    let chunk = ((memory - needed) / (2 * graph.dtype.size())).max(rows);

    let plan = Plan::new(graph);
    let mut sum = Sum::new(m, k);
    let mut loose = vec![];
    let mut flow = Flow::new(graph.values.len());
    flow.add(graph.output, cotangents);
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        if let (Some(site), Some(sensitivity)) = (plan.site(index), flow.get(node.output)) {
            match site {
                Site::Dense { bias } => dense::pairwise(linearization, index, sensitivity, *bias, &mut sum),
                Site::DensePositions => dense::at_positions(linearization, index, sensitivity, chunk, &mut sum),
                Site::Shift { value } => shift::add(linearization, index, *value, sensitivity, &mut sum),
                Site::Merged => {}
                Site::Loose => loose.push((index, sensitivity.clone())),
            }
        }
        linearization
            .pull_node(index, node, &mut flow, |value| graph.values[value].active && !graph.is_parameter_side(value));
    }
    let structured = sum.finish();
    let materialised = (!loose.is_empty()).then(|| rows::gram(linearization, &plan, &loose, chunk));
    let zeros = || Array::zeros(&[rows, rows], graph.dtype, &linearization.device());
    let parts = [structured, materialised].into_iter().flatten();
    // Outputs may have another float type than parameters, and whoever multiplies with the matrix has the outputs'.
    Ok(parts.reduce(Array::add).unwrap_or_else(zeros).cast(linearization.output_type()))
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

/// The running sum of contributions, `[k m, k m]`: classes outside, as the stacked backward pass orders them.
struct Sum {
    examples: usize,
    outputs: usize,
    total: Option<Array>,
}

impl Sum {
    fn new(examples: usize, outputs: usize) -> Self {
        Self { examples, outputs, total: None }
    }

    fn add(&mut self, contribution: Array) {
        self.total = Some(match self.total.take() {
            Some(total) => total.add(contribution),
            None => contribution,
        });
    }

    /// The sum with examples outside and classes inside, `[m k, m k]`.
    fn finish(self) -> Option<Array> {
        let (m, k) = (self.examples, self.outputs);
        let total = self.total?;
        if k == 1 {
            return Some(total);
        }
        Some(total.reshape(&[k, m, k, m]).permute(&[1, 0, 3, 2]).reshape(&[m * k, m * k]))
    }
}
