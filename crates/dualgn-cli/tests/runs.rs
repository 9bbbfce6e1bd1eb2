//! Runs that are stopped in every way, and resumed.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{dualgn, refused, succeeds, text};

fn weights(run: &Path) -> Vec<u8> {
    fs::read(run.join("model.safetensors")).unwrap_or_else(|error| panic!("{}: {error}", run.display()))
}

/// The steps of a run, each once.
fn assert_steps(run: &Path, method: &str, count: usize) {
    let text = fs::read_to_string(run.join(method).join("steps.jsonl")).unwrap();
    let step = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap();
    assert!(text.lines().map(step).eq(1..=count as u64), "{text}");
}

/// A checkpoint after each step of a short run.
fn arguments<'a>(method: &'a [&'a str], out: &'a Path) -> Vec<&'a str> {
    let rest = ["--checkpoint", "0", "--quiet", "--overwrite", "--out", out.to_str().unwrap()];
    [&["train"], method, &rest[..]].concat()
}

/// Waits until a run has at least one checkpoint.
fn wait_for_checkpoint(run: &Path) {
    let start = Instant::now();
    while !run.join("checkpoints/last.safetensors").exists() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Killed at twenty moments, and resumed after each: the weights are those of a run that was let be.
#[test]
fn killed_runs_end_with_the_same_weights() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let method = ["bikeshare", "--epochs", "40"];
    succeeds(&arguments(&method, &whole));
    let mut kills = 0;
    let mut child = dualgn(&arguments(&method, &killed)).spawn().unwrap();
    wait_for_checkpoint(&killed);
    // Moments from a multiplicative generator: repeatable delays, whatever they meet.
    let mut state: u64 = 12345;
    while kills < 20 {
        state = state * 48271 % 2_147_483_647;
        std::thread::sleep(Duration::from_millis(30 + state % 90));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        child = dualgn(&["resume", killed.to_str().unwrap(), "--quiet"]).spawn().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "after {kills} kills: {}", text(&output.stderr));
    assert!(kills > 10, "the run was over after {kills} kills");
    assert!(weights(&killed) == weights(&whole), "after {kills} kills");
    // 8 weeks of hours in batches of 256: 27 in an epoch.
    assert_steps(&killed, "dual-gn", 40 * 27);
    let output = succeeds(&["resume", killed.to_str().unwrap()]);
    assert!(text(&output.stderr).contains("nothing to do: the run is finished"), "{}", text(&output.stderr));
}

/// Every kind of state survives: of optimizers of Burn, of L-BFGS, of the matrix of a quasi-Newton method, of steppers with a centre and with a mean, and batches in parts.
#[test]
fn methods_go_on_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    for (method, rate, more) in [
        ("adam", "0.003", [].as_slice()),
        ("muon", "0.003", &[]),
        ("lbfgs", "1", &[]),
        ("ssbroyden", "1", &[]),
        ("dual-gn-adam", "0.003", &[]),
        ("dual-gn", "1", &["--micro-batch", "50"]),
        ("spring", "0.5", &[]),
        ("egn", "1", &[]),
        ("lm", "1", &[]),
    ] {
        let (whole, stopped) = (folder.path().join("whole"), folder.path().join(method));
        let of_method = ["diabetes", "--method", method, "--rate", rate, "--batch", "128", "--epochs", "8"];
        let of_method = [&of_method, more].concat();
        succeeds(&arguments(&of_method, &whole));
        let mut child = dualgn(&arguments(&of_method, &stopped)).spawn().unwrap();
        wait_for_checkpoint(&stopped);
        child.kill().unwrap();
        child.wait().unwrap();
        succeeds(&["resume", stopped.to_str().unwrap()]);
        assert!(weights(&stopped) == weights(&whole), "{method}");
    }
}

/// Ctrl-C once: the step is finished, the run kept, and the command to go on printed.
#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    let method = ["bikeshare", "--epochs", "30"];
    succeeds(&arguments(&method, &whole));
    let child = dualgn(&arguments(&method, &stopped)).spawn().unwrap();
    wait_for_checkpoint(&stopped);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let message = text(&output.stderr);
    let command = format!("go on with `dualgn resume {}`", stopped.display());
    assert!(message.contains(&command), "{message}");
    succeeds(&["resume", stopped.to_str().unwrap()]);
    assert!(weights(&stopped) == weights(&whole));
}

/// A damaged checkpoint gives way to the one before it, and says so.
#[test]
fn damaged_checkpoints_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, damaged) = (folder.path().join("whole"), folder.path().join("damaged"));
    let method = ["diabetes", "--epochs", "300"];
    succeeds(&arguments(&method, &whole));
    let mut child = dualgn(&arguments(&method, &damaged)).spawn().unwrap();
    wait_for_checkpoint(&damaged);
    std::thread::sleep(Duration::from_millis(50));
    child.kill().unwrap();
    child.wait().unwrap();
    let last = damaged.join("checkpoints/last.safetensors");
    let previous = damaged.join("checkpoints/previous.safetensors");
    assert!(previous.exists());
    let bytes = fs::read(if last.exists() { &last } else { &previous }).unwrap();
    fs::File::create(&last)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &bytes[..bytes.len() / 2]))
        .unwrap();
    let output = succeeds(&["resume", damaged.to_str().unwrap()]);
    assert!(text(&output.stderr).contains("is damaged"), "{}", text(&output.stderr));
    assert!(weights(&damaged) == weights(&whole));

    for file in [&last, &previous] {
        fs::File::create(file).unwrap();
    }
    fs::remove_file(damaged.join("model.safetensors")).unwrap();
    refused(&["resume", damaged.to_str().unwrap()], &["is damaged", "start the run again"]);
    refused(&["resume", folder.path().to_str().unwrap()], &["is not the folder of a run", "dualgn train"]);
    let configuration = damaged.join("configuration.json");
    fs::File::create(&configuration)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"version\": 1"))
        .unwrap();
    refused(&["resume", damaged.to_str().unwrap()], &["configuration.json", "line 1"]);
}

/// Files that cannot be written end the run with the path, and leave the checkpoint before.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_with_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("full");
    // Files of at most 4 KiB: a checkpoint of this network is larger. Without the signal, writing fails as on a full disk.
    let binary = env!("CARGO_BIN_EXE_dualgn");
    let command = format!("trap '' XFSZ; ulimit -f 8; exec {binary} {}", arguments(&["diabetes"], &out).join(" "));
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let message = text(&output.stderr);
    // The machine's failure, not the user's.
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("cannot write") && message.contains("checkpoints"), "{message}");
    assert!(!out.join("checkpoints/last.safetensors").exists());
}

/// The result as JSON and nothing else on standard output; a batch larger than the data is all of them; TensorBoard's files are there.
#[test]
fn results_are_json_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let rest = ["--epochs", "5", "--batch", "100000", "--json", "--quiet", "--out", out.to_str().unwrap()];
    let output = succeeds(&[&["train", "diabetes"], &rest[..]].concat());
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&result["batch"], &result["runs"][0]["method"]), (&354.into(), &"dual-gn".into()));
    // Once it is finished, `resume` prints the same again.
    assert!(succeeds(&["resume", out.to_str().unwrap(), "--json"]).stdout == output.stdout);
    let events = fs::read_dir(out.join("dual-gn"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("events.out.tfevents"));
    assert_eq!(events.count(), 1);
}

/// A target ends a run before its budget does, and so does a point from which nothing gets better.
#[test]
fn runs_end_for_reasons_that_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let end = |arguments: &[&str]| {
        let out = folder.path().join("run");
        let output = succeeds(&[arguments, &["--overwrite", "--out", out.to_str().unwrap()]].concat());
        let summary: serde_json::Value =
            serde_json::from_slice(&fs::read(out.join("comparison.json")).unwrap()).unwrap();
        (text(&output.stderr), summary["runs"][0]["status"].as_str().unwrap().to_owned())
    };
    let (message, status) = end(&["train", "diabetes", "--target-loss", "0.1"]);
    assert!(message.contains("stopped: reached the target loss"), "{message}");
    assert_eq!(status, "reached");
    let (message, status) = end(&["train", "diabetes", "--epochs", "30"]);
    assert!(message.contains("stopped: finished"), "{message}");
    assert_eq!(status, "finished");
    let (message, status) = end(&["train", "diabetes", "--method", "sgd", "--rate", "1e6", "--epochs", "50"]);
    assert!(message.contains("stopped: diverged"), "{message}");
    assert_eq!(status, "diverged");
}
