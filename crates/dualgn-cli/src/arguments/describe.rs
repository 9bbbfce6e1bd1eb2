//! The commands about commands: [`Init`], [`Report`], [`Validate`], [`Completions`], [`Man`].

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `dualgn init`.
#[derive(Debug, Args)]
pub struct Init {
    /// A table to learn from, or a problem
    #[arg(value_name = "TABLE|PROBLEM")]
    pub subject: String,
    /// The file to write
    #[arg(long, default_value = "dualgn.toml", value_name = "FILE")]
    pub out: PathBuf,
}

/// `dualgn report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The folder of a run of `fit`, `train` or `compare`
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The page to write  [default: report.html in that folder]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the table of the terminal instead
    #[arg(long)]
    pub text: bool,
}

/// `dualgn validate`.
#[derive(Debug, Args)]
pub struct Validate {
    /// The configuration of a run, or the description of a network
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `dualgn completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// `dualgn man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for each command into this folder, instead of printing that of the program
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
