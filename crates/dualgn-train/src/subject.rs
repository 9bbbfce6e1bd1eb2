//! [`Subject`]: what is trained.

use std::path::Path;

use burn::module::Module;
use burn::optim::GradientsParams;
use dualgn::{ConvexLoss, Linearize, ParamVector};
use dualgn_io::Failure;
use dualgn_networks::{Tensors, weights};

use crate::picture::{Portrait, Raster};
use crate::record::Coefficient;

/// A network with its loss, the batches it is trained on, and how good it is.
pub trait Subject {
    /// The loss of the outputs.
    type Loss: ConvexLoss + Clone;
    /// The model.
    type Model: Module;
    /// What goes in.
    type Inputs: Clone;
    /// The model, traced.
    type Network: Linearize<Self::Model, Inputs = Self::Inputs>;
    /// A sequence of batches, and where it is.
    type Batches;

    /// The loss.
    fn loss(&self) -> &Self::Loss;

    /// The traced network.
    fn network(&self) -> &Self::Network;

    /// How many examples or points there are.
    fn examples(&self) -> usize;

    /// Whether a batch of so many is the same at every step.
    fn is_whole(&self, batch: usize) -> bool;

    /// Batches of so many, from a step on; `state` is that of an earlier sequence at this step, if it had any.
    fn batches(&self, size: usize, step: usize, state: &Tensors) -> Result<Self::Batches, Failure>;

    /// The next batch, for a model as it is before its step.
    fn next(&self, batches: &mut Self::Batches, model: &Self::Model) -> Result<BatchOf<Self>, Failure>;

    /// What a later sequence needs to go on as this one would, besides the step.
    fn state(&self, batches: &Self::Batches) -> Tensors {
        let _ = batches;
        Tensors::new()
    }

    /// Loss and gradient on a batch, by the traced network.
    fn traced_gradient(&self, model: &Self::Model, batch: &BatchOf<Self>) -> Result<(f64, ParamVector), dualgn::Error> {
        let at = self.network().linearization(model, batch.inputs.clone(), None)?;
        let (outputs, loss) = (at.outputs(), self.loss());
        let rows = outputs.dims()[0] as f64;
        let value = loss.value(outputs.clone(), &batch.targets).mean().into_scalar::<f64>();
        Ok((value, at.vjp(loss.gradient(outputs, &batch.targets) / rows)?))
    }

    /// Loss and gradient on a batch, for optimizers that step along gradients.
    fn gradient(&self, model: &Self::Model, batch: &BatchOf<Self>) -> Result<(f64, GradientsParams), dualgn::Error> {
        let (loss, gradient) = self.traced_gradient(model, batch)?;
        Ok((loss, gradient.into_gradients()))
    }

    /// How good a model is.
    fn evaluate(&self, model: &Self::Model) -> Result<Evaluation, Failure>;

    /// A picture of a model on its way, if a movie is made.
    fn frame(&self, model: &Self::Model) -> Result<Option<Raster>, Failure> {
        let _ = model;
        Ok(None)
    }

    /// The weights of a model, by the names in its file.
    fn weights(&self, model: &Self::Model) -> Result<Tensors, Failure> {
        weights(model)
    }

    /// Pictures of a result, from the first model to the last, whose files are written into a folder.
    fn portrait(&self, models: [&Self::Model; 2], folder: &Path) -> Result<Portrait, Failure> {
        let _ = (models, folder);
        Ok(Portrait::default())
    }

    /// Returns what a method found for the unknown coefficients of an equation, if it has any.
    ///
    /// # Errors
    /// Fails if the device does.
    fn coefficients(&self, model: &Self::Model, method: &str) -> Result<Vec<Coefficient>, Failure> {
        let _ = (model, method);
        Ok(vec![])
    }
}

/// A batch on the device.
pub struct Batch<I, T> {
    /// Inputs of the network.
    pub inputs: I,
    /// Targets of the loss.
    pub targets: T,
}

/// That of a subject.
pub type BatchOf<S> = Batch<<S as Subject>::Inputs, <<S as Subject>::Loss as ConvexLoss>::Target>;

/// An evaluation.
pub struct Evaluation {
    /// Loss on what is trained on.
    pub train_loss: f64,
    /// Loss on what is not.
    pub test_loss: f64,
    /// The problem's metric there.
    pub test_metric: f64,
}
