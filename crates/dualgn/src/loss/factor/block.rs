//! The factor of one example on the host.

/// A `k × r` matrix, applied without forming it where it has structure.
#[derive(Clone)]
pub(super) enum Block {
    Diagonal(Vec<f64>),
    Softmax {
        root: Vec<f64>,
        probabilities: Vec<f64>,
    },
    /// `k × r`, row-major.
    Dense {
        entries: Vec<f64>,
        columns: usize,
    },
    /// A multiple of another.
    Scaled {
        root: f64,
        block: Box<Block>,
    },
    /// Blocks along a diagonal.
    Diagonals(Vec<Block>),
}

impl Block {
    /// `k` and `r`.
    fn dims(&self) -> [usize; 2] {
        match self {
            Self::Diagonal(diagonal) => [diagonal.len(); 2],
            Self::Softmax { root, .. } => [root.len(); 2],
            Self::Dense { entries, columns } => [entries.len() / columns, *columns],
            Self::Scaled { block, .. } => block.dims(),
            Self::Diagonals(blocks) => blocks.iter().map(Self::dims).fold([0; 2], |[k, r], [a, b]| [k + a, r + b]),
        }
    }

    /// `Lᵀ X` for `X` of `k` rows; `to` has `r` rows of the same width.
    pub(super) fn transpose_rows(&self, from: &[f64], width: usize, to: &mut [f64]) {
        let add = |to: &mut [f64], factor: f64, from: &[f64]| {
            for (to, from) in to.iter_mut().zip(from) {
                *to += factor * from;
            }
        };
        to.fill(0.0);
        match self {
            Self::Diagonal(diagonal) => {
                for ((to, from), factor) in to.chunks_exact_mut(width).zip(from.chunks_exact(width)).zip(diagonal) {
                    add(to, *factor, from);
                }
            }
            // Lᵀ x = √q ∘ (x - qᵀ x): the last row holds the sum until its own turn.
            Self::Softmax { root, probabilities } => {
                let (rest, sum) = to.split_at_mut((root.len() - 1) * width);
                for (from, q) in from.chunks_exact(width).zip(probabilities) {
                    add(sum, *q, from);
                }
                let mut rows = from.chunks_exact(width).zip(root);
                for (to, (from, root)) in rest.chunks_exact_mut(width).zip(rows.by_ref()) {
                    for ((to, from), sum) in to.iter_mut().zip(from).zip(sum.iter()) {
                        *to = root * (from - sum);
                    }
                }
                for (from, root) in rows {
                    for (sum, from) in sum.iter_mut().zip(from) {
                        *sum = root * (from - *sum);
                    }
                }
            }
            Self::Scaled { root, block } => {
                block.transpose_rows(from, width, to);
                to.iter_mut().for_each(|value| *value *= root);
            }
            Self::Diagonals(blocks) => {
                let (mut from, mut to) = (from, to);
                for block in blocks {
                    let [k, r] = block.dims();
                    let (own, others) = to.split_at_mut(r * width);
                    block.transpose_rows(&from[..k * width], width, own);
                    (from, to) = (&from[k * width..], others);
                }
            }
            Self::Dense { entries, columns } => {
                for (from, entries) in from.chunks_exact(width).zip(entries.chunks_exact(*columns)) {
                    for (to, entry) in to.chunks_exact_mut(width).zip(entries) {
                        add(to, *entry, from);
                    }
                }
            }
        }
    }

    /// `Lᵀ x` for one vector of `k` numbers.
    pub(super) fn transpose_vector(&self, from: &[f64], to: &mut [f64]) {
        match self {
            Self::Diagonal(diagonal) => {
                for ((to, from), factor) in to.iter_mut().zip(from).zip(diagonal) {
                    *to = factor * from;
                }
            }
            Self::Softmax { root, probabilities } => {
                let sum: f64 = from.iter().zip(probabilities).map(|(x, q)| x * q).sum();
                for ((to, from), root) in to.iter_mut().zip(from).zip(root) {
                    *to = root * (from - sum);
                }
            }
            Self::Dense { .. } | Self::Scaled { .. } | Self::Diagonals(_) => self.transpose_rows(from, 1, to),
        }
    }
}
