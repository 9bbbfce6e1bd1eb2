//! Models as ONNX: from the numbers of a table to the answers, all in one file that other runtimes take.
//!
//! The input has a row for each example: the numeric columns as they stand in the table, NaN where a cell is empty, then each category as
//! its position among the words of the model, 0 for others. The output is the prediction, or a probability for each class.

mod graph;
mod inputs;
mod layers;
mod precision;
#[allow(clippy::all, dead_code, missing_docs, unreachable_pub, reason = "generated from `onnx.proto`")]
mod schema;

use dualgn_io::Failure;
use dualgn_networks::torch;
use dualgn_train::problem::{LossName, PredictionRule};
use graph::{Attribute, Graph, Name};
use schema::tensor_proto::DataType;

use crate::model::{Card, Predictor};
use crate::table::EncodingKind;

/// The name of the input.
const COLUMNS: &str = "columns";

/// The file of a model.
///
/// # Errors
/// It has dates, or a layer that is not exported.
pub fn export(predictor: &Predictor) -> Result<Vec<u8>, Failure> {
    let card = &predictor.card;
    let mut graph = Graph::default();
    let (inputs, columns) = inputs::encoded(&mut graph, &card.encoder)?;
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
    Ok(graph.file((COLUMNS, columns), (name, width), &about))
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

/// Says which columns have too few digits left in single precision, in which runtimes take them; if there are any.
pub fn remark(card: &Card) -> Option<String> {
    precision::remark(&card.encoder)
}

/// The answer that outputs mean.
fn answer(graph: &mut Graph, card: &Card, outputs: Name) -> Name {
    let restored = |graph: &mut Graph, value: Name| {
        let (unit, shift) = (graph.float(card.scale.unit), graph.float(card.scale.shift));
        let value = graph.node("Mul", &[&value, &unit], &[]);
        graph.node("Add", &[&value, &shift], &[])
    };
    match (card.loss.prediction_rule(card.task), card.loss) {
        (Some(PredictionRule::Logarithm), _) => {
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
        (rule, _) if card.target.levels.len() == 2 => {
            let threshold =
                graph.float(if let Some(PredictionRule::Above(threshold)) = rule { threshold } else { 0.0 });
            let above = graph.node("Greater", &[&outputs, &threshold], &[]);
            let yes = graph.cast(&above, DataType::Float);
            let one = graph.float(1.0);
            let no = graph.node("Sub", &[&one, &yes], &[]);
            graph.node("Concat", &[&no, &yes], &[Attribute::Whole("axis", 1)])
        }
        _ => outputs,
    }
}
