//! [`InputRows`]: what a model is given, in memory or, where that is too much, in a file on disk.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::DataError;

/// The inputs of examples, row-major `[m, features]`.
#[derive(Debug, Clone)]
pub enum InputRows {
    /// All of them.
    Memory(Vec<f32>),
    /// Read whenever they are needed.
    Disk(OnDisk),
}

impl From<Vec<f32>> for InputRows {
    fn from(values: Vec<f32>) -> Self {
        Self::Memory(values)
    }
}

impl InputRows {
    /// Those of the examples `indices`, in that order; each has so many `features`.
    ///
    /// # Errors
    /// The disk cannot be read.
    ///
    /// # Panics
    /// An index is not below the number of examples.
    pub fn gather(&self, features: usize, indices: &[usize]) -> Result<Vec<f32>, DataError> {
        match self {
            Self::Memory(values) => {
                let mut picked = Vec::with_capacity(indices.len() * features);
                for &index in indices {
                    picked.extend_from_slice(&values[index * features..][..features]);
                }
                Ok(picked)
            }
            Self::Disk(disk) => disk.gather(indices),
        }
    }

    /// The same, for good: a copy, or other rows of the same file.
    pub fn pick(&self, features: usize, indices: &[usize]) -> Result<Self, DataError> {
        Ok(match self {
            Self::Memory(_) => Self::Memory(self.gather(features, indices)?),
            Self::Disk(disk) => {
                Self::Disk(OnDisk { rows: indices.iter().map(|&index| disk.rows[index]).collect(), ..disk.clone() })
            }
        })
    }
}

/// Rows of a temporary file, which goes with the last that uses it.
#[derive(Debug, Clone)]
pub struct OnDisk {
    file: Arc<Mutex<File>>,
    features: usize,
    rows: Arc<[usize]>,
}

/// Bytes of a number.
const BYTES: usize = size_of::<f32>();

impl OnDisk {
    /// The rows `indices`, in that order.
    pub fn gather(&self, indices: &[usize]) -> Result<Vec<f32>, DataError> {
        let mut bytes = vec![0; indices.len() * self.features * BYTES];
        self.read(indices, &mut bytes).map_err(|reason| DataError::Back { reason })?;
        Ok(bytes.chunks_exact(BYTES).map(|number| f32::from_le_bytes(number.try_into().expect("four bytes"))).collect())
    }

    fn read(&self, indices: &[usize], bytes: &mut [u8]) -> io::Result<()> {
        // A reader that panicked leaves nothing behind but a position, which is set each time.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let width = self.features * BYTES;
        let mut start = 0;
        while start < indices.len() {
            let first = self.rows[indices[start]];
            // Rows that follow each other come at once.
            let follow = indices[start..].iter().enumerate().take_while(|&(k, &index)| self.rows[index] == first + k);
            let end = start + follow.count();
            file.seek(SeekFrom::Start(first as u64 * width as u64))?;
            file.read_exact(&mut bytes[start * width..end * width])?;
            start = end;
        }
        Ok(())
    }
}

/// Takes inputs, row by row.
pub enum InputsWriter {
    /// Into memory.
    Memory(Vec<f32>),
    /// Into a file without a name: it is gone when the program is, however that ends.
    Disk {
        /// The file.
        file: BufWriter<File>,
        /// Where it is.
        folder: PathBuf,
        /// Numbers in a row.
        features: usize,
        /// Rows so far.
        rows: usize,
    },
}

impl InputsWriter {
    /// Into a temporary file on the disk of `folder`, which need not be there yet; where that cannot be written to, among the system's
    /// temporary files.
    ///
    /// # Errors
    /// Neither can be written to.
    pub fn on_disk(folder: &Path, features: usize) -> Result<Self, DataError> {
        let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let (folder, file) = match tempfile::tempfile_in(there) {
            Ok(file) => (there.to_owned(), Ok(file)),
            Err(_) => (std::env::temp_dir(), tempfile::tempfile()),
        };
        match file {
            Ok(file) => Ok(Self::Disk { file: BufWriter::new(file), folder, features, rows: 0 }),
            Err(reason) => Err(DataError::Spill { folder, reason }),
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The disk is full, or cannot be written to.
    pub fn push(&mut self, row: &[f32]) -> Result<(), DataError> {
        match self {
            Self::Memory(values) => values.extend_from_slice(row),
            Self::Disk { file, folder, rows, .. } => {
                let written = row.iter().try_for_each(|number| file.write_all(&number.to_le_bytes()));
                written.map_err(|reason| DataError::Spill { folder: folder.clone(), reason })?;
                *rows += 1;
            }
        }
        Ok(())
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(self) -> Result<InputRows, DataError> {
        Ok(match self {
            Self::Memory(values) => InputRows::Memory(values),
            Self::Disk { file, folder, features, rows } => {
                let file =
                    file.into_inner().map_err(|error| DataError::Spill { folder, reason: error.into_error() })?;
                InputRows::Disk(OnDisk { file: Arc::new(Mutex::new(file)), features, rows: (0..rows).collect() })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(rows: &[[f32; 3]]) -> [InputRows; 2] {
        let folder = tempfile::tempdir().unwrap();
        [InputsWriter::Memory(vec![]), InputsWriter::on_disk(&folder.path().join("new"), 3).unwrap()].map(
            |mut writer| {
                rows.iter().for_each(|row| writer.push(row).unwrap());
                writer.finish().unwrap()
            },
        )
    }

    #[test]
    fn the_disk_gives_what_memory_gives() {
        // NaN and -0 among them, which have bits of their own.
        let rows = [[0.0, -0.0, 1.5], [f32::NAN, f32::MAX, -1.0], [f32::MIN_POSITIVE / 2.0, 7.0, 8.0], [3.0; 3]];
        for picked in [vec![0, 1, 2, 3], vec![3, 2, 1, 0], vec![1, 1, 2, 3, 0]] {
            for asked in [vec![], vec![0], vec![3, 3], vec![0, 1, 2, 3], vec![1, 2, 0, 3, 2, 3]] {
                let expected: Vec<u32> =
                    asked.iter().flat_map(|&index: &usize| rows[picked[index]]).map(f32::to_bits).collect();
                for inputs in both(&rows) {
                    let values = inputs.pick(3, &picked).unwrap().gather(3, &asked).unwrap();
                    let bits: Vec<u32> = values.into_iter().map(f32::to_bits).collect();
                    assert_eq!(bits, expected, "{picked:?} {asked:?} {inputs:?}");
                }
            }
        }
    }

    #[test]
    fn the_file_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = InputsWriter::on_disk(folder.path(), 1).unwrap();
        writer.push(&[1.0]).unwrap();
        let inputs = writer.finish().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(inputs.gather(1, &[0, 0]).unwrap(), [1.0, 1.0]);
    }

    #[test]
    fn a_folder_need_not_be_there_and_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        InputsWriter::on_disk(&folder.path().join("run/deep"), 1).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        InputsWriter::on_disk(Path::new("no such folder"), 1).unwrap();
        assert!(!Path::new("no such folder").exists());
    }
}
