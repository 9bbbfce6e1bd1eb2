//! Models of tables: any rows of named cells, what becomes of each column, and a trained model that predicts rows and tests itself.
//!
//! ```text
//! options.rs   what is to be learnt from a table      prepared.rs   the table, read and divided <- studies.rs
//! fit.rs       from there to a model                  explain.rs    what one of its predictions comes from
//! table/       files row by row, what their columns are, and how cells become numbers
//! model/       a trained model in one file: predictions, posterior, scores
//! onnx/        the same for other runtimes
//! ```
//!
//! ```
//! # fn main() -> Result<(), dualgn_io::Failure> {
//! use std::path::Path;
//!
//! use burn::tensor::Device;
//! use dualgn_tables::{Options, Prepared, Room};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let file = folder.path().join("table.csv");
//! # let rows: String = (0..90).map(|i| format!("{},{},{}\n", i % 9, i % 7, 2 * (i % 9) - i % 7)).collect();
//! # std::fs::write(&file, format!("a,b,y\n{rows}")).unwrap();
//! let options = Options { target: Some("y".into()), members: Some(1), ..Options::default() };
//! let prepared = Prepared::new(&file, &options, Room::default(), &mut |_, _| {})?;
//! let model = prepared.fit(&Device::flex())?;
//! let (_, scores) = prepared.test(&model)?;
//! for score in &scores.scores {
//!     println!("{} {:.4}", score.name, score.value.value);
//! }
//! model.save(&folder.path().join("model.safetensors"), "from Rust")?;
//! # assert!(scores.scores[0].value.value < 0.5, "{:?}", scores.scores[0]);
//! # Ok(())
//! # }
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod explain;
mod fit;
pub mod model;
pub mod onnx;
mod options;
mod prepared;
mod studies;
pub mod table;

pub use options::{Options, SplitName};
pub use prepared::{Prepared, Room};
