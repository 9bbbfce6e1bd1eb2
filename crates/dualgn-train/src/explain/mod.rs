//! [`Explained`]: what the directions of a run are like, as plain data that a terminal and a page show.

mod directions;

/// About one moment of a run.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The run and its moment, in words.
    pub title: String,
    /// Examples of the batch, and outputs of each.
    pub batch: [usize; 2],
    /// Loss of the batch.
    pub loss: f64,
    /// The damping of the run at this loss.
    pub damping: f64,
    /// The norm of the gradient.
    pub gradient: f64,
    /// The norm of the direction.
    pub direction: f64,
    /// The cosine of the angle between the direction and the negative gradient.
    pub cosine: f64,
    /// Each layer's share of the squared norm of the gradient and of the direction.
    pub layers: Vec<(String, f64, f64)>,
    /// Eigenvalues of `K/m`, the largest first; none where `K` does not fit.
    pub spectrum: Vec<f64>,
    /// For each damping: the effective dimension (if the spectrum is known), norm, predicted decrease, and cosine as above.
    pub path: Vec<Damped>,
    /// Iterations of conjugate gradient, and the relative duality gap that they leave.
    pub gaps: Vec<(f64, f64)>,
    /// Of models of tables, if one was looked at.
    pub table: Option<OfTable>,
}

/// A direction for one damping.
#[derive(Clone, Copy, Debug)]
pub struct Damped {
    /// The damping.
    pub damping: f64,
    /// `Σ μ/(μ + λ)` over the spectrum: how many directions of the outputs the damping leaves free.
    pub dimension: Option<f64>,
    /// Its norm.
    pub norm: f64,
    /// By how much the model says that the loss falls.
    pub decrease: f64,
    /// The cosine with the negative gradient.
    pub cosine: f64,
}

/// About a model of a table.
#[derive(Clone, Debug)]
pub struct OfTable {
    /// The prior's precision and the variance of the noise, under which rows kept aside are most likely.
    pub posterior: Option<[f64; 2]>,
    /// Shares of test rows that should be, and are, within the deviations that are said; of numbers.
    pub coverage: Vec<(f64, f64)>,
    /// The row that is explained, as in the table, what is predicted and what it is.
    pub row: (usize, String, String),
    /// Training rows that pull its output most: row, target, and by how much a step along the direction would move the output because
    /// of this row.
    pub influences: Vec<(usize, String, f64)>,
}
