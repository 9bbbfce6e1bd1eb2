//! [`Topic`]: what a command is about: a problem with data, or an equation or shape.

use std::ffi::OsStr;
use std::path::Path;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
#[cfg(feature = "fields")]
use dualgn_fields::{EquationFile, FieldName, Statement, TableReader};
#[cfg(all(feature = "fields", feature = "tables"))]
use dualgn_tables::table::{Source, all_numbers};
use dualgn_train::problem::ProblemName;
use strum::VariantArray;

use crate::choice::possible;

/// A problem on the command line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Topic {
    /// A network on data.
    Data(ProblemName),
    /// A network as a function of space.
    #[cfg(feature = "fields")]
    Field(Statement),
}

impl Topic {
    /// The name on the command line, or that of a file without its folder and ending.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Data(problem) => problem.name(),
            #[cfg(feature = "fields")]
            Self::Field(statement) => statement.name(),
        }
    }
}

impl FromStr for Topic {
    type Err = strum::ParseError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let topic = name.parse().map(Self::Data);
        #[cfg(feature = "fields")]
        let topic = topic.or_else(|_| name.parse::<FieldName>().map(|name| Self::Field(name.into())));
        topic
    }
}

/// Reads the tables that files of equations name, where the program reads tables.
#[cfg(feature = "fields")]
pub(crate) fn reader() -> Option<TableReader> {
    #[cfg(feature = "tables")]
    return Some(|path| Ok(all_numbers(&Source::open(path, &Default::default())?)?));
    #[cfg(not(feature = "tables"))]
    None
}

/// What can be named on the command line.
#[derive(Clone)]
pub(crate) struct TopicParser {
    names: PossibleValuesParser,
}

impl TopicParser {
    /// All problems, and files of equations.
    pub(crate) fn all() -> Self {
        let names = ProblemName::VARIANTS.iter().filter_map(possible);
        #[cfg(feature = "fields")]
        let names = names.chain(FieldName::VARIANTS.iter().filter_map(possible));
        Self { names: PossibleValuesParser::new(names) }
    }

    /// Equations, shapes, and files of equations.
    #[cfg(feature = "fields")]
    pub(crate) fn fields() -> Self {
        Self { names: PossibleValuesParser::new(FieldName::VARIANTS.iter().filter_map(possible)) }
    }
}

impl TypedValueParser for TopicParser {
    type Value = Topic;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Topic, Error> {
        let fail = |what: &dyn std::fmt::Display| {
            Error::raw(ErrorKind::ValueValidation, format!("{what}\n")).with_cmd(command)
        };
        let path = Path::new(value);
        if path.extension().is_some_and(|ending| ending == "toml") {
            #[cfg(feature = "fields")]
            return match EquationFile::read(path, reader()) {
                Ok(file) => Ok(Topic::Field(Statement::File(file))),
                Err(failure) => Err(fail(&failure)),
            };
        }
        self.names.parse_ref(command, argument, value)?.parse().map_err(|error| fail(&error))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.names.possible_values()
    }
}
