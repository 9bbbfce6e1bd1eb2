//! [`Plan`]: what a command is to train, checked before anything is read or written.

use std::path::PathBuf;

use crate::arguments::Run;
use crate::failure::Failure;
use crate::problem::{LossName, ProblemName};
use crate::train::Method;

/// What is trained, and where the results go.
pub struct Plan<'a> {
    /// The problem.
    pub problem: ProblemName,
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
    pub fn new(command: &str, problem: ProblemName, loss: LossName, run: &'a Run) -> Self {
        let mut folder = format!("runs/{command}-{}", problem.name());
        if loss != problem.defaults().loss {
            folder = format!("{folder}-{}", loss.name());
        }
        let folder = run.out.clone().unwrap_or_else(|| PathBuf::from(folder));
        let words: Vec<String> = std::env::args().skip(1).collect();
        Self { problem, loss, run, folder, typed: format!("dualgn {}", words.join(" ")) }
    }
}

/// The loss that was asked for, if it fits the problem; else the problem's own.
pub fn loss(problem: ProblemName, asked: Option<LossName>) -> Result<LossName, Failure> {
    let loss = asked.unwrap_or(problem.defaults().loss);
    match loss.reading(problem.task()) {
        Some(_) => Ok(loss),
        None => Err(Failure::Input(loss.refusal(problem))),
    }
}

/// Refuses methods that cannot work with the loss.
pub fn check(methods: &[Method], loss: LossName) -> Result<(), Failure> {
    match methods.iter().find_map(|method| method.refusal(loss)) {
        Some(refusal) => Err(Failure::Input(refusal)),
        None => Ok(()),
    }
}
