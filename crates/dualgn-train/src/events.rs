//! [`Events`]: event files as TensorBoard reads them.
//!
//! A file is a sequence of records, each `length: u64, crc(length), bytes, crc(bytes)` with masked CRC-32C sums, and each holds an
//! `Event` message of TensorFlow (`event.proto`).

#[allow(clippy::all, dead_code, missing_docs, unreachable_pub, reason = "generated from `event.proto`")]
mod schema;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use dualgn_io::{Failure, files};
use prost::Message;
use schema::event::What;
use schema::session_log::SessionStatus;
use schema::summary::{Value, value};
use schema::{Event, SessionLog, Summary};

use crate::record::{Metric, Record, StepRecord};

/// The format of the file, in the words that its readers look for.
const VERSION: &str = "brain.Event:2";

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
        let opening = Event { wall_time: Some(now), step: None, what: Some(What::FileVersion(VERSION.to_owned())) };
        // Names sort by time, and one second may see several.
        let path = (0..).map(|index| folder.join(format!("events.out.tfevents.{:010}.{index}.dualgn", now as u64)));
        let path = path.into_iter().find(|path| !path.exists()).unwrap_or_default();
        let file = File::create(&path).map_err(|error| Failure::file("write", &path, &error))?;
        let mut events = Self { path, file, metric };
        events.append(&opening)?;
        if let Some(step) = from {
            let start = SessionLog { status: Some(SessionStatus::Start.into()) };
            events.append(&at(now, step, What::SessionLog(start)))?;
        }
        Ok(events)
    }

    /// An evaluation.
    pub fn evaluated(&mut self, record: &Record) -> Result<(), Failure> {
        let metric = match self.metric {
            Metric::Accuracy => "test/accuracy",
            Metric::Rmse => "test/rmse",
            Metric::RelativeError => "test/relative error",
            Metric::Residual => "test/residual",
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
        let one = |(tag, number): (&str, f64)| Value {
            tag: Some(tag.to_owned()),
            value: Some(value::Value::SimpleValue(number as f32)),
        };
        let summary = Summary { value: values.map(one).collect() };
        self.append(&at(now(), step, What::Summary(summary)))
    }

    fn append(&mut self, event: &Event) -> Result<(), Failure> {
        let event = event.encode_to_vec();
        let length = (event.len() as u64).to_le_bytes();
        let record = [&length[..], &masked(&length), &event, &masked(&event)].concat();
        self.file.write_all(&record).map_err(|error| Failure::file("write", &self.path, &error))
    }
}

/// An event of a step, of which 0 is one too.
fn at(time: f64, step: usize, what: What) -> Event {
    Event { wall_time: Some(time), step: Some(step as i64), what: Some(what) }
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

    /// The messages in a file, taken apart again: lengths, checksums, and the end.
    fn messages(path: &Path) -> Vec<Vec<u8>> {
        let bytes = fs::read(path).unwrap();
        let (mut rest, mut found) = (bytes.as_slice(), vec![]);
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(rest[8..12], masked(&rest[..8]));
            let event = &rest[12..12 + length];
            assert_eq!(rest[12 + length..16 + length], masked(event));
            found.push(event.to_vec());
            rest = &rest[16 + length..];
        }
        found
    }

    /// Messages byte by byte, from the numbers in TensorFlow's published schemas.
    #[test]
    fn records_follow_one_another_with_their_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let mut events = Events::start(folder.path(), Metric::Accuracy, Some(3)).unwrap();
        let record =
            Record { step: 300, epoch: 1.5, seconds: 2.0, train_loss: 0.25, test_loss: 0.0, test_metric: 0.75 };
        events.evaluated(&record).unwrap();
        let second = Events::start(folder.path(), Metric::Accuracy, Some(0)).unwrap();
        assert_ne!(events.path, second.path);

        let found = messages(&events.path);
        assert_eq!(found.len(), 3);
        // Field 1, the time; field 3 of 13 bytes.
        assert_eq!(found[0][0], 0x09);
        assert_eq!(found[0][9..], *b"\x1a\x0dbrain.Event:2");
        // Field 2, 3; field 7 of two bytes, status 1.
        assert_eq!(found[1][9..], [0x10, 3, 0x3a, 2, 0x08, 1]);
        // Field 2, 300 in two bytes; field 5, whose values have a tag and four bytes.
        let value = |tag: &[u8], number: f32| {
            let inside = [&[0x0a, tag.len() as u8], tag, &[0x15], &number.to_le_bytes()].concat();
            [vec![0x0a, inside.len() as u8], inside].concat()
        };
        let values =
            [value(b"train/loss", 0.25), value(b"test/loss", 0.0), value(b"test/accuracy", 0.75), value(b"epoch", 1.5)];
        let summary = values.concat();
        assert_eq!(found[2][9..], [&[0x10, 0xac, 0x02, 0x2a, summary.len() as u8], &summary[..]].concat());
        // The step 0 is written like any other.
        assert_eq!(messages(&second.path)[1][9..], [0x10, 0, 0x3a, 2, 0x08, 1]);
    }

    #[test]
    fn checksums_are_the_published_ones() {
        // CRC-32C of "123456789", as published, and its mask.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let mask = 0xe306_9283u32.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(masked(b"123456789"), mask.to_le_bytes());
    }
}
