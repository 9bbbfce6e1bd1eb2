//! Floats in JSON that come back bit for bit: JSON has neither infinities nor NaN, which are written as `"inf"`, `"-inf"` and `null`.
//! For `#[serde(with = "exact")]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Word(Infinity),
    Nothing(()),
}

#[derive(Serialize, Deserialize)]
enum Infinity {
    #[serde(rename = "inf")]
    Positive,
    #[serde(rename = "-inf")]
    Negative,
}

impl From<f64> for Written {
    fn from(number: f64) -> Self {
        match number {
            f64::INFINITY => Self::Word(Infinity::Positive),
            f64::NEG_INFINITY => Self::Word(Infinity::Negative),
            number if number.is_nan() => Self::Nothing(()),
            number => Self::Number(number),
        }
    }
}

impl From<Written> for f64 {
    fn from(written: Written) -> Self {
        match written {
            Written::Number(number) => number,
            Written::Word(Infinity::Positive) => f64::INFINITY,
            Written::Word(Infinity::Negative) => f64::NEG_INFINITY,
            Written::Nothing(()) => f64::NAN,
        }
    }
}

/// Writes a number.
pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    Written::from(*number).serialize(serializer)
}

/// Reads a number.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Written::deserialize(deserializer).map(f64::from)
}

/// The same for numbers that may be absent; for `#[serde(with = "exact::option", default, skip_serializing_if = "Option::is_none")]`.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Written};

    /// Writes a number.
    pub(crate) fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        number.map(Written::from).serialize(serializer)
    }

    /// Reads a number that is there; one that is absent takes the default.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Written::deserialize(deserializer).map(|number| Some(f64::from(number)))
    }
}
