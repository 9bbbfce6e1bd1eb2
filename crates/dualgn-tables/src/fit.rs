//! From a prepared table to a model.

use burn::tensor::Device;
use dualgn_io::Failure;
use dualgn_networks::{Tensors, weights, with_weights};
use dualgn_train::scores::Scores;
use dualgn_train::{Method, Specification, Trainer};

use crate::model::{Card, Predictions, Predictor, scores_of};
use crate::prepared::Prepared;

impl Prepared {
    /// Trains each network by a method that needs no tuning, until its validation rows say that it is enough, and makes the model of their
    /// best weights.
    ///
    /// # Errors
    /// A network cannot be built, or the loss of its validation rows was never finite.
    pub fn fit(&self, device: &Device) -> Result<Predictor, Failure> {
        let method = Method::guided_for(self.studies[0].loss);
        let best = self.studies.iter().map(|study| best(&Specification::new(study), method, device));
        self.model(&Specification::new(&self.studies[0]), method, best.collect::<Result<_, _>>()?, device)
    }

    /// Makes the model of the weights of each network.
    ///
    /// # Errors
    /// The weights are not of such a network, or the loss does not fit the target.
    pub fn model(
        &self,
        specification: &Specification,
        method: Method,
        weights: Vec<Tensors>,
        device: &Device,
    ) -> Result<Predictor, Failure> {
        let Specification { study, loss, quantile, settings, .. } = specification;
        let Some(rule) = loss.prediction_rule(study.task) else {
            return Err(Failure::input(loss.refusal_of_column(&study.target, study.task)));
        };
        let card = Card {
            version: env!("CARGO_PKG_VERSION").into(),
            words: study.words.clone(),
            network: specification.description()?,
            members: weights.len(),
            shape: study.dataset.train.shape.clone(),
            encoder: self.encoder.clone(),
            target: self.target.map.clone(),
            task: study.task,
            loss: *loss,
            quantile: *quantile,
            scale: study.scale(rule),
            damping: settings.damping.unwrap_or(study.damping * method.damping_factor),
        };
        let nets = weights.into_iter().map(|weights| with_weights(specification.model(device)?, weights));
        Ok(Predictor::new(card, nets.collect::<Result<_, Failure>>()?, device))
    }

    /// Predicts the rows that test; returns the predictions, and how good they are.
    ///
    /// # Errors
    /// The rows cannot be read, or the device fails.
    pub fn test(&self, model: &Predictor) -> Result<(Predictions, Scores), Failure> {
        let predictions = model.predictions_of(&self.test)?;
        let scores = scores_of(&model.card, &predictions, &self.test.targets.numbers());
        Ok((predictions, Scores { cells: self.tally.counted(), ..scores }))
    }
}

/// The weights with the lowest loss of the validation rows.
fn best(specification: &Specification, method: Method, device: &Device) -> Result<Tensors, Failure> {
    let session = specification.session(device)?;
    let mut trainer = Trainer::new(&session, method, method.rates[0], session.budget, None)?;
    let (mut best, mut least) = (None, f64::INFINITY);
    while let Some(moment) = trainer.next().transpose()? {
        let record = moment.record.filter(|record| record.train_loss.is_finite());
        let loss = record.map_or(f64::INFINITY, |record| record.test_loss);
        if loss < least {
            (best, least) = (Some(weights(trainer.model())?), loss);
        }
    }
    best.ok_or_else(|| Failure::input("the loss of the validation rows was never finite".into()))
}
