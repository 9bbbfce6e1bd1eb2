//! [`ClassTargets`]: one of several classes, or a distribution over them.

use burn::tensor::{IndexingUpdateOp, Int, Tensor};

use super::{matching, on_device, read, validate_real};
use crate::error::{DeviceError, Error, LossError};

/// Targets of losses over `k` classes. Tensors of classes or of probabilities convert into it.
#[derive(Clone, Debug)]
pub enum ClassTargets {
    /// One class per example, `[m]`, from 0 to `k - 1`.
    Classes(Tensor<1, Int>),
    /// Soft labels: a distribution over the classes for each example, `[m, k]`, with rows that sum to one.
    Probabilities(Tensor<2>),
    /// Label smoothing: probability `1 - smoothing + smoothing / k` for the class, and `smoothing / k` for each other
    /// class.
    Smoothed {
        /// One class per example, `[m]`.
        classes: Tensor<1, Int>,
        /// The smoothing, in `[0, 1)`.
        smoothing: f64,
    },
}

impl From<Tensor<1, Int>> for ClassTargets {
    fn from(classes: Tensor<1, Int>) -> Self {
        Self::Classes(classes)
    }
}

impl From<Tensor<2>> for ClassTargets {
    fn from(probabilities: Tensor<2>) -> Self {
        Self::Probabilities(probabilities)
    }
}

/// The tolerance within which the rows of a distribution must sum to one: the rounding of f32 probabilities.
const SUM_TOLERANCE: f64 = 1e-4;

/// Checks targets for outputs of shape `[m, k]`.
pub(super) fn validate(outputs: [usize; 2], targets: &ClassTargets) -> Result<(), Error> {
    match targets {
        ClassTargets::Classes(classes) => validate_classes(outputs, classes),
        ClassTargets::Probabilities(probabilities) => validate_probabilities(outputs, probabilities),
        ClassTargets::Smoothed { classes, smoothing } => {
            let fits = (0.0..1.0).contains(smoothing);
            super::validate_parameter("label smoothing", *smoothing, fits, "at least 0 and below 1")?;
            validate_classes(outputs, classes)
        }
    }
}

/// Returns an error for a network with fewer than two outputs.
pub(super) fn check_outputs(found: usize) -> Result<(), LossError> {
    if found >= 2 {
        return Ok(());
    }
    let expected = "at least two, one a class; for a single yes-or-no output use the logistic loss or the hinge";
    Err(LossError::Outputs { found, expected })
}

/// `x + s y` with `y` the targets as points of the simplex, without forming the one-hot vectors of classes.
pub(super) fn add_targets(x: Tensor<2>, targets: &ClassTargets, sign: f64) -> Tensor<2> {
    match targets {
        ClassTargets::Classes(classes) => add_at(x, classes, sign),
        ClassTargets::Probabilities(probabilities) => x.clone() + matching(probabilities, &x) * sign,
        ClassTargets::Smoothed { classes, smoothing } => {
            let [_, k] = x.dims();
            add_at(x + sign * smoothing / k as f64, classes, sign * (1.0 - smoothing))
        }
    }
}

/// `x` with `amount` added at the class of each example.
pub(super) fn add_at(x: Tensor<2>, classes: &Tensor<1, Int>, amount: f64) -> Tensor<2> {
    let [examples, _] = x.dims();
    let amounts = Tensor::<2>::full([examples, 1], amount, (&x.device(), x.dtype()));
    let classes = on_device(classes.clone(), &x);
    x.scatter(1, classes.unsqueeze_dim(1), amounts, IndexingUpdateOp::Add)
}

/// The entries of `x` at the class of each example, `[m, 1]`.
pub(super) fn pick(x: Tensor<2>, classes: &Tensor<1, Int>) -> Tensor<2> {
    let classes = on_device(classes.clone(), &x);
    x.gather(1, classes.unsqueeze_dim(1))
}

/// The targets as points of the simplex on the host, `[m, k]` row-major.
pub(super) fn read_points([examples, k]: [usize; 2], targets: &ClassTargets) -> Result<Vec<f64>, Error> {
    let (classes, smoothing) = match targets {
        ClassTargets::Probabilities(probabilities) => return read(probabilities),
        ClassTargets::Classes(classes) => (classes, 0.0),
        ClassTargets::Smoothed { classes, smoothing } => (classes, *smoothing),
    };
    let mut points = vec![smoothing / k as f64; examples * k];
    for (row, class) in points.chunks_exact_mut(k).zip(read_classes(classes)?) {
        row[class] += 1.0 - smoothing;
    }
    Ok(points)
}

/// Validated classes on the host.
pub(super) fn read_classes(classes: &Tensor<1, Int>) -> Result<Vec<usize>, Error> {
    let data = classes.clone().try_into_data().map_err(DeviceError::from)?;
    Ok(data.iter::<i64>().map(|class| class as usize).collect())
}

/// Checks that there is one class per example, from 0 to `k - 1`.
pub(super) fn validate_classes([examples, k]: [usize; 2], classes: &Tensor<1, Int>) -> Result<(), Error> {
    let [found] = classes.dims();
    if found != examples {
        return Err(LossError::Shape {
            outputs: vec![examples, k],
            found: vec![found],
            expected: format!("one class an example, shape [{examples}]"),
        }
        .into());
    }
    let values: Vec<i64> = classes.clone().try_into_data().map_err(DeviceError::from)?.iter::<i64>().collect();
    match values.iter().position(|&class| class < 0 || class >= k as i64) {
        Some(index) => Err(LossError::ClassRange { index, class: values[index], classes: k }.into()),
        None => Ok(()),
    }
}

fn validate_probabilities(outputs: [usize; 2], probabilities: &Tensor<2>) -> Result<(), Error> {
    let values = validate_real(outputs, probabilities)?;
    if let Some(index) = values.iter().position(|&value| value < 0.0) {
        let expected = "probabilities, which are not negative";
        return Err(LossError::Range { index, value: values[index], expected }.into());
    }
    let [_, k] = outputs;
    let sums = values.chunks_exact(k).map(|row| row.iter().sum::<f64>());
    for (row, sum) in sums.enumerate() {
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            let expected = "probabilities that sum to one for each example (the value is the sum of the example's row)";
            return Err(LossError::Range { index: row, value: sum, expected }.into());
        }
    }
    Ok(())
}
