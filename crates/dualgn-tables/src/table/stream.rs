//! The text of a file as a stream in UTF-8, unpacked and decoded.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use dualgn_io::input::Input;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

/// Bytes of a row at most: one quote too many makes a row of the rest of the file.
pub(super) const LONGEST: usize = 1 << 26;
/// The first bytes of a gzip file.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a file, unpacked if they begin as gzip files do.
pub(super) fn unpacked(input: &Input) -> io::Result<Box<dyn BufRead>> {
    let mut bytes = BufReader::with_capacity(1 << 16, input.reader()?);
    Ok(if bytes.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(bytes)))
    } else {
        Box::new(bytes)
    })
}

/// The text of a file, every line of which ends in `\n` alone, and where its reader is.
pub(super) fn decoded(input: &Input, encoding: &'static Encoding) -> io::Result<(impl Read + use<>, Rc<Lines>)> {
    let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(unpacked(input)?);
    let lines = Rc::new(Lines::default());
    Ok((Text { text, offset: 0, last: b'\n', is_pair: false, lines: lines.clone() }, lines))
}

/// Where the reader of a text is, for the numbers of its lines.
#[derive(Default)]
pub(super) struct Lines {
    since: Cell<usize>,
    /// Empty lines that were read and not yet asked for: where the first of some is, and how many follow each other.
    empty: RefCell<VecDeque<(u64, u64)>>,
}

impl Lines {
    /// Says that a row has ended.
    pub(super) fn end_row(&self) {
        self.since.set(0);
    }

    /// How many lines are empty from a byte of the text on; those before are forgotten.
    pub(super) fn empty_from(&self, byte: u64) -> u64 {
        let mut empty = self.empty.borrow_mut();
        while empty.front().is_some_and(|&(start, count)| start + count <= byte) {
            empty.pop_front();
        }
        empty.front().map_or(0, |&(start, count)| if start <= byte { start + count - byte } else { 0 })
    }

    fn see_empty(&self, byte: u64) {
        let mut empty = self.empty.borrow_mut();
        match empty.back_mut() {
            Some((start, count)) if *start + *count == byte => *count += 1,
            _ => empty.push_back((byte, 1)),
        }
    }
}

/// Makes all ends of lines alike, and fails at a row that does not end.
struct Text<R> {
    text: R,
    offset: u64,
    last: u8,
    is_pair: bool,
    lines: Rc<Lines>,
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.text.read(buffer)?;
            let mut kept = 0;
            for place in 0..read {
                let byte = buffer[place];
                // The second half of `\r\n`.
                let is_second = byte == b'\n' && self.is_pair;
                self.is_pair = byte == b'\r';
                if is_second {
                    continue;
                }
                let byte = if byte == b'\r' { b'\n' } else { byte };
                if byte == b'\n' && self.last == b'\n' {
                    self.lines.see_empty(self.offset);
                }
                (buffer[kept], self.last) = (byte, byte);
                (kept, self.offset) = (kept + 1, self.offset + 1);
            }
            self.lines.since.set(self.lines.since.get() + kept);
            if self.lines.since.get() > LONGEST {
                return Err(io::Error::other(format!(
                    "a row of more than {LONGEST} bytes; a quote is not closed, or this is no table"
                )));
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// The encoding that a mark at the beginning of a file names.
pub(super) fn marked(beginning: &[u8]) -> Option<&'static Encoding> {
    match beginning {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-8 if all of it is, or what a mark at its beginning says, or else Windows-1252, which all bytes are.
pub(super) fn encoding(bytes: &mut dyn Read) -> io::Result<&'static Encoding> {
    let mut buffer = vec![0; 1 << 16];
    let (mut kept, mut is_first) = (0, true);
    loop {
        let read = bytes.read(&mut buffer[kept..])?;
        let there = kept + read;
        if std::mem::take(&mut is_first)
            && let Some(encoding) = marked(&buffer[..there])
        {
            return Ok(encoding);
        }
        if read == 0 {
            return Ok(if kept == 0 { UTF_8 } else { WINDOWS_1252 });
        }
        match std::str::from_utf8(&buffer[..there]) {
            Ok(_) => kept = 0,
            // A character that goes on in the next piece.
            Err(error) if error.error_len().is_none() => {
                buffer.copy_within(error.valid_up_to()..there, 0);
                kept = there - error.valid_up_to();
            }
            Err(_) => return Ok(WINDOWS_1252),
        }
    }
}
