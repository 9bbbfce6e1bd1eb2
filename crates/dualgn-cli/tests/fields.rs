//! Equations and shapes from the command line: files, pictures, resumption, and what is refused.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

mod common;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use common::{refused, text};

fn succeeds(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_slice(&common::succeeds(arguments).stdout).unwrap_or_default()
}

fn weights(run: &Path) -> Vec<u8> {
    fs::read(run.join("model.safetensors")).unwrap()
}

/// A sphere of triangles, with or without its last one.
fn sphere(folder: &Path, name: &str, is_closed: bool) -> String {
    let (rings, sides) = (14, 24);
    let mut mesh = String::from("v 0 1 0\n");
    for ring in 1..rings {
        let down = std::f64::consts::PI * f64::from(ring) / f64::from(rings);
        for side in 0..sides {
            let around = std::f64::consts::TAU * f64::from(side) / f64::from(sides);
            let (x, y, z) = (down.sin() * around.sin(), down.cos(), down.sin() * around.cos());
            writeln!(mesh, "v {x} {y} {z}").unwrap();
        }
    }
    mesh.push_str("v 0 -1 0\n");
    let vertex = |ring: i32, side: i32| 2 + (ring - 1) * sides + side % sides;
    let last = 2 + (rings - 1) * sides;
    for side in 0..sides {
        writeln!(mesh, "f 1 {} {}", vertex(1, side), vertex(1, side + 1)).unwrap();
        for ring in 1..rings - 1 {
            let [a, b, c, d] =
                [(ring, side), (ring + 1, side), (ring + 1, side + 1), (ring, side + 1)].map(|(r, s)| vertex(r, s));
            writeln!(mesh, "f {a} {b} {c} {d}").unwrap();
        }
        if is_closed || side > 0 {
            writeln!(mesh, "f {last} {} {}", vertex(rings - 1, side + 1), vertex(rings - 1, side)).unwrap();
        }
    }
    let path = folder.join(name);
    fs::write(&path, mesh).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_equation_is_solved_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let out_text = out.to_str().unwrap();
    let small = ["--points", "200", "--hidden", "12,12", "--epochs", "25", "--quiet", "--json", "--movie"];
    let result = succeeds(&[&["train", "poisson2d", "--out", out_text], &small[..]].concat());
    let records = result["runs"][0]["records"].as_array().unwrap();
    let error = |index: usize| records[index]["test_metric"].as_f64().unwrap();
    assert!(error(records.len() - 1) < 0.05 * error(0), "{} {}", error(0), error(records.len() - 1));
    for name in ["solution", "error", "residual"] {
        let picture = fs::read_to_string(out.join(format!("{name}.svg"))).unwrap();
        assert!(roxmltree::Document::parse(&picture).is_ok(), "{name}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<h2>Pictures</h2>") && page.contains("The network less the solution"));
    assert!(page.matches("<image").count() >= 6 && !page.contains("href=\"http"));
    let movie = fs::read(out.join("dual-gn/movie.png")).unwrap();
    assert!(movie.windows(4).any(|bytes| bytes == b"acTL"), "the movie is animated");
    let cost = common::run(&["cost", out_text]);
    assert!(text(&cost.stdout).contains("layers 2-12-12-1"), "{}", text(&cost.stderr));
}

/// Adaptive points are of the model of an earlier step: a checkpoint has them.
#[test]
fn resumed_runs_draw_the_same_points() {
    let folder = tempfile::tempdir().unwrap();
    for more in [["--resample", "4"].as_slice(), &["--resample", "4", "--adaptive"]] {
        let run = |name: &str, epochs: &str| {
            let out = folder.path().join(name);
            let fixed = [
                "train", "heat", "--points", "120", "--hidden", "8", "--method", "dual-gn", "--rate", "1", "--quiet",
                "--json",
            ];
            let own = ["--epochs", epochs, "--checkpoint", "0", "--out", out.to_str().unwrap()];
            succeeds(&[&fixed[..], &own, more].concat());
            out
        };
        let (whole, stopped) = (run("whole", "14"), run("stopped", "14"));
        // As if it had been killed after the tenth step.
        let configuration = stopped.join("configuration.json");
        fs::remove_file(stopped.join("model.safetensors")).unwrap();
        let last = fs::read(stopped.join("checkpoints/previous.safetensors")).unwrap();
        fs::write(stopped.join("checkpoints/last.safetensors"), last).unwrap();
        assert!(configuration.exists());
        succeeds(&["resume", stopped.to_str().unwrap(), "--quiet", "--json"]);
        assert!(weights(&stopped) == weights(&whole), "{more:?}");
    }
}

#[test]
fn a_shape_becomes_a_surface() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mesh = sphere(folder.path(), "ball.obj", true);
    let options = ["--points", "900", "--hidden", "12,12", "--epochs", "8", "--resolution", "32", "--quiet", "--json"];
    succeeds(&[&["train", "shape", "--mesh", &mesh, "--out", out.to_str().unwrap()], &options[..]].concat());
    let deviation: serde_json::Value = serde_json::from_slice(&fs::read(out.join("deviation.json")).unwrap()).unwrap();
    // The ball has a radius of 0.9, and its triangles are up to 0.01 within it.
    assert!(deviation["chamfer"].as_f64().unwrap() < 0.02, "{deviation}");
    assert!(fs::read(out.join("surface.ply")).unwrap().starts_with(b"ply\nformat binary_little_endian"));
    for name in ["given-front", "before-front", "after-front", "after-back"] {
        assert!(fs::read(out.join(format!("{name}.png"))).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<canvas class=\"surface\"") && page.contains("webgl2") && page.contains("Chamfer distance"));
}

/// Points of a ball with their normals, by the golden angle.
#[test]
fn points_with_normals_are_a_shape_too() {
    let folder = tempfile::tempdir().unwrap();
    let (out, path) = (folder.path().join("run"), folder.path().join("ball.xyz"));
    let mut rows = String::new();
    for index in 0..600 {
        let (up, around) = (1.0 - (f64::from(index) + 0.5) / 300.0, f64::from(index) * 2.399_963_229_728_653);
        let flat = (1.0 - up * up).sqrt();
        let (x, y, z) = (flat * around.cos(), up, flat * around.sin());
        writeln!(rows, "{x} {y} {z} {x} {y} {z}").unwrap();
    }
    fs::write(&path, rows).unwrap();
    let options =
        ["--points", "900", "--hidden", "12,12", "--epochs", "8", "--resolution", "32", "--format", "glb", "--quiet"];
    let given = ["train", "shape", "--mesh", path.to_str().unwrap(), "--out", out.to_str().unwrap()];
    succeeds(&[&given[..], &options].concat());
    let deviation: serde_json::Value = serde_json::from_slice(&fs::read(out.join("deviation.json")).unwrap()).unwrap();
    // Points are 0.08 apart on the ball of radius 0.9: the nearest is half of that away in the mean.
    assert!(deviation["chamfer"].as_f64().unwrap() < 0.04, "{deviation}");
    assert!(fs::read(out.join("surface.glb")).unwrap().starts_with(b"glTF"));
}

#[test]
fn meshes_that_will_not_do_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let train = |mesh: &str, words: &[&str]| {
        refused(&["train", "shape", "--mesh", mesh, "--out", out.to_str().unwrap()], words);
    };
    train(&sphere(folder.path(), "open.obj", false), &["open.obj is not closed", "fill its holes"]);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    train(&write("empty.obj", ""), &["empty.obj has no triangles"]);
    train(&write("nan.obj", "v 0 0 0\nv 1 nan 0\nv 0 1 0\nf 1 2 3\n"), &["nan.obj: vertex 2", "not all finite"]);
    let normals = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvn 0 0 1\nvn 0 0 0\nf 1//1 2//2 3//1\n";
    train(&write("normal.obj", normals), &["normal.obj: the normal of vertex 2 has length 0"]);
    train(&write("mesh.txt", ""), &[".ply, .obj or .stl"]);
    train(folder.path().join("absent.ply").to_str().unwrap(), &["absent.ply"]);
    refused(&["train", "shape"], &["shape needs `--mesh FILE`"]);
    refused(&["train", "poisson2d", "--mesh", "x.ply"], &["`--mesh` is for shape"]);
    refused(&["train", "heat", "--hard"], &["the boundary values of heat cannot be built in"]);
    refused(&["train", "digits", "--points", "100"], &["digits is a problem with data"]);
    refused(&["train", "poisson2d", "--batch", "10"], &["`--batch` is for problems with data"]);
    refused(&["train", "poisson2d", "--loss", "softmax"], &["`--loss` is for problems with data"]);
}
