//! Equations and shapes: networks as functions of space, trained on residuals at points.
//!
//! ```text
//! network.rs    a network from points to numbers <- embedding.rs (what it sees of a point: waves, units)
//! problem.rs    what is solved: terms of residuals on regions, and the solution <- penalty.rs (what residuals cost)
//! problems/     the equations and shapes by name
//! equations/    problems from files of equations
//! formula/      formulas as text, and what is computed for them: at points, by networks
//! points.rs     where the residuals are taken, and when they are drawn anew
//! size.rs       the memory that a run takes
//! specification.rs   a problem with its network, its points and settings, from which a session is made
//! solve.rs      a problem as something to train
//! solution.rs   formulas of a trained network at any points
//! posterior.rs  standard deviations of unknown coefficients
//! portrait.rs   pictures and files of the result <- planes.rs (formulas on planes, of view.rs), render.rs (a shaded surface), viewer.rs (one that can be turned)
//! geometry/     points in regions, and surfaces
//! ```
//!
//! ```
//! # fn main() -> Result<(), dualgn_io::Failure> {
//! use burn::tensor::Device;
//! use dualgn_fields::{FieldName, Specification};
//! use dualgn_train::{Length, Method, Settings, Trainer};
//!
//! let settings = Settings { length: Some(Length::Epochs(40.0)), ..Settings::default() };
//! let specification = Specification { settings, hidden: Some(vec![10, 10]), ..Specification::new(FieldName::Poisson1d) };
//! let session = specification.session(&Device::flex())?;
//! # let mut last = f64::INFINITY;
//! for moment in Trainer::new(&session, Method::named("geodesic").expect("it is a preset"), 1.0, session.budget, None)? {
//!     if let Some(record) = moment?.record {
//!         println!("after {:>2} steps: relative error {:.1e}", record.step, record.test_metric);
//! #       last = record.test_metric;
//!     }
//! }
//! # assert!(last < 1e-2, "{last}");
//! # Ok(())
//! # }
//! ```

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod embedding;
mod equations;
mod formula;
pub mod geometry;
mod network;
mod penalty;
mod planes;
mod points;
mod portrait;
mod posterior;
mod problem;
mod problems;
mod render;
mod size;
mod solution;
mod solve;
mod specification;
mod view;
mod viewer;

pub use embedding::{Embedding, FourierFeatures, Periodic};
pub use equations::{EquationFile, Table, TableReader};
pub use network::{Architecture, Field, SmoothActivation, Transform};
pub use problem::Problem;
pub use problems::FieldName;
pub use solution::Solution;
pub use solve::{Showing, Solve};
pub use specification::{Specification, Statement};
