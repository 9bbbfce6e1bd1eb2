//! The commands about commands: `init`, `validate`, `schema`, `completions`, `man`.

use std::ffi::OsString;
use std::path::Path;

use burn::tensor::Device;
use clap::{CommandFactory, Parser};
#[cfg(feature = "fields")]
use dualgn_fields::{EquationFile, Table};
use dualgn_io::{Failure, files, input};
use dualgn_networks::{Net, NetworkChoice};
#[cfg(feature = "tables")]
use dualgn_tables::table::{Source, profiles, roles};
use dualgn_train::network_failure;
use toml::de::DeTable;

#[cfg(feature = "fields")]
use super::field;
use super::plan::{self, Origin};
use crate::arguments::{Arguments, Command, Compare, Completions, Init, Man, Train, Validate};
#[cfg(feature = "fields")]
use crate::configuration::is_of_equations;
use crate::configuration::{RunFile, schema, template};
use crate::terminal;
use crate::topic::Topic;
#[cfg(feature = "fields")]
use crate::topic::reader;

/// Writes a file with every option as a comment, or one of equations.
pub(super) fn init(arguments: &Init) -> Result<(), Failure> {
    let subject = arguments.subject.as_deref().unwrap_or_default();
    #[cfg(feature = "fields")]
    if let Some(name) = arguments.problem {
        let file = arguments.out.clone().unwrap_or_else(|| format!("{name}.toml").into());
        let equations = name.file().ok_or_else(|| {
            let message = format!("{name} cannot be written as a file of equations: it is given by a surface");
            Failure::input(message).hint("`dualgn problems` lists the others")
        })?;
        let beside = |table: &Table| file.parent().unwrap_or(Path::new("")).join(&table.file);
        if let Some(path) = equations.tables().iter().map(beside).find(|path| path.exists()) {
            let message = format!("{} is there already", path.display());
            return Err(
                Failure::input(message).hint("remove it, or write into another folder with `--out FOLDER/FILE`")
            );
        }
        written(&file, equations.text(), |file| format!("change it, then `dualgn solve {file}`"))?;
        for table in equations.tables() {
            written(&beside(table), &table.csv(), |_| format!("its measurements, which {} reads", file.display()))?;
        }
        return Ok(());
    }
    let text = match subject.parse::<Topic>() {
        Ok(topic) => template("train", "problem", topic.name(), &[]),
        Err(_) => of_table(subject)?,
    };
    let file = arguments.out.clone().unwrap_or_else(|| "dualgn.toml".into());
    written(&file, &text, |file| format!("change it, then `dualgn validate {file}`"))
}

/// Writes a file that is not there, and says what comes next.
fn written(file: &Path, text: &str, next: impl FnOnce(&str) -> String) -> Result<(), Failure> {
    let shown = file.display().to_string();
    if file.exists() {
        return Err(Failure::input(format!("{shown} is there already; remove it, or name another one with `--out`")));
    }
    files::replace(file, text.as_bytes())?;
    terminal::say(format!("written: {shown}; {}", next(&shown)));
    Ok(())
}

/// The same of a table, with the role of each column.
#[cfg(feature = "tables")]
fn of_table(subject: &str) -> Result<String, Failure> {
    let path = Path::new(subject);
    if !path.exists() {
        return Err(Failure::input(format!(
            "there is neither a file nor a problem `{subject}`; `dualgn problems` lists the problems"
        )));
    }
    let source = Source::open(path, &Default::default())?;
    let profiles = profiles(&source, None, |_| {})?.columns;
    let decisions = roles(&source, &profiles, None, &Default::default())?;
    let role =
        |decision: &Option<dualgn_tables::table::Decision>| decision.as_ref().map(|decision| decision.role.to_string());
    let columns =
        profiles.iter().zip(&decisions).filter_map(|(profile, decision)| Some((profile.name.clone(), role(decision)?)));
    Ok(template("fit", "table", &files::absolute(path).display().to_string(), &columns.collect::<Vec<_>>()))
}

#[cfg(not(feature = "tables"))]
fn of_table(subject: &str) -> Result<String, Failure> {
    Err(Failure::input(format!("there is no problem `{subject}`; `dualgn problems` lists the problems")))
}

/// Bytes of a file of a run or of a network at most.
const LARGEST: u64 = 1 << 20;

/// Checks a file of a run or of a network.
pub(super) fn validate(arguments: &Validate) -> Result<(), Failure> {
    let path = &arguments.file;
    let text = input::read_text(path, LARGEST)?;
    // Values that do not fit are said by the reader of runs, with their place.
    let is_run = DeTable::parse(&text)
        .is_ok_and(|table| ["table", "problem", "command"].iter().any(|key| table.get_ref().contains_key(*key)));
    if text.trim().is_empty() {
        return Err(Failure::input(format!("{} is empty", path.display())));
    }
    #[cfg(feature = "fields")]
    if is_of_equations(&text) {
        let problem = EquationFile::read(path, reader())?.problem()?;
        return terminal::print(format!("{} is good: {}", path.display(), problem.description));
    }
    let network = if is_run {
        let run = RunFile::read(path)?;
        check(&run)?;
        terminal::print(format!("{} is good, and means:\n{}", path.display(), run.typed()))?;
        run.network()
    } else {
        Some(path.clone())
    };
    let Some(network) = network else { return Ok(()) };
    let choice = NetworkChoice::File(network.clone());
    let description = choice.load()?;
    match &description.input {
        Some(input) => {
            let outputs = description.outputs.unwrap_or(1);
            let net = Net::new(&description, input, &[], outputs, &Device::flex());
            let net = net.map_err(|error| network_failure(Some(&choice), &error))?;
            terminal::print(format!(
                "{} describes a network: {} parameters for inputs {input:?}",
                network.display(),
                net.parameters()
            ))
        }
        None => terminal::print(format!(
            "{} describes a network; whether it fits shows with the data (`input` is not said)",
            network.display()
        )),
    }
}

/// Refuses options that do not go together, as the command itself does: what is for other problems, a surface that is missing or not
/// wanted, boundary values that cannot be built in.
fn check(run: &RunFile) -> Result<(), Failure> {
    let words = std::iter::once(OsString::from("dualgn")).chain(run.words(|_| false));
    let arguments = Arguments::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let said: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
        Failure::input(said.join(" ").trim_start_matches("error: ").to_owned())
    })?;
    let (Command::Train(Train { problem, run, options, .. }) | Command::Compare(Compare { problem, run, options, .. })) =
        arguments.command
    else {
        return Ok(());
    };
    plan::loss(Origin::Problem(&problem, &options), &run)?;
    #[cfg(feature = "fields")]
    if let Topic::Field(statement) = problem {
        field::specification(&statement, &options.field, &run).problem()?;
    }
    Ok(())
}

/// Prints the schema of a run's file.
pub(super) fn print_schema() -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&schema()).map_err(|error| Failure::run(error.to_string()))?;
    terminal::print(text)
}

/// Prints a script that completes commands and options in a shell.
pub(super) fn completions(arguments: &Completions) -> Result<(), Failure> {
    // Into memory first: the generator does not expect that writing may fail.
    let mut script = vec![];
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "dualgn", &mut script);
    terminal::print_data(&script)
}

/// Prints the manual page of the program, or writes one for each command.
pub(super) fn man(arguments: &Man) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::run(format!("cannot write the manual: {error}"));
    match &arguments.out {
        None => {
            let mut page = vec![];
            clap_mangen::Man::new(Arguments::command()).render(&mut page).map_err(failed)?;
            terminal::print_data(&page)
        }
        Some(folder) => {
            files::make_folder(folder)?;
            clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)
        }
    }
}
