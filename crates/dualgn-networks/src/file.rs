//! Networks in TOML files.

use std::path::{Path, PathBuf};

use dualgn_io::{Failure, input};
use serde::Deserialize;

use super::build::NetworkError;
use super::description::{Description, Preset};

/// What `--network` says.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkChoice {
    /// The file.
    File(PathBuf),
    /// The network itself.
    Given(Description),
}

/// Bytes of a file at most.
const LARGEST: u64 = 1 << 20;

impl NetworkChoice {
    /// A preset's name, or a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.ends_with(".toml") {
            return Ok(Self::File(text.into()));
        }
        let preset = toml::from_str::<Named>(&format!("preset.name = {text:?}"));
        match preset {
            Ok(Named { preset }) => Ok(Self::Given(Description { preset: Some(preset), ..Description::default() })),
            Err(_) if Path::new(text).exists() => Ok(Self::File(text.into())),
            Err(_) => {
                Err("there is neither such a file nor a preset of this name (mlp, resnet-tabular, siren, cnn, lenet)"
                    .into())
            }
        }
    }

    /// The network.
    ///
    /// # Errors
    /// The file cannot be read, or does not describe a network.
    pub fn load(&self) -> Result<Description, Failure> {
        match self {
            Self::Given(description) => Ok(description.clone()),
            Self::File(path) => read(path),
        }
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Given(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct Named {
    preset: Preset,
}

/// A file of its own, or a part `[network]` of the configuration of a run.
fn read(path: &Path) -> Result<Description, Failure> {
    let text = input::read_text(path, LARGEST)?;
    parse(&text).map_err(|error| Failure::input(format!("{}{error}", path.display())))
}

/// The network of a text; or what is wrong, from the end of the file's name on.
pub fn parse(text: &str) -> Result<Description, String> {
    #[derive(Deserialize)]
    struct Run {
        network: Option<Description>,
    }
    let wrong = |error: toml::de::Error| format!("{}: {}", place(text, error.span()), error.message());
    match toml::from_str::<Run>(text).map_err(wrong)? {
        Run { network: Some(network) } => Ok(network),
        Run { network: None } => toml::from_str(text).map_err(wrong),
    }
}

/// The line and column of a place, as part of a sentence.
pub fn place(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let Some(before) = span.and_then(|span| text.get(..span.start)) else { return String::new() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(", line {line}, column {column}")
}

/// Where the layer of an error is, in the text of a network, as part of a sentence.
pub fn line_of(text: &str, error: &NetworkError) -> String {
    let NetworkError::Layer { place: path, .. } = error else { return String::new() };
    let line = || {
        let table = toml::de::DeTable::parse(text).ok()?;
        let mut layers = table.get_ref().get("network").and_then(|network| network.get_ref().as_table());
        let root = table.get_ref();
        let mut span = None;
        for index in path.split('.') {
            let list = layers.unwrap_or(root).get("layers")?.get_ref().as_array()?;
            let layer = list.get(index.parse::<usize>().ok()?.checked_sub(1)?)?;
            span = Some(layer.span());
            layers = layer.get_ref().as_table();
        }
        span
    };
    place(text, line())
}
