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

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::fuzzing;
use crate::memory;
use crate::npz::{self, Array};
use crate::terminal;
use crate::train::Checkpoint;

/// Bytes that a process of readers may come to; they are given no budget of more than this.
const MEMORY: u64 = 2 << 30;
/// Numbers that sizes and counts like to break at.
const LARGE: [&str; 8] =
    ["0", "-1", "255", "65536", "4294967295", "9223372036854775807", "18446744073709551615", "1e308"];

/// One change.
fn changed(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut ChaCha8Rng) {
    let mut below = |limit: usize| (random.next_u64() % limit.max(1) as u64) as usize;
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
        let mut bytes = pool[(random.next_u64() % among as u64) as usize].clone();
        for _ in 0..1 + random.next_u64() % 6 {
            changed(&mut bytes, seeds, &mut random);
        }
        check(&bytes);
        count += 1;
        if pool.len() < 200 {
            pool.push(bytes);
        } else if count.is_multiple_of(64) {
            let place = seeds.len() + (random.next_u64() as usize) % (pool.len() - seeds.len());
            pool[place] = bytes;
        }
    }
    terminal::say(format!("{name}: {count} files"));
    if let Some(peak) = memory::peak() {
        assert!(peak < MEMORY, "{name}: {} MiB were taken", peak >> 20);
    }
}

fn texts<const N: usize>(seeds: [&str; N]) -> [Vec<u8>; N] {
    seeds.map(|seed| seed.as_bytes().to_vec())
}

#[test]
fn fuzz_csv() {
    let seeds = [
        "a,b,c\n1,x,2024-01-02\n2,\"y, z\",2024-02-03\n,NA,\n",
        "a;b\n1,5;2\n\"un\"\"quoted\n\";3\n",
        "\u{feff}x\ty\n1\t2\n",
        "sep=;\n# a comment\n2019;2020;2021;\n1,5;2,5;3;\n4;5;6;\n",
        "\"a\" \"a\"\n\"1\" 1.5 2\n\"2\" 3 4\n",
    ];
    fuzz("csv", &texts(seeds), fuzzing::csv);
}

#[test]
fn fuzz_jsonl() {
    let seeds = ["{\"a\": 1, \"b\": \"x\", \"c\": null}\n{\"a\": 1e300, \"d\": true}\n", "[1]\n"];
    fuzz("jsonl", &texts(seeds), fuzzing::jsonl);
}

#[test]
fn fuzz_parquet() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/data");
    let seeds = ["polars.parquet", "pandas.parquet"].map(|name| fs::read(data.join(name)).unwrap());
    fuzz("parquet", &seeds, fuzzing::parquet);
}

#[test]
fn fuzz_toml() {
    let seeds = [
        "input = [1, 8, 8]\nlayers = [{ type = \"conv\", channels = 4, kernel = 3, stride = 2 }, { type = \"residual\", layers = [{ type = \
         \"gelu\" }] }, { type = \"max-pool\", size = 2 }]\n",
        "input = [6]\nlayers = [{ type = \"embedding\", vocabulary = 9, width = 4, positions = true }, { type = \"attention\", heads = 2 }, { \
         type = \"lstm\", units = 3 }]\n",
        "input = [4]\npreset = { name = \"mlp\", hidden = [8, 8], activation = \"tanh\" }\n",
        "table = \"t.csv\"\nepochs = 5\nmethods = [\"adam\"]\n[columns]\na = \"numeric\"\n[network]\nlayers = []\n",
    ];
    fuzz("toml", &texts(seeds), fuzzing::toml);
}

#[test]
fn fuzz_npz() {
    let arrays = [("x", Array::float64(&[2, 3], vec![1.0; 6])), ("y", Array::float64(&[2], vec![0.5; 2]))];
    let archive = npz::to_bytes(arrays.iter().map(|(name, array)| (*name, array))).unwrap();
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n";
    let length = (header.len() as u16).to_le_bytes();
    let array = [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), &[0; 16]].concat();
    fuzz("npz", &[archive, array], fuzzing::npz);
}

#[test]
fn fuzz_idx() {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 3][..], &[7; 18]].concat();
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 2, 1, 9];
    fuzz("idx", &[images, labels], fuzzing::idx);
}

#[test]
fn fuzz_safetensors() {
    let weights = burn::tensor::TensorData::from([1.0f32, 2.0]);
    let checkpoint = Checkpoint {
        run: String::new(),
        step: 1,
        seconds: 0.5,
        weights: [("a".to_owned(), weights)].into(),
        taker: crate::train::TakerState::None,
        batches: Default::default(),
        best: None,
        records: vec![],
        ended: None,
    };
    let folder = tempfile::tempdir().unwrap();
    checkpoint.save(folder.path()).unwrap();
    let sound = fs::read(folder.path().join("last.safetensors")).unwrap();
    let bare = [&2u64.to_le_bytes()[..], b"{}"].concat();
    fuzz("safetensors", &[sound, bare], fuzzing::safetensors);
}

#[test]
fn fuzz_mesh() {
    let ply = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\nelement face 1\nproperty list \
               uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n";
    let obj = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n";
    let stl = "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid a\n";
    let binary = [&[0; 80][..], &1u32.to_le_bytes(), &[0; 50]].concat();
    let cloud = "0 0 0 0 0 1\n1 0 0 0 0 1\n";
    let seeds =
        [ply.as_bytes().to_vec(), obj.as_bytes().to_vec(), stl.as_bytes().to_vec(), binary, cloud.as_bytes().to_vec()];
    fuzz("mesh", &seeds, |bytes| {
        fuzzing::ply(bytes);
        fuzzing::obj(bytes);
        fuzzing::stl(bytes);
        fuzzing::xyz(bytes);
    });
}

#[test]
fn fuzz_torch() {
    fuzz("torch", &seeds_of("torch"), fuzzing::torch);
}

#[test]
fn fuzz_json() {
    fuzz("json", &seeds_of("json"), fuzzing::json);
}

/// The files of a folder of `fuzz/seeds`, which the fuzzers that go by coverage start from too.
fn seeds_of(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}
