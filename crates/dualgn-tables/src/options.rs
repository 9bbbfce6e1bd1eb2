//! [`Options`]: what is to be learnt from a table, and how its rows are divided.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use crate::table::{Missing, ReadOptions, Role, TargetKind, Unseen};

/// What is to be learnt from a table, and how its rows are split.
#[derive(Clone, Debug)]
pub struct Options {
    /// The column to predict; `None` for `target`, or the last column.
    pub target: Option<String>,
    /// Kind of the target; `None` to decide by its values.
    pub kind: Option<TargetKind>,
    /// Roles of columns, by their names; the roles of the others are decided by their cells.
    pub roles: BTreeMap<String, Role>,
    /// How missing values are handled.
    pub missing: Missing,
    /// How categories that do not occur in the training rows are handled.
    pub unseen: Unseen,
    /// How rows are split.
    pub split: SplitName,
    /// The column with the time of each row, for [`SplitName::Time`].
    pub time: Option<String>,
    /// The fraction of the rows that are used as test rows.
    pub test: f64,
    /// A file with the numbers of the test rows, in place of `test`.
    pub test_rows: Option<PathBuf>,
    /// The number of networks; `None` for five, or one for more than 20,000 rows.
    pub members: Option<usize>,
    /// The fraction of the rows that are used for early stopping if a single network is trained.
    pub validation: f64,
    /// How the file is read.
    pub reading: ReadOptions,
    /// The seed of the split.
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
            reading: ReadOptions::default(),
            seed: 0,
        }
    }
}

/// How rows are split into training, validation and test rows.
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
    /// Random; stratified by class if the target has classes
    #[default]
    Auto,
    /// Random
    Random,
    /// By the column of `--time`, or by the order of the rows; the latest rows are the test rows
    Time,
}
