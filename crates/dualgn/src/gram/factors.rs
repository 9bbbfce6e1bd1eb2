//! [`Factors`]: layers whose per-example gradient is a sum of outer products `Σ_t a_t δ_tᵀ` over positions `t`: dense
//! layers, convolutions, embeddings. Two such gradients have their inner product in two ways:
//!
//! ```text
//! materialised   ⟨Σ_t a_t δ_tᵀ, Σ_s a'_s δ'_sᵀ⟩, the sums made first:   2 k m T a b + (km)² a b
//! pairwise       Σ_ts (a_tᵀ a'_s) (δ_tᵀ δ'_s):                          (mT)² a + (kmT)² (b + some)
//! ```
//!
//! for `a` inputs, `b` outputs and `T` positions. The cheaper one is used: the pairwise form for few positions and
//! large weights, as in a dense layer (`T = 1`) or a short sequence, and the materialised form for the patches of an
//! image.

use std::collections::HashMap;

use burn::tensor::DType;

use super::blocks::{Block, blocks, grid};
use super::layout::positions;
use super::plan::{Kind, Part};
use super::sum::Sum;
use super::unfold::Patches;
use super::widened;
use crate::kernels::{Terms, pair_sums};
use crate::linearize::Linearization;
use crate::tensor::Array;
use crate::trace::{Conv, Graph, Node, Op, ValueId};

/// `a` and `δ` of one layer, in `g` independent groups.
pub(super) struct Factors {
    /// `[g, m, T, a]`.
    inputs: Array,
    /// `[g, m, k, T, b]`.
    sensitivities: Array,
}

/// The dimensions of [`Factors`], known before anything is computed.
pub(super) struct Sizes {
    groups: usize,
    examples: usize,
    positions: usize,
    inputs: usize,
    outputs: usize,
}

/// Cost of an element of the pairwise product in addition to its multiplications, in operations: it is written, read,
/// and summed.
const PAIR: f64 = 24.0;

impl Sizes {
    pub(super) fn of(graph: &Graph, part: &Part) -> Self {
        let (node, _) = part.sites[0];
        let shape = |position: usize| graph.values[graph.nodes[node].inputs[position]].shape.as_slice();
        let elements = |value: usize| graph.values[value].shape.iter().product::<usize>();
        let m = graph.examples;
        let site = |node: usize| &graph.nodes[node];
        match part.kind {
            Kind::Convolution | Kind::TransposedConvolution => {
                let weight = shape(1);
                let Op::Conv(conv) = &site(node).op else { unreachable!("planned for convolutions") };
                let groups = Patches::new(conv, weight).groups;
                let (input, inner) = (weight[0] / groups, weight[1..].iter().product());
                let (places, channels, inputs, outputs) = match part.kind {
                    Kind::Convolution => (site(node).output, weight[0], inner, input),
                    _ => (site(node).inputs[0], weight[0], input, inner),
                };
                Self { groups, examples: m, positions: elements(places) / (m * channels), inputs, outputs }
            }
            Kind::Embedding => {
                let tokens = elements(site(node).inputs[1]);
                let (inputs, outputs) = (shape(0)[0].min(tokens), shape(0)[1]);
                Self { groups: 1, examples: m, positions: tokens / m, inputs, outputs }
            }
            _ => {
                let weight = shape(1);
                let (inputs, outputs) = (weight[weight.len() - 2], weight[weight.len() - 1]);
                let positions = part.sites.iter().map(|(node, _)| elements(site(*node).output) / (m * outputs)).sum();
                Self { groups: 1, examples: m, positions, inputs, outputs }
            }
        }
    }

    /// The cost of the materialised form, for the products of `k` rows per example with themselves, of which only half
    /// are computed, or with the rows of another side.
    fn materialised(&self, k: usize, other: Option<(&Sizes, usize)>) -> f64 {
        let weight = (self.groups * self.inputs * self.outputs) as f64;
        let sums = |sizes: &Sizes, k: usize| 2.0 * (k * sizes.examples * sizes.positions) as f64;
        let rows = (k * self.examples) as f64;
        weight
            * match other {
                None => sums(self, k) + rows * rows,
                Some((other, l)) => sums(self, k) + sums(other, l) + 2.0 * rows * (l * other.examples) as f64,
            }
    }

    fn pairwise(&self, k: usize, other: Option<(&Sizes, usize)>) -> f64 {
        let places = |sizes: &Sizes| (sizes.examples * sizes.positions) as f64;
        let (pairs, l) = match other {
            None => (places(self) * places(self), k),
            Some((other, l)) => (2.0 * places(self) * places(other), l),
        };
        self.groups as f64 * pairs * (self.inputs as f64 + (k * l) as f64 * (self.outputs as f64 + PAIR))
    }

    /// Floating-point operations of the cheaper form.
    pub(super) fn flops(&self, k: usize) -> f64 {
        self.materialised(k, None).min(self.pairwise(k, None))
    }
}

impl Factors {
    /// The factors of a part with several positions, given its sensitivities by node.
    pub(super) fn of(
        linearization: &Linearization,
        part: &Part,
        sensitivities: impl Fn(usize) -> Option<Array>,
        vocabulary: &Vocabulary,
    ) -> Option<Self> {
        let each = part.sites.iter().filter_map(|(node, _)| {
            let sensitivity = sensitivities(*node)?;
            Some(Self::at(linearization, part.kind, *node, sensitivity, vocabulary))
        });
        let (inputs, sensitivities): (Vec<Array>, Vec<Array>) =
            each.map(|factors| (factors.inputs, factors.sensitivities)).unzip();
        let joined = |arrays: Vec<Array>, axis: usize| match arrays.len() {
            0 => None,
            1 => arrays.into_iter().next(),
            _ => Some(Array::cat(arrays, axis)),
        };
        Some(Self { inputs: joined(inputs, 2)?, sensitivities: joined(sensitivities, 3)? })
    }

    /// The factors at one site.
    pub(super) fn at(
        linearization: &Linearization,
        kind: Kind,
        node: usize,
        sensitivity: Array,
        vocabulary: &Vocabulary,
    ) -> Self {
        let site = Site { linearization, index: node };
        match (kind, &site.node().op) {
            (Kind::Convolution, Op::Conv(conv)) => site.convolution(conv, sensitivity),
            (Kind::TransposedConvolution, Op::Conv(conv)) => site.transposed_convolution(conv, sensitivity),
            (Kind::Embedding, _) => {
                let inputs = vocabulary.indicators(&site.data(), site.graph().examples, sensitivity.dtype());
                Self { inputs, sensitivities: site.sensitivities(sensitivity) }
            }
            _ => Self {
                inputs: site.positions(site.wide().lift(), site.node().inputs[0]),
                sensitivities: site.sensitivities(sensitivity),
            },
        }
    }

    fn examples(&self) -> usize {
        self.sensitivities.shape()[1]
    }

    /// Number of inputs `a`.
    pub(super) fn features(&self) -> usize {
        self.inputs.shape()[3]
    }

    /// Per-example gradients for some examples and input features, `[g, block, k, features, b]`.
    pub(super) fn gradients(&self, examples: Block, features: Block) -> Array {
        let inputs =
            self.inputs.clone().narrow(1, examples.start, examples.end).narrow(3, features.start, features.end);
        let shape = inputs.shape();
        let inputs = inputs.reshape(&[shape[0], shape[1], 1, shape[2], shape[3]]);
        inputs.transpose().matmul(self.sensitivities.clone().narrow(1, examples.start, examples.end))
    }

    /// Adds the contribution `[m k, m' k']` of two sets of rows; `right` is `None` if they are the same. Working arrays
    /// have about `chunk` numbers.
    pub(super) fn contribute(&self, right: Option<&Factors>, chunk: usize, sum: &mut Sum) {
        let (sizes, k) = self.sizes();
        let other = right.map(Self::sizes);
        let other = other.as_ref().map(|(sizes, k)| (sizes, *k));
        if sizes.materialised(k, other) <= sizes.pairwise(k, other) {
            let k_right = other.map_or(0, |(_, k)| k);
            let rows = k * sizes.examples + right.map_or(0, |right| k_right * right.examples());
            let width = rows * sizes.groups * sizes.outputs;
            for features in blocks(sizes.inputs, chunk / width.max(1)) {
                let rows = |factors: &Factors| {
                    let all = Block { start: 0, end: factors.examples() };
                    let gradients = factors.gradients(all, features);
                    let shape = gradients.shape();
                    // The inner products of the groups are summed, like those of the features.
                    let gradients = if sizes.groups == 1 { gradients } else { gradients.permute(&[1, 2, 0, 3, 4]) };
                    gradients.reshape(&[shape[1] * shape[2], shape[0] * shape[3] * shape[4]])
                };
                sum.add_product(rows(self), right.map(rows));
            }
        } else {
            (0..sizes.groups).for_each(|group| self.pairs(right, group, chunk, sum));
        }
    }

    /// The dimensions, and the rows per example.
    fn sizes(&self) -> (Sizes, usize) {
        let (inputs, shape) = (self.inputs.shape()[3], self.sensitivities.shape());
        let [groups, examples, k, positions, outputs] = [shape[0], shape[1], shape[2], shape[3], shape[4]];
        (Sizes { groups, examples, positions, inputs, outputs }, k)
    }

    /// The pairwise form of one group.
    fn pairs(&self, right: Option<&Factors>, group: usize, chunk: usize, sum: &mut Sum) {
        let of = |array: &Array| array.clone().narrow(0, group, group + 1);
        let part = |factors: &Factors, examples: Block| {
            let inputs = of(&factors.inputs).narrow(1, examples.start, examples.end);
            let sensitivities = of(&factors.sensitivities).narrow(1, examples.start, examples.end);
            let without_group = |array: Array| array.clone().reshape(&array.shape()[1..]);
            Terms { inputs: without_group(inputs), sensitivities: without_group(sensitivities) }
        };
        let other = right.unwrap_or(self);
        let ((sizes, k), (others, l)) = (self.sizes(), other.sizes());
        let side = (chunk / (2 * k * k.max(l) * sizes.positions * others.positions).max(1)) as f64;
        let result = grid(0, sizes.examples, right.map(Self::examples), side.sqrt() as usize, |i, j| {
            let (left, same) = (part(self, i), right.is_none() && i == j);
            let sums = pair_sums(&left, (!same).then(|| part(other, j)).as_ref());
            sums.reshape(&[i.end - i.start, k, j.end - j.start, l])
        });
        sum.add(result.reshape(&[sizes.examples * k, others.examples * l]));
    }
}

/// A node where parameters meet data.
struct Site<'a> {
    linearization: &'a Linearization,
    index: usize,
}

impl<'a> Site<'a> {
    fn graph(&self) -> &'a Graph {
        self.linearization.graph()
    }

    fn node(&self) -> &'a Node {
        &self.graph().nodes[self.index]
    }

    /// The data, as they were kept.
    fn data(&self) -> Array {
        self.linearization.kept(self.index).array(0).clone()
    }

    /// The data in the type of the parameters.
    fn wide(&self) -> Array {
        widened(self.data(), self.linearization)
    }

    /// A stack of values as `[c, m, T, last]`.
    fn positions(&self, stack: Array, value: ValueId) -> Array {
        positions(stack, &self.graph().values[value].batch, self.graph().examples)
    }

    /// Sensitivities `[k, ..]` of the output as `[1, m, k, T, b]`.
    fn sensitivities(&self, sensitivity: Array) -> Array {
        self.positions(sensitivity, self.node().output).permute(&[1, 0, 2, 3]).lift()
    }

    fn convolution(&self, conv: &Conv, sensitivity: Array) -> Factors {
        let patches = self.patches(conv);
        let inputs = patches.of(self.wide(), self.spatial(self.node().output)).lift();
        self.in_groups(inputs, flat(sensitivity), patches.groups)
    }

    /// The patches are those of the output, which the transposed convolution multiplies with its input.
    fn transposed_convolution(&self, conv: &Conv, sensitivity: Array) -> Factors {
        let patches = self.patches(conv);
        let shape = sensitivity.shape();
        let folded = sensitivity.reshape(&[&[shape[0] * shape[1]], &shape[2..]].concat());
        let unfolded = patches.of(folded, self.spatial(self.node().inputs[0]));
        let (channels, places) = (unfolded.shape()[1], unfolded.shape()[2]);
        let outputs = unfolded.reshape(&[shape[0], shape[1], channels, places]);
        self.in_groups(flat(self.wide().lift()), outputs, patches.groups)
    }

    fn patches(&self, conv: &Conv) -> Patches {
        Patches::new(conv, &self.graph().values[self.node().inputs[1]].shape)
    }

    /// The lengths of the spatial axes of a value.
    fn spatial(&self, value: ValueId) -> &'a [usize] {
        &self.graph().values[value].shape[2..]
    }

    /// The factors of the groups of a convolution, from stacks `[c, n, channels, positions]` of inputs and outputs.
    fn in_groups(&self, inputs: Array, outputs: Array, groups: usize) -> Factors {
        let node = self.node();
        let inputs = self.split(inputs, node.inputs[0], groups);
        let shape = inputs.shape();
        let inputs = inputs.reshape(&[shape[0], shape[1], shape[3], shape[4]]);
        Factors { inputs, sensitivities: self.split(outputs, node.output, groups) }
    }

    /// `[c, n, channels, positions]` as `[g, m, c, T, channels of a group]`.
    fn split(&self, stack: Array, value: ValueId, groups: usize) -> Array {
        let shape = stack.shape();
        let by_example = self.positions(stack.permute(&[0, 1, 3, 2]), value);
        let places = by_example.shape()[2];
        let parts = [shape[0], self.graph().examples, places, groups, shape[2] / groups];
        by_example.reshape(&parts).permute(&[3, 1, 0, 2, 4])
    }
}

/// A stack with its spatial axes as one.
fn flat(stack: Array) -> Array {
    let shape = stack.shape();
    let places = shape[3..].iter().product();
    stack.reshape(&[shape[0], shape[1], shape[2], places])
}

/// The tokens that occur, numbered: an embedding is a dense layer on their indicators. Two sets of rows are multiplied
/// with the tokens of both.
#[derive(Default)]
pub(super) struct Vocabulary(HashMap<u64, usize>);

impl Vocabulary {
    /// The tokens of the parts, one part per side; empty if they are no embeddings.
    pub(super) fn of<'a>(parts: impl Iterator<Item = (&'a Linearization, &'a Part)>) -> Self {
        let mut known = HashMap::new();
        for (linearization, part) in parts.filter(|(_, part)| part.kind == Kind::Embedding) {
            for token in tokens(linearization.kept(part.sites[0].0).array(0)) {
                let next = known.len();
                known.entry(token).or_insert(next);
            }
        }
        Self(known)
    }

    /// Indicators of the tokens at each position, `[1, m, T, tokens]`.
    fn indicators(&self, array: &Array, examples: usize, dtype: DType) -> Array {
        let (positions, count) = (tokens(array), self.0.len());
        let mut indicators = vec![0.0; positions.len() * count];
        for (position, token) in positions.iter().enumerate() {
            indicators[position * count + self.0[token]] = 1.0;
        }
        Array::from_f64(&indicators, &[1, examples, positions.len() / examples, count], dtype, &array.device())
    }
}

/// Tokens on the host.
fn tokens(array: &Array) -> Vec<u64> {
    // An index that cannot be read back would have made the forward pass fail.
    let values = array.clone().convert(DType::F64).to_f64().unwrap_or_default();
    values.into_iter().map(f64::to_bits).collect()
}
