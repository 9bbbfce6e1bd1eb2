//! [`Plan`]: what a command is to train, checked before anything is read or written.

use std::path::PathBuf;

use crate::arguments::{FieldOptions, Run};
use crate::failure::Failure;
use crate::problem::LossName;
use crate::topic::Topic;
use crate::train::Method;

/// What is trained, and where the results go.
pub struct Plan<'a> {
    /// The problem.
    pub topic: Topic,
    /// Its loss, which fits it.
    pub loss: LossName,
    /// The options of the run.
    pub run: &'a Run,
    /// Folder for the results.
    pub folder: PathBuf,
    /// The command as it was typed, without the path of the program.
    pub typed: String,
}

impl<'a> Plan<'a> {
    /// The plan of a command. Results go where the user says, or into a folder for the problem and its loss.
    pub fn new(command: &str, topic: Topic, loss: LossName, run: &'a Run) -> Self {
        let mut folder = format!("runs/{command}-{}", topic.name());
        if loss != usual(topic) {
            folder = format!("{folder}-{}", loss.name());
        }
        let folder = run.out.clone().unwrap_or_else(|| PathBuf::from(folder));
        let words: Vec<String> = std::env::args().skip(1).collect();
        Self { topic, loss, run, folder, typed: format!("dualgn {}", words.join(" ")) }
    }
}

/// The loss of a problem unless another is asked for.
fn usual(topic: Topic) -> LossName {
    match topic {
        Topic::Data(problem) => problem.defaults().loss,
        Topic::Field(_) => LossName::Squared,
    }
}

/// The loss that was asked for, if it fits the problem; else the problem's own. Options of the other kind of problem are refused.
pub fn loss(topic: Topic, run: &Run) -> Result<LossName, Failure> {
    let loss = run.loss.unwrap_or(usual(topic));
    match topic {
        Topic::Data(_) if run.field != FieldOptions::unset() => Err(Failure::Input(format!(
            "{} is a problem with data; the options of equations and shapes are not for it",
            topic.name()
        ))),
        Topic::Data(problem) if loss.reading(problem.task()).is_none() => Err(Failure::Input(loss.refusal(problem))),
        Topic::Field(_) => {
            let others = [
                ("--loss", run.loss.is_some_and(|loss| loss != LossName::Squared)),
                ("--batch", run.batch.is_some()),
                ("--data", run.data.is_some()),
                ("--limit", run.limit.is_some()),
            ];
            match others.into_iter().find(|(_, is_given)| *is_given) {
                Some((option, _)) => Err(Failure::Input(format!(
                    "`{option}` is for problems with data; {} is made of squared residuals at points (`--points`, `--sampling`, \
                     `--resample`)",
                    topic.name()
                ))),
                None => Ok(loss),
            }
        }
        Topic::Data(_) => Ok(loss),
    }
}

/// Refuses methods that cannot work with the loss.
pub fn check(methods: &[Method], loss: LossName) -> Result<(), Failure> {
    match methods.iter().find_map(|method| method.refusal(loss)) {
        Some(refusal) => Err(Failure::Input(refusal)),
        None => Ok(()),
    }
}
