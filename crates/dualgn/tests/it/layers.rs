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

/// What the library offers, as its sources declare it: a change of the interface is a change of this list, which
/// `DUALGN_BLESS=1` writes anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]
fn the_interface_is_that_of_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = sources(&root);
    files.sort();
    let mut list = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        // Kernels and tests are nobody's business; modules of tests stand at the end.
        if name.starts_with("kernels") || name.contains("tests") {
            continue;
        }
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        while let Some(line) = lines.next() {
            let kinds = [
                "pub fn ",
                "pub struct ",
                "pub enum ",
                "pub trait ",
                "pub const ",
                "pub type ",
                "pub mod ",
                "pub use ",
            ];
            if !kinds.iter().any(|kind| line.starts_with(kind)) {
                continue;
            }
            let mut item = line.to_owned();
            // Until the body begins or the item ends.
            while !item.contains(['{', ';']) || (item.starts_with("pub use") && !item.ends_with(';')) {
                let Some(next) = lines.next() else { break };
                item = format!("{item} {next}");
            }
            let end =
                if item.starts_with("pub use") { item.len() } else { item.find(['{', ';']).unwrap_or(item.len()) };
            list.push_str(&format!("{name}: {}\n", item[..end].trim_end()));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("interface.txt");
    if std::env::var_os("DUALGN_BLESS").is_some() {
        fs::write(&path, &list).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), list, "run this test with DUALGN_BLESS=1");
}

/// What a step, a direction and a failure say may go to another thread and outlive the batch.
#[test]
fn results_and_errors_are_free() {
    fn is_free<T: Send + Sync + 'static>() {}
    is_free::<dualgn::step::StepReport>();
    is_free::<dualgn::Direction>();
    is_free::<dualgn::Error>();
    is_free::<dualgn::step::StepperState>();
    is_free::<dualgn::inspect::Mixing>();
}
