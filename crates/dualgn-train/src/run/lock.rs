//! [`Owner`]: what the file `run.lock` of a run's folder says of the program that has locked it.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files};
use serde::{Deserialize, Serialize};

/// The file that is locked.
pub(crate) const LOCK: &str = "run.lock";
/// Bytes of what a lock says at most.
const LARGEST: u64 = 1 << 20;

/// What the lock says of the program that has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Owner {
    /// The number of its process.
    process: u32,
    /// The folder that it was started in.
    pub folder: PathBuf,
    /// The words of its command line.
    pub words: Vec<String>,
}

impl Owner {
    /// Describes this process, started in the current folder by some words; none where they are no text.
    pub fn new(words: Vec<String>) -> Self {
        Self { process: std::process::id(), folder: std::env::current_dir().unwrap_or_default(), words }
    }

    /// Returns the number of its process.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Reads what a lock says; `None` if that makes no sense, as after a kill.
    pub(crate) fn read(lock: &File) -> Option<Self> {
        let (mut lock, mut text) = (lock, String::new());
        lock.seek(SeekFrom::Start(0)).ok()?;
        lock.take(LARGEST).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// What this program says of itself in a lock.
    pub(crate) fn signature(&self) -> Vec<u8> {
        // A folder whose name is not UTF-8 cannot be written down; then nobody is named.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The same with the command that began the run.
    pub(crate) fn signature_for(&self, began: &Self) -> Vec<u8> {
        Self { process: self.process, ..began.clone() }.signature()
    }
}

/// Opens and locks a file, or makes it with a signature; `None` if another program has it.
pub(crate) fn locked(path: &Path, owner: &Owner) -> Result<Option<File>, Failure> {
    let failed = |error: &std::io::Error| Failure::file("lock", path, error);
    loop {
        let file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => match files::make_new(path, &owner.signature()) {
                Ok(Some(file)) => file,
                // Another program made it in the meantime, and perhaps removed what it took for unfinished.
                Ok(None) => continue,
                Err(error) if error.kind() == ErrorKind::NotFound && path.exists() => continue,
                Err(error) => return Err(failed(&error)),
            },
            Err(error) => return Err(failed(&error)),
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(Some(file)),
            // Its owner removed it in the meantime.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
    }
}

/// Whether a file is still the one at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let numbers = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let there = fs::metadata(path).map(numbers);
    there.is_ok_and(|there| file.metadata().map(numbers).is_ok_and(|here| here == there))
}

/// Files that are open cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
