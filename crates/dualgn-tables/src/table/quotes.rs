//! [`Quotes`]: a text on its way to the reader of rows, watched for a quote that is never closed.
//!
//! The reader of rows takes the rest of a file for one cell then, and says nothing.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The same text; at its end [`Open::line`] says whether a quote is open.
pub(super) struct Quotes<R> {
    text: R,
    separator: u8,
    place: Place,
    line: u64,
    /// The line of the last quote that began a cell.
    begun: u64,
    open: Rc<Open>,
}

/// The quote that is open where the text has been read to.
#[derive(Default)]
pub(super) struct Open(Cell<Option<u64>>);

impl Open {
    /// Returns the line that the open quote stands on, from 1; `None` if none is open.
    pub(super) fn line(&self) -> Option<u64> {
        self.0.get()
    }
}

/// Where in a cell the text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before its first character.
    Before,
    /// In a cell without quotes, or behind its quotes.
    Plain,
    /// Between its quotes.
    Quoted,
    /// Behind a quote that closes it, or is one of two that stand for one.
    Closed,
}

impl<R: Read> Quotes<R> {
    /// Watches a text of cells between separators, whose lines end in `\n`.
    pub(super) fn new(text: R, separator: u8) -> (Self, Rc<Open>) {
        let open = Rc::new(Open::default());
        (Self { text, separator, place: Place::Before, line: 1, begun: 1, open: Rc::clone(&open) }, open)
    }

    fn see(&mut self, byte: u8) {
        let place = match (self.place, byte) {
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Quoted, _) => Place::Quoted,
            (Place::Before, b'"') => {
                self.begun = self.line;
                Place::Quoted
            }
            (Place::Closed, b'"') => Place::Quoted,
            (_, byte) if byte == self.separator || byte == b'\n' => Place::Before,
            _ => Place::Plain,
        };
        if (place == Place::Quoted) != (self.place == Place::Quoted) {
            self.open.0.set((place == Place::Quoted).then_some(self.begun));
        }
        self.place = place;
        if byte == b'\n' {
            self.line += 1;
        }
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(buffer)?;
        buffer[..read].iter().for_each(|&byte| self.see(byte));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_never_closed_is_known_by_its_line() {
        let open = |text: &str| {
            let (mut quotes, open) = Quotes::new(text.as_bytes(), b',');
            let mut read = String::new();
            quotes.read_to_string(&mut read).unwrap();
            assert_eq!(read, text);
            open.line()
        };
        for closed in [
            "",
            "a,b\n",
            "a,\"b\"\n",
            "\"a\nb\",c\n",
            "\"a\"\"b\",c",
            "a\"b,c\n",
            "5\",6\n",
            "\"a\"b\",c\n",
            "\"\",\"\"\"\"\n",
        ] {
            assert_eq!(open(closed), None, "{closed}");
        }
        for (text, line) in [("a,\"b\n1,2\n", 1), ("a,b\n1,\"2\n3,4", 2), ("\"a\n\"\nb,\"\"\"c\n", 3), ("a,\"", 1)] {
            assert_eq!(open(text), Some(line), "{text}");
        }
    }
}
