//! What stands in a file in several forms: [`Number`], [`Listed`], [`Loss`], [`Ordered`], [`Periods`].

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// A number, or a formula of constants.
pub(super) enum Number {
    Number(f64),
    Formula(String),
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Number;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number or a formula of constants")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number::Number(number as f64))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number::Number(number as f64))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number::Number(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                Ok(Number::Formula(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// A text, or several.
pub(super) enum Listed {
    One(String),
    Several(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Listed;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a list of strings")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Listed, E> {
                Ok(Listed::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Listed, A::Error> {
                elements(list).map(Listed::Several)
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// What residuals cost; of Huber's loss with the size from which on it is linear, if that is said.
pub(super) enum Loss {
    Squared,
    Absolute,
    LogCosh,
    Huber(Option<Spanned<Number>>),
}

impl<'de> Deserialize<'de> for Loss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Loss;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("one of \"squared\", \"absolute\", \"log-cosh\", \"huber\" and { huber = 0.1 }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Loss, E> {
                match text {
                    "squared" => Ok(Loss::Squared),
                    "absolute" => Ok(Loss::Absolute),
                    "log-cosh" => Ok(Loss::LogCosh),
                    "huber" => Ok(Loss::Huber(None)),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Loss, A::Error> {
                match <[_; 1]>::try_from(entries(table)?) {
                    Ok([(name, size)]) if name.get_ref() == "huber" => Ok(Loss::Huber(Some(size))),
                    _ => Err(A::Error::invalid_type(Unexpected::Map, &self)),
                }
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

/// A name and what it has.
type Entry<T> = (Spanned<String>, Spanned<T>);

/// A table whose entries stay in the order of the file.
pub(super) struct Ordered<T>(pub(super) Vec<Entry<T>>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Ordered<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Ordered<T>, A::Error> {
                entries(table).map(Ordered)
            }
        }

        deserializer.deserialize_map(Reader(PhantomData))
    }
}

/// Coordinates with a period, and how many modes they have, where that is said.
#[derive(Default)]
pub(super) struct Periods(pub(super) Vec<(Spanned<String>, Option<Spanned<i64>>)>);

impl<'de> Deserialize<'de> for Periods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Periods;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of coordinates, or a table of them with numbers of modes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Periods, A::Error> {
                Ok(Periods(elements(list)?.into_iter().map(|name| (name, None)).collect()))
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Periods, A::Error> {
                Ok(Periods(entries(table)?.into_iter().map(|(name, modes)| (name, Some(modes))).collect()))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

fn elements<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Vec<Spanned<String>>, A::Error> {
    let mut all = vec![];
    while let Some(element) = list.next_element()? {
        all.push(element);
    }
    Ok(all)
}

/// Entries of a table, which come in the order of their names.
fn entries<'de, T: Deserialize<'de>, A: MapAccess<'de>>(mut table: A) -> Result<Vec<Entry<T>>, A::Error> {
    let mut all: Vec<Entry<T>> = vec![];
    while let Some(entry) = table.next_entry()? {
        all.push(entry);
    }
    all.sort_by_key(|(name, _)| name.span().start);
    Ok(all)
}
