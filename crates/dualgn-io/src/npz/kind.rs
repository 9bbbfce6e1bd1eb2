//! [`Kind`]: the type of the entries of an array.

use std::fmt::{self, Display, Formatter};

/// A type as NumPy writes it: the order of the bytes, a letter, the size, and for times the unit. `<f8`, `|b1`, `<M8[ns]`.
#[derive(Debug)]
pub(super) struct Kind {
    text: String,
    /// The letter.
    pub(super) letter: char,
    /// Bytes of an entry.
    pub(super) width: usize,
    /// Whether the highest byte of a number comes first.
    pub(super) is_big_endian: bool,
}

impl Kind {
    /// Returns `None` for what is no type.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut characters = text.chars();
        let order = characters.next().filter(|order| "<>|=".contains(*order))?;
        let letter = characters.next().filter(|letter| "biufcmMSaUOV".contains(*letter))?;
        let rest = characters.as_str();
        let (size, unit) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
        let is_unit = matches!(letter, 'm' | 'M') && unit.len() > 2 && unit.starts_with('[') && unit.ends_with(']');
        if !unit.is_empty() && !is_unit {
            return None;
        }
        let size: usize = if letter == 'O' && size.is_empty() { 0 } else { size.parse().ok()? };
        let is_size = match letter {
            'b' => size == 1,
            'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
            // `long double` has 12 bytes on 32-bit machines.
            'f' => matches!(size, 2 | 4 | 8 | 12 | 16),
            'c' => matches!(size, 8 | 16 | 24 | 32),
            'm' | 'M' => size == 8,
            _ => true,
        };
        let has_order = match letter {
            'S' | 'a' | 'O' | 'V' => false,
            'U' => true,
            _ => size != 1,
        };
        if !is_size || has_order && order == '|' {
            return None;
        }
        let width = if letter == 'U' { size.checked_mul(4)? } else { size };
        let is_big_endian = order == '>' || order == '=' && cfg!(target_endian = "big");
        Some(Self { text: text.to_owned(), letter, width, is_big_endian })
    }
}

impl Display for Kind {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_numpy() {
        for (text, letter, width) in [
            ("|b1", 'b', 1),
            ("|i1", 'i', 1),
            ("<i1", 'i', 1),
            ("<u2", 'u', 2),
            ("=i4", 'i', 4),
            ("<f8", 'f', 8),
            ("<f16", 'f', 16),
            ("<c16", 'c', 16),
            ("|S5", 'S', 5),
            ("|S0", 'S', 0),
            ("<U3", 'U', 12),
            ("<M8", 'M', 8),
            ("<M8[ns]", 'M', 8),
            ("<m8[25s]", 'm', 8),
            ("|V4", 'V', 4),
            ("|O", 'O', 0),
            ("|O8", 'O', 8),
        ] {
            let kind = Kind::new(text).unwrap();
            assert_eq!((kind.letter, kind.width, kind.is_big_endian), (letter, width, false), "{text}");
            assert_eq!(kind.to_string(), text);
            let is_big = text.strip_prefix('<').map(|rest| Kind::new(&format!(">{rest}")).unwrap().is_big_endian);
            assert_ne!(is_big, Some(false), "{text}");
        }
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for text in [
            "",
            "<",
            "f8",
            "<f",
            "<x8",
            "<8f",
            "< f8",
            "<f8 ",
            "<f-8",
            "<i0",
            "<i3",
            "<f1",
            "|b2",
            "<M4",
            "<f8[ns]",
            "<M8[]",
            "<M8[ns",
            "<M8ns]",
            "|f8",
            "|U3",
            "é8",
            "<f18446744073709551616",
            "<U18446744073709551615",
        ] {
            assert!(Kind::new(text).is_none(), "{text}");
        }
    }
}
