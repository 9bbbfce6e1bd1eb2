//! The help of every command, as it was read and found good: `tests/help/COMMAND.txt`. After a change that is meant,
//! `DUALGN_BLESS=1 cargo test -p dualgn-cli --test help` writes it anew, and the difference is read before it is committed.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

mod common;

use std::fs;
use std::path::Path;

use common::{refused, run, succeeds, text};

/// All commands but `help`, as the help names them.
fn commands() -> Vec<String> {
    let help = text(&succeeds(&["--help"]).stdout);
    let after = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
    let names = after.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn the_help_of_every_command_is_the_one_that_was_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let blesses = std::env::var_os("DUALGN_BLESS").is_some();
    let names = commands();
    assert!(names.len() >= 20, "{names:?}");
    let mut pages: Vec<(String, Vec<&str>)> = vec![("dualgn".into(), vec!["--help"])];
    pages.extend(names.iter().map(|name| (name.clone(), vec![name.as_str(), "--help"])));
    for (name, arguments) in pages {
        let found = text(&succeeds(&arguments).stdout);
        // The line of all arguments is not broken.
        for line in found.lines().filter(|line| !line.starts_with("Usage:")) {
            assert!(line.chars().count() <= 110, "{name}: {line}");
        }
        let path = folder.join(format!("{name}.txt"));
        if blesses {
            fs::write(&path, &found).unwrap();
        }
        let wanted = fs::read_to_string(&path).unwrap_or_default();
        let difference = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
        assert!(found == wanted, "{name}: the help is another, first at {difference:?}");
    }
}

#[test]
fn slips_of_the_pen_are_met_with_what_was_meant() {
    refused(&["fitt", "x.csv"], &["unrecognized subcommand 'fitt'", "'fit'"]);
    refused(&["fit", "x.csv", "--targets", "y"], &["unexpected argument '--targets'", "'--target'"]);
    refused(&["fit", "x.csv", "--los", "squared"], &["'--los'", "'--loss'"]);
    refused(&["train", "digit"], &["invalid value 'digit'", "digits"]);
    refused(&["train", "digits", "--method", "dual-gm"], &["invalid value 'dual-gm'", "dual-gn"]);
    refused(&["fit", "x.csv", "--test", "1.5"], &["a part of the rows between 0 and 1 is needed"]);
    refused(&["fit", "x.csv", "--separator", "ab"], &["one character is needed"]);
    refused(&["completions", "dos"], &["invalid value 'dos'", "bash"]);
    assert_eq!(run(&[]).status.code(), Some(2));
}
