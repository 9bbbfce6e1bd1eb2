//! [`Events`]: event files as TensorBoard reads them.
//!
//! A file is a sequence of records, each `length: u64, crc(length), bytes, crc(bytes)` with masked CRC-32C sums, and each holds an
//! `Event` message of TensorFlow (`tensorflow/core/util/event.proto`). Of that message four fields are enough, so they are written here
//! and not by a generator:
//!
//! ```text
//! Event    1: wall_time, double   2: step, int64   3: file_version, string   5: summary, Summary   7: session_log, SessionLog
//! Summary  1: value, repeated     Value  1: tag, string   2: simple_value, float     SessionLog  1: status, START = 1
//! ```

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use dualgn_io::protobuf::{bytes, double, single, whole};
use dualgn_io::{Failure, files};

use crate::record::{Metric, Record, StepRecord};

/// An event file of a run. Every record is in the hands of the system before training goes on.
pub struct Events {
    path: PathBuf,
    file: File,
    metric: Metric,
}

impl Events {
    /// Starts a file in a folder, beside those of earlier parts of the run; from a step on what they have is out of date.
    pub fn start(folder: &Path, metric: Metric, from: Option<usize>) -> Result<Self, Failure> {
        files::make_folder(folder)?;
        let now = now();
        // Names sort by time, and one second may see several.
        let path = (0..).map(|index| folder.join(format!("events.out.tfevents.{:010}.{index}.dualgn", now as u64)));
        let path = path.into_iter().find(|path| !path.exists()).unwrap_or_default();
        let file = File::create(&path).map_err(|error| Failure::file("write", &path, &error))?;
        let mut events = Self { path, file, metric };
        events.append(&[double(1, now), bytes(3, b"brain.Event:2")].concat())?;
        if let Some(step) = from {
            let start = bytes(7, &whole(1, 1));
            events.append(&[double(1, now), whole(2, step as u64), start].concat())?;
        }
        Ok(events)
    }

    /// An evaluation.
    pub fn evaluated(&mut self, record: &Record) -> Result<(), Failure> {
        let metric = match self.metric {
            Metric::Accuracy => "test/accuracy",
            Metric::Rmse => "test/rmse",
            Metric::RelativeError => "test/relative error",
        };
        let values = [
            ("train/loss", record.train_loss),
            ("test/loss", record.test_loss),
            (metric, record.test_metric),
            ("epoch", record.epoch),
        ];
        self.values(record.step, values.into_iter())
    }

    /// A step along a direction.
    pub fn stepped(&mut self, record: &StepRecord) -> Result<(), Failure> {
        let always = [
            ("step/loss", record.loss),
            ("step/slope", record.slope),
            ("step/damping", record.damping),
            ("step/norm", record.norm),
            ("step/relative_gap", record.relative_gap),
            ("step/iterations", record.iterations as f64),
            ("step/milliseconds", record.milliseconds),
        ];
        let sometimes = [("step/ratio", record.ratio), ("step/rate", record.rate)];
        let sometimes = sometimes.into_iter().filter_map(|(tag, value)| Some((tag, value?)));
        self.values(record.step, always.into_iter().chain(sometimes))
    }

    fn values(&mut self, step: usize, values: impl Iterator<Item = (&'static str, f64)>) -> Result<(), Failure> {
        let value = |(tag, value): (&str, f64)| {
            let number = single(2, value as f32);
            bytes(1, &[bytes(1, tag.as_bytes()), number].concat())
        };
        let summary: Vec<u8> = values.flat_map(value).collect();
        self.append(&[double(1, now()), whole(2, step as u64), bytes(5, &summary)].concat())
    }

    fn append(&mut self, event: &[u8]) -> Result<(), Failure> {
        let length = (event.len() as u64).to_le_bytes();
        let record = [&length[..], &masked(&length), event, &masked(event)].concat();
        self.file.write_all(&record).map_err(|error| Failure::file("write", &self.path, &error))
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// The checksum of a record, masked as its readers have it.
fn masked(bytes: &[u8]) -> [u8; 4] {
    (crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file taken apart again: lengths, checksums, and the end.
    #[test]
    fn records_follow_one_another_with_their_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = Events::start(folder.path(), Metric::Accuracy, Some(3)).unwrap();
        let record =
            Record { step: 300, epoch: 1.5, seconds: 2.0, train_loss: 0.25, test_loss: 0.5, test_metric: 0.75 };
        events.evaluated(&record).unwrap();
        let second = Events::start(folder.path(), Metric::Accuracy, None).unwrap();
        assert_ne!(events.path, second.path);

        let bytes = fs::read(&events.path).unwrap();
        let (mut rest, mut found) = (bytes.as_slice(), vec![]);
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(rest[8..12], masked(&rest[..8]));
            let event = &rest[12..12 + length];
            assert_eq!(rest[12 + length..16 + length], masked(event));
            found.push(event.to_vec());
            rest = &rest[16 + length..];
        }
        assert_eq!(found.len(), 3);
        assert!(found[0].ends_with(b"brain.Event:2"));
        // Field 2, 3; field 7 of two bytes, status 1.
        assert_eq!(found[1][9..], [0x10, 3, 0x3a, 2, 0x08, 1]);
        // Field 2, 300 in two bytes; the first value: its tag and 0.25 in four bytes.
        assert_eq!(found[2][9..12], [0x10, 0xac, 0x02]);
        let value = [b"\x0a\x0atrain/loss\x15".as_slice(), &0.25f32.to_le_bytes()].concat();
        assert!(found[2].windows(value.len()).any(|window| window == value));
    }

    #[test]
    fn checksums_are_the_published_ones() {
        // CRC-32C of "123456789", as published, and its mask.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let mask = 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked(b"123456789"), mask.to_le_bytes());
    }
}
