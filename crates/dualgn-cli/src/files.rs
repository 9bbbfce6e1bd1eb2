//! Files that are whole or absent: written beside their place, synced, then moved there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Replaces a file by the given contents, or leaves it as it was.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| Failure::file("write", path, error);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(contents).and_then(|()| file.as_file().sync_all()).map_err(|error| failed(&error))?;
    let file = file.persist(path).map_err(|error| failed(&error.error))?;
    readable_by_all(&file);
    Ok(())
}

/// Temporary files are private to their owner; results are like other files.
#[cfg(unix)]
fn readable_by_all(file: &fs::File) {
    use std::os::unix::fs::PermissionsExt;
    let _ = file.set_permissions(fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable_by_all(_: &fs::File) {}

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
        let failure = replace(&folder.path().join("absent/page.html"), b"").unwrap_err();
        assert!(failure.to_string().contains("absent"), "{failure}");
    }
}
