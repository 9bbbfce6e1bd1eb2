//! Models of tables: any rows of named cells, what becomes of each column, and a trained model that predicts rows and tests itself.
//!
//! ```text
//! table/   files row by row, what their columns are, and how cells become numbers
//! model/   a trained model in one file: predictions, posterior, scores
//! onnx/    the same for other runtimes
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod model;
pub mod onnx;
pub mod table;
