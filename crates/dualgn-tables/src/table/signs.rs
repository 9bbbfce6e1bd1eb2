//! [`DecimalSign`] and [`Thousands`]: the signs within a number.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// The sign between a whole number and its decimals.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum DecimalSign {
    /// A point, as in 1.5
    #[default]
    Point,
    /// A comma, as in 1,5
    Comma,
}

/// The sign between groups of three digits.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Thousands {
    /// Whatever can mean nothing else: spaces, apostrophes, and the other of point and comma, unless it stands alone as in `1,299`.
    #[default]
    #[strum(disabled)]
    Certain,
    /// A point, as in 1.299
    #[strum(serialize = "point", serialize = ".")]
    Point,
    /// A comma, as in 1,299
    #[strum(serialize = "comma", serialize = ",")]
    Comma,
    /// A space, as in 1 299
    #[strum(serialize = "space", serialize = " ")]
    Space,
    /// An apostrophe, as in 1'299
    #[strum(serialize = "apostrophe", serialize = "'")]
    Apostrophe,
    /// No separator
    None,
}

/// What stands between groups of three digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The sign.
    pub sign: Thousands,
    /// Whether the sign could be taken for a decimal sign: `1,299`.
    pub is_doubtful: bool,
}

impl DecimalSign {
    /// The sign itself.
    pub fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    /// What stands between thousands where this stands before decimals.
    pub fn usual_thousands(self) -> Thousands {
        match self {
            Self::Point => Thousands::Comma,
            Self::Comma => Thousands::Point,
        }
    }
}

impl Thousands {
    /// What a sign between digits is.
    pub(super) fn of(sign: char) -> Option<Self> {
        match sign {
            '.' => Some(Self::Point),
            ',' => Some(Self::Comma),
            ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' => Some(Self::Space),
            '\'' | '\u{2019}' => Some(Self::Apostrophe),
            _ => None,
        }
    }

    /// Whether a number with this group may be read.
    pub(super) fn allows(self, group: Group) -> bool {
        let is_certain = matches!(group.sign, Self::Space | Self::Apostrophe) || !group.is_doubtful;
        match self {
            Self::Certain => is_certain,
            Self::None => false,
            Self::Point | Self::Comma => group.sign == self || matches!(group.sign, Self::Space | Self::Apostrophe),
            Self::Space | Self::Apostrophe => group.sign == self,
        }
    }
}
