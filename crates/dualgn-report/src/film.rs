//! [`Film`]: the pictures of a run on its way, and the movie made of them.

use std::fs;
use std::path::{Path, PathBuf};

use dualgn_io::{Failure, files, input};
use dualgn_train::picture::Raster;

use crate::pictures::{from_png, movie, png};

/// Pictures of a second.
const PER_SECOND: u16 = 8;

/// A folder of pictures by step: a run that is stopped keeps them.
pub struct Film {
    folder: PathBuf,
}

impl Film {
    /// Starts a film in a method's folder, without pictures of an earlier run but for those from before a step.
    ///
    /// # Errors
    /// A picture cannot be removed.
    pub fn start(method: &Path, before: Option<usize>) -> Result<Self, Failure> {
        let film = Self { folder: method.join("frames") };
        for (step, path) in film.frames()? {
            if before.is_none_or(|before| step >= before) {
                fs::remove_file(&path).map_err(|error| Failure::file("remove", &path, &error))?;
            }
        }
        Ok(film)
    }

    /// Adds the picture of a step.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn add(&self, step: usize, picture: &Raster) -> Result<(), Failure> {
        files::make_folder(&self.folder)?;
        let path = self.folder.join(format!("{step:08}.png"));
        let bytes = png(picture).map_err(|error| Failure::file("write", &path, &error))?;
        files::replace(&path, &bytes)
    }

    /// Makes the movie, if there are pictures.
    ///
    /// # Errors
    /// A picture cannot be read, or the movie cannot be written.
    pub fn finish(&self, path: &Path) -> Result<(), Failure> {
        let read = |(_, path): (usize, PathBuf)| {
            let bytes = input::read_own(&path)?.unwrap_or_default();
            from_png(&bytes).map_err(|error| Failure::file("read", &path, &error))
        };
        let frames: Vec<Raster> = self.frames()?.into_iter().map(read).collect::<Result<_, _>>()?;
        if frames.is_empty() {
            return Ok(());
        }
        let bytes = movie(&frames, PER_SECOND).map_err(|error| Failure::file("write", path, &error))?;
        files::replace(path, &bytes)
    }

    fn frames(&self) -> Result<Vec<(usize, PathBuf)>, Failure> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Ok(vec![]) };
        let step = |path: &Path| path.file_stem()?.to_str()?.parse().ok();
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut frames: Vec<(usize, PathBuf)> = paths.filter_map(|path| Some((step(&path)?, path))).collect();
        frames.sort();
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_film_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let picture = |shade: u8| Raster::new(2, 2, |_, _| [shade, 0, 0, 255]);
        let film = Film::start(folder.path(), None).unwrap();
        (0..5).for_each(|step| film.add(step, &picture(step as u8)).unwrap());
        let film = Film::start(folder.path(), Some(3)).unwrap();
        film.add(3, &picture(99)).unwrap();
        assert_eq!(film.frames().unwrap().len(), 4);
        let path = folder.path().join("movie.png");
        film.finish(&path).unwrap();
        assert_eq!(from_png(&fs::read(&path).unwrap()).unwrap(), picture(0));
        Film::start(folder.path(), None).unwrap().finish(&folder.path().join("none.png")).unwrap();
        assert!(!folder.path().join("none.png").exists());
    }
}
