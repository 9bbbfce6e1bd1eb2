//! Files outside runs, and files of runs that are damaged or changed.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::common::{refused, run, succeeds, text};
use super::{fit, names, table};

/// Links are followed, modes are kept, pipes and devices are written into: by every command that writes a file.
#[test]
fn nothing_outside_is_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let out = at("run");
    succeeds(&fit(&data, &out, &[]));
    let commands: [(&[&str], &str); 4] = [
        (&["predict", &out, &data], "csv"),
        (&["report", &out], "html"),
        (&["export", &out], "onnx"),
        (&["init", &data], "toml"),
    ];
    for (command, ending) in commands {
        fn to<'a>(command: &[&'a str], path: &'a str) -> Vec<&'a str> {
            [command, &["--out", path]].concat()
        }
        let (file, link, pipe) =
            (at(&format!("file.{ending}")), at(&format!("link.{ending}")), at(&format!("pipe.{ending}")));
        symlink(&file, &link).unwrap();
        succeeds(&to(command, &link));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{command:?}");
        let written = fs::read(&file).unwrap();
        assert!(!written.is_empty());
        if command[0] == "init" {
            // It never replaces anything.
            refused(&to(command, &link), &["is there already"]);
            continue;
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        succeeds(&to(command, &link));
        assert_eq!((fs::metadata(&file).unwrap().mode() & 0o777, fs::read(&file).unwrap()), (0o600, written.clone()));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
        succeeds(&to(command, &pipe));
        assert!(reader.wait_with_output().unwrap().stdout == written, "{command:?}");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        succeeds(&to(command, "/dev/null"));
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        #[cfg(target_os = "linux")]
        {
            let full = run(&to(command, "/dev/full"));
            assert_eq!(full.status.code(), Some(1), "{}", text(&full.stderr));
        }
        // A new file has the mode that the umask asks for.
        let (fresh, binary) = (at(&format!("fresh.{ending}")), env!("CARGO_BIN_EXE_dualgn"));
        let masked = format!("umask 027; exec {binary} {}", to(command, &fresh).join(" "));
        assert!(Command::new("sh").args(["-c", &masked]).stdout(Stdio::null()).status().unwrap().success());
        assert_eq!(fs::metadata(&fresh).unwrap().mode() & 0o777, 0o640, "{command:?}");
    }
    refused(&["predict", &out, &data, "--out", &at("absent/p.csv")], &["cannot write", "absent/p.csv"]);
    refused(&["predict", &out, &data, "--out", &out], &["cannot write", "run"]);
}

/// No flipped bit of a model leads to other predictions without a word.
#[test]
fn a_damaged_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, damaged) = (at("run"), at("damaged.safetensors"));
    let network = folder.path().join("small.toml");
    fs::write(&network, "[[layers]]\ntype = \"dense\"\nunits = 3\n[[layers]]\ntype = \"tanh\"\n").unwrap();
    succeeds(&fit(&data, &out, &["--network", network.to_str().unwrap()]));
    let model = fs::read(Path::new(&out).join("model.safetensors")).unwrap();
    let right = succeeds(&["predict", &out, &data]).stdout;
    let header = u64::from_le_bytes(model[..8].try_into().unwrap()) as usize + 8;
    // All of the few bytes of the weights, and some of the header, of which a change may be without effect.
    let places: Vec<usize> = (0..header).step_by(31).chain(header..model.len()).collect();
    let mut refusals = 0;
    for (index, place) in places.iter().enumerate() {
        let mut bytes = model.clone();
        bytes[*place] ^= 1 << (index % 8);
        fs::write(&damaged, bytes).unwrap();
        let output = run(&["predict", &damaged, &data]);
        match output.status.code() {
            Some(0) => assert!(output.stdout == right, "byte {place} changes the predictions"),
            code => {
                assert_eq!(code, Some(2), "byte {place}: {}", text(&output.stderr));
                assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
                refusals += 1;
            }
        }
    }
    assert!(refusals * 10 >= places.len() * 9, "{refusals} of {}", places.len());
    let mut bytes = model.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let words = ["damaged.safetensors is damaged or was changed: its checksum is wrong"];
    for arguments in [
        vec!["predict", &damaged, &data],
        vec!["evaluate", &damaged, &data],
        vec!["export", &damaged],
        vec!["check", &damaged],
        fit(&data, &at("other"), &["--network", network.to_str().unwrap(), "--weights", &damaged]),
    ] {
        refused(&arguments, &words);
    }
    fs::copy(&damaged, Path::new(&out).join("model.safetensors")).unwrap();
    refused(&["explain", &out], &["its checksum is wrong"]);
}

/// A configuration that was changed, also to values that the command line refuses, and files of other runs.
#[test]
fn changed_runs_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, other) = (at("run"), at("other"));
    succeeds(&fit(&data, &out, &[]));
    succeeds(&fit(&data, &other, &["--seed", "1"]));
    let file = Path::new(&out).join("configuration.json");
    let sound = fs::read_to_string(&file).unwrap();
    fs::remove_file(Path::new(&out).join("report.html")).unwrap();
    for (place, odd, words) in [
        ("/seed", serde_json::json!(2), "it has been changed since the run began"),
        ("/table/options/test", serde_json::json!(1.2), "'--test <PART>'"),
        ("/table/options/members", serde_json::json!(0), "'--members <MEMBERS>'"),
        ("/batch", serde_json::json!(0), "'--batch <BATCH>'"),
        ("/checkpoint", serde_json::json!(1e20), "'--checkpoint <CHECKPOINT>'"),
        ("/damping", serde_json::json!(-1), "'--damping <DAMPING>'"),
        ("/version", serde_json::json!(7), "expected a string"),
    ] {
        let mut changed: serde_json::Value = serde_json::from_str(&sound).unwrap();
        *changed.pointer_mut(place).unwrap() = odd;
        fs::write(&file, changed.to_string()).unwrap();
        for command in ["resume", "explain", "cost"] {
            refused(&[command, &out], &["configuration.json", words]);
        }
    }
    fs::write(&file, &sound).unwrap();
    // The checkpoint of another run.
    let best = |run: &str| Path::new(run).join("checkpoints/best.safetensors");
    let own = fs::read(best(&out)).unwrap();
    fs::copy(best(&other), best(&out)).unwrap();
    refused(&["resume", &out], &["best.safetensors is a checkpoint of another run"]);
    fs::remove_file(best(&out)).unwrap();
    refused(&["resume", &out], &["best.safetensors is missing, which held the best weights"]);
    fs::write(best(&out), own).unwrap();
    // The steps of another run.
    let steps = |run: &str| Path::new(run).join("dual-gn/steps.jsonl");
    let own = fs::read(steps(&out)).unwrap();
    fs::copy(steps(&other), steps(&out)).unwrap();
    refused(&["report", &out], &["steps.jsonl holds the steps of another run"]);
    fs::write(steps(&out), own).unwrap();
    succeeds(&["resume", &out]);
    assert!(names(Path::new(&out)).contains(&"report.html".to_owned()));
}

/// A summary that was cut off or changed is refused, whatever stands in it.
#[test]
fn a_changed_summary_is_refused_or_shown() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&fit(&data, &out, &[]));
    let file = Path::new(&out).join("comparison.json");
    let sound: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let text_of = sound.to_string();
    let page = folder.path().join("page.html").to_str().unwrap().to_owned();
    let check = |contents: &str| {
        fs::write(&file, contents).unwrap();
        for arguments in [&["report", &out, "--out", &page][..], &["report", &out, "--text"]] {
            let output = run(arguments);
            let said = text(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 2)) && !said.contains("panicked"),
                "{arguments:?} with {}: {said}",
                &contents[..contents.len().min(99)]
            );
        }
    };
    (0..text_of.len()).step_by(97).for_each(|end| check(&text_of[..end]));
    // Every list emptied, every number made odd, one at a time.
    let mut places = vec![];
    paths(&sound, String::new(), &mut places);
    for place in places {
        for odd in [serde_json::json!([]), serde_json::json!(1e308), serde_json::json!(-1), serde_json::json!(null)] {
            let mut changed = sound.clone();
            *changed.pointer_mut(&place).unwrap() = odd;
            check(&changed.to_string());
        }
    }
}

/// A run's own files are regular files: what never ends, waits for a writer or is a folder is refused at once.
#[test]
fn files_of_a_run_are_no_devices() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&["train", "diabetes", "--epochs", "4", "--checkpoint", "0", "--quiet", "--out", &out]);
    let commands: [(&str, &[&str]); 4] = [
        ("configuration.json", &["resume", &out]),
        ("comparison.json", &["report", &out]),
        ("dual-gn/steps.jsonl", &["resume", &out]),
        ("checkpoints/last.safetensors", &["resume", &out]),
    ];
    for (name, command) in commands {
        let path = Path::new(&out).join(name);
        let kept = fs::read(&path).unwrap();
        let swap = |with: &dyn Fn()| {
            fs::remove_file(&path).unwrap();
            with();
            // Resuming needs its files only where a run is not finished.
            if command[0] == "resume" {
                let _ = fs::remove_file(Path::new(&out).join("model.safetensors"));
            }
            refused(command, &[name, "is no regular file"]);
        };
        swap(&|| symlink("/dev/zero", &path).unwrap());
        swap(&|| assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()));
        swap(&|| fs::create_dir(&path).unwrap());
        fs::remove_dir(&path).unwrap();
        fs::write(&path, kept).unwrap();
    }
}

/// The places of lists and numbers of a value, of long lists those of the first entry.
fn paths(value: &serde_json::Value, here: String, places: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(object) => {
            object.iter().for_each(|(name, value)| paths(value, format!("{here}/{name}"), places));
        }
        serde_json::Value::Array(list) => {
            places.push(here.clone());
            list.iter().take(1).for_each(|value| paths(value, format!("{here}/0"), places));
        }
        serde_json::Value::Number(_) => places.push(here),
        _ => {}
    }
}
