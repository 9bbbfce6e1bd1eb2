//! From a loss's name to its type.

use burn::tensor::{Int, Tensor};
use dualgn::{
    Absolute, ClassTargets, ConvexLoss, Gamma, Hinge, Huber, LogCosh, Logistic, MultiLabel, MulticlassHinge, Poisson,
    Quantile, SmoothedMulticlassHinge, SoftmaxCrossEntropy, Squared, SquaredHinge,
};

use super::{Encode, LABEL_SMOOTHING, LossName};

/// What is done with a loss of any type.
pub trait WithLoss {
    /// What comes of it.
    type Output;

    /// Does it.
    fn with<L: ConvexLoss + Clone>(self, loss: L, encode: Encode<L::Target>) -> Self::Output;
}

/// Does something with the loss of a name. `outputs` are those of the network; `quantile` is that of the loss of this name.
pub fn with_loss<W: WithLoss>(name: LossName, quantile: f64, outputs: usize, work: W) -> W::Output {
    match name {
        LossName::Squared => numbers(work, Squared),
        LossName::Absolute => numbers(work, Absolute),
        LossName::Huber => numbers(work, Huber::default()),
        LossName::Quantile => numbers(work, Quantile { level: quantile }),
        LossName::LogCosh => numbers(work, LogCosh),
        LossName::Poisson => numbers(work, Poisson),
        LossName::Gamma => numbers(work, Gamma),
        LossName::Logistic if outputs == 1 => numbers(work, Logistic),
        LossName::Logistic => numbers(work, MultiLabel(Logistic)),
        LossName::Hinge if outputs == 1 => numbers(work, Hinge),
        LossName::Hinge => numbers(work, MultiLabel(Hinge)),
        LossName::SquaredHinge if outputs == 1 => numbers(work, SquaredHinge),
        LossName::SquaredHinge => numbers(work, MultiLabel(SquaredHinge)),
        LossName::Softmax => classes(work, SoftmaxCrossEntropy),
        LossName::SmoothedSoftmax => {
            let smooth = |classes| ClassTargets::Smoothed { classes, smoothing: LABEL_SMOOTHING };
            work.with(SoftmaxCrossEntropy, Encode::Classes(smooth))
        }
        LossName::MulticlassHinge => classes(work, MulticlassHinge),
        LossName::SmoothedMulticlassHinge => classes(work, SmoothedMulticlassHinge::default()),
    }
}

/// A loss whose targets are numbers, one an output.
fn numbers<W: WithLoss, L: ConvexLoss + Clone>(work: W, loss: L) -> W::Output
where
    Tensor<2>: Into<L::Target>,
{
    work.with(loss, Encode::Numbers(Into::into))
}

/// A loss whose targets are classes.
fn classes<W: WithLoss, L: ConvexLoss + Clone>(work: W, loss: L) -> W::Output
where
    Tensor<1, Int>: Into<L::Target>,
{
    work.with(loss, Encode::Classes(Into::into))
}
