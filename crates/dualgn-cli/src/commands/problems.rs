//! `dualgn problems`.

use std::fmt::Write;

#[cfg(feature = "fields")]
use dualgn_fields::FieldName;
use dualgn_train::problem::{LossName, ProblemName};
#[cfg(feature = "fields")]
use strum::{EnumMessage, VariantArray};

/// Characters of a line beside the names.
const WIDTH: usize = 96;

/// The problems in words.
pub(super) fn list() -> String {
    let mut text = String::new();
    for problem in ProblemName::ALL {
        let defaults = problem.defaults();
        let hidden: Vec<String> = defaults.hidden.iter().map(ToString::to_string).collect();
        let others = LossName::fitting(problem.task()).filter(|loss| *loss != defaults.loss);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<13} {}", problem.name(), problem.data());
        let _ = writeln!(
            text,
            "{:13} relu layers of {}; {}, {} epochs, damping {} × loss",
            "",
            hidden.join(" and "),
            match defaults.batch {
                Some(batch) => format!("batches of {batch}"),
                None => "all examples in a batch".into(),
            },
            defaults.epochs,
            defaults.damping
        );
        let losses = format!("loss {}; also {}", defaults.loss.name(), names(others));
        for line in wrapped(&losses) {
            let _ = writeln!(text, "{:13} {line}", "");
        }
        text.push('\n');
    }
    #[cfg(feature = "fields")]
    add_fields(&mut text);
    text.push_str(
        "concrete and mnist need `--data DIR`, a folder with `concrete.csv` or the four idx files; the others are\n\
         part of the program.\n",
    );
    text
}

#[cfg(feature = "fields")]
fn add_fields(text: &mut String) {
    text.push_str("Equations and shapes: tanh or sine layers in double precision, on squared residuals at points.\n\n");
    for field in FieldName::VARIANTS {
        let _ = writeln!(text, "{:<13} {}", field.name(), field.get_documentation().unwrap_or_default());
    }
    text.push('\n');
}

fn names(losses: impl Iterator<Item = LossName>) -> String {
    losses.map(LossName::name).collect::<Vec<_>>().join(", ")
}

/// Lines of at most [`WIDTH`] characters, broken at spaces.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_listed_with_its_defaults() {
        let list = list();
        for problem in ProblemName::ALL {
            assert!(list.contains(problem.name()) && list.contains(problem.data()));
        }
        #[cfg(feature = "fields")]
        for field in FieldName::VARIANTS {
            assert!(list.contains(&format!("\n{:<13} ", field.name())), "{list}");
        }
        assert!(
            list.contains("relu layers of 64 and 64; all examples in a batch, 200 epochs, damping 0.3 × loss"),
            "{list}"
        );
        assert!(list.contains("loss poisson; also squared, absolute, huber, quantile, log-cosh, gamma\n"), "{list}");
        assert!(list.lines().all(|line| line.chars().count() <= 14 + WIDTH), "{list}");
    }
}
