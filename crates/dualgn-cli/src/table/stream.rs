//! The text of a file as a stream in UTF-8, unpacked and decoded.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use crate::input::Input;

/// Bytes of a row at most: one quote too many makes a row of the rest of the file.
pub const LONGEST: usize = 1 << 26;
/// The first bytes of a gzip file.
pub const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a file, unpacked if they begin as gzip files do.
pub fn unpacked(input: &Input) -> io::Result<Box<dyn BufRead>> {
    let mut bytes = BufReader::with_capacity(1 << 16, input.reader()?);
    Ok(if bytes.fill_buf()?.starts_with(&GZIP) {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(bytes)))
    } else {
        Box::new(bytes)
    })
}

/// The text of a file, and the count of bytes since the last row, which the reader of rows sets to 0.
pub fn decoded(input: &Input, encoding: &'static Encoding) -> io::Result<(impl Read + use<>, Rc<Cell<usize>>)> {
    let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(unpacked(input)?);
    let since = Rc::new(Cell::new(0));
    Ok((Bounded { text, since: since.clone() }, since))
}

/// Fails at a row that does not end.
struct Bounded<R> {
    text: R,
    since: Rc<Cell<usize>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(buffer)?;
        self.since.set(self.since.get() + read);
        if self.since.get() > LONGEST {
            return Err(io::Error::other(format!(
                "a row of more than {LONGEST} bytes; a quote is not closed, or this is no table"
            )));
        }
        Ok(read)
    }
}

/// The encoding that a mark at the beginning of a file names.
pub fn marked(beginning: &[u8]) -> Option<&'static Encoding> {
    match beginning {
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-8 if all of it is, or what a mark at its beginning says, or else Windows-1252, which all bytes are.
pub fn encoding(bytes: &mut dyn Read) -> io::Result<&'static Encoding> {
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
