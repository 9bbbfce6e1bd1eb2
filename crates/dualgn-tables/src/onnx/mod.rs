//! Models as ONNX: from the numbers of a table to the answers, all in one file that other runtimes take.
//!
//! The input has a row for each example: the numeric columns as they stand in the table, NaN where a cell is empty, then each category as
//! its position among the words of the model, 0 for others. The output is the prediction, or a probability for each class.

mod graph;
mod layers;

use dualgn_io::Failure;
use dualgn_networks::torch;
use dualgn_train::problem::{LossName, Reading};
use graph::{Attribute, Graph, Name};

use crate::model::{Card, Predictor};
use crate::table::EncodingKind;

/// The file of a model.
///
/// # Errors
/// It has dates, or a layer that is not exported.
pub fn export(predictor: &Predictor) -> Result<Vec<u8>, Failure> {
    let card = &predictor.card;
    let mut graph = Graph::default();
    let (inputs, columns) = encoded(&mut graph, card)?;
    let mut answers = vec![];
    for net in &predictor.nets {
        let mut weights = torch::to_torch(net)?;
        let outputs = layers::network(&mut graph, net, &mut weights, &inputs)
            .map_err(|problem| Failure::input(format!("the model cannot be exported: {problem}")))?;
        answers.push(answer(&mut graph, card, outputs));
    }
    let name = if card.target.levels.is_empty() { "prediction" } else { "probabilities" };
    graph.named("Mean", &answers.iter().collect::<Vec<_>>(), &[], name);
    let width = card.target.levels.len().max(1);
    let text = serde_json::to_string(card).map_err(|error| Failure::run(error.to_string()))?;
    let names: Vec<String> = column_names(card);
    let about =
        [("dualgn", text.as_str()), ("columns", &names.join("\n")), ("classes", &card.target.levels.join("\n"))];
    Ok(graph.file(("columns", columns), (name, width), &about))
}

/// The columns of the input, in their order.
pub fn column_names(card: &Card) -> Vec<String> {
    let is_word = |kind: &EncodingKind| matches!(kind, EncodingKind::Category { .. });
    let of = |words: bool| {
        let columns = card.encoder.columns.iter().filter(move |column| is_word(&column.kind) == words);
        columns.map(|column| column.name.clone())
    };
    of(false).chain(of(true)).collect()
}

/// What the network takes, of what stands in the table; and how many columns that has.
fn encoded(graph: &mut Graph, card: &Card) -> Result<(Name, usize), Failure> {
    let (mut means, mut deviations, mut units, mut order) = (vec![], vec![], vec![], vec![]);
    let mut words = 0;
    let mut indicators = vec![];
    for column in &card.encoder.columns {
        match &column.kind {
            EncodingKind::Numeric { mean, deviation, indicator, unit } => {
                let place = means.len() as i64;
                order.push((place, false));
                if *indicator {
                    order.push((place, true));
                }
                means.push(*mean);
                deviations.push(*deviation);
                units.push(*unit);
                indicators.push(*indicator);
            }
            EncodingKind::Category { .. } => words += 1,
            EncodingKind::Date { .. } => {
                return Err(Failure::input(format!(
                    "the model cannot be exported: `{}` holds dates, which ONNX has no way to read; fit with `--column {}=ignore`, or with \
                     numbers in their place",
                    column.name, column.name
                )));
            }
        }
    }
    let numbers = means.len();
    let all: Name = "columns".into();
    let slice = |graph: &mut Graph, from: usize, to: usize| {
        let bounds = [from, to, 1].map(|bound| graph.wholes(&[bound as i64]));
        graph.node("Slice", &[&all, &bounds[0], &bounds[1], &bounds[2]], &[])
    };
    let row =
        |graph: &mut Graph, values: &[f64]| graph.floats(&[values.len()], values.iter().map(|&value| value as f32));
    let mut parts = vec![];
    if numbers > 0 {
        let mut value = slice(graph, 0, numbers);
        let missing = graph.node("IsNaN", &[&value], &[]);
        if units.iter().any(Option::is_some) {
            let unit = row(graph, &units.iter().map(|unit| unit.unwrap_or(1.0)).collect::<Vec<_>>());
            let (zero, one) = (graph.float(0.0), graph.float(1.0));
            let line = graph.node("Div", &[&value, &unit], &[]);
            let positive = graph.node("Max", &[&line, &zero], &[]);
            let more = graph.node("Add", &[&positive, &one], &[]);
            let logarithm = graph.node("Log", &[&more], &[]);
            let above = graph.node("Greater", &[&value, &zero], &[]);
            let either = graph.node("Where", &[&above, &logarithm, &line], &[]);
            let which = graph.answers(&units.iter().map(Option::is_some).collect::<Vec<_>>());
            value = graph.node("Where", &[&which, &either, &value], &[]);
        }
        let (mean, deviation) = (row(graph, &means), row(graph, &deviations));
        let centred = graph.node("Sub", &[&value, &mean], &[]);
        let scaled = graph.node("Div", &[&centred, &deviation], &[]);
        let zero = graph.float(0.0);
        let mut numbers_there = graph.node("Where", &[&missing, &zero, &scaled], &[]);
        if indicators.contains(&true) {
            let is_missing = graph.node("Cast", &[&missing], &[Attribute::Whole("to", 1)]);
            let both = graph.node("Concat", &[&numbers_there, &is_missing], &[Attribute::Whole("axis", 1)]);
            let places: Vec<i64> = order
                .iter()
                .map(|&(place, is_indicator)| if is_indicator { place + numbers as i64 } else { place })
                .collect();
            let places = graph.wholes(&places);
            numbers_there = graph.node("Gather", &[&both, &places], &[Attribute::Whole("axis", 1)]);
        }
        parts.push(numbers_there);
    }
    if words > 0 {
        parts.push(slice(graph, numbers, numbers + words));
    }
    let inputs = match parts.as_slice() {
        [only] => only.clone(),
        _ => graph.node("Concat", &parts.iter().collect::<Vec<_>>(), &[Attribute::Whole("axis", 1)]),
    };
    Ok((inputs, numbers + words))
}

/// The answer that outputs mean.
fn answer(graph: &mut Graph, card: &Card, outputs: Name) -> Name {
    let restored = |graph: &mut Graph, value: Name| {
        let (unit, shift) = (graph.float(card.scale.unit), graph.float(card.scale.shift));
        let value = graph.node("Mul", &[&value, &unit], &[]);
        graph.node("Add", &[&value, &shift], &[])
    };
    match (card.loss.reading(card.task), card.loss) {
        (Some(Reading::Logarithm), _) => {
            let value = graph.node("Exp", &[&outputs], &[]);
            restored(graph, value)
        }
        (_, _) if card.target.levels.is_empty() => restored(graph, outputs),
        (_, LossName::Logistic) if card.target.levels.len() == 2 => {
            let yes = graph.node("Sigmoid", &[&outputs], &[]);
            let one = graph.float(1.0);
            let no = graph.node("Sub", &[&one, &yes], &[]);
            graph.node("Concat", &[&no, &yes], &[Attribute::Whole("axis", 1)])
        }
        (_, LossName::Softmax | LossName::SmoothedSoftmax) => {
            graph.node("Softmax", &[&outputs], &[Attribute::Whole("axis", 1)])
        }
        // One output for two classes: the sign decides.
        (reading, _) if card.target.levels.len() == 2 => {
            let threshold = graph.float(if let Some(Reading::Above(threshold)) = reading { threshold } else { 0.0 });
            let above = graph.node("Greater", &[&outputs, &threshold], &[]);
            let yes = graph.node("Cast", &[&above], &[Attribute::Whole("to", 1)]);
            let one = graph.float(1.0);
            let no = graph.node("Sub", &[&one, &yes], &[]);
            graph.node("Concat", &[&no, &yes], &[Attribute::Whole("axis", 1)])
        }
        _ => outputs,
    }
}
