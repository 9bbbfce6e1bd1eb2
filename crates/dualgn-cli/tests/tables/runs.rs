//! What becomes of a run: it goes on after a kill, is reported, explained, configured.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::common::{dualgn, refused, run, succeeds, text};
use super::{json, rows, table, write};

/// Killed again and again, a run of several networks ends with the model that it would have had.
#[test]
fn a_killed_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(200), ","));
    let arguments = |out: &str| {
        let fixed = ["--target", "value", "--members", "2", "--epochs", "60", "--checkpoint", "0", "--quiet"];
        let typed = [&["fit", &data][..], &fixed, &["--out", out]].concat();
        typed.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let of = |arguments: Vec<String>| run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(of(arguments(&whole)).status.success());
    let model = Path::new(&killed).join("model.safetensors");
    let typed = arguments(&killed);
    let mut child = dualgn(&typed.iter().map(String::as_str).collect::<Vec<_>>()).spawn().unwrap();
    let start = Instant::now();
    while !Path::new(&killed).join("network-1/checkpoints/last.safetensors").exists() {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(2));
    }
    for pause in [5, 30, 80, 150, 250, 400, 700] {
        std::thread::sleep(Duration::from_millis(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        child = dualgn(&["resume", &killed, "--quiet"]).spawn().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(model.exists());
    let is_same = fs::read(model).unwrap() == fs::read(Path::new(&whole).join("model.safetensors")).unwrap();
    assert!(is_same, "the weights are others");
    assert!(text(&succeeds(&["resume", &killed]).stderr).contains("nothing to do"));
    // A table that has changed since is another one.
    fs::remove_file(Path::new(&killed).join("model.safetensors")).unwrap();
    write(folder.path(), "t.csv", table(&rows(201), ","));
    refused(&["resume", &killed], &["t.csv is not what", "start a run anew"]);
}

/// The page can be written again from what a run recorded.
#[test]
fn a_report_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(100), ","));
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&["fit", &data, "--target", "label", "--members", "2", "--epochs", "5", "--quiet", "--out", &out]);
    let page = fs::read_to_string(format!("{out}/report.html")).unwrap();
    let again = folder.path().join("again.html");
    succeeds(&["report", &out, "--out", again.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(again).unwrap(), page);
    assert!(text(&succeeds(&["report", &out, "--text"]).stdout).contains("dual-gn 2"));
    refused(&["report", folder.path().to_str().unwrap()], &["is not the folder of a run"]);
}

#[test]
fn a_run_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(150), ","));
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    succeeds(&["fit", &data, "--target", "value", "--members", "2", "--epochs", "20", "--quiet", "--out", &out]);
    let told = text(&succeeds(&["explain", &out]).stdout);
    for words in [
        "effective dimension",
        "angle between",
        "layers.0.Dense",
        "PREDICTED DECREASE",
        "are within their interval",
        "PULLS",
    ] {
        assert!(told.contains(words), "`{words}` is not in:\n{told}");
    }
    let page = fs::read_to_string(format!("{out}/explain.html")).unwrap();
    assert!(page.contains("Spectrum of the Gram matrix") && page.contains("Calibration") && !page.contains("NaN"));
    refused(&["explain", &out, "--row", "100000"], &["row 100000 is not among the test rows"]);

    // Deviations: of rows like those of training smaller than of rows far away.
    let deviation = |a: &str| -> f64 {
        let asked = write(folder.path(), "asked.csv", format!("a,b,colour,when,label\n{a},0.1,red,2024-05-05,high\n"));
        let said = text(&succeeds(&["predict", &out, &asked, "--std"]).stdout);
        said.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap()
    };
    let (near, far) = (deviation("0.2"), deviation("60"));
    assert!(near > 0.0 && far > 3.0 * near, "{near} {far}");
}

#[test]
fn configurations_are_written_checked_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(100), ","));
    let file = folder.path().join("run.toml").to_str().unwrap().to_owned();
    succeeds(&["init", &data, "--out", &file]);
    refused(&["init", &data, "--out", &file], &["is there already"]);
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.contains("# \"colour\" = \"category\"") && written.contains("\n# epochs = "), "{written}");
    let changed = written
        .replace("# target = \"\"", "target = \"value\"")
        .replace("# members = 100", "members = 1")
        .replace("\n# epochs = 0.1", "\nepochs = 4")
        .replace("# [network]\n# preset", "[network]\npreset");
    fs::write(&file, &changed).unwrap();
    let told = text(&succeeds(&["validate", &file]).stdout);
    assert!(told.contains("is good, and means") && told.contains("--target value"), "{told}");
    let out = folder.path().join("out").to_str().unwrap().to_owned();
    succeeds(&["fit", &file, "--out", &out, "--epochs", "3", "--quiet"]);
    let configuration = json(format!("{out}/configuration.json"));
    assert_eq!(
        (configuration["steps"].as_u64(), configuration["network"]["preset"]["name"].as_str()),
        (Some(3), Some("mlp"))
    );
    refused(&["train", &file], &["is for `dualgn fit`"]);
    fs::write(&file, changed.replace("epochs = 4", "epochs = \"many\"")).unwrap();
    refused(&["fit", &file], &["run.toml, line", "epochs"]);
    let schema = succeeds(&["schema"]).stdout;
    assert!(serde_json::from_slice::<serde_json::Value>(&schema).unwrap()["properties"]["epochs"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&succeeds(&["completions", shell]).stdout).contains("dualgn"));
    }
    let pages = folder.path().join("man");
    succeeds(&["man", "--out", pages.to_str().unwrap()]);
    assert!(fs::read_to_string(pages.join("dualgn-fit.1")).unwrap().contains("column to predict"));
}
