//! Runs in folders: what a program needs around a [`Trainer`](crate::Trainer) so that a run is recorded while it goes on, can be killed at any
//! moment, and goes on from there to the same weights.
//!
//! ```text
//! folder.rs      the folder of a run, which belongs to one program at a time <- lock.rs, belongings.rs, first_version.rs
//! rate.rs        a learning rate, and what it was chosen of <- trial.rs
//! recorder.rs    evaluations, steps and events as they happen <- lines.rs, keep.rs (checkpoints)
//! summary.rs     what was measured, written at the end
//! ```
//!
//! ```
//! # fn main() -> Result<(), dualgn_io::Failure> {
//! use burn::tensor::Device;
//! use dualgn_train::problem::ProblemName;
//! use dualgn_train::run::{Program, Rate, Recorder, RunFolder, TrialRun};
//! use dualgn_train::{Checkpoint, Length, Method, Settings, Specification, Trainer, checkpoints};
//!
//! # let temporary = tempfile::tempdir().unwrap();
//! # let path = temporary.path().join("run");
//! let study = ProblemName::Diabetes.study(None, None)?;
//! let settings = Settings { length: Some(Length::Epochs(10.0)), ..Settings::default() };
//! let session = Specification { settings, ..Specification::new(&study) }.session(&Device::flex())?;
//! let mut folder = RunFolder::claim(Some(&path), &path, false, Program::new(vec!["my-program".into()]))?;
//! folder.sign()?;
//!
//! let method = Method::named("adam").expect("it is a preset");
//! let mut trials = vec![];
//! for &rate in method.rates {
//!     let mut trial = TrialRun::new(&session, method, rate, session.budget)?;
//!     for moment in &mut trial {
//!         moment?;
//!     }
//!     trials.push(trial.trial());
//! }
//! let rate = Rate::best(method, trials);
//!
//! folder.begin()?;
//! let identity = "adam on diabetes";
//! let mut trainer = Trainer::new(&session, method, rate.rate, session.budget, None)?;
//! let recorder = Recorder::start(folder.path(), identity, method, study.task.metric(), None)?;
//! let mut recorder = recorder.keeping(60.0);
//! while let Some(moment) = trainer.next() {
//!     recorder.note(&moment?, &trainer)?;
//! }
//! let run = recorder.finish(&trainer, rate);
//! folder.finish()?;
//! # assert!(run.settings.contains(&format!("chosen of {}", method.rates.len())), "{}", run.settings);
//!
//! // What a killed run would go on from.
//! let last = Checkpoint::load(&checkpoints(folder.path()), identity)?.expect("the run has ended");
//! assert_eq!(last.checkpoint.records, run.records);
//! # assert_eq!(last.checkpoint.step, run.records.last().unwrap().step);
//! # Ok(())
//! # }
//! ```

mod belongings;
mod first_version;
mod folder;
mod keep;
mod lines;
mod lock;
mod rate;
mod recorder;
mod summary;
mod trial;

pub use belongings::{CONFIGURATION, PAGE, SUMMARY, TEST, network_folder, refuse_own};
pub use first_version::is_of_the_first_version;
pub use folder::{Program, RunFolder};
pub use lines::steps;
pub use lock::Owner;
pub use rate::Rate;
pub use recorder::Recorder;
pub use summary::{read_comparison, write_comparison};
pub use trial::TrialRun;
