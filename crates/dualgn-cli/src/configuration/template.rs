//! A run's file with every option as a comment.

use std::fmt::Write;

use super::options::{Kind, command, help, kind, options};

/// The file of a command, about something, with the columns of a table if it is one.
pub(crate) fn template(name: &str, about: &str, subject: &str, columns: &[(String, String)]) -> String {
    let mut text = format!(
        "# A run of dualgn: `dualgn {name} THIS-FILE`. Options as on the command line, `dualgn {name} --help`; those with a # in front are \
         not in\n# force, and show their usual value or an example. What is typed beside the file comes before what stands here.\n\n\
         command = {name:?}\n{about} = {subject:?}\n"
    );
    let command = command(name);
    let mut heading = None;
    for option in options(&command) {
        let own = option.get_help_heading();
        if own != heading {
            heading = own;
            let _ = writeln!(text, "\n# {}", heading.unwrap_or("Run"));
        }
        let usual = option.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
        let (kind, several) = kind(option);
        let quoted = |word: &str| format!("{word:?}");
        let value = match (&kind, usual) {
            (Kind::Switch, _) => "false".into(),
            (Kind::Whole | Kind::Number, Some(usual)) => usual,
            (Kind::Whole, None) => "100".into(),
            (Kind::Number, None) => "0.1".into(),
            (Kind::Words(_) | Kind::Text, Some(usual)) => quoted(&usual),
            (Kind::Words(words), None) => quoted(words.first().map_or("", String::as_str)),
            (Kind::Text, None) => quoted(""),
        };
        let value = if several { format!("[{value}]") } else { value };
        let words = match &kind {
            Kind::Words(words) if words.len() <= 8 => format!(": {}", words.join(", ")),
            _ => String::new(),
        };
        let _ = write!(
            text,
            "\n{}# {} = {value}\n",
            wrapped(&(help(option) + &words)),
            option.get_long().unwrap_or_default()
        );
    }
    if !columns.is_empty() {
        text.push_str("\n# What each column is for: numeric, category, date or ignore.\n[columns]\n");
        for (column, role) in columns {
            let _ = writeln!(text, "# {column:?} = {role:?}");
        }
    }
    text.push_str(
        "\n# The network, instead of a preset's name above.\n# [network]\n# preset = { name = \"mlp\", hidden = [128, 128], activation = \
         \"relu\" }\n",
    );
    text
}

/// As comments of at most a hundred characters a line.
fn wrapped(words: &str) -> String {
    let (mut text, mut line) = (String::new(), String::from("#"));
    for word in words.split_whitespace() {
        if line.len() + word.len() >= 100 {
            let _ = writeln!(text, "{line}");
            line = "#".into();
        }
        let _ = write!(line, " {word}");
    }
    text + &line + "\n"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::RunFile;
    use super::*;

    /// With and without the signs of comments, for every option that has a usual value.
    #[test]
    fn the_template_is_a_file_that_can_be_read() {
        for (name, about, subject) in [("fit", "table", "t.csv"), ("train", "problem", "digits")] {
            let columns = if name == "fit" { vec![("a b".into(), "numeric".into())] } else { vec![] };
            let text = template(name, about, subject, &columns);
            let file = RunFile::parse(&text, Path::new("run.toml")).unwrap();
            assert_eq!((file.command.as_str(), file.options.len()), (name, 0));
            for line in text.lines().filter(|line| line.starts_with("# epochs") || line.starts_with("# damping")) {
                let text = format!("{about} = {subject:?}\n{}\n", &line[2..]);
                assert_eq!(RunFile::parse(&text, Path::new("run.toml")).unwrap().options.len(), 1, "{line}");
            }
            assert!(text.lines().all(|line| line.len() < 140));
        }
    }
}
