//! [`RunFile`]: a run in a TOML file, and the command that it stands for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, input};
use dualgn_networks::place;
use toml::de::{DeTable, DeValue};

use super::options::{COMMANDS, Kind, command, kind, options};

/// A run in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFile {
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
pub fn expanded(words: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, Failure> {
    let words: Vec<OsString> = words.collect();
    let (Some(name), Some(path)) = (words.get(1).and_then(|word| word.to_str()), words.get(2)) else {
        return Ok(words);
    };
    let is_file = Path::new(path).extension().is_some_and(|ending| ending == "toml");
    if !is_file || !COMMANDS.iter().any(|(command, _)| *command == name) {
        return Ok(words);
    }
    let file = RunFile::read(Path::new(path))?;
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
    let mut expanded = vec![words[0].clone(), name.into(), file.subject.into()];
    for (option, value) in file.options.iter().filter(|(option, _)| !is_typed(option)) {
        expanded.push(match value {
            Some(value) => format!("--{option}={value}").into(),
            None => format!("--{option}").into(),
        });
    }
    expanded.extend_from_slice(typed);
    Ok(expanded)
}

impl RunFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or a key or a value is not what the command line takes.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = input::read_text(path, LARGEST)?;
        Self::parse(&text, path).map_err(|problem| Failure::input(format!("{}{problem}", path.display())))
    }

    /// The run of a text, which stands in a file; or what is wrong, from the end of the file's name on.
    pub fn parse(text: &str, path: &Path) -> Result<Self, String> {
        let table =
            DeTable::parse(text).map_err(|error| format!("{}: {}", place(text, error.span()), error.message()))?;
        let table = table.get_ref();
        let string = |value: &DeValue| value.as_str().map(str::to_owned);
        let (about, subject) = ["table", "problem"]
            .iter()
            .find_map(|key| Some((*key, string(table.get(*key)?.get_ref())?)))
            .ok_or(": should say what the run is about: `table = \"FILE\"`, or `problem = \"NAME\"`")?;
        let name = match (table.get("command").map(|value| string(value.get_ref())), about) {
            (Some(Some(name)), _) if COMMANDS.contains(&(name.as_str(), about)) => name,
            (Some(_), _) => {
                let span = table.get("command").map(|value| value.span());
                let fitting: Vec<&str> =
                    COMMANDS.iter().filter(|(_, key)| *key == about).map(|(name, _)| *name).collect();
                return Err(format!(
                    "{}: `command` should be {} beside `{about}`",
                    place(text, span),
                    fitting.join(" or ")
                ));
            }
            (None, "table") => "fit".into(),
            (None, _) => "train".into(),
        };
        let command = command(&name);
        let known = options(&command);
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut typed: Vec<(String, Option<String>)> = vec![];
        for (key, value) in table {
            let wrong = |problem: String| Err(format!("{}: {problem}", place(text, Some(value.span()))));
            let (key_text, value) = (key.get_ref().as_ref(), value.get_ref());
            match (key_text, value) {
                ("command" | "table" | "problem", _) => continue,
                ("columns", DeValue::Table(columns)) if name == "fit" => {
                    for (column, role) in columns {
                        match string(role.get_ref()) {
                            Some(role) => typed.push(("column".into(), Some(format!("{}={role}", column.get_ref())))),
                            None => {
                                return wrong(format!("`columns.{}` should be the name of a role", column.get_ref()));
                            }
                        }
                    }
                    continue;
                }
                // The part itself is read when the network is made.
                ("network", DeValue::Table(_)) => {
                    typed.push(("network".into(), Some(path.display().to_string())));
                    continue;
                }
                _ => {}
            }
            let Some(option) = known.iter().find(|option| option.get_long() == Some(key_text)) else {
                let names = known.iter().filter_map(|option| option.get_long()).chain(["columns"]);
                let near = names.map(|name| (strsim::damerau_levenshtein(name, key_text), name)).min();
                let hint = match near {
                    Some((distance, near)) if distance <= 2 => format!("did you mean `{near}`?"),
                    _ => format!("`dualgn {name} --help` lists them"),
                };
                return Err(format!("{}: there is no option `{key_text}`; {hint}", place(text, Some(key.span()))));
            };
            let (kind, several) = kind(option);
            let one = |value: &DeValue| match (value, &kind) {
                (DeValue::String(text), _) => Some(text.to_string()),
                (DeValue::Integer(number), Kind::Whole | Kind::Number | Kind::Text) => Some(number.to_string()),
                (DeValue::Float(number), Kind::Number) => Some(number.to_string()),
                _ => None,
            };
            let value = match (value, &kind) {
                (DeValue::Boolean(true), Kind::Switch) => {
                    typed.push((key_text.into(), None));
                    continue;
                }
                (DeValue::Boolean(false), Kind::Switch) => continue,
                (DeValue::Array(values), _) if several => values
                    .iter()
                    .map(|value| one(value.get_ref()))
                    .collect::<Option<Vec<_>>>()
                    .map(|values| values.join(",")),
                (value, _) => one(value),
            };
            let Some(value) = value else {
                let wanted = match &kind {
                    Kind::Switch => "true or false".to_owned(),
                    Kind::Whole => "a whole number".into(),
                    Kind::Number => "a number".into(),
                    Kind::Words(words) => format!("one of {}", words.join(", ")),
                    Kind::Text => "text in quotes".into(),
                };
                return wrong(format!("`{key_text}` should be {wanted}{}", if several { ", or a list" } else { "" }));
            };
            let is_path = PATHS.contains(&key_text) && (key_text != "network" || value.ends_with(".toml"));
            let value = if is_path { folder.join(&value).display().to_string() } else { value };
            // One option alone, to say where it stands if it is wrong.
            let alone = command
                .clone()
                .no_binary_name(true)
                .try_get_matches_from([subject.clone(), format!("--{key_text}={value}")]);
            if let Err(error) = alone
                && matches!(
                    error.kind(),
                    clap::error::ErrorKind::ValueValidation | clap::error::ErrorKind::InvalidValue
                )
                && error.context().any(|(_, value)| value.to_string().contains(&format!("--{key_text}")))
            {
                let rendered = error.to_string();
                let first = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
                let values = rendered.lines().find(|line| line.contains("[possible values")).unwrap_or_default().trim();
                return wrong(format!("{first} {values}").trim().to_owned());
            }
            typed.push((key_text.into(), Some(value)));
        }
        let subject = if about == "table" { folder.join(&subject).display().to_string() } else { subject };
        Ok(Self { command: name, subject, options: typed })
    }

    /// The file of its network, if it has one.
    pub fn network(&self) -> Option<PathBuf> {
        let (_, value) = self.options.iter().find(|(option, _)| option == "network")?;
        value.as_deref().filter(|value| value.ends_with(".toml")).map(PathBuf::from)
    }

    /// The command as it could be typed.
    pub fn typed(&self) -> String {
        let options = self.options.iter().map(|(option, value)| match value {
            Some(value) => format!(" --{option} {value}"),
            None => format!(" --{option}"),
        });
        format!("dualgn {} {}{}", self.command, self.subject, options.collect::<String>())
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
