//! [`Card`]: what a model is, besides its weights. It stands in the seal of the file that holds them.

use dualgn_networks::{Category, Description, Net, NetworkError};
use dualgn_train::data::Scale;
use dualgn_train::problem::{LossName, Task};
use serde::{Deserialize, Serialize};

use crate::table::{Encoder, TargetMap};

/// What a model is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Card {
    /// Version of the program that wrote it.
    pub version: String,
    /// The data and how many rows were trained on, in words.
    pub words: String,
    /// The network.
    pub network: Description,
    /// How many of it there are, whose answers are averaged.
    pub members: usize,
    /// The shape of an example: numbers in a row, or channels, rows and columns of an image.
    pub shape: Vec<usize>,
    /// How cells become its inputs.
    pub encoder: Encoder,
    /// How the target became numbers.
    pub target: TargetMap,
    /// What the target is.
    pub task: Task,
    /// The loss's name.
    pub loss: LossName,
    /// The quantile of the loss of that name.
    pub quantile: f64,
    /// How the target was scaled.
    pub scale: Scale,
    /// Damping for each unit of loss, of the directions it was trained by.
    pub damping: f64,
}

/// Networks at most.
const MEMBERS: usize = 1000;

impl Card {
    /// Reads the card of a file; or what is wrong with it, as the end of a sentence.
    pub fn parse(card: serde_json::Value) -> Result<Self, String> {
        let card: Self = serde_json::from_value(card).map_err(|error| format!("is no sound model ({error})"))?;
        let size = card.shape.iter().try_fold(1usize, |size, &dim| size.checked_mul(dim));
        if size != Some(card.encoder.width()) {
            return Err(format!("is no sound model (inputs of the shape {:?})", card.shape));
        }
        match card.members {
            1..=MEMBERS => Ok(card),
            other => Err(format!("is no sound model (of {other} networks)")),
        }
    }

    /// The categories of the inputs.
    pub fn categories(&self) -> Vec<Category> {
        self.encoder.categories()
    }

    /// The network with random weights.
    ///
    /// # Errors
    /// The description does not fit the columns.
    pub fn net(&self, device: &burn::tensor::Device) -> Result<Net, NetworkError> {
        Net::new(&self.network, &self.shape, &self.categories(), self.target.outputs(), device)
    }
}
