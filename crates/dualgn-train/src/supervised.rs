//! [`SupervisedLearning`]: a network trained on data.

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use dualgn::{ConvexLoss, Network};
use dualgn_io::Failure;
use dualgn_networks::{Net, Tensors, torch};

use super::evaluate::evaluate;
use super::subject::{Batch, BatchOf, Evaluation, Subject};
use crate::data::Batches;
use crate::problem::{NamedLoss, Objective, Part};

/// A network on training and test examples.
pub struct SupervisedLearning {
    /// Loss and metric.
    pub objective: Objective,
    /// The model, traced.
    pub network: Network<Net, Tensor<2>>,
    /// Training examples.
    pub train: Part,
    /// Test examples.
    pub test: Part,
    /// Seed of the order of batches.
    pub seed: u64,
}

impl Subject for SupervisedLearning {
    type Loss = NamedLoss;
    type Model = Net;
    type Inputs = Tensor<2>;
    type Network = Network<Net, Tensor<2>>;
    type Batches = Batches;

    fn loss(&self) -> &NamedLoss {
        &self.objective.loss
    }

    fn network(&self) -> &Self::Network {
        &self.network
    }

    fn examples(&self) -> usize {
        self.train.len()
    }

    fn is_whole(&self, batch: usize) -> bool {
        batch >= self.train.len()
    }

    fn batches(&self, size: usize, step: usize, _: &Tensors) -> Result<Batches, Failure> {
        let mut batches = Batches::new(self.train.len(), size, self.seed)?;
        batches.skip(step);
        Ok(batches)
    }

    fn next(&self, batches: &mut Batches, _: &Net) -> Result<BatchOf<Self>, Failure> {
        let (inputs, targets) = self.train.gather(batches.next_batch())?;
        Ok(Batch { inputs, targets: self.objective.loss.targets(&targets, self.train.device()) })
    }

    /// By Burn's own autodiff, as a user of its optimizers has it.
    fn gradient(&self, model: &Net, batch: &BatchOf<Self>) -> Result<(f64, GradientsParams), dualgn::Error> {
        let outputs = model.forward(Tensor::from_inner(batch.inputs.clone()));
        let loss = self.objective.loss.value(outputs, &batch.targets).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), model);
        Ok((loss.into_scalar::<f64>(), gradients))
    }

    /// As PyTorch has them.
    fn weights(&self, model: &Net) -> Result<Tensors, Failure> {
        torch::to_torch(model)
    }

    fn evaluate(&self, model: &Net) -> Result<Evaluation, Failure> {
        let (train_loss, _) = evaluate(&self.objective, model, &self.train)?;
        let (test_loss, test_metric) = evaluate(&self.objective, model, &self.test)?;
        Ok(Evaluation { train_loss, test_loss, test_metric })
    }
}
