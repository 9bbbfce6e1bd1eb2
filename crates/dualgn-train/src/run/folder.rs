//! [`RunFolder`]: the folder of a run, which belongs to one program at a time.
//!
//! The file `run.lock` is locked as long as the program runs, says who has it, and marks the folder as one that dualgn made: of no
//! other folder is anything removed or replaced. An earlier run that is to be replaced stays in `.replaced` until the new one is
//! finished, and comes back if that fails before there is anything to go on from.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files};
use dualgn_train::{WEIGHTS, checkpoints};
use serde::{Deserialize, Serialize};

use super::belongings;
use super::configuration::{Configuration, is_of_the_first_version};
use crate::interrupt;

/// The folder of a run, locked until the value is dropped.
pub(super) struct RunFolder {
    path: PathBuf,
    lock: File,
    /// Who began the run that goes on.
    began: Option<Owner>,
    /// The folders above it that were made for it.
    above: Vec<PathBuf>,
    /// Whether an earlier run gave way to this one.
    replaces: bool,
    is_finished: bool,
}

/// What the lock says of the program that has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Owner {
    /// The number of its process.
    process: u32,
    /// The folder that it was started in.
    pub folder: PathBuf,
    /// The words of its command line.
    pub words: Vec<String>,
}

/// The file that is locked.
const LOCK: &str = "run.lock";
/// The folder within, where a run waits that is being replaced.
const REPLACED: &str = ".replaced";

/// What was found where a folder is wanted.
enum Found {
    /// Nothing that could be lost; the folder is locked now.
    Free(File),
    /// An earlier run; the folder is locked now.
    Run(File),
    /// A run that another program is at.
    Busy(Option<Owner>),
    /// Something that dualgn did not make.
    Foreign,
}

impl RunFolder {
    /// Takes the folder that the user names; or else the usual one, or the first of `NAME-2`, `NAME-3`, .. that no run has taken.
    ///
    /// # Errors
    /// The named folder holds a run and is not to be overwritten, belongs to another program, holds files that dualgn did not make, or
    /// cannot be made.
    pub(super) fn claim(asked: Option<&Path>, usual: &Path, overwrites: bool) -> Result<Self, Failure> {
        if let Some(path) = asked {
            return Self::named(path, overwrites);
        }
        if overwrites {
            return Self::named(usual, true);
        }
        for number in 1.. {
            let path = match number {
                1 => usual.to_owned(),
                _ => PathBuf::from(format!("{}-{number}", usual.display())),
            };
            let above = absent_above(&path);
            if let Found::Free(lock) = look(&path)? {
                return Ok(Self::taken(path, lock, above));
            }
        }
        unreachable!("numbers do not end")
    }

    fn named(path: &Path, overwrites: bool) -> Result<Self, Failure> {
        let shown = path.display();
        let above = absent_above(path);
        match look(path)? {
            Found::Free(lock) => Ok(Self::taken(path.to_owned(), lock, above).found()),
            Found::Run(lock) if overwrites => Ok(Self::taken(path.to_owned(), lock, vec![])),
            Found::Run(_) if is_unfinished(path) => Err(Failure::input(format!("{shown} holds a run that is not finished"))
                .hint(format!("go on with it by `dualgn resume {shown}`, replace it with `--overwrite`, or name another folder with `--out`"))),
            Found::Run(_) => Err(Failure::input(format!("{shown} holds an earlier run"))
                .hint("replace it with `--overwrite`, or name another folder with `--out`")),
            Found::Busy(owner) => Err(busy(path, owner)),
            Found::Foreign if is_of_the_first_version(path) => Err(of_the_first_version(path)),
            Found::Foreign => Err(Failure::input(format!("{shown} is not empty, and dualgn did not make what is in it"))
                .hint("name a new folder with `--out`")),
        }
    }

    /// Takes the folder of a run that goes on.
    ///
    /// # Errors
    /// It is not the folder of a run, or belongs to another program.
    pub(super) fn reclaim(path: &Path) -> Result<Self, Failure> {
        if !path.join(LOCK).exists() {
            return Err(if is_of_the_first_version(path) { of_the_first_version(path) } else { no_run(path) });
        }
        match look(path)? {
            Found::Free(lock) | Found::Run(lock) => Ok(Self::taken(path.to_owned(), lock, vec![]).found()),
            Found::Busy(owner) => Err(busy(path, owner)),
            Found::Foreign => Err(no_run(path)),
        }
    }

    fn taken(path: PathBuf, lock: File, above: Vec<PathBuf>) -> Self {
        belongings::remove_unfinished(&path);
        let replaces = path.join(REPLACED).is_dir();
        Self { path, lock, began: None, above, replaces, is_finished: false }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Who began the run that goes on, if that is known.
    pub(super) fn began(&self) -> Option<&Owner> {
        self.began.as_ref()
    }

    /// Says who has it now, for others and for a `resume` of a run that was killed before it began: by the command that began it.
    pub(super) fn sign(&self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::file("write", &self.path.join(LOCK), &error);
        let mut text = signature(self.began.as_ref());
        // At no moment is there less than one whole signature, whenever the program is killed: blanks cover the rest of the old one.
        let before = self.lock.metadata().map_err(failed)?.len() as usize;
        text.resize(text.len().max(before), b' ');
        let mut lock = &self.lock;
        lock.seek(SeekFrom::Start(0)).and_then(|_| lock.write_all(&text)).map_err(failed)
    }

    /// Makes room for a new run, once there is one to begin: not before, so that what is wrong with a command costs nothing.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        let aside = self.path.join(REPLACED);
        if aside.is_dir() {
            // The files here are of a run that was replacing it, and did not come to its end.
            return belongings::remove(&self.path);
        }
        self.replaces = belongings::set_aside(&self.path, &aside)?;
        Ok(())
    }

    /// Gives the folder free as it is, for the command that began its run.
    pub(super) fn release(mut self) {
        self.is_finished = true;
    }

    /// Keeps what the lock says of who began the run, if this program goes on with it, also by the command that began it.
    fn found(mut self) -> Self {
        let goes_on = std::env::args_os().nth(1).is_some_and(|word| word == "resume");
        self.began = owner(&self.lock).filter(|owner| goes_on && owner.words.len() > 1);
        self
    }

    /// Removes the run that was replaced: the new one is finished.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.is_finished = true;
        if self.replaces {
            let aside = self.path.join(REPLACED);
            belongings::remove(&aside)?;
            // Nothing but what was put there can be in it.
            let _ = fs::remove_dir(&aside);
            self.replaces = false;
        }
        Ok(())
    }
}

impl Drop for RunFolder {
    /// A run that failed before it could go on from anywhere gives way to the one that it was to replace; a folder in which nothing was
    /// written goes.
    fn drop(&mut self) {
        let is_kept = self.is_finished || interrupt::requested() || can_go_on(&self.path);
        if self.replaces && !is_kept {
            // What cannot be moved stays where it is, and the next program tries again.
            let _ = restore(&self.path);
        }
        let is_empty =
            || fs::read_dir(&self.path).is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == LOCK));
        if !self.is_finished && !interrupt::requested() && is_empty() {
            let _ = fs::remove_file(self.path.join(LOCK));
            for folder in [&self.path].into_iter().chain(&self.above) {
                // One that another program has put something into stays.
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// The folders above one that are not there, the lowest first.
fn absent_above(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    above.map(Path::to_owned).collect()
}

/// Looks at a folder, makes it if there is none, and locks it if no other program has.
fn look(path: &Path) -> Result<Found, Failure> {
    let is_ours = path.join(LOCK).exists();
    // What a program left that was killed while it made the lock, or is about to make, is nobody's.
    let is_foreign = |entry: std::io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| !files::is_unfinished(&entry.file_name().to_string_lossy()))
    };
    if !is_ours && fs::read_dir(path).is_ok_and(|mut entries| entries.any(is_foreign)) {
        return Ok(Found::Foreign);
    }
    files::make_folder(path)?;
    let Some(lock) = locked(&path.join(LOCK))? else {
        let lock = File::open(path.join(LOCK)).ok();
        return Ok(Found::Busy(lock.and_then(|lock| owner(&lock))));
    };
    if !Configuration::is_in(path) && path.join(REPLACED).is_dir() {
        restore(path)?;
    }
    let holds = |name: &str| path.join(name).exists();
    let is_run = Configuration::is_in(path) || holds("comparison.json") || holds(WEIGHTS);
    Ok(if is_run { Found::Run(lock) } else { Found::Free(lock) })
}

/// Opens and locks a file, or makes it with a signature; `None` if another program has it.
fn locked(path: &Path) -> Result<Option<File>, Failure> {
    let failed = |error: &std::io::Error| Failure::file("lock", path, error);
    loop {
        let file = match File::options().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => match files::make_new(path, &signature(None)) {
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

/// What this program says of itself in a lock, with the command that began the run.
fn signature(began: Option<&Owner>) -> Vec<u8> {
    let process = std::process::id();
    let owner = match began {
        Some(began) => Owner { process, folder: began.folder.clone(), words: began.words.clone() },
        None => {
            let words: Option<Vec<String>> = std::env::args_os().map(|word| word.into_string().ok()).collect();
            let folder = std::env::current_dir().unwrap_or_default();
            Owner { process, folder, words: words.unwrap_or_default() }
        }
    };
    // A folder whose name is not UTF-8 cannot be written down; then nobody is named.
    serde_json::to_vec(&owner).unwrap_or_default()
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

fn owner(lock: &File) -> Option<Owner> {
    let (mut lock, mut text) = (lock, String::new());
    lock.seek(SeekFrom::Start(0)).ok()?;
    lock.take(1 << 20).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Puts a run that was to be replaced back, in place of the one that did not come to replace it.
fn restore(path: &Path) -> Result<(), Failure> {
    let aside = path.join(REPLACED);
    belongings::remove(path)?;
    belongings::set_aside(&aside, path)?;
    // It stays if something else is in it.
    let _ = fs::remove_dir(&aside);
    Ok(())
}

/// Whether a run has been kept at some step.
fn can_go_on(path: &Path) -> bool {
    let has_checkpoint = |folder: &Path| {
        fs::read_dir(checkpoints(folder)).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                [OsStr::new("last.safetensors"), OsStr::new("previous.safetensors")].contains(&&*entry.file_name())
            })
        })
    };
    has_checkpoint(path) || belongings::networks(path).iter().any(|network| has_checkpoint(network))
}

fn is_unfinished(path: &Path) -> bool {
    Configuration::is_in(path) && !path.join(WEIGHTS).exists()
}

fn busy(path: &Path, owner: Option<Owner>) -> Failure {
    let who = owner.map_or_else(
        || "another program".into(),
        |owner| {
            let words = owner.words.get(1..).unwrap_or_default().join(" ");
            format!("`dualgn {words}` (process {})", owner.process)
        },
    );
    Failure::input(format!("{} belongs to {who}, which is still running", path.display()))
        .hint("wait for it to end, or name another folder with `--out`")
}

/// Runs had no lock then.
fn of_the_first_version(path: &Path) -> Failure {
    Failure::input(format!(
        "{} holds a run of dualgn 0.1, which this version cannot go on with or replace",
        path.display()
    ))
    .hint("start it again in another folder: its configuration.json has the command (docs/migration.md)")
}

fn no_run(path: &Path) -> Failure {
    let found = if path.is_dir() { "is not the folder of a run" } else { "is no folder" };
    Failure::input(format!("{} {found}", path.display()))
        .hint("`dualgn train` and `dualgn fit` make one when they begin, and name it when they end")
}
