//! What may go wrong around a run: closed pipes, full devices, kills, signals, two programs at once, damaged and changed files.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod files;
mod folders;
mod resumption;

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A table of three numbers, the last of which is to be learnt.
fn table(folder: &Path, name: &str, rows: usize) -> String {
    let mut text = String::from("a,b,y\n");
    for row in 0..rows {
        let (a, b) = ((row % 17) as f64 / 8.0 - 1.0, (row * 7 % 23) as f64 / 11.0 - 1.0);
        let _ = writeln!(text, "{a},{b},{}", 2.0 * a - b * b);
    }
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A short run of `fit`, with one network.
fn fit<'a>(data: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["fit", data, "--members", "1", "--epochs", "6", "--quiet", "--out", out];
    [&fixed[..], more].concat()
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
