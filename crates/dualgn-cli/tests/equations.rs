//! Files of equations from the command line: the page about them, solutions at points, resumption, and what is refused.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{refused, succeeds, text};

/// The files that stand on a page, each a block of code with the name of its file behind the language.
fn files_of(page: &str) -> Vec<(String, String)> {
    let mut files = vec![];
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.strip_prefix("```").unwrap_or_default().split(' ').collect();
        if let [_, name] = words[..] {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            files.push((name.to_owned(), block.join("\n") + "\n"));
        }
    }
    files
}

/// A folder with the files of docs/equations.md, and their names.
fn of_the_page() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/equations.md");
    let files = files_of(&fs::read_to_string(page).unwrap());
    for (name, block) in &files {
        fs::write(folder.path().join(name), block).unwrap();
    }
    let names = files.into_iter().map(|(name, _)| name).filter(|name| name.ends_with(".toml")).collect();
    (folder, names)
}

/// Runs `solve` on a file into a folder beside it; returns that and the result.
fn solved(file: &Path, more: &[&str]) -> (PathBuf, serde_json::Value) {
    let out = file.with_extension("run");
    let words = ["solve", file.to_str().unwrap(), "--quiet", "--json", "--out", out.to_str().unwrap()];
    let output = succeeds(&[&words, more].concat());
    (out, serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_files_of_the_page_are_solved() {
    let (folder, names) = of_the_page();
    assert!(names.len() >= 10, "{names:?}");
    for name in &names {
        let file = folder.path().join(name);
        succeeds(&["validate", file.to_str().unwrap()]);
        let (run, result) = solved(&file, &["--epochs", "4"]);
        let records = result["runs"][0]["records"].as_array().unwrap();
        let loss = |index: usize| records[index]["train_loss"].as_f64().unwrap();
        // Of the conditions that are hard, nothing is left at the beginning.
        assert!(loss(records.len() - 1) < 0.7 * loss(0), "{name}: {} after {}", loss(records.len() - 1), loss(0));
        let page = fs::read_to_string(run.join("report.html")).unwrap();
        assert!(page.contains("<math") && page.contains("Solution"), "{name}");
    }
}

#[test]
fn a_solution_is_computed_at_points() {
    let (folder, _) = of_the_page();
    let (run, result) = solved(&folder.path().join("heat.toml"), &["--epochs", "60"]);
    let records = result["runs"][0]["records"].as_array().unwrap();
    let error = records.last().unwrap()["test_metric"].as_f64().unwrap();
    assert!(error < 1e-3, "{error}");
    let run = run.to_str().unwrap();
    let points = folder.path().join("points.csv");
    // Columns in any order, and one that is not needed; two points beside each other for differences.
    let step = 1e-4;
    fs::write(&points, format!("t,name,x\n0.5,a,0.25\n0.5,b,{}\n{},c,0.25\n", 0.25 + step, 0.5 + step)).unwrap();
    let points = points.to_str().unwrap();
    let rows = |more: &[&str]| -> Vec<Vec<f64>> {
        let said = text(&succeeds(&[&["predict", run, points], more].concat()).stdout);
        said.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect()
    };
    let found = rows(&[]);
    let exact = |x: f64, t: f64| (-0.1 * std::f64::consts::PI.powi(2) * t).exp() * (std::f64::consts::PI * x).sin();
    assert_eq!((found.len(), found[0].len(), &found[0][..2]), (3, 5, &[0.25, 0.5][..]));
    for row in &found {
        assert!((row[2] - exact(row[0], row[1])).abs() < 3.0 * error, "{row:?}");
    }
    // Differences of first order, whose error is the step times half the second derivative, below 10.
    for (column, other) in [(3, 1), (4, 2)] {
        let slope = (found[other][2] - found[0][2]) / step;
        assert!((found[0][column] - slope).abs() < 5.0 * step, "{} {slope}", found[0][column]);
    }
    let formulas = rows(&["--formula", "u_t - k*u_xx", "--formula", "[u, -u_x]"]);
    assert!(formulas[0][2].abs() < 0.1, "{formulas:?}");
    assert_eq!([formulas[0][3], formulas[0][4]], [found[0][2], -found[0][3]]);
    // Of the coordinates and constants alone.
    assert!((rows(&["--formula", "k + x"])[0][2] - 0.35).abs() < 1e-15);
    // What is beyond the ends is said.
    let beyond = folder.path().join("beyond.csv");
    fs::write(&beyond, "x,t\n0.5,1\n0.5,1.5\n-1,0\n").unwrap();
    let notes = text(&succeeds(&["predict", run, beyond.to_str().unwrap()]).stderr);
    assert!(notes.contains("note: 2 points are outside of the domain"), "{notes}");
    refused(&["predict", run, points, "--formula", "u_z"], &["`z` in `u_z` is no coordinate"]);
}

/// Pictures of formulas: the paths of a flow, a plane through a body, a movie; and what is outside of the domain stays empty.
#[test]
fn pictures_are_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disk.toml");
    let disk = "time = \"t\"\n[coordinates]\nx = [-2, 2]\ny = [-1, 1]\nt = [0, 1]\n[domain.shapes]\ndisk = { ball = [0, 0], radius = 0.75 }\n\
                [[equations]]\nformula = \"u_t = lap(u)\"\npoints = 60\n[network]\nhidden = [4]\n";
    let asked =
        "[[pictures]]\nformula = \"[-y, x]\"\n[[pictures]]\nformula = \"u\"\nmoving = \"t\"\ntitle = \"later\"\n";
    fs::write(&file, format!("{disk}{asked}")).unwrap();
    let (run, _) = solved(&file, &["--epochs", "1"]);
    let flow = fs::read_to_string(run.join("picture-1.svg")).unwrap();
    // Two units wide for each unit of height, and paths within the disk alone: its middle is at (196, 101), its radius 0.75 · 75.
    assert!(flow.contains("width=\"300\" height=\"150\""));
    let lines: Vec<&str> =
        flow.split("<polyline points=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(lines.len() > 20, "{}", lines.len());
    for point in lines.iter().flat_map(|line| line.split(' ')) {
        let (x, y) = point.split_once(',').unwrap();
        let away = (x.parse::<f64>().unwrap() - 196.0).hypot(y.parse::<f64>().unwrap() - 101.0);
        assert!(away < 0.75 * 75.0 + 2.0, "{point}");
    }
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("[-y, x], t = 0.5.") && page.contains("later") && page.contains("the ball around (0, 0)"));
    // A movie is an animated picture.
    let chunk = |name: &str| {
        let markup = fs::read_to_string(run.join(name)).unwrap();
        let data = markup.split("base64,").nth(1).unwrap().split('"').next().unwrap().to_owned();
        // Behind the header, after 36 bytes: the last byte of a length and two letters of what the chunk is.
        data[48..52].to_owned()
    };
    // `\x08ac` of `acTL`, with which movies begin.
    assert!(chunk("picture-2.svg") == "CGFj" && chunk("picture-1.svg") != "CGFj");
}

/// A run has its equations with it: it goes on without their file, and with the points of a table that is gone.
#[test]
fn a_run_goes_on_without_its_file() {
    let (folder, _) = of_the_page();
    let file = folder.path().join("diffusivity.toml");
    let (run, _) = solved(&file, &["--epochs", "8", "--checkpoint", "0"]);
    let weights = fs::read(run.join("model.safetensors")).unwrap();
    fs::remove_file(&file).unwrap();
    fs::remove_file(folder.path().join("probes.csv")).unwrap();
    // As if it had been killed after four steps.
    for name in ["model.safetensors", "comparison.json", "report.html"] {
        fs::remove_file(run.join(name)).unwrap();
    }
    succeeds(&["resume", run.to_str().unwrap(), "--quiet"]);
    assert_eq!(fs::read(run.join("model.safetensors")).unwrap(), weights);
}

#[test]
fn the_examples_are_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/equations");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|ending| ending == "toml")).collect();
    assert!(files.len() >= 8, "{files:?}");
    files.iter().for_each(|file| drop(succeeds(&["validate", file.to_str().unwrap()])));
}

#[test]
fn files_of_problems_are_written_and_right() {
    let folder = tempfile::tempdir().unwrap();
    let list = text(&succeeds(&["problems"]).stdout);
    let (_, fields) = list.split_once("Equations and shapes").unwrap();
    // A name and what it is about, until an empty line.
    let lines = fields.lines().skip(2).take_while(|line| !line.is_empty());
    let names: Vec<&str> = lines.filter_map(|line| line.split_whitespace().next()).collect();
    let mut written = 0;
    for name in &names {
        let file = folder.path().join(format!("{name}.toml"));
        let file = file.to_str().unwrap();
        if ["shape", "distance2d"].contains(name) {
            continue;
        }
        succeeds(&["init", "--problem", name, "--out", file]);
        let said = text(&succeeds(&["validate", file]).stdout);
        assert!(said.contains("is good"), "{said}");
        written += 1;
        refused(&["init", "--problem", name, "--out", file], &["is there already"]);
    }
    assert_eq!(written, 13, "{names:?}");
    refused(&["init", "--problem", "shape"], &["given by a surface"]);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.toml");
    fs::write(&file, "[coordinates]\nx = [0, 1]\n\n[[equations]]\nformula = \"u_xx = fource\"\n").unwrap();
    for command in ["solve", "train", "compare", "validate"] {
        refused(&[command, file.to_str().unwrap()], &["wrong.toml, line 5: there is no `fource`", "^^^^^^"]);
    }
    refused(&["solve", "nowhere.toml"], &["nowhere.toml"]);
    refused(&["solve", "digits"], &["digits", "burgers"]);
    fs::write(&file, "[coordinates]\nx = [0, 1]\n[[equations]]\nformula = \"u = 1\"\n[[data]]\nfile = \"none.csv\"\n")
        .unwrap();
    refused(&["solve", file.to_str().unwrap()], &["none.csv"]);
}

/// The unknown diffusivity with its conditions built in: measurements are the second term then, not the third.
#[test]
fn coefficients_have_deviations_where_conditions_are_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let words =
        ["solve", "diffusivity", "--hard", "--epochs", "20", "--quiet", "--json", "--out", out.to_str().unwrap()];
    let result: serde_json::Value = serde_json::from_slice(&succeeds(&words).stdout).unwrap();
    let found = &result["coefficients"][0];
    let (value, deviation) = (found["value"].as_f64().unwrap(), found["standard_deviation"].as_f64().unwrap());
    assert!((value - 0.3).abs() < 5.0 * deviation && deviation < 0.01, "{value} {deviation}");
}

/// A model of a table that is called like an equation is a model of a table.
#[test]
fn tables_may_be_called_like_equations() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("heat.csv");
    let rows: String = (0..60).map(|row| format!("{},{}\n", row * 37 % 11, row * row % 7)).collect();
    fs::write(&table, format!("a,y\n{rows}")).unwrap();
    let (table, run) = (table.to_str().unwrap().to_owned(), folder.path().join("run").to_str().unwrap().to_owned());
    succeeds(&["fit", &table, "--members", "1", "--epochs", "2", "--quiet", "--out", &run]);
    let said = text(&succeeds(&["predict", &run, &table]).stdout);
    assert_eq!(said.lines().count(), 61, "{said}");
}
