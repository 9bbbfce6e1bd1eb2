//! Runs that are killed after any of their steps, and go on: to the same weights, the same records, and all of their files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::common::{dualgn, refused, succeeds, text};
use super::table;

/// A copy of a folder as it is at this moment.
fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copied(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The records of a run by method, without what the clock says.
fn records(run: &Path) -> BTreeMap<PathBuf, Vec<String>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "jsonl") {
                let line = |line: &str| {
                    let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
                    let object = value.as_object_mut().unwrap();
                    object.retain(|name, _| name != "seconds" && !name.ends_with("milliseconds"));
                    value.to_string()
                };
                let lines = fs::read_to_string(&path).unwrap().lines().map(line).collect();
                all.insert(path.strip_prefix(run).unwrap().to_owned(), lines);
            }
        }
    }
    all
}

/// Runs a command, and copies its folder after as many of its steps as can be met: as a kill at that moment would leave it.
fn snapshots(arguments: &[&str], run: &Path, copies: &Path) -> Vec<PathBuf> {
    let mut child = dualgn(arguments).spawn().unwrap();
    let signal = |name: &str, id: u32| Command::new("kill").args([name, &id.to_string()]).status().unwrap().success();
    let (start, mut taken, mut last) = (Instant::now(), vec![], usize::MAX);
    while child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_secs(120) {
        let lines: usize = records_so_far(run);
        if run.exists() && lines != last && signal("-STOP", child.id()) {
            last = lines;
            let copy = copies.join(format!("{}-{lines}", taken.len()));
            copied(run, &copy);
            taken.push(copy);
            signal("-CONT", child.id());
        }
    }
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    taken
}

/// Lines of all records, whole or not.
fn records_so_far(run: &Path) -> usize {
    let mut count = 0;
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "jsonl") {
                count += fs::read_to_string(&path).map_or(0, |text| text.lines().count());
            }
        }
    }
    count
}

/// A tetrahedron with rounded corners it is not, but it is closed.
fn tetrahedron(folder: &Path) -> String {
    let path = folder.join("it.obj");
    fs::write(&path, "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n").unwrap();
    path.to_str().unwrap().to_owned()
}

/// Kinds of runs, each short, with a checkpoint after each step.
#[test]
fn killed_after_any_step_a_run_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (data, mesh) = (table(folder.path(), "t.csv", 60), tetrahedron(folder.path()));
    let kinds: [(&str, Vec<&str>); 6] = [
        ("dual-gn", vec!["train", "diabetes", "--batch", "128", "--epochs", "6"]),
        ("adam", vec!["train", "diabetes", "--method", "adam", "--epochs", "12"]),
        ("prox-linear", vec!["train", "diabetes", "--loss", "absolute", "--inner", "5", "--epochs", "8"]),
        ("members", vec!["fit", &data, "--members", "2", "--epochs", "6", "--solver", "cg", "--iterations", "4"]),
        (
            "heat",
            vec![
                "train",
                "heat",
                "--points",
                "120",
                "--hidden",
                "8",
                "--resample",
                "4",
                "--adaptive",
                "--epochs",
                "12",
            ],
        ),
        (
            "shape",
            vec![
                "train",
                "shape",
                "--mesh",
                &mesh,
                "--points",
                "150",
                "--hidden",
                "8",
                "--resolution",
                "8",
                "--epochs",
                "12",
            ],
        ),
    ];
    for (name, arguments) in kinds {
        let whole = folder.path().join(name);
        let out = ["--checkpoint", "0", "--quiet", "--out", whole.to_str().unwrap()];
        let copies = folder.path().join(format!("{name}-copies"));
        let taken = snapshots(&[&arguments[..], &out].concat(), &whole, &copies);
        assert!(taken.len() > 5, "{name}: only {} moments were met", taken.len());
        let (weights, recorded) = (fs::read(whole.join("model.safetensors")).unwrap(), records(&whole));
        // Twelve moments are enough, spread over all.
        let count = taken.len();
        for index in (0..12).map(|index| index * count / 12).collect::<std::collections::BTreeSet<_>>() {
            let copy = &taken[index];
            let output = dualgn(&["resume", copy.to_str().unwrap(), "--quiet"]).output().unwrap();
            let place = copy.display();
            assert!(output.status.success(), "{place}: {}", text(&output.stderr));
            assert!(fs::read(copy.join("model.safetensors")).unwrap() == weights, "{place}: the weights are others");
            assert_eq!(records(copy), recorded, "{place}");
            assert!(copy.join("report.html").exists(), "{place}");
        }
    }
}

/// What only the page needs may be damaged or missing: the model is the same.
#[test]
fn damaged_records_lead_to_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let whole = folder.path().join("whole");
    let arguments = ["fit", &data, "--members", "1", "--epochs", "30", "--checkpoint", "0", "--quiet", "--out"];
    let copies = folder.path().join("copies");
    let taken = snapshots(&[&arguments[..], &[whole.to_str().unwrap()]].concat(), &whole, &copies);
    let weights = fs::read(whole.join("model.safetensors")).unwrap();
    let middle = &taken[taken.len() / 2];
    for (number, damage) in ["missing", "empty", "cut", "noise"].iter().enumerate() {
        let copy = folder.path().join(format!("damaged-{number}"));
        copied(middle, &copy);
        for name in ["metrics.jsonl", "steps.jsonl"] {
            let file = copy.join("dual-gn").join(name);
            let text = fs::read(&file).unwrap();
            match *damage {
                "missing" => fs::remove_file(&file).unwrap(),
                "empty" => fs::write(&file, "").unwrap(),
                "cut" => fs::write(&file, &text[..text.len() / 2]).unwrap(),
                _ => fs::write(&file, [b"\xff\xfe{]\n".as_slice(), &text].concat()).unwrap(),
            }
        }
        let output = succeeds(&["resume", copy.to_str().unwrap(), "--quiet"]);
        assert!(fs::read(copy.join("model.safetensors")).unwrap() == weights, "{damage}");
        assert!(text(&output.stderr).contains("are missing from the page"), "{damage}: {}", text(&output.stderr));
        // The evaluations are in the checkpoint.
        assert_eq!(
            records(&copy).get(Path::new("dual-gn/metrics.jsonl")),
            records(&whole).get(Path::new("dual-gn/metrics.jsonl"))
        );
    }
}

/// A run that was killed before it began starts again; one that is finished gets whatever is missing.
#[test]
fn a_run_can_always_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let at = |name: &str| folder.path().join(name);
    let whole = at("whole");
    let typed = ["fit", &data, "--members", "2", "--epochs", "6", "--quiet", "--out"];
    succeeds(&[&typed[..], &[whole.to_str().unwrap()]].concat());
    let weights = fs::read(whole.join("model.safetensors")).unwrap();
    // Nothing but the lock: the command stands in it.
    let begun = at("begun");
    fs::create_dir(&begun).unwrap();
    let lock = fs::read_to_string(whole.join("run.lock")).unwrap();
    fs::write(begun.join("run.lock"), lock.replace(whole.to_str().unwrap(), begun.to_str().unwrap())).unwrap();
    succeeds(&["resume", begun.to_str().unwrap()]);
    assert!(fs::read(begun.join("model.safetensors")).unwrap() == weights);
    // A configuration and no checkpoint.
    let early = at("early");
    copied(&whole, &early);
    for name in ["model.safetensors", "comparison.json", "report.html", "test.json"] {
        fs::remove_file(early.join(name)).unwrap();
    }
    fs::remove_dir_all(early.join("network-1/checkpoints")).unwrap();
    fs::remove_dir_all(early.join("network-2")).unwrap();
    succeeds(&["resume", early.to_str().unwrap()]);
    assert!(fs::read(early.join("model.safetensors")).unwrap() == weights);
    for name in ["report.html", "comparison.json", "test.json", "model.safetensors"] {
        let file = whole.join(name);
        let before = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        succeeds(&["resume", whole.to_str().unwrap()]);
        if name != "comparison.json" && name != "report.html" {
            assert!(fs::read(&file).unwrap() == before, "{name}");
        }
        assert!(file.exists(), "{name}");
    }
    fs::remove_file(whole.join("comparison.json")).unwrap();
    fs::remove_file(whole.join("report.html")).unwrap();
    succeeds(&["report", whole.to_str().unwrap()]);
    assert!(whole.join("report.html").exists());
    let trained = at("trained");
    succeeds(&["train", "diabetes", "--epochs", "3", "--quiet", "--out", trained.to_str().unwrap()]);
    for name in ["report.html", "comparison.json", "model.safetensors"] {
        fs::remove_file(trained.join(name)).unwrap();
        let output = succeeds(&["resume", trained.to_str().unwrap(), "--quiet"]);
        assert!(trained.join(name).exists(), "{name}: {}", text(&output.stderr));
    }
    assert!(text(&succeeds(&["resume", trained.to_str().unwrap()]).stderr).contains("nothing to do"));
}

/// A target is an end like others: the best weights until then are the model.
#[test]
fn a_target_keeps_the_best_weights() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::from("a,y\n");
    (0..60).for_each(|row| {
        writeln!(rows, "{},{}", (row * 7) % 61, f64::from(3 * ((row * 7) % 61) + row % 5) - 0.5).unwrap()
    });
    let data = folder.path().join("t.csv");
    fs::write(&data, rows).unwrap();
    let (data, out) = (data.to_str().unwrap(), folder.path().join("run"));
    for target in ["1e9", "0.4", "0.01"] {
        let options = ["--members", "1", "--target-loss", target, "--overwrite", "--out", out.to_str().unwrap()];
        let told = text(&succeeds(&[&["fit", data], &options[..]].concat()).stderr);
        assert!(told.contains("reached the target loss"), "{target}: {told}");
        assert!(out.join("model.safetensors").exists());
    }
    // Steps that are far too long: no weights have a loss.
    let wild = ["--members", "1", "--method", "sgd", "--rate", "1e30", "--overwrite", "--out", out.to_str().unwrap()];
    let output = dualgn(&[&["fit", data], &wild[..]].concat()).output().unwrap();
    assert!(output.status.success() || text(&output.stderr).contains("hint:"), "{}", text(&output.stderr));
    refused(&["fit", data, "--target-loss", "-1"], &["a positive number is needed"]);
}
