//! [`Role`]: what each column is for, decided from its profile, with the reason.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::error::TableError;
use super::profile::Profile;
use super::source::Source;

/// What a column is for.
#[derive(
    Clone,
    Copy,
    Debug,
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
#[strum(serialize_all = "kebab-case", ascii_case_insensitive)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A numeric feature
    Numeric,
    /// A categorical feature; the network learns an embedding vector for each category
    Category,
    /// A date, encoded as the point in time and the position in the year, the week and the day
    Date,
    /// Left out
    Ignore,
}

impl Role {
    /// The names on the command line.
    pub fn names() -> Vec<String> {
        Self::VARIANTS.iter().map(ToString::to_string).collect()
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Category => "category",
            Self::Date => "date",
            Self::Ignore => "ignored",
        }
    }
}

/// What was decided for a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The role.
    pub role: Role,
    /// Why.
    pub reason: String,
}

/// Rows from which on a pattern is none by chance.
const ENOUGH: usize = 10;

/// Decides for all columns but the target; `wishes` come first.
///
/// # Errors
/// A wish is for a column that is not there or cannot have the role; or nothing is left to learn from.
pub fn roles(
    source: &Source,
    profiles: &[Profile],
    target: Option<usize>,
    wishes: &BTreeMap<String, Role>,
) -> Result<Vec<Option<Decision>>, TableError> {
    for name in wishes.keys() {
        source.column(name)?;
    }
    let decisions: Vec<Option<Decision>> = profiles
        .iter()
        .enumerate()
        .map(|(column, profile)| match wishes.get(&profile.name) {
            _ if Some(column) == target => Ok(None),
            Some(&role) => wished(source, profile, role).map(Some),
            None => Ok(Some(match source.index(column) {
                Some(reason) => Decision { role: Role::Ignore, reason: reason.into() },
                None => decide(profile),
            })),
        })
        .collect::<Result<_, _>>()?;
    if decisions.iter().flatten().all(|decision| decision.role == Role::Ignore) {
        let reasons: Vec<String> = profiles
            .iter()
            .zip(&decisions)
            .filter_map(|(profile, decision)| Some(format!("`{}` ({})", profile.name, decision.as_ref()?.reason)))
            .take(5)
            .collect();
        let problem = if reasons.is_empty() {
            "there is no column besides the target to learn from".to_owned()
        } else {
            format!(
                "no column is left to learn from: {}; say what one is for with `--column NAME=ROLE`",
                reasons.join(", ")
            )
        };
        return Err(TableError::Unfit { file: source.file().into(), problem });
    }
    Ok(decisions)
}

fn wished(source: &Source, profile: &Profile, role: Role) -> Result<Decision, TableError> {
    let refuse = |place: String, problem: String| {
        Err(TableError::Cell { file: source.file().into(), place, column: profile.name.clone(), problem })
    };
    match role {
        Role::Numeric if profile.numbers == 0 && profile.there() > 0 => {
            let (word, place) = profile.word.clone().unwrap_or_default();
            return refuse(
                place,
                format!("`{word}` is no number, and none of the others is; take `{}=category`", profile.name),
            );
        }
        Role::Date if profile.dates.is_none() => {
            return refuse(
                "all rows".into(),
                "not all cells are dates such as 2024-03-31, 31.03.2024 or 03/31/2024 of one kind; take `--dates FORMAT`, such as \
                 `--dates '%d %b %Y'`, for others"
                    .into(),
            );
        }
        Role::Category if profile.levels.is_none() => {
            return refuse("all rows".into(), "more than 2,000 different cells are too many for a category".into());
        }
        _ => {}
    }
    Ok(Decision { role, reason: "as you said".into() })
}

fn decide(profile: &Profile) -> Decision {
    let (there, distinct) = (profile.there(), profile.distinct());
    let decision = |role, reason: String| Decision { role, reason };
    let name = profile.name.to_lowercase();
    let is_called_id = ["id", "index", "row", "rowid", "uuid", "key"].contains(&name.as_str())
        || name.ends_with("_id")
        || name.ends_with(" id")
        || name.starts_with("unnamed");
    match distinct {
        Some(0) => return decision(Role::Ignore, "empty".into()),
        Some(1) if profile.missing == 0 => return decision(Role::Ignore, "the same in all rows".into()),
        _ => {}
    }
    let all_differ = distinct.is_none_or(|distinct| distinct == there);
    if profile.numbers == there && profile.whole && all_differ && there >= ENOUGH && (is_called_id || profile.counts_up)
    {
        return decision(Role::Ignore, "numbers the rows".into());
    }
    // A few words among numbers are errors when they are read.
    if profile.is_numeric() {
        let unit = profile.notation.numerals.unit.as_ref();
        let unit = unit.map_or_else(String::new, |unit| format!(", with `{unit}`"));
        return decision(Role::Numeric, format!("all cells are numbers{unit}"));
    }
    if let Some(dates) = &profile.dates {
        let doubt = match profile.has_open_dates {
            true => "; the day could as well be the month, which `--dates month-first` says",
            false => "",
        };
        return decision(Role::Date, format!("{}{doubt}", dates.words()));
    }
    match distinct {
        Some(distinct) if distinct <= 2 || distinct * 2 <= there => {
            decision(Role::Category, format!("{distinct} different words"))
        }
        Some(distinct) => {
            decision(Role::Ignore, format!("{distinct} different texts in {there} cells, too many to learn from"))
        }
        None => decision(Role::Ignore, "more than 2,000 different texts".into()),
    }
}
