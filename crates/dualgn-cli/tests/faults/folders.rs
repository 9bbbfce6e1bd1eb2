//! Whose folder it is: what dualgn did not make, other programs, earlier runs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::common::{dualgn, refused, run, succeeds, text};
use super::{fit, names, table};

/// Of folders that dualgn did not make nothing is touched.
#[test]
fn folders_of_the_user_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let mine = folder.path().join("mine");
    fs::create_dir_all(mine.join("checkpoints")).unwrap();
    fs::create_dir_all(mine.join("network-1")).unwrap();
    for name in ["checkpoints/last.safetensors", "network-1/notes", "model.safetensors", "configuration.json"] {
        fs::write(mine.join(name), name).unwrap();
    }
    let out = mine.to_str().unwrap();
    for more in [&[][..], &["--overwrite"]] {
        let words =
            ["mine is not empty, and dualgn did not make what is in it", "hint: name a new folder with `--out`"];
        refused(&fit(&data, out, more), &words);
        refused(&[&["train", "diabetes", "--out", out], more].concat(), &words);
        refused(&[&["compare", "diabetes", "--out", out], more].concat(), &words);
    }
    refused(&["resume", out], &["mine is not the folder of a run"]);
    for name in ["checkpoints/last.safetensors", "network-1/notes", "model.safetensors", "configuration.json"] {
        assert_eq!(fs::read_to_string(mine.join(name)).unwrap(), name);
    }
    assert!(!mine.join("run.lock").exists());
    // An empty folder will do, and what the user puts beside a run stays when that is replaced.
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let out = empty.to_str().unwrap();
    succeeds(&fit(&data, out, &[]));
    fs::write(empty.join("notes.txt"), "mine").unwrap();
    fs::write(empty.join("checkpoints/mine"), "mine").unwrap();
    succeeds(&["train", "diabetes", "--epochs", "2", "--overwrite", "--quiet", "--out", out]);
    assert!(empty.join("notes.txt").exists() && empty.join("checkpoints/mine").exists());
    assert!(!empty.join("test.json").exists() && !empty.join(".replaced").exists(), "{:?}", names(&empty));
}

/// A command that cannot begin leaves nothing.
#[test]
fn a_command_that_fails_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a/b").to_str().unwrap().to_owned();
    let command = ["train", "concrete", "--data", folder.path().to_str().unwrap(), "--out", &out];
    refused(&command, &["concrete.csv"]);
    assert!(!folder.path().join("a").exists());
    // What the user made stays.
    fs::create_dir(folder.path().join("a")).unwrap();
    refused(&command, &["concrete.csv"]);
    assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 0);
    let data = table(folder.path(), "t.csv", 60);
    let mut command = dualgn(&["fit", &data, "--memory", "1", "--solver", "cholesky", "--hidden", "4000"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(!folder.path().join("runs").exists());
}

#[test]
fn a_run_belongs_to_one_program() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let mut first = dualgn(&["train", "bikeshare", "--seconds", "600", "--quiet", "--out", &out]).spawn().unwrap();
    let start = Instant::now();
    while !Path::new(&out).join("checkpoints/best.safetensors").exists() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let process = format!("(process {})", first.id());
    let words = ["run belongs to `dualgn train bikeshare", &process, "is still running", "hint: wait for it"];
    refused(&fit(&data, &out, &[]), &words);
    refused(&fit(&data, &out, &["--overwrite"]), &words);
    refused(&["resume", &out], &words);
    first.kill().unwrap();
    first.wait().unwrap();
    // Its lock went with it.
    refused(&fit(&data, &out, &[]), &["run holds a run that is not finished", "dualgn resume", "--overwrite"]);
    succeeds(&fit(&data, &out, &["--overwrite"]));
}

/// Without `--out` runs get folders of their own, also of tables of one name, also at the same time.
#[test]
fn runs_without_a_folder_take_a_free_one() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["a", "b"] {
        fs::create_dir(folder.path().join(part)).unwrap();
        table(&folder.path().join(part), "data.csv", 60);
    }
    let begin = |data: &str| {
        let mut command = dualgn(&["fit", data, "--members", "1", "--epochs", "6"]);
        command.current_dir(folder.path()).stdout(Stdio::null()).spawn().unwrap()
    };
    let both = [begin("a/data.csv"), begin("b/data.csv")].map(|child| child.wait_with_output().unwrap());
    assert!(both.iter().all(|output| output.status.success()), "{}", text(&both[0].stderr));
    let third = begin("a/data.csv").wait_with_output().unwrap();
    assert!(
        text(&third.stderr).contains("predict with `dualgn predict runs/fit-data-3 TABLE`"),
        "{}",
        text(&third.stderr)
    );
    assert_eq!(names(&folder.path().join("runs")), ["fit-data", "fit-data-2", "fit-data-3"]);
    for run in ["fit-data", "fit-data-2", "fit-data-3"] {
        assert!(folder.path().join("runs").join(run).join("model.safetensors").exists());
    }
}

/// The contents of a run's files, but for its lock.
fn contents(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![];
    for name in names(run) {
        let path = run.join(&name);
        match path.is_dir() {
            true => all.extend(contents(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes))),
            false if name != "run.lock" => all.push((name, fs::read(path).unwrap())),
            false => {}
        }
    }
    all
}

/// An earlier run is replaced on request only, and stays until the new one is finished.
#[test]
fn the_old_run_stays_until_the_new_one_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (data, large) = (table(folder.path(), "t.csv", 60), table(folder.path(), "large.csv", 4000));
    let run_folder = folder.path().join("run");
    let out = run_folder.to_str().unwrap();
    succeeds(&fit(&data, out, &[]));
    let old = contents(&run_folder);
    refused(&fit(&data, out, &[]), &["run holds an earlier run", "hint: replace it with `--overwrite`"]);
    refused(&fit("absent.csv", out, &["--overwrite"]), &["absent.csv"]);
    // It fails at its first step: the old run comes back, to the bit.
    let output = run(&fit(&large, out, &["--overwrite", "--memory", "1", "--solver", "cholesky", "--batch", "4000"]));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert_eq!(contents(&run_folder), old);
    // So it does after a full disk: files of at most 4 KiB.
    let binary = env!("CARGO_BIN_EXE_dualgn");
    let typed = fit(&data, out, &["--overwrite"]).join(" ");
    let limited = format!("trap '' XFSZ; ulimit -f 8; exec {binary} {typed}");
    let output = std::process::Command::new("sh").args(["-c", &limited]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(contents(&run_folder), old);
    // Killed in the middle, the new run goes on, and replaces the old one at its end.
    let typed = ["fit", &large, "--members", "1", "--batch", "64", "--epochs", "200", "--checkpoint", "0", "--quiet"];
    let mut child = dualgn(&[&typed[..], &["--overwrite", "--out", out]].concat()).spawn().unwrap();
    let start = Instant::now();
    // Until the old run is aside as a whole, and the new one has a checkpoint.
    let awaited = [".replaced/checkpoints", ".replaced/model.safetensors", "checkpoints/last.safetensors"];
    while !awaited.iter().all(|name| run_folder.join(name).exists()) && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(run_folder.join(".replaced/model.safetensors").exists(), "{:?}", names(&run_folder));
    refused(&["predict", out, &data], &["there is no model at"]);
    succeeds(&["resume", out, "--quiet"]);
    assert!(!run_folder.join(".replaced").exists() && run_folder.join("model.safetensors").exists());
    assert_ne!(contents(&run_folder), old);
}

/// Names that are not UTF-8 work, or are refused where they would have to be written down. Other systems have no such names.
#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let odd = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
    let mut command = dualgn(&["fit", &data, "--members", "1", "--epochs", "3", "--out"]);
    let output = command.arg(odd(b"r\xff")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let model = odd(b"r\xff");
    let output = dualgn(&["predict"]).arg(&model).arg(&data).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).lines().count()), (Some(0), 61));
    let output = dualgn(&["resume"]).arg(&model).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    fs::copy(&data, odd(b"t\xff.csv")).unwrap();
    let mut command =
        dualgn(&["fit", "--members", "1", "--epochs", "3", "--out", folder.path().join("other").to_str().unwrap()]);
    let output = command.arg(odd(b"t\xff.csv")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("UTF-8"), "{}", text(&output.stderr));
}

/// What a killed program left unfinished is removed by the next.
#[test]
fn unfinished_files_go() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&fit(&data, &out, &[]));
    let left = ["", "checkpoints", "dual-gn"].map(|part| Path::new(&out).join(part).join(".dualgn-a1b2c3"));
    left.iter().for_each(|path| fs::write(path, "half").unwrap());
    succeeds(&["resume", &out]);
    assert!(left.iter().all(|path| !path.exists()));
}

/// What began a run stays in its folder through every `resume`; without a configuration that is said, and nothing is trained elsewhere.
#[test]
fn a_run_without_its_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, copy) = (at("run"), at("copy"));
    succeeds(&["train", "diabetes", "--epochs", "4", "--quiet", "--out", &run]);
    succeeds(&["resume", &run]);
    succeeds(&["resume", &run]);
    let lock = fs::read_to_string(Path::new(&run).join("run.lock")).unwrap();
    assert!(lock.contains("\"train\",\"diabetes\""), "{lock}");
    assert!(Command::new("cp").args(["-r", &run, &copy]).status().unwrap().success());
    for place in [&run, &copy] {
        fs::remove_file(Path::new(place).join("configuration.json")).unwrap();
        refused(&["resume", place], &["has no configuration.json", "hint: put it back"]);
    }
    // Killed before anything but the lock was there: it starts again, in the folder that is named.
    let bare = at("bare");
    fs::create_dir(&bare).unwrap();
    fs::write(Path::new(&bare).join("run.lock"), lock).unwrap();
    succeeds(&["resume", &bare]);
    assert!(Path::new(&bare).join("model.safetensors").exists());
    let compared = at("compared");
    succeeds(&["compare", "diabetes", "--methods", "sgd", "--epochs", "2", "--quiet", "--out", &compared]);
    refused(&["resume", &compared], &["is a comparison", "hint: start the comparison again"]);
}
