//! [`dictionary`]: a dictionary in the syntax of Python, of which headers of NPY files are one.

/// A value of the dictionary.
#[derive(Debug, PartialEq)]
pub(super) enum Literal<'a> {
    /// A text as it is written: escapes are not undone, for no key and no type needs any.
    Text(&'a str),
    /// A whole number; `usize::MAX` for those beyond it.
    Whole(usize),
    Truth(bool),
    Tuple(Vec<Self>),
    List(Vec<Self>),
}

/// Returns the keys and values of a dictionary whose keys are texts.
///
/// Each bracket inside another takes one call more: who calls this bounds their number.
///
/// # Errors
/// Returns what is wrong and where: `text` is no dictionary, or holds other values than those of [`Literal`].
pub(super) fn dictionary(text: &str) -> Result<Vec<(&str, Literal<'_>)>, String> {
    let mut reader = Reader { rest: text, length: text.len() };
    let entries = reader.dictionary()?;
    match reader.next() {
        None => Ok(entries),
        Some(_) => Err(reader.expected("the end")),
    }
}

/// What is left of a text.
struct Reader<'a> {
    rest: &'a str,
    /// Bytes of the whole text.
    length: usize,
}

impl<'a> Reader<'a> {
    /// The next character behind white space, which is not taken.
    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
        self.rest.chars().next()
    }

    /// Takes a character or a word if it is the next one.
    fn take(&mut self, word: &str) -> bool {
        self.next();
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn require(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    /// What to say where something else stands.
    fn expected(&self, what: &str) -> String {
        format!("{what} expected at byte {}", self.length - self.rest.len())
    }

    fn dictionary(&mut self) -> Result<Vec<(&'a str, Literal<'a>)>, String> {
        self.require("{")?;
        let mut entries = vec![];
        while !self.take("}") {
            let key = self.text()?;
            self.require(":")?;
            entries.push((key, self.value()?));
            if !self.take(",") {
                self.require("}")?;
                break;
            }
        }
        Ok(entries)
    }

    fn value(&mut self) -> Result<Literal<'a>, String> {
        Ok(match self.next() {
            Some('\'' | '"') => Literal::Text(self.text()?),
            Some('0'..='9') => Literal::Whole(self.whole()?),
            Some('(') => Literal::Tuple(self.sequence("(", ")")?),
            Some('[') => Literal::List(self.sequence("[", "]")?),
            _ if self.take("True") => Literal::Truth(true),
            _ if self.take("False") => Literal::Truth(false),
            _ => return Err(self.expected("a text, a whole number, True, False, a tuple or a list")),
        })
    }

    fn sequence(&mut self, start: &str, end: &str) -> Result<Vec<Literal<'a>>, String> {
        self.require(start)?;
        let mut values = vec![];
        while !self.take(end) {
            values.push(self.value()?);
            if self.take(",") {
                continue;
            }
            // `(3)` is a number in brackets.
            if end == ")" && values.len() == 1 {
                return Err(self.expected("`,`"));
            }
            self.require(end)?;
            break;
        }
        Ok(values)
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let Some(quote @ ('\'' | '"')) = self.next() else { return Err(self.expected("a text")) };
        let body = &self.rest[1..];
        let mut is_escaped = false;
        for (at, character) in body.char_indices() {
            match character {
                '\n' | '\r' => break,
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                _ if character == quote => {
                    self.rest = &body[at + 1..];
                    return Ok(&body[..at]);
                }
                _ => {}
            }
        }
        Err(self.expected("a text that ends"))
    }

    fn whole(&mut self) -> Result<usize, String> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(digits);
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(self.expected("a number without a leading 0"));
        }
        // Python 2 wrote `3L`.
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        Ok(digits.parse().unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::Literal::{List, Text, Truth, Tuple, Whole};
    use super::*;

    #[test]
    fn values_are_those_of_python() {
        for (text, expected) in [
            ("'<f8'", Text("<f8")),
            ("\"it's\"", Text("it's")),
            (r"'a\'b\\'", Text(r"a\'b\\")),
            ("''", Text("")),
            ("True", Truth(true)),
            ("False", Truth(false)),
            ("0", Whole(0)),
            ("12L", Whole(12)),
            ("18446744073709551616", Whole(usize::MAX)),
            ("()", Tuple(vec![])),
            ("(3,)", Tuple(vec![Whole(3)])),
            ("( 2 ,\t3L )", Tuple(vec![Whole(2), Whole(3)])),
            ("(2, 3,)", Tuple(vec![Whole(2), Whole(3)])),
            ("[]", List(vec![])),
            ("[4]", List(vec![Whole(4)])),
            ("[('a', '<f4', (2,)), (\"b\", '|b1')]", {
                let a = Tuple(vec![Text("a"), Text("<f4"), Tuple(vec![Whole(2)])]);
                List(vec![a, Tuple(vec![Text("b"), Text("|b1")])])
            }),
        ] {
            let of = |text: &str| format!(" {{ 'a':1,\n\"b\" : {text} }} \r\n");
            let entries = vec![("a", Whole(1)), ("b", expected)];
            assert_eq!(dictionary(&of(text)), Ok(entries), "{text}");
        }
        assert_eq!(dictionary("{}"), Ok(vec![]));
        assert_eq!(dictionary("{'a': 1, }"), Ok(vec![("a", Whole(1))]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, problem) in [
            ("", "`{` expected at byte 0"),
            ("(1, 2)", "`{` expected at byte 0"),
            ("{'a' 1}", "`:` expected at byte 5"),
            ("{'a': 1 'b': 2}", "`}` expected at byte 8"),
            ("{'a': 1", "`}` expected at byte 7"),
            ("{'a': 1} x", "the end expected at byte 9"),
            ("{a: 1}", "a text expected at byte 1"),
            ("{'a: 1}", "a text that ends expected at byte 1"),
            ("{'a': (3)}", "`,` expected at byte 8"),
            ("{'a': 03}", "a number without a leading 0 expected at byte 6"),
        ] {
            assert_eq!(dictionary(text), Err(problem.to_owned()), "{text}");
        }
        let value = "a text, a whole number, True, False, a tuple or a list expected at byte 6";
        for text in ["-1", "None", "true", "{}", "u'x'", ")"] {
            assert_eq!(dictionary(&format!("{{'a': {text}}}")), Err(value.to_owned()), "{text}");
        }
    }
}
