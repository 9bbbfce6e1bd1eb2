//! The user's files as bytes: read whole to a limit ([`read`], [`read_text`]), or as often as needed ([`Input`]).
//!
//! A file may be anything that the system has a name for. Pipes, terminals and sockets give their bytes once, so what is read several times
//! is copied. `-` and `/dev/stdin` are standard input. A pipe into which nobody writes is given up after a while.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use crate::allocator::fallible;
use crate::{Failure, memory};

/// Bytes by which a format is known.
const BEGINNING: usize = 1 << 16;
/// How long a named pipe may be without a program that writes into it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// The file cannot be read, is a folder or a disk, is a pipe into which nobody writes, or has more than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![];
    let reader = open(path)?;
    // The buffer grows with what arrives, and growing it is an error and no abort where memory is at its end.
    fallible(|| reader.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| Failure::file("read", path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::input(format!("{} has more than {limit} bytes, too many for what it is", path.display())));
    }
    Ok(bytes)
}

/// Reads a file that a run wrote for itself; `None` if it is not there.
///
/// # Errors
/// It is no regular file, cannot be read, or has more bytes than memory has room for.
pub fn read_own(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file("read", path, &error)),
        Ok(found) if !found.is_file() => {
            Err(Failure::input(format!("{} is no regular file, as runs write them", path.display()))
                .hint("put back the run's own file, or start the run again with `--overwrite`"))
        }
        Ok(found) if found.len() > memory::budget() => {
            let (needed, left) = (found.len() >> 20, memory::budget() >> 20);
            Err(Failure::run(format!("{} takes {needed} MiB of memory, and {left} are left for it", path.display())))
        }
        Ok(found) => read(path, found.len()).map(Some),
    }
}

/// Reads a whole file of text in UTF-8, of at most `limit` bytes.
///
/// # Errors
/// As [`read`]; or the file is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<String, Failure> {
    String::from_utf8(read(path, limit)?).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Failure::input(format!("{} is no text in UTF-8: byte {place} begins no character", path.display()))
    })
}

/// Opens a file for reading once, from its beginning.
///
/// # Errors
/// The file is absent or forbidden, is a folder or a disk, or is a pipe into which nobody writes.
pub fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if is_standard_input(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    let failed = |error: io::Error| Failure::file("read", path, &error);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(Failure::input(format!("{} is a folder, and a file is needed", path.display())));
    }
    match special(&metadata) {
        Some(Special::Disk) => Err(Failure::input(format!("{} is a disk, and a file is needed", path.display()))),
        Some(Special::Pipe) => Ok(Box::new(open_pipe(path)?)),
        Some(Special::Socket) => Err(Failure::input(format!("{} is a socket, and a file is needed", path.display()))),
        None => Ok(Box::new(File::open(path).map_err(failed)?)),
    }
}

/// A file that can be read from its beginning as often as needed: itself, or a copy of what can be read only once.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    /// A temporary file without a name: it is gone when the program is, however that ends.
    copy: Option<File>,
}

impl Input {
    /// Opens a file. What can be read only once is copied, if `check` finds nothing wrong with its first bytes (64 KiB, or all).
    ///
    /// # Errors
    /// As [`open`]; `check` fails; or the disk of temporary files is full.
    pub fn open(path: &Path, check: impl FnOnce(&[u8]) -> Result<(), Failure>) -> Result<Self, Failure> {
        let is_regular = !is_standard_input(path) && std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        // A number of an open file: some systems share its position with whoever opened it.
        if is_regular && !path.starts_with("/dev/fd") {
            return Ok(Self { path: path.to_owned(), copy: None });
        }
        let mut reader = open(path)?;
        let mut beginning = vec![];
        let failed = |error: io::Error| Failure::file("read", path, &error);
        reader.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning).map_err(failed)?;
        check(&beginning)?;
        Ok(Self { path: path.to_owned(), copy: Some(copied(path, &beginning, &mut reader)?) })
    }

    /// A folder, which has no bytes of its own.
    pub fn folder(path: &Path) -> Self {
        Self { path: path.to_owned(), copy: None }
    }

    /// The name that the user gave.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is a copy of what can be read only once.
    pub fn is_copy(&self) -> bool {
        self.copy.is_some()
    }

    /// The file, at its beginning. Copies share one position, so only the last reader of them may be used.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn reader(&self) -> io::Result<File> {
        match &self.copy {
            None => File::open(&self.path),
            Some(copy) => {
                let mut copy = copy.try_clone()?;
                copy.rewind()?;
                Ok(copy)
            }
        }
    }

    /// The first bytes: 64 KiB, or all.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn beginning(&self) -> io::Result<Vec<u8>> {
        let mut beginning = vec![];
        self.reader()?.take(BEGINNING as u64).read_to_end(&mut beginning)?;
        Ok(beginning)
    }
}

/// Whether a file gives its bytes only once, so that a run cannot read it again.
pub fn is_read_once(path: &Path) -> bool {
    let is_kept = |path: &Path| std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() || metadata.is_dir());
    is_standard_input(path) || path.starts_with("/dev/fd") || (path.exists() && !is_kept(path))
}

/// Whether a name stands for standard input.
pub fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdin") || path == Path::new("/dev/fd/0")
}

/// Copies what was read and what is to come into a temporary file.
fn copied(path: &Path, beginning: &[u8], reader: &mut dyn Read) -> Result<File, Failure> {
    let folder = std::env::temp_dir();
    let full = |error: &io::Error| {
        let (name, folder) = (path.display(), folder.display());
        Failure::run(format!("cannot keep a copy of {name}, which can be read only once, in {folder}: {error}"))
            .hint("make room there, or name another folder by the variable TMPDIR")
    };
    let mut copy = tempfile::tempfile().map_err(|error| full(&error))?;
    copy.write_all(beginning).map_err(|error| full(&error))?;
    let mut buffer = vec![0; BEGINNING];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(copy),
            Ok(read) => copy.write_all(&buffer[..read]).map_err(|error| full(&error))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::file("read", path, &error)),
        }
    }
}

/// Opens a pipe; the system waits with that until a program writes into it.
fn open_pipe(path: &Path) -> Result<File, Failure> {
    let (sender, receiver) = mpsc::channel();
    let owned = path.to_owned();
    // A thread that waits for ever ends with the program.
    std::thread::spawn(move || sender.send(File::open(owned)));
    match receiver.recv_timeout(PATIENCE) {
        Ok(file) => file.map_err(|error| Failure::file("read", path, &error)),
        Err(_) => {
            let message = format!("no program writes into the pipe {}", path.display());
            Err(Failure::input(message).hint("start the program that writes into it first"))
        }
    }
}

/// What is neither a file nor a folder nor a device of characters.
enum Special {
    Disk,
    Pipe,
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has a name for it"))]
    Socket,
}

#[cfg(unix)]
fn special(metadata: &std::fs::Metadata) -> Option<Special> {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_block_device() => Some(Special::Disk),
        () if kind.is_fifo() => Some(Special::Pipe),
        () if kind.is_socket() => Some(Special::Socket),
        () => None,
    }
}

#[cfg(not(unix))]
fn special(_: &std::fs::Metadata) -> Option<Special> {
    None
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a kill")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        let told = read(&path, 4).unwrap_err().to_string();
        assert!(told.contains("more than 4 bytes"), "{told}");
        std::fs::write(&path, b"ab\xff").unwrap();
        let told = read_text(&path, 5).unwrap_err().to_string();
        assert!(told.contains("byte 2 begins no character"), "{told}");
        let told = read(folder.path(), 4).unwrap_err().to_string();
        assert!(told.contains("is a folder"), "{told}");
    }

    #[test]
    fn files_of_a_run_are_files_or_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert_eq!(read_own(&path).unwrap(), None);
        std::fs::write(&path, b"123").unwrap();
        assert_eq!(read_own(&path).unwrap().unwrap(), b"123");
        assert!(read_own(folder.path()).unwrap_err().to_string().contains("no regular file"));
        #[cfg(unix)]
        for device in ["/dev/zero", "/dev/null"] {
            std::fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(device, &path).unwrap();
            assert!(read_own(&path).unwrap_err().to_string().contains("no regular file"), "{device}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_never_ends_is_read_to_the_limit() {
        let told = read(Path::new("/dev/zero"), 1000).unwrap_err().to_string();
        assert!(told.contains("more than 1000 bytes"), "{told}");
        assert_eq!(read(Path::new("/dev/null"), 1000).unwrap(), b"");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_once_and_then_again_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let writer = path.clone();
        // More than a pipe holds, so that the writer waits for the reader.
        let bytes: Vec<u8> = (0..300_000).map(|index| (index % 251) as u8).collect();
        let written = bytes.clone();
        let thread = std::thread::spawn(move || std::fs::write(writer, written).unwrap());
        let input = Input::open(&path, |beginning| {
            assert_eq!(beginning.len(), BEGINNING);
            Ok(())
        })
        .unwrap();
        thread.join().unwrap();
        assert!(input.is_copy());
        for _ in 0..2 {
            let mut read = vec![];
            input.reader().unwrap().read_to_end(&mut read).unwrap();
            assert!(read == bytes);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the copy has no name there");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_without_a_writer_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let told = read(&path, 1000).unwrap_err().to_string();
        assert!(told.contains("no program writes into the pipe"), "{told}");
        assert!(told.contains("hint: "), "{told}");
    }
}
