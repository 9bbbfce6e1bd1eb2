//! [`RunFile`]: a run in a TOML file, and the command that it stands for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Command;
use dualgn_io::{Failure, input};
use dualgn_networks::place;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::options::{COMMANDS, Kind, command, kind, options};

/// A run in a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunFile {
    /// The name of the command.
    pub command: String,
    /// What it is about.
    pub subject: String,
    /// Its options, as they would be typed: each a name and perhaps a value.
    pub options: Vec<(String, Option<String>)>,
}

/// Bytes of a file at most.
const LARGEST: u64 = 1 << 20;
/// Options whose value is a path from the folder of the file.
const PATHS: [&str; 6] = ["data", "mesh", "out", "test-rows", "network", "weights"];

/// The words of a command line; where one names a file, those that it stands for. What is typed besides comes before what stands there.
pub(crate) fn expanded(words: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, Failure> {
    let words: Vec<OsString> = words.collect();
    let (Some(name), Some(path)) = (words.get(1).and_then(|word| word.to_str()), words.get(2)) else {
        return Ok(words);
    };
    let is_file = Path::new(path).extension().is_some_and(|ending| ending == "toml");
    if !is_file || !COMMANDS.iter().any(|(command, _)| *command == name) {
        return Ok(words);
    }
    let text = input::read_text(Path::new(path), LARGEST)?;
    if is_of_equations(&text) {
        return Ok(words);
    }
    let file = RunFile::of(&text, Path::new(path))?;
    if file.command != name {
        return Err(Failure::input(format!(
            "{} is for `dualgn {}`, as its first key says; type that, or change the key",
            Path::new(path).display(),
            file.command
        )));
    }
    let typed = &words[3..];
    let is_typed = |option: &str| {
        let long = format!("--{option}");
        typed.iter().filter_map(|word| word.to_str()).any(|word| word == long || word.starts_with(&format!("{long}=")))
    };
    let mut expanded = vec![words[0].clone()];
    expanded.extend(file.words(is_typed));
    expanded.extend_from_slice(typed);
    Ok(expanded)
}

impl RunFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or a key or a value is not what the command line takes.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        Self::of(&input::read_text(path, LARGEST)?, path)
    }

    fn of(text: &str, path: &Path) -> Result<Self, Failure> {
        Self::parse(text, path).map_err(|problem| Failure::input(format!("{}{problem}", path.display())))
    }

    /// The run of a text, which stands in a file; or what is wrong, from the end of the file's name on.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, String> {
        let table =
            DeTable::parse(text).map_err(|error| format!("{}: {}", place(text, error.span()), error.message()))?;
        let table = table.get_ref();
        let (about, subject) = ["table", "problem"]
            .iter()
            .find_map(|key| Some((*key, string(table.get(*key)?.get_ref())?)))
            .ok_or(": should say what the run is about: `table = \"FILE\"`, or `problem = \"NAME\"`")?;
        let name = command_of(text, table, about)?;
        let parser = Keys { text, path, subject: &subject, command: command(&name), name: &name };
        let mut typed: Vec<(String, Option<String>)> = vec![];
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("command" | "table" | "problem", _) => {}
                ("columns", DeValue::Table(columns)) if name == "fit" => typed.extend(parser.roles(value, columns)?),
                // The part itself is read when the network is made.
                ("network", DeValue::Table(_)) => typed.push(("network".into(), Some(path.display().to_string()))),
                _ => typed.extend(parser.option(key, value)?),
            }
        }
        // Files are named from the folder of this one.
        let is_file = about == "table" || subject.ends_with(".toml");
        let subject = if is_file { parser.beside(&subject) } else { subject };
        Ok(Self { command: name, subject, options: typed })
    }

    /// The file of its network, if it has one.
    pub(crate) fn network(&self) -> Option<PathBuf> {
        let (_, value) = self.options.iter().find(|(option, _)| option == "network")?;
        value.as_deref().filter(|value| value.ends_with(".toml")).map(PathBuf::from)
    }

    /// The words of its command after the name of the program, without some options.
    pub(crate) fn words(&self, is_left_out: impl Fn(&str) -> bool) -> Vec<OsString> {
        let mut words = vec![self.command.clone().into(), self.subject.clone().into()];
        for (option, value) in self.options.iter().filter(|(option, _)| !is_left_out(option)) {
            words.push(match value {
                Some(value) => format!("--{option}={value}").into(),
                None => format!("--{option}").into(),
            });
        }
        words
    }

    /// The command as it could be typed.
    pub(crate) fn typed(&self) -> String {
        let options = self.options.iter().map(|(option, value)| match value {
            Some(value) => format!(" --{option} {value}"),
            None => format!(" --{option}"),
        });
        format!("dualgn {} {}{}", self.command, self.subject, options.collect::<String>())
    }
}

/// Whether the text of a file has equations, not a run.
pub(crate) fn is_of_equations(text: &str) -> bool {
    let has = |table: &DeTable| ["coordinates", "equations"].iter().any(|key| table.contains_key(*key));
    cfg!(feature = "fields") && DeTable::parse(text).is_ok_and(|table| has(table.get_ref()))
}

fn string(value: &DeValue) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The command that a file names, or the usual one for what it is about.
fn command_of(text: &str, table: &DeTable, about: &str) -> Result<String, String> {
    let Some(value) = table.get("command") else {
        return Ok(if about == "table" { "fit".into() } else { "train".into() });
    };
    match string(value.get_ref()) {
        Some(name) if COMMANDS.contains(&(name.as_str(), about)) => Ok(name),
        _ => {
            let fitting: Vec<&str> = COMMANDS.iter().filter(|(_, key)| *key == about).map(|(name, _)| *name).collect();
            let place = place(text, Some(value.span()));
            Err(format!("{place}: `command` should be {} beside `{about}`", fitting.join(" or ")))
        }
    }
}

/// What reads the keys of a file.
struct Keys<'a> {
    text: &'a str,
    path: &'a Path,
    subject: &'a str,
    command: Command,
    name: &'a str,
}

impl Keys<'_> {
    fn wrong<T>(&self, value: &Spanned<DeValue>, problem: String) -> Result<T, String> {
        Err(format!("{}: {problem}", place(self.text, Some(value.span()))))
    }

    /// A path as it is from the folder of the file.
    fn beside(&self, path: &str) -> String {
        self.path.parent().unwrap_or(Path::new("")).join(path).display().to_string()
    }

    /// The roles of columns, as options.
    fn roles(&self, all: &Spanned<DeValue>, columns: &DeTable) -> Result<Vec<(String, Option<String>)>, String> {
        let option = |column: &str, role: &DeValue| match string(role) {
            Some(role) => Ok(("column".into(), Some(format!("{column}={role}")))),
            None => self.wrong(all, format!("`columns.{column}` should be the name of a role")),
        };
        columns.iter().map(|(column, role)| option(column.get_ref(), role.get_ref())).collect()
    }

    /// An option; none for a switch that is off.
    fn option(
        &self,
        key: &Spanned<DeString>,
        value: &Spanned<DeValue>,
    ) -> Result<Option<(String, Option<String>)>, String> {
        let name = key.get_ref().as_ref();
        let known = options(&self.command);
        let Some(option) = known.iter().find(|option| option.get_long() == Some(name)) else {
            let names = known.iter().filter_map(|option| option.get_long()).chain(["columns"]);
            let near = names.map(|known| (strsim::damerau_levenshtein(known, name), known)).min();
            let hint = match near {
                Some((distance, near)) if distance <= 2 => format!("did you mean `{near}`?"),
                _ => format!("`dualgn {} --help` lists them", self.name),
            };
            return Err(format!("{}: there is no option `{name}`; {hint}", place(self.text, Some(key.span()))));
        };
        let (kind, several) = kind(option);
        let written = match (value.get_ref(), &kind) {
            (DeValue::Boolean(true), Kind::Switch) => return Ok(Some((name.into(), None))),
            (DeValue::Boolean(false), Kind::Switch) => return Ok(None),
            (DeValue::Array(values), _) if several => {
                let values = values.iter().map(|value| one(value.get_ref(), &kind));
                values.collect::<Option<Vec<_>>>().map(|values| values.join(","))
            }
            (value, _) => one(value, &kind),
        };
        let Some(written) = written else {
            let wanted = match &kind {
                Kind::Switch => "true or false".to_owned(),
                Kind::Whole => "a whole number".into(),
                Kind::Number => "a number".into(),
                Kind::Words(words) => format!("one of {}", words.join(", ")),
                Kind::Text => "text in quotes".into(),
            };
            let or_list = if several { ", or a list" } else { "" };
            return self.wrong(value, format!("`{name}` should be {wanted}{or_list}"));
        };
        let is_path = PATHS.contains(&name) && (name != "network" || written.ends_with(".toml"));
        let written = if is_path { self.beside(&written) } else { written };
        match self.refusal(name, &written) {
            Some(refusal) => self.wrong(value, refusal),
            None => Ok(Some((name.into(), Some(written)))),
        }
    }

    /// What the command line says against a value, asked about this option alone, to say where it stands.
    fn refusal(&self, name: &str, value: &str) -> Option<String> {
        use clap::error::ErrorKind;
        let words = [self.subject.to_owned(), format!("--{name}={value}")];
        let error = self.command.clone().no_binary_name(true).try_get_matches_from(words).err()?;
        let is_of_value = matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue);
        if !is_of_value || !error.context().any(|(_, value)| value.to_string().contains(&format!("--{name}"))) {
            return None;
        }
        let rendered = error.to_string();
        let first = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let values = rendered.lines().find(|line| line.contains("[possible values")).unwrap_or_default().trim();
        Some(format!("{first} {values}").trim().to_owned())
    }
}

/// A value as it is typed, if it is of a kind.
fn one(value: &DeValue, kind: &Kind) -> Option<String> {
    match (value, kind) {
        (DeValue::String(text), _) => Some(text.to_string()),
        (DeValue::Integer(number), Kind::Whole | Kind::Number | Kind::Text) => Some(number.to_string()),
        (DeValue::Float(number), Kind::Number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<RunFile, String> {
        RunFile::parse(text, Path::new("folder/run.toml"))
    }

    #[test]
    fn a_file_stands_for_a_command() {
        let file = parsed(
            "table = \"t.csv\"\ntarget = \"y\"\nepochs = 5\ndamping = 0.5\nquiet = true\njson = false\n\n[columns]\nzip = \"category\"\n",
        );
        assert_eq!(
            file.unwrap().typed(),
            "dualgn fit folder/t.csv --column zip=category --damping 0.5 --epochs 5 --quiet --target y"
        );
        let file = parsed("command = \"compare\"\nproblem = \"digits\"\nmethods = [\"adam\", \"dual-gn\"]\n").unwrap();
        assert_eq!(file.typed(), "dualgn compare digits --methods adam,dual-gn");
        let file = parsed("problem = \"digits\"\n[network]\npreset = { name = \"cnn\" }\n").unwrap();
        assert_eq!(file.typed(), "dualgn train digits --network folder/run.toml");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, words) in [
            ("epochs = 5\n", "should say what the run is about"),
            (
                "problem = \"digits\"\nepoch = 5\n",
                ", line 2, column 1: there is no option `epoch`; did you mean `epochs`?",
            ),
            ("problem = \"digits\"\n\nepochs = true\n", ", line 3, column 10: `epochs` should be a number"),
            (
                "problem = \"digits\"\nepochs = -1.0\n",
                ", line 2, column 10: invalid value '-1.0' for '--epochs <EPOCHS>'",
            ),
            ("problem = \"digits\"\nloss = \"square\"\n", ", line 2, column 8: invalid value 'square'"),
            ("problem = \"digits\"\nmesh =\n", ", line 2, column 7"),
            ("table = \"t.csv\"\ncommand = \"train\"\n", ", line 2, column 11: `command` should be fit beside `table`"),
            ("table = \"t.csv\"\n[columns]\na = 1\n", "`columns.a` should be the name of a role"),
        ] {
            let problem = parsed(text).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
    }
}
