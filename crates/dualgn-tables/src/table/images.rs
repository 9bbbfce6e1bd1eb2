//! [`Images`]: folders of images, one folder for each class, or the idx files of an image set: a row for each image, a column for each
//! pixel, and one for the class.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use dualgn_io::input;
use dualgn_train::data::{DataError, idx};

use super::cell::{Cell, Row};
use super::error::TableError;
use super::pixels::{LARGEST, Pixels};
use super::source::Visit;

/// Images in a folder.
#[derive(Debug)]
pub(super) struct Images {
    /// `pixel0`, `pixel1`, .., and `class`.
    pub header: Vec<String>,
    /// Channels, rows and columns.
    pub shape: [usize; 3],
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Each image, and its class if it lies in the folder of one.
    Files(Vec<(PathBuf, Option<String>)>),
    /// The idx files of images, each with that of its labels if there is one.
    Idx(Vec<(PathBuf, Option<PathBuf>)>),
}

/// The column with the class.
pub(super) const CLASS: &str = "class";

impl Images {
    /// Looks into a folder.
    ///
    /// # Errors
    /// There is no image in it, or the first cannot be read.
    pub(super) fn open(folder: &Path) -> Result<Self, TableError> {
        let sets = idx_files(folder)?;
        if !sets.is_empty() {
            let images = idx::read_images(&sets[0].0).map_err(|error| of_set(folder, error))?;
            let shape = [1, images.size[0], images.size[1]];
            return Ok(Self { header: header(shape), shape, kind: Kind::Idx(sets) });
        }
        let mut files = vec![];
        for path in entries(folder)? {
            if path.is_dir() {
                let class = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let inside = entries(&path)?.into_iter().filter(|path| is_image(path));
                files.extend(inside.map(|path| (path, Some(class.clone()))));
            } else if is_image(&path) {
                files.push((path, None));
            }
        }
        let Some((first, _)) = files.first() else {
            let problem = "a folder should hold one folder of images (.png, .jpg) for each class, or the idx files of an image set; for a \
                           table give its file";
            return Err(unfit(folder, problem.into()));
        };
        let shape = decoded(first)?.shape;
        Ok(Self { header: header(shape), shape, kind: Kind::Files(files) })
    }

    /// What was found.
    pub(super) fn remarks(&self) -> Vec<String> {
        let [channels, rows, columns] = self.shape;
        let count = match &self.kind {
            Kind::Files(files) => format!("{} images", files.len()),
            Kind::Idx(sets) => format!("{} idx files of images", sets.len()),
        };
        vec![format!("{count} of {rows} by {columns} pixels, {}", if channels == 1 { "grey" } else { "in colours" })]
    }

    /// Reads all images.
    pub(super) fn rows(&self, folder: &Path, visit: Visit) -> Result<(), TableError> {
        let mut index = 0;
        let mut one = |pixels: &mut dyn Iterator<Item = u8>, class: Cell| {
            let mut cells: Vec<Cell> = pixels.map(|pixel| Cell::Number(f64::from(pixel))).collect();
            cells.push(class);
            let done = visit(Row { index, line: None, cells: &cells });
            index += 1;
            done
        };
        match &self.kind {
            Kind::Files(files) => {
                for (path, class) in files {
                    let Pixels { bytes, shape } = decoded(path)?;
                    if shape != self.shape {
                        let [found, wanted] =
                            [shape, self.shape].map(|[c, h, w]| format!("{h} by {w} pixels in {c} channels"));
                        return Err(unfit(
                            path,
                            format!("has {found}, and the first image {wanted}; make all of one size"),
                        ));
                    }
                    let class = class.as_ref().map_or(Cell::Missing, |class| Cell::Text(Cow::Borrowed(class)));
                    one(&mut bytes.into_iter(), class)?;
                }
            }
            Kind::Idx(sets) => {
                for (path, labels) in sets {
                    let wrong = |error| of_set(folder, error);
                    let images = idx::read_images(path).map_err(wrong)?;
                    let labels =
                        labels.as_deref().map(|path| idx::read_labels(path, u8::MAX)).transpose().map_err(wrong)?;
                    if images.size != [self.shape[1], self.shape[2]]
                        || labels.as_ref().is_some_and(|l| l.len() != images.count)
                    {
                        return Err(unfit(path, "images of one set should have one size, and a label each".into()));
                    }
                    let size = images.size[0] * images.size[1];
                    for (number, pixels) in images.pixels.chunks_exact(size).enumerate() {
                        let class =
                            labels.as_ref().map_or(Cell::Missing, |labels| Cell::Number(f64::from(labels[number])));
                        one(&mut pixels.iter().copied(), class)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with a file of an image set.
fn of_set(folder: &Path, error: DataError) -> TableError {
    match error {
        DataError::File(failure) => TableError::Visit(failure),
        error => unfit(folder, error.to_string()),
    }
}

fn unfit(file: &Path, problem: String) -> TableError {
    TableError::Unfit { file: file.into(), problem }
}

fn header([channels, rows, columns]: [usize; 3]) -> Vec<String> {
    (0..channels * rows * columns).map(|pixel| format!("pixel{pixel}")).chain([CLASS.to_owned()]).collect()
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, TableError> {
    let read = |reason| TableError::Read { file: folder.into(), reason };
    let mut paths = vec![];
    for entry in fs::read_dir(folder).map_err(read)? {
        paths.push(entry.map_err(read)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ["png", "jpg", "jpeg"].contains(&ending.as_str())
}

/// Files of images in the idx format, with those of their labels, training images first.
fn idx_files(folder: &Path) -> Result<Vec<(PathBuf, Option<PathBuf>)>, TableError> {
    let mut sets = vec![];
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_images = name.replace('.', "-").contains("images-idx3-ubyte");
        if is_images {
            let labels = folder.join(name.replace("images", "labels").replace("idx3", "idx1"));
            sets.push((path, labels.exists().then_some(labels)));
        }
    }
    sets.sort_by_key(|(path, _)| !path.to_string_lossy().contains("train"));
    Ok(sets)
}

fn decoded(path: &Path) -> Result<Pixels, TableError> {
    Pixels::decode(&input::read(path, LARGEST)?).map_err(|problem| unfit(path, problem))
}
