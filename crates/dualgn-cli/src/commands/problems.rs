//! `dualgn problems`.

use std::fmt::Write;

use crate::problem::ProblemName;

/// The problems in words.
pub fn list() -> String {
    let mut text = String::new();
    for problem in ProblemName::ALL {
        let defaults = problem.defaults();
        let hidden: Vec<String> = defaults.hidden.iter().map(ToString::to_string).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<10} {}", problem.name(), problem.data());
        let _ = writeln!(
            text,
            "{:10} relu layers of {}; {}, {} epochs, damping {} × loss\n",
            "",
            hidden.join(" and "),
            match defaults.batch {
                Some(batch) => format!("batches of {batch}"),
                None => "all examples in a batch".into(),
            },
            defaults.epochs,
            defaults.damping
        );
    }
    text.push_str("mnist needs `--data DIR`, a folder with its four idx files; the others are part of the program.\n");
    text
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
        assert!(
            list.contains("relu layers of 64 and 64; all examples in a batch, 200 epochs, damping 0.3 × loss"),
            "{list}"
        );
    }
}
