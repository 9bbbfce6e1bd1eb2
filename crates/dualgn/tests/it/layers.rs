//! The layers of the library depend on each other in one direction only.

use std::fs;
use std::path::{Path, PathBuf};

/// A layer may name itself, `tensor`, `error` and what is listed here.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("tensor", &[]),
    ("error", &[]),
    ("trace", &[]),
    ("kernels", &[]),
    ("linearize", &["trace", "kernels"]),
    ("gram", &["trace", "kernels", "linearize"]),
    ("loss", &[]),
    ("solve", &["kernels"]),
    ("direction", &["trace", "kernels", "linearize", "gram", "loss", "solve"]),
    ("step", &["trace", "linearize", "loss", "direction"]),
];

#[test]
fn imports_point_only_to_layers_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut broken = vec![];
    for (layer, allowed) in MAY_NAME {
        let files = sources(&root.join(layer));
        assert!(!files.is_empty(), "the layer `{layer}` has no files");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for (line, text) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                for rest in text.split("crate::").skip(1) {
                    let named = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                    if ![*layer, "tensor", "error"].contains(&named) && !allowed.contains(&named) {
                        broken.push(format!("{}:{}: `{layer}` may not name `{named}`", file.display(), line + 1));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_folder_of_the_library_is_a_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            assert!(MAY_NAME.iter().any(|(layer, _)| *layer == name), "add `{name}` to the table above");
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
