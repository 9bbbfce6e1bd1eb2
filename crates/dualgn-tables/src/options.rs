//! [`Options`]: what is to be learnt from a table, and how its rows are divided.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use crate::table::{Missing, Reading, Role, TargetKind, Unseen};

/// What is to be learnt from a table, and how its rows are divided.
#[derive(Clone, Debug)]
pub struct Options {
    /// The column to predict; `None` for `target`, or the last one.
    pub target: Option<String>,
    /// What the target is; `None` for what its values look like.
    pub kind: Option<TargetKind>,
    /// What columns are for, by their names; the others are for what their cells look like.
    pub roles: BTreeMap<String, Role>,
    /// What is done with empty cells.
    pub missing: Missing,
    /// What is done with words that the training rows do not have.
    pub unseen: Unseen,
    /// How rows are divided.
    pub split: SplitName,
    /// The column that says when a row is from, for [`SplitName::Time`].
    pub time: Option<String>,
    /// The part of the rows that tests.
    pub test: f64,
    /// A file with the numbers of the rows that test, instead.
    pub test_rows: Option<PathBuf>,
    /// Networks that learn; `None` for five, or one for more than 20,000 rows.
    pub members: Option<usize>,
    /// The part of the rows that says when to stop, where one network learns.
    pub validation: f64,
    /// How the file is read.
    pub reading: Reading,
    /// The seed by which rows are divided.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: None,
            kind: None,
            roles: BTreeMap::new(),
            missing: Missing::default(),
            unseen: Unseen::default(),
            split: SplitName::default(),
            time: None,
            test: 0.2,
            test_rows: None,
            members: None,
            validation: 0.15,
            reading: Reading::default(),
            seed: 0,
        }
    }
}

/// How rows are divided into those to train on, to stop by and to test with.
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
pub enum SplitName {
    /// At random, each class in proportion if there are classes
    #[default]
    Auto,
    /// At random
    Random,
    /// By `--time`, or by the order of the rows: the latest test
    Time,
}
