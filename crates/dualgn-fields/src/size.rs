//! [`Size`]: the memory that a run will take, known before anything is made.

use dualgn_io::Failure;

use super::network::Architecture;
use super::problem::Problem;

/// Bytes of a number.
const NUMBER: f64 = 8.0;
/// Copies of all weights: the model, its first state and its best, a gradient, a direction, a trial step, and the two moments of Adam.
const WEIGHTS: f64 = 8.0;
/// Arrays that are kept for each unit of a layer at each point: its value before and after the activation, the slope there, and a
/// cotangent.
const KEPT: f64 = 4.0;
/// Bytes for each grid point of a surface: two numbers of four bytes in the grid, and the cells that the surface goes through.
const GRID: f64 = 10.0;
/// Points that are tried for each that is drawn by its residual.
const TRIED: f64 = 5.0;

/// What decides how much memory a run takes.
pub(crate) struct Size {
    /// Numbers to learn.
    parameters: f64,
    /// Points of all terms.
    points: f64,
    /// Bytes for the network's weights, for what it keeps at the points, and for the grid of a surface.
    parts: [f64; 3],
}

impl Size {
    /// Counts a run of a network on so many points, or the problem's own, with a surface from so many grid points along an axis.
    pub(crate) fn new(
        problem: &Problem,
        architecture: &Architecture,
        points: Option<usize>,
        is_adaptive: bool,
        resolution: usize,
    ) -> Self {
        let parameters = architecture.parameters();
        let count: f64 = problem.counts(points).into_iter().map(|count| count as f64).sum();
        let units: f64 = architecture.widths().into_iter().map(|width| width as f64).sum();
        // A Laplacian goes along with the value and the slopes.
        let channels = architecture.dims as f64 + 2.0;
        let at_once = count * if is_adaptive { TRIED } else { 1.0 };
        let grid = if problem.shape.is_some() { GRID * (resolution as f64).powi(3) } else { 0.0 };
        let parts = [NUMBER * WEIGHTS * parameters, NUMBER * KEPT * at_once * units * channels, grid];
        Self { parameters, points: count, parts }
    }

    /// Checks that a run fits into so many bytes.
    ///
    /// # Errors
    /// Fails with what is too large, and the option that makes it smaller.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), Failure> {
        let needed: f64 = self.parts.iter().sum();
        if needed <= bytes as f64 {
            return Ok(());
        }
        let mib = |bytes: f64| (bytes / f64::from(1 << 20)).ceil();
        let options = ["fewer units in `--hidden`", "fewer `--points`", "a smaller `--resolution`"];
        let largest = (0..3).max_by(|&a, &b| self.parts[a].total_cmp(&self.parts[b])).unwrap_or(0);
        let message = format!(
            "a network of {:.0} parameters on {:.0} points takes about {:.0} MiB, more than the {:.0} MiB that may be used",
            self.parameters,
            self.points,
            mib(needed),
            mib(bytes as f64)
        );
        Err(Failure::input(message).hint(format!("take {}, or allow more with `--memory MIB`", options[largest])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FieldName;

    fn refusal(hidden: &[usize], points: Option<usize>, bytes: u64) -> Option<String> {
        let problem = FieldName::Heat.problem(None).unwrap();
        let architecture = Architecture { hidden: hidden.to_vec(), ..problem.architecture.clone() };
        Size::new(&problem, &architecture, points, false, 128).check(bytes).err().map(|failure| failure.to_string())
    }

    #[test]
    fn what_is_too_large_is_refused_with_the_option_that_helps() {
        assert!(refusal(&[32, 32], None, 64 << 20).is_none());
        // 10¹⁰ weights in eight copies of eight bytes.
        let wide = refusal(&[100_000, 100_000], None, 8 << 30).unwrap();
        assert!(wide.contains("10000500001 parameters") && wide.contains("fewer units in `--hidden`"), "{wide}");
        let widest = refusal(&[usize::MAX; 9], None, u64::MAX).unwrap();
        assert!(widest.contains("`--hidden`"), "{widest}");
        let many = refusal(&[8], Some(u32::MAX as usize), 8 << 30).unwrap();
        assert!(many.contains("fewer `--points`"), "{many}");
    }
}
