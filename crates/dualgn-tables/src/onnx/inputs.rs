//! From the columns of a table to the inputs of the networks: what an [`Encoder`] does, as nodes of ONNX.

use dualgn_io::Failure;

use super::COLUMNS;
use super::graph::{Attribute, Graph, Name};
use super::schema::tensor_proto::DataType;
use crate::table::{Encoder, EncodingKind};

/// What the network takes, of what stands in the table; and how many columns that has.
pub(super) fn encoded(graph: &mut Graph, encoder: &Encoder) -> Result<(Name, usize), Failure> {
    let numbers = Numbers::of(encoder)?;
    let (count, columns) = (numbers.means.len(), encoder.columns.len());
    let all: Name = COLUMNS.into();
    let mut parts = vec![];
    if count > 0 {
        let value = graph.columns(&all, 0, count);
        parts.push(numbers.encoded(graph, value));
    }
    if columns > count {
        parts.push(graph.columns(&all, count, columns));
    }
    let inputs = match parts.as_slice() {
        [only] => only.clone(),
        _ => graph.node("Concat", &parts.iter().collect::<Vec<_>>(), &[Attribute::Whole("axis", 1)]),
    };
    Ok((inputs, columns))
}

/// What becomes of the numeric columns, in their order.
#[derive(Default)]
struct Numbers {
    means: Vec<f64>,
    deviations: Vec<f64>,
    /// Of those with a long tail.
    units: Vec<Option<f64>>,
    /// Whether a second number says that the cell is missing.
    indicators: Vec<bool>,
}

impl Numbers {
    fn of(encoder: &Encoder) -> Result<Self, Failure> {
        let mut numbers = Self::default();
        for column in &encoder.columns {
            match &column.kind {
                EncodingKind::Numeric { mean, deviation, indicator, unit } => {
                    numbers.means.push(*mean);
                    numbers.deviations.push(*deviation);
                    numbers.units.push(*unit);
                    numbers.indicators.push(*indicator);
                }
                EncodingKind::Category { .. } => {}
                EncodingKind::Date { .. } => {
                    return Err(Failure::input(format!(
                        "the model cannot be exported: `{}` holds dates, which ONNX has no way to read; fit with `--column {}=ignore`, or \
                         with numbers in their place",
                        column.name, column.name
                    )));
                }
            }
        }
        Ok(numbers)
    }

    fn encoded(&self, graph: &mut Graph, value: Name) -> Name {
        let missing = graph.node("IsNaN", &[&value], &[]);
        let value = self.without_tails(graph, value);
        let value = self.standardised(graph, &value, &missing);
        self.with_indicators(graph, value, &missing)
    }

    /// The logarithms of columns with a long tail, and the others as they are; below zero a line, as in the encoder.
    fn without_tails(&self, graph: &mut Graph, value: Name) -> Name {
        if self.units.iter().all(Option::is_none) {
            return value;
        }
        let unit = row(graph, self.units.iter().map(|unit| unit.unwrap_or(1.0)));
        let (zero, one) = (graph.float(0.0), graph.float(1.0));
        let line = graph.node("Div", &[&value, &unit], &[]);
        let positive = graph.node("Max", &[&line, &zero], &[]);
        let more = graph.node("Add", &[&positive, &one], &[]);
        let logarithm = graph.node("Log", &[&more], &[]);
        let above = graph.node("Greater", &[&value, &zero], &[]);
        let either = graph.node("Where", &[&above, &logarithm, &line], &[]);
        let which = graph.answers(&self.units.iter().map(Option::is_some).collect::<Vec<_>>());
        graph.node("Where", &[&which, &either, &value], &[])
    }

    /// Deviations from the mean, which stands for what is missing.
    fn standardised(&self, graph: &mut Graph, value: &Name, missing: &Name) -> Name {
        let mean = row(graph, self.means.iter().copied());
        let deviation = row(graph, self.deviations.iter().copied());
        let centred = graph.node("Sub", &[value, &mean], &[]);
        let scaled = graph.node("Div", &[&centred, &deviation], &[]);
        let zero = graph.float(0.0);
        graph.node("Where", &[missing, &zero, &scaled], &[])
    }

    /// Behind each column that has one, its indicator.
    fn with_indicators(&self, graph: &mut Graph, value: Name, missing: &Name) -> Name {
        if !self.indicators.contains(&true) {
            return value;
        }
        let is_missing = graph.cast(missing, DataType::Float);
        let both = graph.node("Concat", &[&value, &is_missing], &[Attribute::Whole("axis", 1)]);
        let count = self.indicators.len();
        let places = self.indicators.iter().enumerate().flat_map(|(place, &has_indicator)| {
            let indicator = has_indicator.then_some((count + place) as i64);
            [place as i64].into_iter().chain(indicator)
        });
        let places = graph.wholes(&places.collect::<Vec<_>>());
        graph.node("Gather", &[&both, &places], &[Attribute::Whole("axis", 1)])
    }
}

/// One number for each column.
fn row(graph: &mut Graph, values: impl ExactSizeIterator<Item = f64>) -> Name {
    graph.floats(&[values.len()], values.map(|value| value as f32))
}
