//! [`Topic`]: what a command is about: a problem with data, or an equation or shape.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use dualgn_fields::FieldName;
use dualgn_train::problem::ProblemName;
use strum::VariantArray;

use crate::choice::possible;

/// A problem's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A network on data.
    Data(ProblemName),
    /// A network as a function of space.
    Field(FieldName),
}

impl Topic {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data(problem) => problem.name(),
            Self::Field(field) => field.name(),
        }
    }

    /// A parser of the names.
    pub fn parser() -> impl TypedValueParser<Value = Self> {
        let data = ProblemName::VARIANTS.iter().filter_map(possible);
        let fields = FieldName::VARIANTS.iter().filter_map(possible);
        PossibleValuesParser::new(data.chain(fields)).try_map(|name| name.parse::<Self>())
    }
}

impl FromStr for Topic {
    type Err = strum::ParseError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        name.parse().map(Self::Data).or_else(|_| name.parse().map(Self::Field))
    }
}
