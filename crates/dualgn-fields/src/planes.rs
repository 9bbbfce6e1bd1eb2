//! Pictures of formulas on planes through the domain.

use dualgn_io::Failure;
use dualgn_report::pictures::{Colours, Position, streamlines};

use super::network::Field;
use super::portrait::Map;
use super::solution::computed;
use super::solve::{Solve, component};
use super::view::View;

impl Solve {
    /// Computes what a view shows of a model.
    pub(crate) fn seen(&self, view: &View, model: &Field, file: String) -> Result<Map, Failure> {
        let (low, high) = (&self.problem.low, &self.problem.high);
        let (points, width, moments) = view.points(low, high);
        let found = computed(model, vec![view.expression.clone()], &points, &self.device)?;
        let numbers = view.expression.outputs().len();
        let is_inside = points.chunks_exact(low.len()).map(|point| self.problem.domain.contains(point));
        let length = |(row, is_inside): (&[f64], bool)| match row {
            _ if !is_inside => f64::NAN,
            [value] => *value,
            vector => vector.iter().map(|x| x * x).sum::<f64>().sqrt(),
        };
        let values: Vec<f64> = found.chunks_exact(numbers).zip(is_inside).map(length).collect();
        let paths = match view.upwards {
            Some(upwards) if numbers == 2 && moments == 1 => {
                let [x, y] = [view.across, upwards].map(|axis| high[axis] - low[axis]);
                let components = component(&found, 0, 2).zip(component(&found, 1, 2)).zip(&values);
                // Where there is no length there is no direction.
                let one = |((u, v), length): ((f64, f64), &f64)| -> Position {
                    if length.is_finite() { [u / x, v / y] } else { [f64::NAN; 2] }
                };
                streamlines(&components.map(one).collect::<Vec<_>>(), width)
            }
            _ => vec![],
        };
        Ok(Map {
            file,
            title: view.title.clone(),
            caption: view.caption.clone(),
            values,
            width,
            moments,
            across: view.across,
            upwards: view.upwards,
            paths,
            colours: Colours::Sequential,
        })
    }
}
