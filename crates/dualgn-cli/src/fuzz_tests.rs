//! Readers of files that anybody may have written: none of them panics, and none takes much memory.
//!
//! Sound files are changed at random: bytes flipped, cut, doubled, spliced, numbers made large. A second of each runs with the tests;
//! `DUALGN_FUZZ_SECONDS=600 cargo test --release -p dualgn-cli fuzz_` runs ten minutes of each. What breaks a reader is kept in
//! `target/fuzz` and belongs into `crates/dualgn-cli/tests/corpus`, whose files run every time: they state sizes that overflow, nest
//! deeply, and unpack to far more than they are.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dualgn_io::memory;
use dualgn_train::Checkpoint;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::{fuzzing, terminal};

/// Bytes that a process of readers may come to; they are given no budget of more than this.
const MEMORY: u64 = 2 << 30;
/// Numbers that sizes and counts like to break at.
const LARGE: [&str; 8] =
    ["0", "-1", "255", "65536", "4294967295", "9223372036854775807", "18446744073709551615", "1e308"];

/// One change.
fn changed(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut ChaCha8Rng) {
    let mut below = |limit: usize| random.random_range(..limit.max(1));
    let place = below(bytes.len() + 1);
    match below(9) {
        0 if !bytes.is_empty() => {
            let place = place % bytes.len();
            bytes[place] ^= 1 << below(8);
        }
        1 if !bytes.is_empty() => {
            let place = place % bytes.len();
            bytes[place] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', b'['][below(8)];
        }
        2 => bytes.truncate(place),
        3 => {
            let end = (place + below(64)).min(bytes.len());
            bytes.drain(place..end);
        }
        4 => {
            let end = (place + below(256)).min(bytes.len());
            let again: Vec<u8> = bytes[place..end].repeat(1 + below(4));
            bytes.splice(place..place, again);
        }
        5 => {
            let other = &seeds[below(seeds.len())];
            let from = below(other.len());
            bytes.truncate(place);
            bytes.extend_from_slice(&other[from..]);
        }
        6 => {
            // Eight bytes, as lengths are written.
            let number: [u8; 8] =
                [u64::MAX, 1 << 40, 1 << 31, u64::from(u32::MAX), 0, 3, 1 << 62, 257][below(8)].to_le_bytes();
            let width = [2, 4, 8][below(3)];
            for (to, from) in bytes.iter_mut().skip(place).zip(&number[..width]) {
                *to = *from;
            }
        }
        7 => {
            // A number in digits.
            let from = bytes.iter().skip(place).position(u8::is_ascii_digit).map_or(bytes.len(), |found| place + found);
            let end = from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            bytes.splice(from..end, LARGE[below(LARGE.len())].bytes());
        }
        _ => {
            let noise: Vec<u8> = (0..below(16)).map(|_| below(256) as u8).collect();
            bytes.splice(place..place, noise);
        }
    }
    bytes.truncate(1 << 16);
}

/// Reads changed files until the time is over.
fn fuzz(name: &str, seeds: &[Vec<u8>], read: impl Fn(&[u8])) {
    let seconds = std::env::var("DUALGN_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let check = |bytes: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| read(bytes))).is_err() {
            let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz");
            fs::create_dir_all(&kept).unwrap();
            let file = kept.join(format!("{name}-{:08x}", crc32fast::hash(bytes)));
            fs::write(&file, bytes).unwrap();
            panic!("the reader of {name} panics at {}", file.display());
        }
    };
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    for entry in fs::read_dir(corpus).into_iter().flatten() {
        let path: PathBuf = entry.unwrap().path();
        if path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-"))) {
            check(&fs::read(path).unwrap());
        }
    }
    seeds.iter().for_each(|seed| check(seed));
    // What is random for a while goes on from what was read before, so that changes add up.
    let mut pool = seeds.to_vec();
    let mut count = 0u64;
    while Instant::now() < end {
        // Every other file is near a sound one: changes that add up for long lead to what any reader refuses at once.
        let among = if count.is_multiple_of(2) { seeds.len() } else { pool.len() };
        let mut bytes = pool[random.random_range(..among)].clone();
        for _ in 0..random.random_range(1..=6) {
            changed(&mut bytes, seeds, &mut random);
        }
        check(&bytes);
        count += 1;
        if pool.len() < 200 {
            pool.push(bytes);
        } else if count.is_multiple_of(64) {
            let place = random.random_range(seeds.len()..pool.len());
            pool[place] = bytes;
        }
    }
    terminal::say(format!("{name}: {count} files"));
    if let Some(peak) = memory::peak() {
        assert!(peak < MEMORY, "{name}: {} MiB were taken", peak >> 20);
    }
}

/// The files that changes start from, which the fuzzers that go by coverage start from too.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn fuzz_csv() {
    fuzz("csv", &seeds("csv"), fuzzing::csv);
}

#[test]
fn fuzz_jsonl() {
    fuzz("jsonl", &seeds("jsonl"), fuzzing::jsonl);
}

#[test]
fn fuzz_parquet() {
    fuzz("parquet", &seeds("parquet"), fuzzing::parquet);
}

#[test]
fn fuzz_npz() {
    fuzz("npz", &seeds("npz"), fuzzing::npz);
}

#[test]
fn fuzz_torch() {
    fuzz("torch", &seeds("torch"), fuzzing::torch);
}

#[test]
fn fuzz_toml() {
    fuzz("toml", &seeds("toml"), fuzzing::toml);
}

#[test]
fn fuzz_equations() {
    fuzz("equations", &seeds("equations"), fuzzing::equations);
}

#[test]
fn fuzz_json() {
    fuzz("json", &seeds("json"), fuzzing::json);
}

#[test]
fn fuzz_ply() {
    fuzz("ply", &seeds("ply"), fuzzing::ply);
}

#[test]
fn fuzz_obj() {
    fuzz("obj", &seeds("obj"), fuzzing::obj);
}

#[test]
fn fuzz_stl() {
    fuzz("stl", &seeds("stl"), fuzzing::stl);
}

#[test]
fn fuzz_xyz() {
    fuzz("xyz", &seeds("xyz"), fuzzing::xyz);
}

#[test]
fn fuzz_idx() {
    fuzz("idx", &seeds("idx"), fuzzing::idx);
}

#[test]
fn fuzz_safetensors() {
    // A checkpoint as it is now, beside weights of other programs.
    let weights = burn::tensor::TensorData::from([1.0f32, 2.0]);
    let checkpoint = Checkpoint {
        run: String::new(),
        step: 1,
        seconds: 0.5,
        weights: [("a".to_owned(), weights)].into(),
        taker: dualgn_train::TakerState::None,
        batches: Default::default(),
        best: None,
        records: vec![],
        ended: None,
    };
    let folder = tempfile::tempdir().unwrap();
    checkpoint.save(folder.path()).unwrap();
    let sound = fs::read(folder.path().join("last.safetensors")).unwrap();
    fuzz("safetensors", &[seeds("safetensors"), vec![sound]].concat(), fuzzing::safetensors);
}
