//! [`RunFolder`]: the folder of a run, which belongs to one program at a time.
//!
//! The file `run.lock` is locked as long as the program runs, says who has it, and marks the folder as one that dualgn made: of no
//! other folder is anything removed or replaced. An earlier run that is to be replaced stays in `.replaced` until the new one is
//! finished, and comes back if that fails before there is anything to go on from.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files};

use super::belongings::{self, CONFIGURATION, SUMMARY};
use super::first_version::is_of_the_first_version;
use super::lock::{LOCK, Owner, locked};
use crate::checkpoint::{WEIGHTS, folder as checkpoints};

/// A program that takes the folder of a run.
#[derive(Clone, Debug)]
pub struct Program {
    /// What the lock says of it.
    pub owner: Owner,
    /// Whether it goes on with what another program has begun, by whichever command: then the lock keeps who began it.
    pub goes_on: bool,
    /// Whether the user has stopped it: then what is in the folder stays, to go on from.
    pub interrupted: fn() -> bool,
}

impl Program {
    /// Describes this process, which begins a run of its own by some words and which nobody stops.
    pub fn new(words: Vec<String>) -> Self {
        Self { owner: Owner::new(words), goes_on: false, interrupted: || false }
    }
}

/// The folder of a run, locked until the value is dropped.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    lock: File,
    program: Program,
    /// Who began the run that goes on.
    began: Option<Owner>,
    /// The folders above it that were made for it.
    above: Vec<PathBuf>,
    /// Whether an earlier run gave way to this one.
    replaces: bool,
    is_finished: bool,
}

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
    pub fn claim(asked: Option<&Path>, usual: &Path, overwrites: bool, program: Program) -> Result<Self, Failure> {
        if let Some(path) = asked {
            return Self::named(path, overwrites, program);
        }
        if overwrites {
            return Self::named(usual, true, program);
        }
        for number in 1.. {
            let path = match number {
                1 => usual.to_owned(),
                _ => PathBuf::from(format!("{}-{number}", usual.display())),
            };
            let above = absent_above(&path);
            if let Found::Free(lock) = look(&path, &program.owner)? {
                return Ok(Self::taken(path, lock, above, program));
            }
        }
        unreachable!("numbers do not end")
    }

    fn named(path: &Path, overwrites: bool, program: Program) -> Result<Self, Failure> {
        let shown = path.display();
        let above = absent_above(path);
        match look(path, &program.owner)? {
            Found::Free(lock) => {
                let goes_on = program.goes_on;
                Ok(Self::taken(path.to_owned(), lock, above, program).found(goes_on))
            }
            Found::Run(lock) if overwrites => Ok(Self::taken(path.to_owned(), lock, vec![], program)),
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
    pub fn reclaim(path: &Path, program: Program) -> Result<Self, Failure> {
        if !path.join(LOCK).exists() {
            return Err(if is_of_the_first_version(path) { of_the_first_version(path) } else { no_run(path) });
        }
        match look(path, &program.owner)? {
            Found::Free(lock) | Found::Run(lock) => Ok(Self::taken(path.to_owned(), lock, vec![], program).found(true)),
            Found::Busy(owner) => Err(busy(path, owner)),
            Found::Foreign => Err(no_run(path)),
        }
    }

    /// Checks that a folder is that of a run, for a program that only reads there.
    ///
    /// # Errors
    /// It is not, or there is no such folder.
    pub fn check(path: &Path) -> Result<(), Failure> {
        if path.join(LOCK).exists() || is_of_the_first_version(path) { Ok(()) } else { Err(no_run(path)) }
    }

    fn taken(path: PathBuf, lock: File, above: Vec<PathBuf>, program: Program) -> Self {
        belongings::remove_unfinished(&path);
        let replaces = path.join(REPLACED).is_dir();
        Self { path, lock, program, began: None, above, replaces, is_finished: false }
    }

    /// Keeps what the lock says of who began the run, if this program goes on with it.
    fn found(mut self, goes_on: bool) -> Self {
        self.began = Owner::read(&self.lock).filter(|owner| goes_on && owner.words.len() > 1);
        self
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns who began the run that goes on, if that is known.
    pub fn began(&self) -> Option<&Owner> {
        self.began.as_ref()
    }

    /// Says who has it now, for others and for a `resume` of a run that was killed before it began: by the command that began it.
    ///
    /// # Errors
    /// The lock cannot be written to.
    pub fn sign(&self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::file("write", &self.path.join(LOCK), &error);
        let owner = &self.program.owner;
        let mut text = self.began.as_ref().map_or_else(|| owner.signature(), |began| owner.signature_for(began));
        // At no moment is there less than one whole signature, whenever the program is killed: blanks cover the rest of the old one.
        let before = self.lock.metadata().map_err(failed)?.len() as usize;
        text.resize(text.len().max(before), b' ');
        let mut lock = &self.lock;
        lock.seek(SeekFrom::Start(0)).and_then(|_| lock.write_all(&text)).map_err(failed)
    }

    /// Makes room for a new run, once there is one to begin: not before, so that what is wrong with a command costs nothing.
    ///
    /// # Errors
    /// A file of an earlier run cannot be moved.
    pub fn begin(&mut self) -> Result<(), Failure> {
        let aside = self.path.join(REPLACED);
        if aside.is_dir() {
            // The files here are of a run that was replacing it, and did not come to its end.
            return belongings::remove(&self.path);
        }
        self.replaces = belongings::set_aside(&self.path, &aside)?;
        Ok(())
    }

    /// Gives the folder free as it is, for the command that began its run.
    pub fn release(mut self) {
        self.is_finished = true;
    }

    /// Removes the run that was replaced: the new one is finished.
    ///
    /// # Errors
    /// A file of it cannot be removed.
    pub fn finish(&mut self) -> Result<(), Failure> {
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
        let is_stopped = (self.program.interrupted)();
        let is_kept = self.is_finished || is_stopped || can_go_on(&self.path);
        if self.replaces && !is_kept {
            // What cannot be moved stays where it is, and the next program tries again.
            let _ = restore(&self.path);
        }
        let is_empty =
            || fs::read_dir(&self.path).is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == LOCK));
        if !self.is_finished && !is_stopped && is_empty() {
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
fn look(path: &Path, owner: &Owner) -> Result<Found, Failure> {
    let is_ours = path.join(LOCK).exists();
    // What a program left that was killed while it made the lock, or is about to make, is nobody's.
    let is_foreign = |entry: std::io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| !files::is_unfinished(&entry.file_name().to_string_lossy()))
    };
    if !is_ours && fs::read_dir(path).is_ok_and(|mut entries| entries.any(is_foreign)) {
        return Ok(Found::Foreign);
    }
    files::make_folder(path)?;
    let Some(lock) = locked(&path.join(LOCK), owner)? else {
        let lock = File::open(path.join(LOCK)).ok();
        return Ok(Found::Busy(lock.and_then(|lock| Owner::read(&lock))));
    };
    let holds = |name: &str| path.join(name).exists();
    if !holds(CONFIGURATION) && path.join(REPLACED).is_dir() {
        restore(path)?;
    }
    let is_run = [CONFIGURATION, SUMMARY, WEIGHTS].into_iter().any(holds);
    Ok(if is_run { Found::Run(lock) } else { Found::Free(lock) })
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
    path.join(CONFIGURATION).exists() && !path.join(WEIGHTS).exists()
}

fn busy(path: &Path, owner: Option<Owner>) -> Failure {
    let who = owner.map_or_else(
        || "another program".into(),
        |owner| {
            let words = owner.words.get(1..).unwrap_or_default().join(" ");
            format!("`dualgn {words}` (process {})", owner.process())
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

#[cfg(all(test, unix))]
#[path = "folder_tests.rs"]
mod tests;
