//! [`Topic`]: what a command is about: a problem with data, or an equation or shape.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
#[cfg(feature = "fields")]
use dualgn_fields::FieldName;
use dualgn_train::problem::ProblemName;
use strum::VariantArray;

use crate::choice::possible;

/// A problem's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// A network on data.
    Data(ProblemName),
    /// A network as a function of space.
    #[cfg(feature = "fields")]
    Field(FieldName),
}

impl Topic {
    /// The name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Data(problem) => problem.name(),
            #[cfg(feature = "fields")]
            Self::Field(field) => field.name(),
        }
    }

    /// A parser of the names.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        let names = ProblemName::VARIANTS.iter().filter_map(possible);
        #[cfg(feature = "fields")]
        let names = names.chain(FieldName::VARIANTS.iter().filter_map(possible));
        PossibleValuesParser::new(names).try_map(|name| name.parse::<Self>())
    }
}

impl FromStr for Topic {
    type Err = strum::ParseError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let topic = name.parse().map(Self::Data);
        #[cfg(feature = "fields")]
        let topic = topic.or_else(|_| name.parse().map(Self::Field));
        topic
    }
}
