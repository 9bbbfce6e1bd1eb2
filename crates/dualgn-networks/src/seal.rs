//! [`Seal`]: what a file of weights says of itself: whose run it is of, what the model is, and a checksum of all, by which a file is
//! known that was damaged or changed.
//!
//! It stands in the metadata of the file, under one name: several would be written in any order, and the same model would not be the
//! same file.

use std::collections::HashMap;

use safetensors::tensor::{Metadata, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a file of weights says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seal {
    /// The identity of the run.
    pub run: Option<String>,
    /// What the model is, if it is one of a table.
    pub card: Option<Value>,
    checksum: String,
}

/// The name among the metadata.
const NAME: &str = "dualgn";

impl Seal {
    /// That of the weights of a run, and perhaps of a model.
    pub fn new(run: &str, card: Option<Value>) -> Self {
        Self { run: Some(run.to_owned()), card, checksum: String::new() }
    }

    /// The metadata of a file with some tensors.
    ///
    /// # Errors
    /// The card has a number that JSON cannot hold.
    pub fn metadata(mut self, tensors: &[(&String, TensorView)]) -> serde_json::Result<HashMap<String, String>> {
        let mut tensors: Vec<(&str, &TensorView)> = tensors.iter().map(|(name, view)| (name.as_str(), view)).collect();
        self.checksum = self.sum(&mut tensors)?;
        Ok(HashMap::from([(NAME.to_owned(), serde_json::to_string(&self)?)]))
    }

    /// Reads that of a file; `None` if another program wrote it. Or what is wrong, as the end of a sentence.
    pub fn of(header: &Metadata, file: &SafeTensors) -> Result<Option<Self>, String> {
        let Some(text) = header.metadata().as_ref().and_then(|metadata| metadata.get(NAME)) else { return Ok(None) };
        if is_of_the_first_version(text) {
            return Err(
                "is a model of dualgn 0.1, which this version does not read; fit it again (docs/migration.md)".into()
            );
        }
        let damaged = |error: serde_json::Error| format!("is damaged ({error})");
        let seal: Self = serde_json::from_str(text).map_err(damaged)?;
        let views: Vec<(&str, TensorView)> = file.iter().collect();
        let mut tensors: Vec<(&str, &TensorView)> = views.iter().map(|(name, view)| (*name, view)).collect();
        if seal.sum(&mut tensors).map_err(damaged)? != seal.checksum {
            return Err("is damaged or was changed: its checksum is wrong".into());
        }
        Ok(Some(seal))
    }

    /// Whether a file is a model that version 0.1 wrote, whose tensors anybody may read: it had no checksum.
    pub fn is_old(header: &Metadata) -> bool {
        let text = header.metadata().as_ref().and_then(|metadata| metadata.get(NAME));
        text.is_some_and(|text| is_of_the_first_version(text))
    }

    /// A checksum of everything but itself, the tensors in the order of their names.
    fn sum(&self, tensors: &mut [(&str, &TensorView)]) -> serde_json::Result<String> {
        tensors.sort_by_key(|(name, _)| *name);
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&serde_json::to_vec(&(&self.run, &self.card))?);
        for (name, view) in tensors {
            hasher.update(format!("\n{name} {:?} {:?}\n", view.dtype(), view.shape()).as_bytes());
            hasher.update(view.data());
        }
        Ok(format!("{:08x}", hasher.finalize()))
    }
}

/// Version 0.1 wrote the card itself where the seal is now.
fn is_of_the_first_version(text: &str) -> bool {
    serde_json::from_str::<Value>(text)
        .is_ok_and(|value| value.get("version").is_some() && value.get("checksum").is_none())
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;

    use super::*;

    #[test]
    fn models_of_the_first_version_are_known() {
        let bytes = [0u8; 4];
        let view = TensorView::new(safetensors::Dtype::F32, vec![1], &bytes).unwrap();
        let metadata = HashMap::from([(NAME.to_owned(), "{\"version\": \"0.1.0\", \"members\": 1}".to_owned())]);
        let file = safetensors::serialize([("0.weight", view)], Some(metadata)).unwrap();
        let (_, header) = SafeTensors::read_metadata(&file).unwrap();
        let told = Seal::of(&header, &SafeTensors::deserialize(&file).unwrap()).unwrap_err();
        assert!(told.contains("a model of dualgn 0.1") && Seal::is_old(&header), "{told}");
    }
}
