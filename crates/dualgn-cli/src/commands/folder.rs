//! The folder of a command's run, taken in the name of this program.

use std::path::Path;

use dualgn_io::Failure;
use dualgn_train::run::{Owner, Program, RunFolder};

use super::plan::Plan;
use crate::interrupt;

/// Takes the folder that the results of a plan go into.
pub(super) fn claimed(plan: &Plan) -> Result<RunFolder, Failure> {
    let folder = RunFolder::claim(plan.run.out.as_deref(), &plan.folder, plan.run.overwrite, program())?;
    folder.sign()?;
    Ok(folder)
}

/// Takes the folder of a run that goes on.
pub(super) fn reclaimed(run: &Path) -> Result<RunFolder, Failure> {
    RunFolder::reclaim(run, program())
}

fn program() -> Program {
    let words: Option<Vec<String>> = std::env::args_os().map(|word| word.into_string().ok()).collect();
    Program {
        owner: Owner::new(words.unwrap_or_default()),
        // Also where `resume` starts a run again by the command that began it.
        goes_on: std::env::args_os().nth(1).is_some_and(|word| word == "resume"),
        interrupted: interrupt::requested,
    }
}
