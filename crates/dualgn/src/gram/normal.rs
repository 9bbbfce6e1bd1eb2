//! The normal matrix `Jᵀ V Vᵀ J`, `[p, p]`, of the primal system: sums of outer products of columns, over blocks of
//! examples.

use burn::tensor::Tensor;

use super::blocks::blocks;
use super::plan::Plan;
use super::sensitivities::Sensitivities;
use super::{Rows, cotangents, memory, of_piece, rows};
use crate::error::{DeviceError, DirectionError};
use crate::kernels::outer;
use crate::linearize::{Linearization, Place};
use crate::tensor::Array;
use crate::trace::Graph;

/// A lower bound on the bytes needed: the matrix in double precision, its factor and the scratch memory of that, the
/// product of a block, the rows of one example, and the sensitivities.
pub(crate) fn normal_memory_needed(linearization: &Linearization, per_example: usize) -> usize {
    let graph = linearization.graph();
    let (p, size) = (graph.parameter_count(), graph.dtype.size());
    let bytes = |place: &Place| Sensitivities::bytes(place.graph, &Plan::materialised(place.graph).sites());
    let sensitivities = per_example * linearization.pieces().iter().map(bytes).max().unwrap_or(0);
    p.saturating_mul(p).saturating_mul(3 * size_of::<f64>() + size) + 3 * per_example * p * size + sensitivities
}

/// Computes `Jᵀ V Vᵀ J` for cotangents `V`, `[r, m, k]`, row-major on the host in double precision: products in the
/// network's precision are summed in f64.
///
/// # Errors
/// Returns an error if the network mixes examples, the memory does not suffice, or the device fails.
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
    let at_once = 1 + (budget - needed) / (3 * r * p * graph.dtype.size());
    let mut sum = vec![0.0; p * p];
    let all = cotangents(linearization, Rows::Combined(combinations));
    for place in linearization.pieces() {
        let piece = place.piece();
        add(&piece, graph, of_piece(&all, &place, &piece), at_once, &mut sum)?;
    }
    Ok(sum)
}

/// Adds the outer products of the rows of `r` cotangents per example, `at_once` examples at a time. The columns belong
/// to the parameters of `whole`.
fn add(
    linearization: &Linearization,
    whole: &Graph,
    cotangents: Array,
    at_once: usize,
    sum: &mut [f64],
) -> Result<(), DeviceError> {
    let plan = Plan::materialised(linearization.graph());
    let sensitivities = Sensitivities::new(linearization, &plan.sites(), cotangents);
    for block in blocks(linearization.examples(), at_once) {
        let rows = rows::block_rows(linearization, &plan, &sensitivities, block);
        let product = outer(arranged(rows, linearization.graph(), whole).transpose()).to_f64()?;
        sum.iter_mut().zip(product).for_each(|(sum, product)| *sum += product);
    }
    Ok(())
}

/// Extends rows for the parameters of a graph to rows for those of the whole, with zeros where the graph does not
/// depend on one.
fn arranged(rows: Array, graph: &Graph, whole: &Graph) -> Array {
    let (own, all) = (graph.parameter_ids(), whole.parameter_ids());
    if own == all {
        return rows;
    }
    let width = |graph: &Graph, index: usize| graph.parameter(index).shape.iter().product::<usize>();
    let count = rows.shape()[0];
    let column = |index: usize| match own.iter().position(|id| *id == all[index]) {
        Some(place) => {
            let start = (0..place).map(|before| width(graph, before)).sum::<usize>();
            rows.clone().narrow(1, start, start + width(graph, place))
        }
        None => Array::zeros(&[count, width(whole, index)], rows.dtype(), &rows.device()),
    };
    Array::cat((0..all.len()).map(column).collect(), 1)
}
