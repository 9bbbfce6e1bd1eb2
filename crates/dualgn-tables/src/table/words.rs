//! [`Words`]: which of a column's words a cell is.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cell::Cell;
use super::notation::Reader;

/// The words of a column by their positions.
#[derive(Debug)]
pub(super) struct Words<'a> {
    positions: HashMap<Cow<'a, str>, usize>,
    /// The positions of no and yes, if those two are all words: then `true`, `T`, `yes` and `1` are one.
    answers: Option<[usize; 2]>,
}

impl<'a> Words<'a> {
    /// Takes the words, the first at position 0.
    pub(super) fn new(words: &'a [String]) -> Self {
        let positions = words.iter().enumerate().map(|(position, word)| (key(word), position)).collect();
        let answers = match words {
            [first, second] => match [truth(first), truth(second)] {
                [Some(false), Some(true)] => Some([0, 1]),
                [Some(true), Some(false)] => Some([1, 0]),
                _ => None,
            },
            _ => None,
        };
        Self { positions, answers }
    }

    /// The position of a cell that is not missing; `None` if it is no word of the column.
    pub(super) fn position(&self, cell: &Cell, reader: &Reader) -> Option<usize> {
        // Most cells are written as the word is, and take no new text.
        if let Cell::Text(text) = cell
            && reader.keeps(text)
            && let Some(&position) = self.positions.get(text.as_ref())
        {
            return Some(position);
        }
        let word = reader.word(cell);
        self.positions.get(word.as_ref()).copied().or_else(|| Some(self.answers?[usize::from(truth(&word)?)]))
    }
}

/// The one way to write a word: true and false have several.
pub(super) fn key(word: &str) -> Cow<'_, str> {
    match word {
        "True" | "TRUE" => Cow::Borrowed("true"),
        "False" | "FALSE" => Cow::Borrowed("false"),
        word => Cow::Borrowed(word),
    }
}

/// Whether a word says yes or no, among two that do.
pub(super) fn truth(word: &str) -> Option<bool> {
    let is = |words: [&str; 5]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    match () {
        () if is(["true", "t", "yes", "y", "1"]) => Some(true),
        () if is(["false", "f", "no", "n", "0"]) => Some(false),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(words: &[&str], cell: &Cell) -> Option<usize> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Words::new(&words).position(cell, &Reader::default())
    }

    #[test]
    fn true_and_false_are_the_same_words_in_all_files() {
        for words in [["False", "True"], ["false", "true"], ["FALSE", "TRUE"], ["no", "yes"], ["F", "T"], ["0", "1"]] {
            for cell in [Cell::Bool(true), Cell::of("True"), Cell::of("TRUE"), Cell::of("T"), Cell::Number(1.0)] {
                assert_eq!(position(&words, &cell), Some(1), "{words:?} {cell:?}");
            }
            assert_eq!(position(&words, &Cell::Bool(false)), Some(0), "{words:?}");
        }
        assert_eq!(position(&["yes", "no"], &Cell::Bool(false)), Some(1));
        // Where there is a third word, `T` could be another.
        assert_eq!(position(&["false", "true", "unknown"], &Cell::Bool(true)), Some(1));
        assert_eq!(position(&["false", "true", "unknown"], &Cell::of("T")), None);
        assert_eq!(position(&["F", "M"], &Cell::Bool(false)), None);
    }

    #[test]
    fn numbers_are_the_same_word_however_they_are_written() {
        for cell in [Cell::Number(1.0), Cell::of("1.0"), Cell::of("1"), Cell::of("+1")] {
            assert_eq!(position(&["3", "1", "2"], &cell), Some(1));
        }
        let long = ["9007199254740992", "9007199254740993"];
        assert_eq!(position(&long, &Cell::whole(9_007_199_254_740_993_i64)), Some(1));
        assert_eq!(position(&long, &Cell::whole(9_007_199_254_740_992_i64)), Some(0));
    }
}
