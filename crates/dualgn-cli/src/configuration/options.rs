//! The options of a command, as the command line defines them.

use std::any::TypeId;

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::arguments::Arguments;

/// The commands that a file can stand for, with the key of what they are about.
pub(super) const COMMANDS: &[(&str, &str)] = &[
    #[cfg(feature = "tables")]
    ("fit", "table"),
    ("train", "problem"),
    ("compare", "problem"),
];

/// A command by its name.
pub(super) fn command(name: &str) -> Command {
    let mut all = Arguments::command();
    all.build();
    all.find_subcommand(name).cloned().unwrap_or_default()
}

/// Its options, in the order of the help.
pub(super) fn options(command: &Command) -> Vec<&Arg> {
    let is_option =
        |option: &&Arg| option.get_long().is_some_and(|long| !["help", "version", "column"].contains(&long));
    command.get_arguments().filter(is_option).collect()
}

/// What the value of an option is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// One of some words.
    Words(Vec<String>),
    /// Any text.
    Text,
}

/// That of an option, and whether there may be several.
pub(super) fn kind(option: &Arg) -> (Kind, bool) {
    if matches!(option.get_action(), ArgAction::SetTrue) {
        return (Kind::Switch, false);
    }
    let several = option.get_value_delimiter().is_some();
    let words: Vec<String> = option.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect();
    if !words.is_empty() {
        return (Kind::Words(words), several);
    }
    let id = option.get_value_parser().type_id();
    let is = |of: TypeId| id == of;
    let kind = match () {
        () if is(TypeId::of::<f64>()) => Kind::Number,
        () if is(TypeId::of::<u32>()) || is(TypeId::of::<u64>()) => Kind::Whole,
        () => Kind::Text,
    };
    (kind, several)
}

/// What help says of an option, in one line.
pub(super) fn help(option: &Arg) -> String {
    option.get_help().map_or_else(String::new, |help| help.to_string().replace('\n', " "))
}
