//! The commands about commands: [`Init`], [`Report`], [`Validate`], [`Completions`], [`Man`].

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
#[cfg(feature = "fields")]
use dualgn_fields::FieldName;

use super::run::output;
#[cfg(feature = "fields")]
use crate::choice::choice;

/// `dualgn init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The table to learn from, or the name of a problem
    #[arg(value_name = "TABLE|PROBLEM")]
    #[cfg_attr(feature = "fields", arg(required_unless_present = "problem"))]
    #[cfg_attr(not(feature = "fields"), arg(required = true))]
    pub subject: Option<String>,
    /// Write the equations of this problem instead, as a file for `solve`
    #[cfg(feature = "fields")]
    #[arg(long, value_parser = choice::<FieldName>(), value_name = "PROBLEM", conflicts_with = "subject")]
    pub problem: Option<FieldName>,
    /// The file to write  [default: dualgn.toml, or PROBLEM.toml]
    #[arg(long, value_parser = output(), value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `dualgn report`.
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The folder of a run of `fit`, `train` or `compare`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The HTML file to write  [default: report.html in that folder]
    #[arg(long, value_parser = output(), value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the results as a text table instead of writing the HTML file
    #[arg(long)]
    pub text: bool,
}

/// `dualgn validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// A configuration of a run, or a description of a network
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `dualgn completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell that the script is for
    pub shell: Shell,
}

/// `dualgn man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write one manual page per command into this folder, instead of printing the page of the program
    #[arg(long, value_parser = output(), value_name = "DIR")]
    pub out: Option<PathBuf>,
}
