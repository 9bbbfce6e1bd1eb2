//! The commands on tables of the user's: [`Fit`], [`Predict`], [`Evaluate`].

use std::path::PathBuf;

use clap::Args;
use dualgn_tables::table::{
    DateFormat, DecimalSign, HeaderChoice, Missing, ReadOptions, Role, Said, TargetKind, Thousands, Unseen,
};
use dualgn_tables::{Options, SplitName};
use serde::{Deserialize, Serialize};

use super::Learning;
use super::run::{Run, output, whole};
use crate::choice::choice;
use crate::device::DeviceName;

/// `dualgn fit`.
#[derive(Debug, Args)]
pub(crate) struct Fit {
    /// The table: a .csv, .tsv, .txt or .jsonl file (also with .gz), a .npy, .npz or .parquet file, `-` for standard input, a
    /// folder with one folder of images per class, or a folder with idx files. Alternatively, a configuration file that ends in .toml
    #[arg(value_name = "TABLE")]
    pub data: PathBuf,
    /// What is to be learnt, and of what.
    #[command(flatten)]
    pub table: TableOptions,
    /// Options shared with `train`.
    #[command(flatten)]
    pub learning: Learning,
    /// Options shared with `train` and `compare`.
    #[command(flatten)]
    pub run: Run,
}

/// What is to be learnt, and of what.
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Table")]
pub(crate) struct TableOptions {
    /// The column to predict  [default: `target`, or the last column]
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// Kind of the target  [default: decided by its values]
    #[arg(long, value_parser = choice::<TargetKind>())]
    pub kind: Option<TargetKind>,
    /// Role of a column, such as `zip=category` or `comment=ignore`; repeat the option for further columns  [default: decided by
    /// the cells]
    #[arg(long = "column", value_parser = column, value_name = "NAME=ROLE")]
    pub columns: Vec<(String, Role)>,
    /// How missing values are handled
    #[arg(long, value_parser = choice::<Missing>(), default_value_t)]
    pub missing: Missing,
    /// How categories that do not occur in the training rows are handled
    #[arg(long, value_parser = choice::<Unseen>(), default_value_t)]
    pub unseen: Unseen,
    /// How rows are split into training, validation and test rows
    #[arg(long, value_parser = choice::<SplitName>(), default_value_t)]
    pub split: SplitName,
    /// Column with the time of each row, for `--split time`; the test rows are later than the training rows
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// Fraction of the rows that are used as test rows
    #[arg(long, default_value_t = 0.2, value_parser = part, value_name = "PART")]
    pub test: f64,
    /// Number of networks, each with validation rows of its own; their predictions are averaged  [default: 5, or 1 for more than
    /// 20,000 rows]
    #[arg(long, value_parser = whole(1..=100))]
    pub members: Option<u32>,
    /// Fraction of the rows that are used for early stopping if a single network is trained
    #[arg(long, default_value_t = 0.15, value_parser = part, value_name = "PART")]
    pub validation: f64,
    /// File with the numbers of the test rows, one per line and counted from 0; no test rows are drawn then
    #[arg(long, value_name = "FILE", conflicts_with = "test")]
    pub test_rows: Option<PathBuf>,
    /// How the file is read.
    #[command(flatten)]
    pub reading: ReadingOptions,
}

/// How a table is read.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
pub(crate) struct ReadingOptions {
    /// Cell separator of text files; `tab` for tabs  [default: detected]
    #[arg(long, value_parser = separator, value_name = "CHARACTER", help_heading = "Table")]
    pub separator: Option<char>,
    /// Whether the first line of a text file holds the column names
    #[arg(long, value_parser = choice::<HeaderChoice>(), default_value_t, help_heading = "Table")]
    #[serde(default)]
    pub header: HeaderChoice,
    /// Decimal sign in text  [default: detected, or the model's]
    #[arg(long, value_parser = choice::<DecimalSign>(), help_heading = "Table")]
    #[serde(default)]
    pub decimal: Option<DecimalSign>,
    /// Thousands separator in text  [default: detected, or the model's]
    #[arg(long, value_parser = choice::<Thousands>(), value_name = "SIGN", help_heading = "Table")]
    #[serde(default)]
    pub thousands: Option<Thousands>,
    /// Date format in text: `day-first`, `month-first`, or a pattern such as `%d %b %Y`  [default: detected, or the model's]
    #[arg(long, value_parser = DateFormat::named, value_name = "FORMAT", help_heading = "Table")]
    #[serde(default)]
    pub dates: Option<DateFormat>,
    /// Words that mark a missing value in text, in addition to empty cells; '' for none  [default: NA, NaN, null, ? and similar
    /// words, or the model's]
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, value_name = "WORD,...", help_heading = "Table")]
    #[serde(default)]
    pub missing_words: Option<Vec<String>>,
}

impl ReadingOptions {
    /// The same for the reader.
    pub(crate) fn reading(&self) -> ReadOptions {
        let missing = self.missing_words.as_ref().map(|words| {
            let words = words.iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty());
            words.collect::<Vec<_>>().into()
        });
        let said = Said { decimal: self.decimal, thousands: self.thousands, dates: self.dates.clone(), missing };
        ReadOptions { separator: self.separator, header: self.header, said }
    }
}

impl TableOptions {
    /// The same for the reader, with the seed by which rows are divided.
    pub(crate) fn options(&self, seed: u64) -> Options {
        Options {
            target: self.target.clone(),
            kind: self.kind,
            roles: self.columns.iter().cloned().collect(),
            missing: self.missing,
            unseen: self.unseen,
            split: self.split,
            time: self.time.clone(),
            test: self.test,
            test_rows: self.test_rows.clone(),
            members: self.members.map(|members| members as usize),
            validation: self.validation,
            reading: self.reading.reading(),
            seed,
        }
    }
}

/// `dualgn predict`.
#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// The model: the folder of a run of `fit`, or the file `model.safetensors` in it; or the folder of a run of `solve`
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The table, with the columns that the model was trained on, or the coordinates of points
    #[arg(value_name = "TABLE")]
    pub data: PathBuf,
    /// File for the predictions, in CSV format  [default: standard output]
    #[arg(long, value_parser = output(), value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// What to compute of the solution of equations, such as 'u_xx' or 'u_t + u*u_x'; can be given several times  [default: the
    /// unknowns and their first derivatives]
    #[arg(long, value_name = "FORMULA", allow_hyphen_values = true)]
    pub formula: Vec<String>,
    /// Add the predictive standard deviation, from the Gauss-Newton approximation of the posterior
    #[arg(long)]
    pub std: bool,
    /// Device to compute on; every device except `flex` needs the Cargo feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
    /// How the file is read.
    #[command(flatten)]
    pub reading: ReadingOptions,
}

/// `dualgn evaluate`.
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// The model: the folder of a run of `fit`, or the file `model.safetensors` in it
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The table, with the columns that the model was trained on and the target column
    #[arg(value_name = "TABLE")]
    pub data: PathBuf,
    /// Print the result as JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Device to compute on; every device except `flex` needs the Cargo feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
    /// How the file is read.
    #[command(flatten)]
    pub reading: ReadingOptions,
}

/// `dualgn export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The model: the folder of a run of `fit`, or the file `model.safetensors` in it
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,
    /// The file to write
    #[arg(long, default_value = "model.onnx", value_parser = output(), value_name = "FILE")]
    pub out: PathBuf,
}

/// `dualgn explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The folder of a run of `fit` or `train`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// For a run of `fit`, the test row whose prediction is explained, counted from 0 in the table  [default: the worst
    /// prediction]
    #[arg(long, value_parser = whole(0..))]
    pub row: Option<u32>,
    /// Maximum number of examples in the batch
    #[arg(long, default_value_t = 500, value_parser = whole(1..))]
    pub examples: u32,
    /// Device to compute on; every device except `flex` needs the Cargo feature of the same name
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
}

fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("a part of the rows between 0 and 1 is needed".into()),
    }
}

fn separator(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(one), None) if one.is_ascii() && !one.is_ascii_alphanumeric() => Ok(one),
        _ => Err("one character is needed that is no letter or digit, or `tab`".into()),
    }
}

fn column(text: &str) -> Result<(String, Role), String> {
    let names = || Role::names().join(", ");
    let (name, role) =
        text.rsplit_once('=').ok_or_else(|| format!("NAME=ROLE is needed, where ROLE is one of {}", names()))?;
    let role = role.parse::<Role>().map_err(|_| format!("there is no role `{role}`; roles are {}", names()))?;
    Ok((name.to_owned(), role))
}
