//! How programs end: by pipes that nobody reads, devices that are full, and signals.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::common::{dualgn, run, succeeds, text};
use super::{fit, table};

/// Commands that print, and where what they leave is: three that train, and the others on a run that is finished.
fn commands<'a>(data: &'a str, outs: &'a [String; 3], run: &'a str) -> Vec<Vec<&'a str>> {
    let [fitted, trained, compared] = outs;
    vec![
        fit(data, fitted, &[]),
        vec!["train", "diabetes", "--epochs", "3", "--out", trained],
        vec!["compare", "diabetes", "--epochs", "2", "--out", compared],
        vec!["report", run, "--text"],
        vec!["predict", run, data],
        vec!["evaluate", run, data],
        vec!["explain", run],
        vec!["check", run, "--memory", "64"],
        vec!["cost", "diabetes", "--batch", "8"],
        vec!["problems"],
        vec!["methods"],
        vec!["ops"],
        vec!["schema"],
        vec!["man"],
        vec!["completions", "bash"],
        vec!["--help"],
        vec!["fit", "--help"],
    ]
}

fn outs(folder: &Path, part: &str) -> [String; 3] {
    ["fit", "train", "compare"].map(|name| folder.join(format!("{name}-{part}")).to_str().unwrap().to_owned())
}

/// Whether everything that a run leaves is there.
fn assert_stored([fitted, trained, compared]: &[String; 3]) {
    for (run, file) in [(fitted, "model.safetensors"), (trained, "model.safetensors"), (compared, "comparison.json")] {
        assert!(Path::new(run).join(file).exists() && Path::new(run).join("report.html").exists(), "{run}");
    }
}

/// Every command that prints succeeds where nobody reads what it prints, and stores its results.
#[test]
fn a_closed_pipe_is_success() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let run = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&fit(&data, &run, &[]));
    let outs = outs(folder.path(), "closed");
    for arguments in commands(&data, &outs, &run) {
        let mut child = dualgn(&arguments).spawn().unwrap();
        drop(child.stdout.take());
        drop(child.stderr.take());
        let status = child.wait().unwrap();
        assert!(status.success(), "{arguments:?}: {status}");
    }
    assert_stored(&outs);
}

/// A device that is full is a failure of the machine, in one sentence, and comes after the results are stored.
#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let run = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&fit(&data, &run, &[]));
    let outs = outs(folder.path(), "full");
    for arguments in commands(&data, &outs, &run) {
        let output = dualgn(&arguments).stdout(File::create("/dev/full").unwrap()).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("cannot write to standard output: No space left") && !said.contains("panicked"),
            "{said}"
        );
    }
    assert_stored(&outs);
    // What is said beside the results has nowhere else to go.
    let out = folder.path().join("silent").to_str().unwrap().to_owned();
    let mut command = dualgn(&["train", "diabetes", "--epochs", "2", "--out", &out]);
    assert!(command.stderr(File::create("/dev/full").unwrap()).status().unwrap().success());
}

/// Outside training a signal ends the program at once.
#[test]
fn signals_end_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&fit(&data, &out, &[]));
    // A pipe that somebody holds open and writes nothing into.
    let pipe = folder.path().join("pipe.csv").to_str().unwrap().to_owned();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut writer = Command::new("sh").args(["-c", &format!("exec 3>'{pipe}'; sleep 100")]).spawn().unwrap();
    let commands: [&[&str]; 5] = [
        &["predict", &out, &pipe],
        &["evaluate", &out, &pipe],
        &["fit", &pipe],
        &["cost", "mnist", "--batch", "512"],
        &["check", "mnist", "--batch", "512"],
    ];
    for arguments in commands {
        for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
            let mut child = dualgn(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(400));
            let start = Instant::now();
            assert!(child.try_wait().unwrap().is_none(), "{arguments:?} is over before it is stopped");
            assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
            assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?} {signal}");
            assert!(start.elapsed() < Duration::from_secs(5), "{arguments:?} {signal}: {:?}", start.elapsed());
        }
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
}

/// In training SIGTERM stops after the step, as Ctrl-C does, and the run goes on.
#[test]
fn a_terminated_run_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let child = dualgn(&["train", "bikeshare", "--seconds", "600", "--quiet", "--out", &out]).spawn().unwrap();
    let start = Instant::now();
    while !Path::new(&out).join("checkpoints/best.safetensors").exists() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(&format!("go on with `dualgn resume {out}`")));
    assert!(Path::new(&out).join("checkpoints/last.safetensors").exists());
}

/// Bytes that would change the terminal are shown instead.
#[test]
fn control_characters_of_files_stay_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = String::from("a,\u{1b}[31mred\u{7},y\n");
    (0..40).for_each(|row| rows += &format!("{row}.5,{},{}\n", row % 3, row * row));
    let path = folder.path().join("t\u{1b}[2J.csv");
    fs::write(&path, rows).unwrap();
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let output = run(&["fit", path.to_str().unwrap(), "--members", "1", "--epochs", "2", "--out", &out]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!output.stderr.contains(&0x1b) && !output.stderr.contains(&7), "{}", text(&output.stderr));
    // Readers of tables take them out of names, the rest shows them.
    for shown in ["[31mred", "t\\u{1b}[2J.csv"] {
        assert!(text(&output.stderr).contains(shown), "{}", text(&output.stderr));
    }
}

/// Whatever a process may take, it works or says in a sentence that it cannot; no library's refused allocation is an abort.
#[cfg(target_os = "linux")]
#[test]
fn no_limit_of_memory_is_an_abort() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let fitting = format!("fit {data} --members 1 --epochs 1 --quiet --overwrite --out {out}");
    let solving = format!("train poisson2d --epochs 1 --points 200 --quiet --overwrite --out {out}-field");
    let mut ended = [0; 3];
    for kibibytes in (150_000..1_000_000).step_by(50_000) {
        for command in [&fitting, &solving] {
            let line = format!("ulimit -v {kibibytes}; exec {} {command}", env!("CARGO_BIN_EXE_dualgn"));
            let output = Command::new("sh").args(["-c", &line]).output().unwrap();
            let said = text(&output.stderr);
            let Some(code @ 0..=2) = output.status.code() else { panic!("{line}: {:?} {said}", output.status) };
            assert!(code == 0 || said.contains("error: "), "{line}: {said}");
            assert!(!said.contains("panicked") && !said.contains("allocation of"), "{line}: {said}");
            ended[code as usize] += 1;
        }
    }
    // Both ends were reached.
    assert!(ended[0] > 0 && ended[1] + ended[2] > 0, "{ended:?}");
}

/// A file that may not grow further is an error of its writer, and leaves nothing unfinished.
#[test]
fn a_limit_of_files_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path(), "t.csv", 60);
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let line = format!("ulimit -f 20; exec {} {}", env!("CARGO_BIN_EXE_dualgn"), fit(&data, &out, &[]).join(" "));
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: cannot write"), "{said}");
    succeeds(&fit(&data, &out, &["--overwrite"]));
    assert!(super::names(Path::new(&out)).iter().all(|name| !name.starts_with(".dualgn")));
}
