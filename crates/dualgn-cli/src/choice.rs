//! Options with a fixed set of values, each of which an enumeration of a library names and documents.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use dualgn_train::{Method, PRESETS};
use strum::{EnumMessage, VariantArray};

/// A parser of the names of an enumeration; what is documented of a variant is its help.
pub(crate) fn choice<T>() -> impl TypedValueParser<Value = T>
where
    T: VariantArray + EnumMessage + FromStr + Clone + Send + Sync + 'static,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    PossibleValuesParser::new(T::VARIANTS.iter().filter_map(possible)).try_map(|name| T::from_str(&name))
}

/// A variant as a value of an option; `None` of one that users do not choose.
pub(crate) fn possible<T: EnumMessage>(variant: &T) -> Option<PossibleValue> {
    let about = variant.get_documentation()?;
    let about = about.strip_suffix('.').filter(|rest| !rest.ends_with('.')).unwrap_or(about);
    // The longest is the name, as it is printed; the others are short forms.
    let mut names = variant.get_serializations().to_vec();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let (name, short) = names.split_first()?;
    Some(PossibleValue::new(*name).aliases(short.iter().copied()).help(about))
}

/// A parser of the names of methods.
pub(crate) fn method() -> impl TypedValueParser<Value = Method> {
    let values = PRESETS.into_iter().map(|method| PossibleValue::new(method.name).help(method.title));
    PossibleValuesParser::new(values).try_map(|name| Method::named(&name).ok_or_else(|| format!("no method {name}")))
}
