//! Crates and the modules in them use each other in one direction only, and no two of their public types share a name. `docs/modules.md`
//! lists who uses whom; `DUALGN_BLESS=1` writes it anew.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The crates from below; each may use those before it.
const CRATES: [&str; 8] = [
    "dualgn",
    "dualgn-io",
    "dualgn-networks",
    "dualgn-train",
    "dualgn-report",
    "dualgn-tables",
    "dualgn-fields",
    "dualgn-cli",
];

/// Public types that share a name since they mean the same, and what that is.
const SHARED: [(&str, &str); 1] =
    [("Specification", "what a run is made from, with data in dualgn-train and with an equation in dualgn-fields")];

/// Who uses whom.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files.sort();
    files
}

/// Whether a file of a crate holds tests alone.
fn is_of_tests(path: &Path) -> bool {
    path.iter().any(|part| part.to_str().unwrap().trim_end_matches(".rs").ends_with("tests"))
}

/// The code of a file: no comments, no tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    // Tests are at the end; modules of tests in other files may stand before.
    let is_body =
        |at: usize| text[at..].split(['{', ';']).next().is_some_and(|head| text[at + head.len()..].starts_with('{'));
    let end = text
        .match_indices("#[cfg(test)]")
        .map(|(at, _)| at)
        .find(|&at| text[at..].contains("mod tests") && is_body(at));
    let end = end.unwrap_or(text.len());
    let lines = text[..end].lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The first names of the paths that begin with `root`: of `root::{a::b, C}` those are `a` and `C`.
fn named(code: &str, root: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let first = |text: &str| text.trim_start().split(|c| !is_name(c)).next().unwrap_or_default().to_owned();
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(&format!("{root}::")) {
        if code[..at].chars().next_back().is_some_and(|before| is_name(before) || before == ':') {
            continue;
        }
        let rest = &code[at + root.len() + 2..];
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(first(rest));
            continue;
        };
        let mut depth = 0;
        let mut item = String::new();
        for c in group.chars() {
            match c {
                '}' if depth == 0 => break,
                ',' if depth == 0 => {
                    names.insert(first(&item));
                    item.clear();
                    continue;
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            item.push(c);
        }
        names.insert(first(&item));
    }
    names.remove("");
    names
}

/// The modules of a crate that stand in its `lib.rs`.
fn modules(name: &str) -> Graph {
    let source = source(name);
    // What `lib.rs` says in the name of a module.
    let lib = code(&source.join("lib.rs"));
    let mut home: BTreeMap<String, String> = BTreeMap::new();
    for line in lib.split(';').filter_map(|statement| statement.trim().strip_prefix("pub use ")) {
        let Some((module, names)) = line.split_once("::") else { continue };
        for word in names.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
            home.insert(word.to_owned(), module.trim().to_owned());
        }
    }
    let mut graph = Graph::new();
    for path in files(&source) {
        let inner = path.strip_prefix(&source).unwrap().to_owned();
        let parts: Vec<String> =
            inner.iter().map(|part| part.to_str().unwrap().trim_end_matches(".rs").to_owned()).collect();
        let module = &parts[0];
        if ["lib", "main"].contains(&module.as_str()) || is_of_tests(&inner) {
            continue;
        }
        let code = code(&path);
        let mut used = named(&code, "crate");
        // One level up is the crate itself, from its own files and from the heads of its folders.
        if parts.len() == 1 || (parts.len() == 2 && parts[1] == "mod") {
            used.extend(named(&code, "super"));
        }
        let is_module = |name: &String| source.join(format!("{name}.rs")).exists() || source.join(name).is_dir();
        let used =
            used.into_iter().filter_map(|name| if is_module(&name) { Some(name) } else { home.get(&name).cloned() });
        let edges = graph.entry(module.clone()).or_default();
        edges.extend(used.filter(|name| name != module));
    }
    graph
}

/// The name of the public type that a line declares at the top level of a file.
fn public_type(line: &str) -> Option<&str> {
    let declared = line.strip_prefix("pub ")?;
    let rest = ["struct ", "enum ", "trait ", "type "].iter().find_map(|kind| declared.strip_prefix(kind))?;
    rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
}

/// Nodes that lead back to themselves, on one way.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(node: &str, graph: &Graph, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|other| other == node) {
            return Some(way[start..].to_vec());
        }
        if done.contains(node) {
            return None;
        }
        way.push(node.to_owned());
        for next in graph.get(node).into_iter().flatten() {
            if let Some(found) = visit(next, graph, way, done) {
                return Some(found);
            }
        }
        way.pop();
        done.insert(node.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|node| visit(node, graph, &mut vec![], &mut done))
}

#[test]
fn crates_use_those_below_them() {
    for (place, name) in CRATES.iter().enumerate() {
        let manifest = fs::read_to_string(source(name).join("../Cargo.toml")).unwrap();
        for line in manifest.lines().filter(|line| line.starts_with("dualgn")) {
            let used = line.split(['.', ' ', '=']).next().unwrap();
            let at = CRATES.iter().position(|other| *other == used);
            assert!(at.is_some_and(|at| at < place), "{name} uses {used}");
        }
    }
}

#[test]
fn no_module_leads_back_to_itself() {
    for name in CRATES {
        let graph = modules(name);
        assert!(graph.len() > 1, "{name}");
        assert_eq!(circle(&graph), None, "a circle in {name}");
    }
}

#[test]
fn a_circle_is_found() {
    let edge = |from: &str, to: &[&str]| (from.to_owned(), to.iter().map(|to| (*to).to_owned()).collect());
    assert_eq!(circle(&Graph::from([edge("a", &["b", "c"]), edge("b", &["c"]), edge("c", &[])])), None);
    let found = circle(&Graph::from([edge("a", &["b"]), edge("b", &["c"]), edge("c", &["b"])]));
    assert_eq!(found, Some(vec!["b".to_owned(), "c".to_owned()]));
    let found = named("use crate::{a::{b, c}, D};\nfn f(x: crate::e::F) { other_crate::g() }", "crate");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["D", "a", "e"]);
}

#[test]
fn no_public_type_has_two_meanings() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in CRATES {
        let source = source(name);
        for path in files(&source) {
            let inner = path.strip_prefix(&source).unwrap();
            if is_of_tests(inner) {
                continue;
            }
            let code = code(&path);
            for declared in code.lines().filter_map(public_type) {
                places.entry(declared.to_owned()).or_default().push(format!("{name}: {}", inner.display()));
            }
        }
    }
    assert!(places.len() > 100, "{places:?}");
    places.retain(|_, places| places.len() > 1);
    for (name, meaning) in SHARED {
        assert!(places.remove(name).is_some(), "{name} ({meaning}) stands once and needs no exception");
    }
    assert!(places.is_empty(), "public types of the same name, of which one should be called otherwise: {places:#?}");
}

#[test]
fn a_public_type_is_found() {
    assert_eq!(public_type("pub struct Cell<'a> {"), Some("Cell"));
    assert_eq!(public_type("pub type Grid = Vec<f64>;"), Some("Grid"));
    for line in ["pub(crate) struct Cell;", "    pub enum Value {", "pub fn structure() {", "struct Cell;"] {
        assert_eq!(public_type(line), None, "{line}");
    }
}

#[test]
fn the_list_of_modules_is_up_to_date() {
    let mut text = String::from(
        "# Crates and modules\n\nEach crate uses those before it. In each, every module and the modules of the same crate that it uses; a test\n\
         (`crates/dualgn-cli/tests/layers.rs`) fails if one leads back to itself, and writes this page with `DUALGN_BLESS=1`.\n",
    );
    for name in CRATES {
        let _ = write!(text, "\n## {name}\n\n```text\n");
        for (module, used) in modules(name) {
            let used: Vec<String> = used.into_iter().collect();
            let line = format!("{module:<14} {}{}", if used.is_empty() { "" } else { "-> " }, used.join(", "));
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push_str("```\n");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/modules.md");
    if std::env::var_os("DUALGN_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "run this test with DUALGN_BLESS=1");
}
