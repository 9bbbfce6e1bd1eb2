//! Examples: a [`Split`] is one part, training or test, of a data set.

use super::error::DataError;
use super::input_rows::InputRows;
use super::standardise::Scale;

/// Examples that go through a network at a time, so that the activations of a large part need not fit the memory.
pub const CHUNK: usize = 4096;

/// What a model should answer, one entry an example.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Class labels, counted from 0; for yes or no, 1 is yes.
    Classes(Vec<i64>),
    /// Real values, in double precision: an offset such as that of seconds from 1970 takes most digits of single precision.
    Values(Vec<f64>),
}

impl Targets {
    /// Number of examples.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(labels) => labels.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same with numbers scaled; classes stay as they are.
    pub fn scaled(&self, scale: Scale) -> Self {
        match self {
            Self::Classes(labels) => Self::Classes(labels.clone()),
            Self::Values(values) => Self::Values(values.iter().map(|&value| scale.apply(value)).collect()),
        }
    }

    /// Each as a number: a value, or the position of a class.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Self::Classes(labels) => labels.iter().map(|&label| label as f64).collect(),
            Self::Values(values) => values.clone(),
        }
    }

    /// The targets of the examples `indices`, in that order.
    ///
    /// # Panics
    /// An index is not below [`len`](Self::len).
    pub fn gather(&self, indices: &[usize]) -> Self {
        match self {
            Self::Classes(labels) => Self::Classes(indices.iter().map(|&i| labels[i]).collect()),
            Self::Values(values) => Self::Values(indices.iter().map(|&i| values[i]).collect()),
        }
    }
}

/// One part of a data set. Letter: `m` examples.
#[derive(Debug, Clone)]
pub struct Split {
    /// Row-major `[m, shape…]`.
    pub inputs: InputRows,
    /// The shape of one example: `[64]` for a table, `[1, 28, 28]` (channel, row, column) for images.
    pub shape: Vec<usize>,
    /// `m` targets.
    pub targets: Targets,
}

impl Split {
    /// Number of examples.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in the input of one example: the product of `shape`.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// The examples `indices`, in that order: inputs row-major `[indices.len(), shape…]`, and targets.
    ///
    /// # Errors
    /// The inputs are on disk, and it cannot be read.
    ///
    /// # Panics
    /// An index is not below [`len`](Self::len).
    pub fn gather(&self, indices: &[usize]) -> Result<(Vec<f32>, Targets), DataError> {
        Ok((self.inputs.gather(self.features(), indices)?, self.targets.gather(indices)))
    }

    /// The examples `indices` as a part of their own. Errors and panics as of [`gather`](Self::gather).
    pub fn pick(&self, indices: &[usize]) -> Result<Self, DataError> {
        Ok(Self {
            inputs: self.inputs.pick(self.features(), indices)?,
            shape: self.shape.clone(),
            targets: self.targets.gather(indices),
        })
    }

    /// The inputs of so many examples at a time, in their order.
    pub fn chunks(&self, examples: usize) -> impl Iterator<Item = Result<Vec<f32>, DataError>> {
        (0..self.len()).step_by(examples).map(move |start| {
            let rows: Vec<usize> = (start..(start + examples).min(self.len())).collect();
            self.inputs.gather(self.features(), &rows)
        })
    }

    /// All inputs.
    #[cfg(test)]
    pub fn values(&self) -> Vec<f32> {
        self.gather(&(0..self.len()).collect::<Vec<_>>()).unwrap().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_examples(targets: Targets) -> Split {
        Split { inputs: vec![0.0, 0.5, 1.0, 1.5, 2.0, 2.5].into(), shape: vec![1, 2], targets }
    }

    #[test]
    fn gather_takes_inputs_and_targets_in_the_order_asked() {
        let split = three_examples(Targets::Classes(vec![7, 8, 9]));
        let (inputs, targets) = split.gather(&[2, 0, 2]).unwrap();
        assert_eq!(inputs, [2.0, 2.5, 0.0, 0.5, 2.0, 2.5]);
        assert_eq!(targets, Targets::Classes(vec![9, 7, 9]));
    }

    #[test]
    fn what_is_picked_has_the_examples_asked_for() {
        let split = three_examples(Targets::Values(vec![-1.0, 0.0, 1.0]));
        assert_eq!((split.len(), split.features()), (3, 2));
        let picked = split.pick(&[2, 1]).unwrap();
        assert_eq!(picked.gather(&[0, 1]).unwrap(), split.gather(&[2, 1]).unwrap());
    }

    #[test]
    fn chunks_are_all_examples_in_their_order() {
        let split = three_examples(Targets::Values(vec![-1.0, 0.0, 1.0]));
        let chunks: Vec<Vec<f32>> = split.chunks(2).map(Result::unwrap).collect();
        assert_eq!(chunks, [vec![0.0, 0.5, 1.0, 1.5], vec![2.0, 2.5]]);
    }

    #[test]
    fn gather_of_nothing_is_empty() {
        let (inputs, targets) = three_examples(Targets::Classes(vec![7, 8, 9])).gather(&[]).unwrap();
        assert!(inputs.is_empty());
        assert_eq!(targets, Targets::Classes(vec![]));
    }
}
