//! Files that are whole or absent: written beside their place, synced, then moved there. What is no regular file is written into.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::Failure;

/// What the names of unfinished files begin with.
const UNFINISHED: &str = ".dualgn-";
/// Symbolic links that lead to one another at most, as on Linux.
const LINKS: usize = 40;

/// Replaces a file by the given contents, or leaves it as it was.
///
/// Links are followed. A file that exists keeps its mode and owner, a new one has the mode that the user's umask asks for. Devices,
/// pipes and the descriptors in `/dev` and `/proc` are written into.
///
/// # Errors
/// The folder is absent or cannot be written to, the path is a folder, or the disk is full.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    replaced(path, contents).map_err(|error| Failure::file("write", path, &error))
}

fn replaced(path: &Path, contents: &[u8]) -> io::Result<()> {
    // Replacing what a descriptor leads to would take it from the program that opened it.
    let is_descriptor = path.starts_with("/dev") || path.starts_with("/proc");
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(found) if is_descriptor || !found.is_file() => written_into(path, contents),
        Ok(found) => moved_to(&fs::canonicalize(path)?, contents, Some(&found)),
        Err(error) if error.kind() == ErrorKind::NotFound => moved_to(&followed(path)?, contents, None),
        Err(error) => Err(error),
    }
}

/// Writes into a device or a pipe. A reader that has seen enough is no error.
fn written_into(path: &Path, contents: &[u8]) -> io::Result<()> {
    match File::options().append(true).open(path)?.write_all(contents) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// Writes beside a path, syncs, and moves there.
fn moved_to(path: &Path, contents: &[u8], before: Option<&fs::Metadata>) -> io::Result<()> {
    let mut file = unfinished(path)?;
    file.write_all(contents)?;
    if let Some(before) = before {
        file.as_file().set_permissions(before.permissions())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            // Only the superuser can give files away; for all others the owner is the same.
            let _ = fchown(file.as_file(), Some(before.uid()), Some(before.gid()));
        }
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a file that is not there yet, with its contents from its first moment on; `None` if it is there.
///
/// # Errors
/// The folder is absent or cannot be written to, or the disk is full.
pub fn make_new(path: &Path, contents: &[u8]) -> io::Result<Option<File>> {
    let mut file = unfinished(path)?;
    file.write_all(contents)?;
    match file.persist_noclobber(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(None),
        // Some file systems have neither links nor renames that replace nothing.
        Err(error) if matches!(error.error.kind(), ErrorKind::Unsupported | ErrorKind::PermissionDenied) => {
            let mut file = match File::options().read(true).write(true).create_new(true).open(path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
                file => file?,
            };
            file.write_all(contents)?;
            Ok(Some(file))
        }
        Err(error) => Err(error.error),
    }
}

/// A file beside a path, with the mode that the user's umask asks for.
fn unfinished(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new();
    file.prefix(UNFINISHED);
    #[cfg(unix)]
    file.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    file.tempfile_in(path.parent().unwrap_or(Path::new("")))
}

/// Where links lead whose end does not exist yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(ErrorKind::TooManyLinks.into())
}

/// Whether a file is one that was not finished, by its name.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

/// Removes unfinished files of a program that was killed, from a folder that no other program writes to.
pub fn remove_unfinished(folder: &Path) {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in names.filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED)) {
        // What cannot be removed does no harm.
        let _ = fs::remove_file(entry.path());
    }
}

/// Syncs a folder, so that its renames survive a loss of power; where the system has no such thing, nothing is done.
pub fn sync_folder(path: &Path) {
    if let Ok(folder) = fs::File::open(path) {
        let _ = folder.sync_all();
    }
}

/// A path that means the same from any folder.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| Failure::file("make the folder", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(make_new(&path, b"first").unwrap().is_some());
        assert!(make_new(&path, b"second").unwrap().is_none());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        replace(&path, b"first, and longer").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn says_which_file_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("absent/page.html"), folder.path().to_owned()] {
            let failure = replace(&path, b"").unwrap_err();
            assert!(failure.to_string().contains(path.to_str().unwrap()), "{failure}");
        }
    }

    #[test]
    fn unfinished_files_of_ours_alone_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".dualgn-a1b2", ".dualgn", "dualgn-page", ".hidden"] {
            File::create(folder.path().join(name)).unwrap();
        }
        remove_unfinished(folder.path());
        assert!(!folder.path().join(".dualgn-a1b2").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
        use std::process::{Command, Stdio};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().mode() & 0o777
        }

        #[test]
        fn a_file_keeps_its_mode_and_a_new_one_has_that_of_the_umask() {
            let folder = tempfile::tempdir().unwrap();
            let (old, new, plain) = (folder.path().join("old"), folder.path().join("new"), folder.path().join("plain"));
            replace(&old, b"a").unwrap();
            for bits in [0o600, 0o640, 0o444] {
                fs::set_permissions(&old, Permissions::from_mode(bits)).unwrap();
                replace(&old, b"b").unwrap();
                assert_eq!(mode(&old), bits);
            }
            // What the system gives a file that is made without further ado.
            File::create(&plain).unwrap();
            replace(&new, b"a").unwrap();
            assert_eq!(mode(&new), mode(&plain));
        }

        #[test]
        fn links_are_followed_even_to_what_is_not_there_yet() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::create_dir(at("below")).unwrap();
            symlink("below/target", at("first")).unwrap();
            symlink(at("first"), at("second")).unwrap();
            for contents in [b"new".as_slice(), b"again"] {
                replace(&at("second"), contents).unwrap();
                assert_eq!(fs::read(at("below/target")).unwrap(), contents);
                assert!(fs::symlink_metadata(at("second")).unwrap().is_symlink());
                assert!(fs::symlink_metadata(at("first")).unwrap().is_symlink());
            }
            symlink("circle", at("circle")).unwrap();
            assert!(replace(&at("circle"), b"").is_err());
        }

        #[test]
        fn devices_and_pipes_are_written_into() {
            let folder = tempfile::tempdir().unwrap();
            let link = folder.path().join("null");
            symlink("/dev/null", &link).unwrap();
            replace(&link, b"gone").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
            #[cfg(target_os = "linux")]
            {
                let full = replace(Path::new("/dev/full"), b"x").unwrap_err();
                assert!(full.to_string().starts_with("error: cannot write /dev/full: No space left"), "{full}");
            }

            let pipe = folder.path().join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
            replace(&pipe, b"through").unwrap();
            assert_eq!(reader.wait_with_output().unwrap().stdout, b"through");
            assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        }
    }
}
