//! [`MissingWords`]: what text files write where nothing stands.

use serde::{Deserialize, Serialize};

/// Words that stand for nothing. Empty cells do as well, whatever the words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct MissingWords {
    words: Vec<String>,
    /// Those of them that are numbers, such as -999, however a file writes them.
    numbers: Vec<f64>,
}

/// What files write for nothing, unless it is said.
const USUAL: [&str; 13] =
    ["NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?", "#N/A", "<NA>", "NaT", "-nan"];
/// Those that could be words like others: a country, a class.
const DOUBTFUL: [&str; 6] = ["NA", "N/A", "n/a", "NULL", "null", "None"];

impl MissingWords {
    /// Whether a text is one of the words.
    pub fn has(&self, text: &str) -> bool {
        self.words.iter().any(|word| word == text)
    }

    /// Whether some of the words are numbers.
    pub fn has_numbers(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Whether a number is one of the words.
    pub fn has_number(&self, number: f64) -> bool {
        self.numbers.contains(&number)
    }

    /// Returns the value of `--missing-words` that takes a word in beside those that there are; the usual ones go by the first of them.
    pub fn with(&self, word: &str) -> String {
        let is_usual = self.words.iter().map(String::as_str).eq(USUAL);
        let words = if is_usual { USUAL[..1].join(",") } else { self.words.join(",") };
        if words.is_empty() { word.to_owned() } else { format!("{words},{word}") }
    }

    /// Whether a word could be one like the others of its column.
    pub fn is_doubtful(word: &str) -> bool {
        DOUBTFUL.contains(&word)
    }
}

impl Default for MissingWords {
    fn default() -> Self {
        USUAL.map(str::to_owned).to_vec().into()
    }
}

impl From<Vec<String>> for MissingWords {
    fn from(words: Vec<String>) -> Self {
        let numbers =
            words.iter().filter_map(|word| word.trim().parse().ok()).filter(|number: &f64| number.is_finite());
        Self { numbers: numbers.collect(), words }
    }
}

impl From<MissingWords> for Vec<String> {
    fn from(missing: MissingWords) -> Self {
        missing.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_may_be_numbers() {
        let missing = MissingWords::from(vec!["-999".to_owned(), "x".into()]);
        assert!(missing.has("x") && missing.has("-999") && missing.has_number(-999.0));
        assert!(!missing.has("NA") && !missing.has_number(999.0));
        let usual = MissingWords::default();
        assert!(usual.has("NA") && !usual.has_number(f64::NAN) && !usual.has("na"));
        let json = serde_json::to_string(&missing).unwrap();
        assert_eq!(json, r#"["-999","x"]"#);
        assert_eq!(serde_json::from_str::<MissingWords>(&json).unwrap(), missing);
    }
}
