//! The uses of a parameter: the sites that it reaches through reshapes, permutations and casts.

use super::graph::{Graph, ValueId};
use super::op::{Layout, Op};

/// One use of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Use<'a> {
    /// The site, and the position among its inputs.
    pub node: usize,
    pub position: usize,
    /// The value read there: the parameter with its axes rearranged.
    pub value: ValueId,
    /// The layout operations that rearranged it, in order.
    pub path: Vec<&'a Layout>,
}

impl Graph {
    /// For each value, the nodes that read it, and the positions among their inputs.
    pub(crate) fn readers(&self) -> Vec<Vec<(usize, usize)>> {
        let mut readers = vec![vec![]; self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for (position, &input) in node.inputs.iter().enumerate() {
                readers[input].push((index, position));
            }
        }
        readers
    }

    /// All uses of a parameter in the order of execution; `None` if an operation other than a reshape, a permutation or
    /// a cast between float types precedes one of them.
    pub(crate) fn uses(&self, readers: &[Vec<(usize, usize)>], parameter: ValueId) -> Option<Vec<Use<'_>>> {
        let mut uses = vec![];
        let mut open = vec![(parameter, vec![])];
        while let Some((value, path)) = open.pop() {
            for &(index, position) in &readers[value] {
                let node = &self.nodes[index];
                if self.is_site(node) {
                    uses.push(Use { node: index, position, value, path: path.clone() });
                    continue;
                }
                match &node.op {
                    Op::Layout(layout @ (Layout::Reshape(_) | Layout::Permute(_))) => {
                        open.push((node.output, [path.as_slice(), &[layout]].concat()));
                    }
                    Op::Cast(_) => open.push((node.output, path.clone())),
                    _ => return None,
                }
            }
        }
        uses.sort_by_key(|found| (found.node, found.position));
        Some(uses)
    }
}
