//! [`Topic`]: what a command is about: a problem with data, or an equation or shape.

use std::sync::LazyLock;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::fields::FieldName;
use crate::problem::ProblemName;

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
    pub fn name(self) -> String {
        match self {
            Self::Data(problem) => problem.name().to_owned(),
            Self::Field(field) => field.name(),
        }
    }
}

impl ValueEnum for Topic {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Topic>> = LazyLock::new(|| {
            let fields = FieldName::value_variants().iter().map(|&field| Topic::Field(field));
            ProblemName::ALL.into_iter().map(Topic::Data).chain(fields).collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Data(problem) => problem.to_possible_value(),
            Self::Field(field) => field.to_possible_value(),
        }
    }
}
