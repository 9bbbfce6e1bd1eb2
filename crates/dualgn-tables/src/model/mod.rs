//! A trained model of a table: one file, from which rows are predicted.
//!
//! ```text
//! card.rs        what the model is: network, columns, target, loss
//! predictor.rs   the model itself: reads its file, predicts rows
//! posterior.rs   how sure it is, by its Gauss-Newton matrix
//! predictions.rs outputs as people read them
//! scores.rs      how good predictions are, with intervals
//! ```

mod card;
mod posterior;
mod predictions;
mod predictor;
mod scores;

pub use card::Card;
pub use posterior::{Posterior, coverage};
pub use predictions::Predictions;
pub use predictor::{Passed, Predictor, parse as parse_model};
pub use scores::scores_of;
