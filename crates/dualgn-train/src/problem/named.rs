//! [`NamedLoss`]: a loss of the library that is chosen by its name while the program runs, as one type.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::error::LossError;
use dualgn::loss::{
    Absolute, BinaryTargets, ClassTargets, CountTargets, CurvatureFactor, DualUpdate, Gamma, Hinge, Huber, LogCosh,
    Logistic, Margin, MultiLabel, MulticlassHinge, Poisson, Quantile, SmoothedMulticlassHinge, SoftmaxCrossEntropy,
    Squared, SquaredHinge,
};
use dualgn::{ConvexLoss, Error};

use super::{LABEL_SMOOTHING, LossName};
use crate::data::Targets;

/// A loss by name. Its targets are [`TargetTensor`]s, which become what the loss itself takes.
#[derive(Clone)]
pub struct NamedLoss {
    kind: Kind,
    outputs: usize,
}

/// A loss, by what its targets are.
#[derive(Clone)]
enum Kind {
    Numbers(Arc<dyn ConvexLoss<Target = Tensor<2>>>),
    Counts(Arc<dyn ConvexLoss<Target = CountTargets>>),
    Answers(Arc<dyn ConvexLoss<Target = BinaryTargets>>),
    /// With the label smoothing.
    Distributions(Arc<dyn ConvexLoss<Target = ClassTargets>>, f64),
    Classes(Arc<dyn ConvexLoss<Target = Tensor<1, Int>>>),
}

/// Targets of some examples on a device.
#[derive(Clone, Debug)]
pub enum TargetTensor {
    /// The class of each example, `[m]`.
    Classes(Tensor<1, Int>),
    /// A number for each output, `[m, k]`: a real target, or 1 for the right class and 0 for the others.
    Numbers(Tensor<2>),
}

/// Runs an expression with the loss in its own type, and with its own targets where some are given.
macro_rules! typed {
    ($named:ident, |$loss:ident| $run:expr) => {
        match &$named.kind {
            Kind::Numbers($loss) => $run,
            Kind::Counts($loss) => $run,
            Kind::Answers($loss) => $run,
            Kind::Distributions($loss, _) => $run,
            Kind::Classes($loss) => $run,
        }
    };
    ($named:ident, $targets:ident, |$loss:ident, $own:ident| $run:expr) => {
        match &$named.kind {
            Kind::Numbers($loss) => {
                let $own = &$targets.numbers($named.outputs);
                $run
            }
            Kind::Counts($loss) => {
                let $own = &$targets.numbers($named.outputs).into();
                $run
            }
            Kind::Answers($loss) => {
                let $own = &$targets.numbers($named.outputs).into();
                $run
            }
            Kind::Distributions($loss, smoothing) => {
                let $own = &$targets.distributions(*smoothing);
                $run
            }
            Kind::Classes($loss) => {
                let $own = &$targets.classes();
                $run
            }
        }
    };
}

impl NamedLoss {
    /// Returns the loss of a name for so many outputs of the network; `quantile` is the level of the loss of this name.
    pub fn new(name: LossName, quantile: f64, outputs: usize) -> Self {
        let answers = |one: Arc<dyn ConvexLoss<Target = BinaryTargets>>, several| {
            Kind::Answers(if outputs == 1 { one } else { several })
        };
        let kind = match name {
            LossName::Squared => Kind::Numbers(Arc::new(Squared)),
            LossName::Absolute => Kind::Numbers(Arc::new(Absolute)),
            LossName::Huber => Kind::Numbers(Arc::new(Huber::default())),
            LossName::Quantile => Kind::Numbers(Arc::new(Quantile { level: quantile })),
            LossName::LogCosh => Kind::Numbers(Arc::new(LogCosh)),
            LossName::Gamma => Kind::Numbers(Arc::new(Gamma)),
            LossName::Poisson => Kind::Counts(Arc::new(Poisson)),
            LossName::Logistic => answers(Arc::new(Logistic), Arc::new(MultiLabel(Logistic))),
            LossName::Hinge => answers(Arc::new(Hinge), Arc::new(MultiLabel(Hinge))),
            LossName::SquaredHinge => answers(Arc::new(SquaredHinge), Arc::new(MultiLabel(SquaredHinge))),
            LossName::Softmax => Kind::Distributions(Arc::new(SoftmaxCrossEntropy), 0.0),
            LossName::SmoothedSoftmax => Kind::Distributions(Arc::new(SoftmaxCrossEntropy), LABEL_SMOOTHING),
            LossName::MulticlassHinge => Kind::Classes(Arc::new(MulticlassHinge)),
            LossName::SmoothedMulticlassHinge => Kind::Classes(Arc::new(SmoothedMulticlassHinge::default())),
        };
        Self { kind, outputs }
    }

    /// Whether its targets are the classes of examples, rather than a number for each output.
    pub fn takes_classes(&self) -> bool {
        matches!(self.kind, Kind::Distributions(..) | Kind::Classes(_))
    }

    /// Moves targets to the device, as the loss takes them.
    pub fn targets(&self, targets: &Targets, device: &Device) -> TargetTensor {
        match targets {
            Targets::Classes(classes) if self.takes_classes() => {
                TargetTensor::Classes(Tensor::from_data(TensorData::from(classes.as_slice()), device))
            }
            targets => TargetTensor::Numbers(numbers(targets, self.outputs, device)),
        }
    }
}

impl TargetTensor {
    /// A number for each output; classes become 1 for the right one and 0 for the others.
    fn numbers(&self, outputs: usize) -> Tensor<2> {
        match self {
            Self::Numbers(numbers) => numbers.clone(),
            Self::Classes(classes) if outputs == 1 => classes.clone().float().unsqueeze_dim(1),
            Self::Classes(classes) => classes.clone().one_hot::<2>(outputs).float(),
        }
    }

    /// The class of each example; of numbers, the output with the largest.
    fn classes(&self) -> Tensor<1, Int> {
        match self {
            Self::Classes(classes) => classes.clone(),
            Self::Numbers(numbers) => numbers.clone().argmax(1).squeeze_dim(1),
        }
    }

    fn distributions(&self, smoothing: f64) -> ClassTargets {
        match self {
            Self::Classes(classes) if smoothing > 0.0 => ClassTargets::Smoothed { classes: classes.clone(), smoothing },
            Self::Classes(classes) => ClassTargets::Classes(classes.clone()),
            Self::Numbers(numbers) => ClassTargets::Probabilities(numbers.clone()),
        }
    }
}

impl ConvexLoss for NamedLoss {
    type Target = TargetTensor;

    fn check_outputs(&self, outputs: usize) -> Result<(), LossError> {
        typed!(self, |loss| loss.check_outputs(outputs))
    }

    fn validate(&self, outputs: [usize; 2], targets: &TargetTensor) -> Result<(), Error> {
        typed!(self, targets, |loss, own| loss.validate(outputs, own))
    }

    fn value(&self, outputs: Tensor<2>, targets: &TargetTensor) -> Tensor<1> {
        typed!(self, targets, |loss, own| loss.value(outputs, own))
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &TargetTensor) -> Tensor<2> {
        typed!(self, targets, |loss, own| loss.gradient(outputs, own))
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &TargetTensor) -> Option<CurvatureFactor> {
        typed!(self, targets, |loss, own| loss.curvature(outputs, own))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &TargetTensor) -> Tensor<1> {
        typed!(self, targets, |loss, own| loss.conjugate(dual, own))
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &TargetTensor) -> Tensor<1> {
        typed!(self, targets, |loss, own| loss.domain_violation(dual, own))
    }

    fn is_shift_invariant(&self) -> bool {
        typed!(self, |loss| loss.is_shift_invariant())
    }

    fn dual_update(&self, outputs: [usize; 2], targets: &TargetTensor) -> Result<Option<DualUpdate>, Error> {
        typed!(self, targets, |loss, own| loss.dual_update(outputs, own))
    }

    fn margin(&self, outputs: Tensor<2>, targets: &TargetTensor) -> Option<Margin> {
        typed!(self, targets, |loss, own| loss.margin(outputs, own))
    }
}

/// One number for each output: the target itself; 0 or 1 for no or yes; 1 for the right class and 0 for each other.
fn numbers(targets: &Targets, outputs: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = match targets {
        // Scaled in double precision: what is lost here is a part of the deviation, not of the target.
        Targets::Values(values) => values.iter().map(|&value| value as f32).collect(),
        Targets::Classes(answers) if outputs == 1 => answers.iter().map(|&answer| answer as f32).collect(),
        Targets::Classes(classes) => {
            let mut values = vec![0.0; classes.len() * outputs];
            for (row, &class) in values.chunks_exact_mut(outputs).zip(classes) {
                row[class as usize] = 1.0;
            }
            values
        }
    };
    Tensor::from_data(TensorData::new(values, [targets.len(), outputs]), device)
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn classes_become_one_number_an_output() {
        let read = |targets, outputs| {
            let tensor = numbers(&targets, outputs, &Device::flex());
            (tensor.dims(), tensor.into_data().iter::<f32>().collect::<Vec<_>>())
        };
        let one_hot = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0];
        assert_eq!(read(Targets::Classes(vec![2, 0]), 3), ([2, 3], one_hot.to_vec()));
        assert_eq!(read(Targets::Classes(vec![1, 0]), 1), ([2, 1], vec![1.0, 0.0]));
        assert_eq!(read(Targets::Values(vec![2.5]), 1), ([1, 1], vec![2.5]));
    }

    /// By the definitions, at the outputs (1, 2) and the class 0: one example of each loss that takes classes or answers.
    #[test]
    fn each_name_has_its_own_loss() {
        let device = Device::flex();
        let outputs = |values: [f32; 2]| Tensor::<2>::from_data([values], &device);
        let value = |name: LossName, targets: Targets, k: usize| {
            let loss = NamedLoss::new(name, 0.5, k);
            let targets = loss.targets(&targets, &device);
            let outputs = outputs([1.0, 2.0]).narrow(1, 0, k);
            loss.validate([1, k], &targets).unwrap();
            loss.value(outputs, &targets).into_scalar::<f32>()
        };
        let (classes, answer, number) =
            (|| Targets::Classes(vec![0]), || Targets::Classes(vec![0]), || Targets::Values(vec![3.0]));
        let e = std::f32::consts::E;
        let expected = [
            (LossName::Squared, number(), 1, 2.0),
            (LossName::Absolute, number(), 1, 2.0),
            (LossName::Huber, number(), 1, 1.5),
            (LossName::Quantile, number(), 1, 1.0),
            (LossName::LogCosh, number(), 1, 2f32.cosh().ln()),
            (LossName::Poisson, number(), 1, e - 3.0),
            (LossName::Gamma, number(), 1, 3.0 / e - 3f32.ln()),
            (LossName::Logistic, answer(), 1, (1.0 + e).ln()),
            (LossName::Hinge, answer(), 1, 2.0),
            (LossName::SquaredHinge, answer(), 1, 2.0),
            (LossName::Softmax, classes(), 2, (1.0 + e).ln()),
            (LossName::SmoothedSoftmax, classes(), 2, (1.0 + e).ln() - 0.05),
            (LossName::MulticlassHinge, classes(), 2, 2.0),
        ];
        for (name, targets, k, expected) in expected {
            let found = value(name, targets, k);
            assert!((found - expected).abs() < 1e-5, "{name}: {found} instead of {expected}");
        }
        for &name in LossName::VARIANTS {
            let takes = NamedLoss::new(name, 0.5, 2).takes_classes();
            let classes = name.to_string().contains("softmax") || name.to_string().contains("multiclass");
            assert_eq!(takes, classes, "{name}");
        }
    }
}
