//! The normal matrix `Jᵀ V Vᵀ J`, `[p, p]`, of the primal system: sums of outer products of columns, over blocks of examples.

use burn::tensor::Tensor;

use super::blocks::blocks;
use super::plan::Plan;
use super::sensitivities::Sensitivities;
use super::{Rows, cotangents, memory, rows};
use crate::error::DirectionError;
use crate::kernels::outer;
use crate::linearize::Linearization;

/// Bytes that it needs at least: the matrix in double precision and its factor's scratch, a block's product, the rows of one
/// example, the sensitivities.
pub(crate) fn normal_memory_needed(linearization: &Linearization, per_example: usize) -> usize {
    let graph = linearization.graph();
    let (p, size) = (graph.parameter_count(), graph.dtype.size());
    let sensitivities = per_example * Sensitivities::bytes(graph, &Plan::materialised(graph).sites());
    p.saturating_mul(p).saturating_mul(2 * size_of::<f64>() + size) + 3 * per_example * p * size + sensitivities
}

/// `Jᵀ V Vᵀ J` for cotangents `V`, `[r, m, k]`, row-major on the host in double precision: products in the network's precision
/// are summed in f64.
///
/// # Errors
/// Examples mix, the memory does not suffice, the device failed.
pub(crate) fn normal_matrix(
    linearization: &Linearization,
    combinations: &Tensor<3>,
    budget: usize,
) -> Result<Vec<f64>, crate::error::Error> {
    if let Some(error) = memory::mixing(linearization) {
        return Err(error.into());
    }
    let graph = linearization.graph();
    let (p, r) = (graph.parameter_count(), combinations.dims()[0]);
    let needed = normal_memory_needed(linearization, r);
    if needed > budget {
        let error: DirectionError = memory::too_large("normal", p, graph.examples, needed, budget);
        return Err(error.into());
    }
    let plan = Plan::materialised(graph);
    let cotangents = cotangents(linearization, Rows::Combined(combinations));
    let sensitivities = Sensitivities::new(linearization, &plan.sites(), cotangents);
    let at_once = 1 + (budget - needed) / (3 * r * p * graph.dtype.size());
    let mut sum = vec![0.0; p * p];
    for block in blocks(graph.examples, at_once) {
        let rows = rows::block_rows(linearization, &plan, &sensitivities, block);
        let product = outer(rows.transpose()).to_f64()?;
        sum.iter_mut().zip(product).for_each(|(sum, product)| *sum += product);
    }
    Ok(sum)
}
