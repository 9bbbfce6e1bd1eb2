//! The binary from outside: what it prints, what it writes, how it exits.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{dualgn, refused, run, text};

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// One line a step, each a descent direction whose gap is the difference of its two values.
fn assert_certified(steps: &[serde_json::Value], count: usize) {
    let numbers: Vec<u64> = steps.iter().map(|step| step["step"].as_u64().unwrap()).collect();
    assert!(numbers.into_iter().eq(1..=count as u64), "{steps:?}");
    for step in steps {
        let number = |name: &str| step[name].as_f64().unwrap_or_else(|| panic!("{name} in {step}"));
        assert!(number("slope") < 0.0 && number("norm") > 0.0 && number("damping") > 0.0, "{step}");
        assert!(number("loss") > 0.0 && number("relative_gap") < 1.0 && number("milliseconds") > 0.0, "{step}");
        assert!(step["iterations"].is_u64(), "{step}");
        // Up to the rounding of the difference, which the gap may be far below.
        let rounding = 1e-5 * number("primal").abs();
        assert!((number("primal") - number("dual") - number("gap")).abs() <= rounding, "{step}");
    }
}

#[test]
fn problems_are_listed() {
    let output = run(&["problems"]);
    assert!(output.status.success());
    for name in
        ["digits", "breast-cancer", "diabetes", "bikeshare", "concrete", "mnist", "smoothed-multiclass-hinge", "gamma"]
    {
        assert!(text(&output.stdout).contains(name));
    }
}

#[test]
fn operations_are_listed_with_reasons() {
    let output = run(&["ops"]);
    assert!(output.status.success());
    let table = text(&output.stdout);
    for line in ["module       Conv2d", "Quantize", "are refused when a network that uses them is traced"] {
        assert!(table.contains(line), "{table}");
    }
}

#[test]
fn a_network_is_checked_operation_by_operation() {
    let output = run(&["check", "mnist"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(table.contains("layers 784-128-64-10") && table.contains("layers.0.Dense.weight"), "{table}");
    assert!(table.contains("Examples do not mix"), "{table}");
    refused(&["check", "iris"], &["iris"]);
}

#[test]
fn compare_writes_metrics_for_each_method_a_summary_and_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let output = run(&["compare", "diabetes", "--epochs", "12", "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    for method in ["sgd", "adam", "dual-gn-sgd", "dual-gn-adam"] {
        assert!(table.contains(method), "{table}");
        let records = lines(&out.join(method).join("metrics.jsonl"));
        let loss = |record: &serde_json::Value| record["train_loss"].as_f64().unwrap();
        assert!(loss(records.last().unwrap()) < loss(&records[0]), "{method} does not learn");
        assert_eq!(records.last().unwrap()["step"], 12);
        let steps = out.join(method).join("steps.jsonl");
        assert_eq!(steps.exists(), method.starts_with("dual"));
        if steps.exists() {
            assert_certified(&lines(&steps), 12);
        }
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("comparison.json")).unwrap()).expect("the summary is JSON");
    assert_eq!(summary["runs"].as_array().unwrap().len(), 4);
    assert_eq!(summary["examples"], serde_json::json!([354, 88]));
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.ends_with("</html>") && page.contains("<svg") && page.contains("dual-gn-sgd"));
}

/// A loss without curvature, along prox-linear directions: each step has a gap within the tolerance, or has spent its
/// iterations.
#[test]
fn a_hinge_is_compared_by_prox_linear_directions() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let losses = ["--loss", "multiclass-hinge", "--model", "prox-linear", "--gap", "0.01", "--inner", "50"];
    let rest = ["--epochs", "6", "--batch", "360", "--out", out.to_str().unwrap()];
    let output = run(&[&["compare", "digits"], &losses[..], &rest[..]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    for method in ["sgd", "adam", "prox-linear-sgd", "prox-linear-adam"] {
        assert!(table.contains(method), "{table}");
    }
    for method in ["prox-linear-sgd", "prox-linear-adam"] {
        // Three full batches in an epoch.
        let steps = lines(&out.join(method).join("steps.jsonl"));
        assert_certified(&steps, 18);
        let within = |step: &serde_json::Value| step["relative_gap"].as_f64().unwrap() <= 0.01;
        for step in &steps {
            let iterations = step["iterations"].as_u64().unwrap();
            assert!(iterations > 0 && (within(step) || iterations >= 50), "{step}");
        }
        assert!(steps.iter().filter(|step| within(step)).count() >= 4, "{steps:?}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("Directions and their certificates") && page.contains("Within 0.01, %"));
}

/// Killed in the middle, without a chance to tidy up: the steps until then are in the file.
#[test]
fn steps_of_a_killed_run_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let method = ["--method", "dual-gn-sgd", "--rate", "0.5", "--seconds", "600", "--out", out.to_str().unwrap()];
    let arguments = [&["train", "diabetes"], &method[..]].concat();
    let mut child = dualgn(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let path = out.join("dual-gn-sgd/steps.jsonl");
    let start = Instant::now();
    let written = || fs::read_to_string(&path).is_ok_and(|text| text.lines().count() > 3);
    while !written() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let whole: Vec<serde_json::Value> = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_certified(&whole, whole.len());
    assert!(whole.len() > 3);
}

/// Same seed, same numbers; another seed, others.
#[test]
fn runs_repeat_by_their_seed() {
    let folder = tempfile::tempdir().unwrap();
    let last_loss = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        let method = ["--method", "dual-gn-sgd", "--rate", "0.5"];
        let rest = ["--epochs", "3", "--seed", seed, "--out", out.to_str().unwrap()];
        let output = run(&[&["train", "diabetes"], &method[..], &rest[..]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(out.join("model.safetensors").metadata().unwrap().len() > 1000, "the weights are kept");
        lines(&out.join("dual-gn-sgd/metrics.jsonl")).last().unwrap()["train_loss"].as_f64().unwrap()
    };
    let first = last_loss("a", "1");
    assert_eq!(first, last_loss("b", "1"));
    assert_ne!(first, last_loss("c", "2"));
}

#[test]
fn bad_input_is_one_sentence_and_exit_code_two() {
    refused(&["compare", "digitz"], &["digitz", "digits"]);
    refused(&["compare", "digits", "--methods", "adam,sgdd"], &["sgdd"]);
    refused(&["compare", "digits", "--loss", "gamma"], &["gamma needs positive numbers", "diabetes, bikeshare"]);
    refused(&["train", "bikeshare", "--loss", "softmax"], &["several classes", "digits, mnist"]);
    refused(&["compare", "digits", "--loss", "hinge", "--model", "quadratic"], &["curvature", "prox-linear"]);
    refused(&["train", "digits", "--loss", "squared", "--method", "fgn-sgd"], &["--loss softmax"]);
    refused(&["compare", "digits", "--methods", "adam", "--model", "fgn"], &["--model"]);
    refused(&["compare", "digits", "--epochs", "-1"], &["epochs"]);
    refused(&["compare", "digits", "--epochs", "1", "--seconds", "1"], &["--seconds"]);
    refused(&["train", "digits", "--damping", "0"], &["positive"]);
    refused(&["compare", "digits", "--limit", "5", "--out", "target/refused"], &["mnist"]);
    let folder = tempfile::tempdir().unwrap();
    let (empty, out) = (folder.path().to_str().unwrap(), folder.path().join("out"));
    let out = out.to_str().unwrap();
    refused(&["compare", "mnist", "--out", out], &["--data", "yann.lecun.com"]);
    refused(&["train", "concrete", "--out", out], &["--data", "concrete.csv"]);
    refused(&["train", "concrete", "--data", empty, "--out", out], &["concrete.csv", empty]);
    refused(&["compare", "mnist", "--data", empty, "--out", out], &["train-images", empty]);
    refused(&["compare", "digits", "--device", "cuda", "--out", out], &["cuda"]);
    let file = folder.path().join("file");
    fs::File::create(&file).unwrap();
    refused(&["compare", "digits", "--out", file.join("below").to_str().unwrap()], &["folder", "file"]);
    for command in
        [&["train", "digits", "--out", "-"][..], &["init", "digits", "--out", "-"], &["report", empty, "--out", "-"]]
    {
        refused(command, &["invalid value '-' for '--out", "does not stand for standard output here", "`./-`"]);
    }
    refused(&["report", empty], &["is not the folder of a run", "hint: `dualgn train` and `dualgn fit` make one"]);
    refused(&["report", "/nonexistent/run"], &["/nonexistent/run is no folder", "hint: `dualgn train`"]);
}

/// A table of the shape of `concrete.csv`, with one column that never changes.
fn mixtures(folder: &Path, last_cell: &str) {
    let mut table = "cement,slag,ash,water,plasticizer,coarse,fine,age,target\n".to_owned();
    for row in 0..40 {
        let cells: Vec<String> = (0..7).map(|column| format!("{}", (row * (column + 3) + column) % 17)).collect();
        table += &format!("{},5,{}\n", cells.join(","), 10 + row % 7);
    }
    table += &format!("1,2,3,4,5,6,{last_cell},5,20\n");
    fs::File::create(folder.join("concrete.csv")).unwrap().write_all(table.as_bytes()).unwrap();
}

/// A column without variance, a batch larger than the data, and a batch in parts train; what is no number does not.
#[test]
fn awkward_data_train_and_bad_data_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    mixtures(folder.path(), "7");
    let losses = [&["--batch", "100000"][..], &["--micro-batch", "7"]].map(|more| {
        let out = folder.path().join(more[0]);
        let arguments = ["train", "concrete", "--data", data, "--epochs", "20", "--out", out.to_str().unwrap()];
        let output = run(&[&arguments[..], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let records = lines(&out.join("dual-gn/metrics.jsonl"));
        let loss = |record: Option<&serde_json::Value>| record.unwrap()["train_loss"].as_f64().unwrap();
        assert!(loss(records.last()) < 0.9 * loss(records.first()));
        records.iter().map(|record| loss(Some(record))).collect::<Vec<_>>()
    });
    // Cut into parts, the batch gives the same steps up to the rounding of f32, which every step spreads further.
    let [whole, parts] = &losses;
    assert!(whole.iter().zip(parts).take(5).all(|(a, b)| (a - b).abs() < 0.02 * a), "{whole:?} {parts:?}");

    let out = folder.path().join("out");
    let arguments = ["train", "concrete", "--data", data, "--out", out.to_str().unwrap()];
    for bad in ["NaN", "inf", "", "seven"] {
        mixtures(folder.path(), bad);
        refused(&arguments, &["concrete.csv", "line 42", "fine"]);
    }
}

/// Where nothing can be written the run ends with the path, and before it trains.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    // Also the superuser cannot write there.
    let output = run(&["train", "digits", "--epochs", "1", "--out", "/proc/dualgn"]);
    let message = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{message}");
    assert!(message.contains("/proc/dualgn") && !message.contains("panicked"), "{message}");
}

/// Ctrl-C: the step is finished, what there is is written, and the exit code says so.
#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let arguments = ["compare", "digits", "--methods", "adam,sgd", "--seconds", "600", "--out", out.to_str().unwrap()];
    // The first trial alone takes two minutes: the signal arrives in it.
    let mut child = dualgn(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let start = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let code = child.wait().unwrap().code();
    assert_eq!(code, Some(130));
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(out.join("report.html").exists() && out.join("comparison.json").exists());
}

/// A rate that is far too large: the method is marked and the command goes on.
#[test]
fn a_method_that_diverges_is_marked() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let output = run(&[
        "train",
        "diabetes",
        "--method",
        "sgd",
        "--rate",
        "1e6",
        "--epochs",
        "50",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("diverged"), "{}", text(&output.stdout));
}

/// A budget that cannot lead to a direction: the method is marked with the reason, and the others go on.
#[test]
fn a_method_without_a_direction_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let little = ["--loss", "absolute", "--inner", "1", "--damping", "1e-6", "--methods", "prox-linear-sgd,sgd"];
    // By one route throughout: `auto` goes by measured times, and a pass on one may help where one on the other does not.
    let rest = ["--solver", "cholesky", "--epochs", "20", "--out", out.to_str().unwrap()];
    let output = run(&[&["compare", "breast-cancer"], &little[..], &rest[..]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("diverged (the prox-linear model does not decrease"),
        "{}",
        text(&output.stderr)
    );
    let summary: serde_json::Value = serde_json::from_slice(&fs::read(out.join("comparison.json")).unwrap()).unwrap();
    let runs = &summary["runs"];
    assert_eq!((&runs[0]["status"], &runs[1]["status"]), (&"diverged".into(), &"finished".into()));
    assert!(runs[0]["settings"].as_str().unwrap().contains("raise their number or the damping"), "{runs}");
    let steps = lines(&out.join("prox-linear-sgd/steps.jsonl"));
    assert!(steps.len() < 20);
    // The steps until then count: the last evaluation is after the last of them.
    let records = lines(&out.join("prox-linear-sgd/metrics.jsonl"));
    assert_eq!(records.last().unwrap()["step"], steps.len());
}
