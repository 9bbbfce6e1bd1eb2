//! Every reader of files that anybody may have written, on bytes: what fuzzers call.
//!
//! A reader may refuse what it is given, and must not panic, hang, or take much memory. The mutation tests beside this file call these
//! functions, and so do the targets of `fuzz/`, which go by the code that an input reaches.

use std::io::{Cursor, Write};
use std::path::Path;

use burn::tensor::Device;
use dualgn_fields::EquationFile;
use dualgn_fields::geometry::{Cloud, read_mesh};
use dualgn_io::npz as arrays;
use dualgn_networks::{Activation, Description, Net, parse_network, read_weights};
use dualgn_report::page;
use dualgn_tables::model::{Card, parse_model};
use dualgn_tables::table::{Source, profiles};
use dualgn_train::Checkpoint;
use dualgn_train::data::idx as images;
use dualgn_train::record::Comparison;

use crate::configuration::RunFile;

/// Bytes that arrays and networks may take.
const ROOM: u64 = 1 << 20;

/// A table of cells between separators.
pub fn csv(bytes: &[u8]) {
    table("t.csv", bytes);
}

/// A table of one object of JSON a line.
pub fn jsonl(bytes: &[u8]) {
    table("t.jsonl", bytes);
}

/// A table in columns.
pub fn parquet(bytes: &[u8]) {
    table("t.parquet", bytes);
}

/// Arrays of NumPy, as an archive and alone.
pub fn npz(bytes: &[u8]) {
    let _ = arrays::archive(Cursor::new(bytes), ROOM);
    on_file("a.npy", bytes, |path| arrays::read(path, ROOM));
}

/// A model, the checkpoint of a run, and weights of another program.
pub fn safetensors(bytes: &[u8]) {
    let _ = parse_model(bytes);
    on_file("last.safetensors", bytes, |path| Checkpoint::load(path.parent().unwrap_or(path), ""));
    weights("w.safetensors", bytes);
}

/// The weights of another program as PyTorch writes them.
pub fn torch(bytes: &[u8]) {
    weights("w.pt", bytes);
}

/// The configuration of a run, and a network in words, which is built where it is small.
pub fn toml(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    let _ = RunFile::parse(text, Path::new("run.toml"));
    let Ok(description) = parse_network(text) else { return };
    let input = description.input.clone().unwrap_or(vec![4]);
    let _ = Net::within(ROOM, &description, &input, &[], 2, &Device::flex());
}

/// Equations, without the tables and surfaces that they name.
pub fn equations(bytes: &[u8]) {
    on_file("a.toml", bytes, |path| EquationFile::read(path, None).map(|file| file.problem()));
}

/// What a run writes about itself: its configuration, its results and their page, and the card of a model.
pub fn json(bytes: &[u8]) {
    on_file("configuration.json", bytes, |path| crate::commands::load_configuration(path.parent().unwrap_or(path)));
    if let Ok(comparison) = serde_json::from_slice::<Comparison>(bytes)
        && comparison.check().is_ok()
    {
        let _ = page(&comparison);
    }
    if let Ok(Ok(card)) = serde_json::from_slice(bytes).map(Card::parse) {
        let _ =
            Net::within(ROOM, &card.network, &card.shape, &card.categories(), card.target.outputs(), &Device::flex());
    }
}

/// A mesh in the Stanford format.
pub fn ply(bytes: &[u8]) {
    on_file("a.ply", bytes, read_mesh);
}

/// A mesh in Wavefront's format.
pub fn obj(bytes: &[u8]) {
    on_file("a.obj", bytes, read_mesh);
}

/// A mesh of triangles, as text or in binary.
pub fn stl(bytes: &[u8]) {
    on_file("a.stl", bytes, read_mesh);
}

/// Points with normals.
pub fn xyz(bytes: &[u8]) {
    on_file("a.xyz", bytes, Cloud::read);
}

/// Images and labels of the MNIST family.
pub fn idx(bytes: &[u8]) {
    on_file("images", bytes, images::read_images);
    on_file("labels", bytes, |path| images::read_labels(path, 10));
}

fn table(name: &str, bytes: &[u8]) {
    on_file(name, bytes, |path| Source::open(path, &Default::default()).map(|source| profiles(&source, None, |_| {})));
}

fn weights(name: &str, bytes: &[u8]) {
    let description = Description::mlp(&[6], Activation::Tanh);
    let net = Net::within(ROOM, &description, &[4], &[], 3, &Device::flex()).expect("it is small");
    on_file(name, bytes, |path| read_weights(&net, path));
}

/// Reads a file of some bytes.
fn on_file<T>(name: &str, bytes: &[u8], read: impl FnOnce(&Path) -> T) {
    // In memory where there is such a place: a disk would be most of the time.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    let Ok(folder) = folder else { return };
    let path = folder.path().join(name);
    let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(bytes));
    if written.is_ok() {
        read(&path);
    }
}
