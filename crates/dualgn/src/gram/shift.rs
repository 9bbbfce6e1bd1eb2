//! Addition of a parameter that is the same for all examples, such as a bias: the gradient is the sensitivity, summed
//! over the axes along which the parameter is broadcast.

use super::Sum;
use crate::kernels::outer;
use crate::linearize::Linearization;
use crate::tensor::Array;
use crate::trace::{Batch, ValueId};

pub(super) fn add(linearization: &Linearization, node: usize, value: ValueId, sensitivity: &Array, sum: &mut Sum) {
    let graph = linearization.graph();
    let (m, k) = (graph.examples, sensitivity.shape()[0]);
    let output = &graph.values[graph.nodes[node].output];
    let Batch::Split { axis, outer: repeats, inner } = output.batch else {
        unreachable!("a shift is planned only where the output belongs to examples")
    };
    let shift = &graph.values[value].shape;
    // [k, before, outer, m, inner, after..]: the parameter has length one up to the examples' axis.
    let before = output.shape[..axis].iter().product();
    let after = &output.shape[axis + 1..];
    let parts = [&[k, before, repeats, m, inner], after].concat();
    let broadcast = (0..after.len()).filter(|&a| shift[axis + 1 + a] == 1 && after[a] != 1).map(|a| a + 5);
    let mut axes: Vec<usize> = broadcast.collect();
    axes.extend([4, 2, 1]);
    let gradients = sensitivity.clone().reshape(&parts).sum_axes(&axes);
    let width = gradients.elements() / (k * m);
    sum.add(outer(gradients.reshape(&[k * m, width])));
}
