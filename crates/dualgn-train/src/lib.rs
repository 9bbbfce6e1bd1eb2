//! Training a network by one method: data, batches, objectives, the steps themselves, checkpoints and records.
//!
//! ```text
//! data/          data sets, batches                problem/        objectives: a loss with its targets and its metric
//! subject.rs     what is trained <- supervised.rs  method.rs       who takes the steps <- presets.rs, model.rs
//! specification.rs   data, network, loss and settings, from which a session is made <- comparison.rs (in words)
//! session.rs     what the runs of several methods share <- way.rs
//! trainer.rs     a run, step by step <- taker.rs (<- quasi_newton.rs), schedule.rs, evaluate.rs
//! checkpoint.rs  a moment of a run, to go on from  record.rs       what is measured <- events.rs (TensorBoard), picture.rs
//! run/           a run in a folder, which is recorded as it goes on and can be killed at any moment
//! explain/       what the directions of a run are like   routes.rs     what they cost, one way and another
//! exact.rs       floats in JSON, bit for bit       magnitude.rs    powers of two
//! ```
//!
//! ```
//! # fn main() -> Result<(), dualgn_io::Failure> {
//! use burn::tensor::Device;
//! use dualgn_networks::NetworkChoice;
//! use dualgn_train::problem::ProblemName;
//! use dualgn_train::{Length, Method, Settings, Specification, Trainer};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let file = folder.path().join("network.toml");
//! # std::fs::write(&file, "layers = [{ type = \"dense\", units = 16 }, { type = \"tanh\" }]").unwrap();
//! let study = ProblemName::Diabetes.study(None, None)?;
//! let network = NetworkChoice::File(file);
//! let settings = Settings { length: Some(Length::Epochs(20.0)), ..Settings::default() };
//! let specification = Specification { network: Some(&network), settings, ..Specification::new(&study) };
//! let session = specification.session(&Device::flex())?;
//! # let mut last = f64::INFINITY;
//! for moment in Trainer::new(&session, Method::guided_for(study.loss), 1.0, session.budget, None)? {
//!     if let Some(record) = moment?.record {
//!         println!("after {:>2} steps: loss {:.4}, test {:.2}", record.step, record.train_loss, record.test_metric);
//! #       last = record.train_loss;
//!     }
//! }
//! # assert!(last < 0.2, "{last}");
//! # Ok(())
//! # }
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod checkpoint;
mod comparison;
pub mod data;
mod evaluate;
pub mod events;
mod exact;
pub mod explain;
pub mod magnitude;
mod method;
mod model;
pub mod picture;
mod presets;
pub mod problem;
mod quasi_newton;
pub mod record;
pub mod routes;
pub mod run;
mod schedule;
pub mod scores;
mod session;
mod specification;
mod subject;
mod supervised;
mod taker;
mod trainer;
mod way;

pub use checkpoint::{Checkpoint, Ended, Loaded, WEIGHTS, best_file, folder as checkpoints};
pub use comparison::environment;
pub use method::Method;
pub use model::{ModelName, ProxLinear};
pub use presets::ALL as PRESETS;
pub use schedule::{Budget, Length};
pub use session::{DampingChoice, Session};
pub use specification::{Settings, Specification, check_batch, network_failure};
pub use subject::{Batch, BatchOf, Evaluation, Subject};
pub use supervised::SupervisedLearning;
pub use taker::TakerState;
pub use trainer::{Moment, Trainer};
pub use way::SolverChoice;
