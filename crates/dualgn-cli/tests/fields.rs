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
    let movie = fs::read(out.join("geodesic/movie.png")).unwrap();
    assert!(movie.windows(4).any(|bytes| bytes == b"acTL"), "the movie is animated");
    let cost = common::run(&["cost", out_text]);
    assert!(text(&cost.stdout).contains("layers 2-12-12-1"), "{}", text(&cost.stderr));
}

/// Adaptive points are of the model of an earlier step: a checkpoint has them.
/// Methods with a way of their own to solve a system keep it where systems are factorised by default.
#[test]
fn every_method_solves_an_equation() {
    let folder = tempfile::tempdir().unwrap();
    for method in ["gn-cg", "engd-w", "engd-nystrom", "spring", "lm", "adam"] {
        let out = folder.path().join(method);
        succeeds(&[
            "train",
            "poisson1d",
            "--method",
            method,
            "--epochs",
            "3",
            "--hidden",
            "6",
            "--points",
            "100",
            "--quiet",
            "--out",
            out.to_str().unwrap(),
        ]);
    }
}

/// STL has single precision: what lies beyond is refused before anything is trained.
#[test]
fn surfaces_beyond_single_precision_are_no_stl() {
    let folder = tempfile::tempdir().unwrap();
    let mesh = sphere(folder.path(), "near.obj", true);
    let far: String = fs::read_to_string(&mesh)
        .unwrap()
        .lines()
        .map(|line| match line.strip_prefix("v ") {
            Some(numbers) => format!(
                "v {}\n",
                numbers.split(' ').map(|number| format!("{number}e300")).collect::<Vec<_>>().join(" ")
            ),
            None => format!("{line}\n"),
        })
        .collect();
    let file = folder.path().join("far.obj");
    fs::write(&file, far).unwrap();
    let (file, out) = (file.to_str().unwrap(), folder.path().join("run"));
    let command = [
        "train",
        "shape",
        "--mesh",
        file,
        "--format",
        "stl",
        "--epochs",
        "1",
        "--quiet",
        "--out",
        out.to_str().unwrap(),
    ];
    refused(&command, &["beyond single precision", "hint: take `--format ply`"]);
    assert!(!out.exists());
}

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
            let own = ["--epochs", epochs, "--checkpoint", "0", "--overwrite", "--out", out.to_str().unwrap()];
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
    let options = ["--points", "900", "--hidden", "12,12", "--epochs", "30", "--resolution", "32", "--quiet", "--json"];
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

/// The least and the greatest coordinates of the vertices of an OBJ file.
fn bounds(path: &Path) -> [[f64; 3]; 2] {
    let text = fs::read_to_string(path).unwrap();
    let places = text.lines().filter_map(|line| line.strip_prefix("v ")).map(|line| {
        let numbers: Vec<f64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        [numbers[0], numbers[1], numbers[2]]
    });
    places.fold([[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]], |[low, high], place| {
        [0, 1].map(|end| {
            [0, 1, 2].map(|axis| if end == 0 { low[axis].min(place[axis]) } else { high[axis].max(place[axis]) })
        })
    })
}

/// A ball far from the origin, inside out, with a vertex of no triangle: the surface is where the ball is, unless it is not to be.
#[test]
fn surfaces_come_out_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let centre = [5e5, 4.2e6, 120.0];
    let ball = fs::read_to_string(sphere(folder.path(), "ball.obj", true)).unwrap();
    let moved = ball.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "v" => {
                let place = [0, 1, 2].map(|axis| words[axis + 1].parse::<f64>().unwrap() + centre[axis]);
                format!("v {:?} {:?} {:?}\n", place[0], place[1], place[2])
            }
            _ => format!("f {}\n", words[1..].iter().rev().copied().collect::<Vec<_>>().join(" ")),
        }
    });
    let path = folder.path().join("far.obj");
    fs::write(&path, moved.collect::<String>() + "v 0 0 0\n").unwrap();
    for (option, middle, radius) in [(None, centre, 1.0), (Some("--normalised"), [0.0; 3], 0.9)] {
        let out = folder.path().join("run");
        let mut arguments = vec!["train", "shape", "--mesh", path.to_str().unwrap(), "--out", out.to_str().unwrap()];
        arguments.extend([
            "--points",
            "600",
            "--hidden",
            "8,8",
            "--epochs",
            "6",
            "--resolution",
            "24",
            "--format",
            "obj",
        ]);
        arguments.extend(["--json", "--quiet", "--overwrite"]);
        arguments.extend(option);
        let output = common::succeeds(&arguments);
        for remark in ["1 vertex of no triangle is left out", "the surface was inside out and is turned"] {
            assert!(
                text(&output.stderr).contains(&format!("note: in the file, {remark}\n")),
                "{}",
                text(&output.stderr)
            );
            let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(result["description"].as_str().unwrap().contains(remark));
        }
        let [low, high] = bounds(&out.join("surface.obj"));
        for axis in 0..3 {
            // As far from the ball as six steps of a small network are.
            assert!((low[axis] - middle[axis] + radius).abs() < 0.05, "{option:?} {low:?}");
            assert!((high[axis] - middle[axis] - radius).abs() < 0.05, "{option:?} {high:?}");
        }
        let frame: serde_json::Value = serde_json::from_slice(&fs::read(out.join("frame.json")).unwrap()).unwrap();
        assert_eq!(frame["centre"], serde_json::json!(centre));
        assert!((frame["scale"].as_f64().unwrap() - 0.9).abs() < 1e-8 && frame["is_normalised"] == option.is_some());
    }
}

/// A cube whose file has normals is learnt as well as one without: nothing is averaged over its edges.
#[test]
fn hard_edges_stay_hard() {
    let folder = tempfile::tempdir().unwrap();
    let corners = (0..8).map(|bits| [0, 1, 2].map(|axis| f64::from((bits >> axis) & 1) * 1.4 - 0.7));
    let corners: Vec<[f64; 3]> = corners.collect();
    let places: String = corners.iter().map(|[x, y, z]| format!("v {x} {y} {z}\n")).collect();
    let averaged: String = corners.iter().map(|[x, y, z]| format!("vn {x} {y} {z}\n")).collect();
    let flat = "vn -1 0 0\nvn 1 0 0\nvn 0 -1 0\nvn 0 1 0\nvn 0 0 -1\nvn 0 0 1\n";
    let sides = [[1, 5, 7, 3], [2, 4, 8, 6], [1, 2, 6, 5], [3, 7, 8, 4], [1, 3, 4, 2], [5, 6, 8, 7]];
    let faces = |normal: &dyn Fn(usize, usize) -> String| -> String {
        let side = |(side, corners): (usize, &[usize; 4])| {
            format!("f {}\n", corners.map(|corner| format!("{corner}{}", normal(side, corner))).join(" "))
        };
        sides.iter().enumerate().map(side).collect()
    };
    // The files name the sides of the first axis first, which here comes last.
    let of_side = |side: usize, _: usize| format!("//{}", [1, 2, 3, 4, 5, 6][side]);
    let losses = [
        ("plain", places.clone() + &faces(&|_, _| String::new())),
        ("flat", places.clone() + flat + &faces(&of_side)),
        ("averaged", places.clone() + &averaged + &faces(&|_, corner| format!("//{corner}"))),
    ]
    .map(|(name, contents)| {
        let path = folder.path().join(format!("{name}.obj"));
        fs::write(&path, contents).unwrap();
        let out = folder.path().join(name);
        let arguments = ["train", "shape", "--mesh", path.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let small =
            ["--points", "600", "--hidden", "12,12", "--epochs", "20", "--resolution", "16", "--json", "--quiet"];
        let result = succeeds(&[&arguments[..], &small].concat());
        result["runs"][0]["records"].as_array().unwrap().last().unwrap()["test_loss"].as_f64().unwrap()
    });
    assert!(losses[0] == losses[1] && losses[1] == losses[2], "{losses:?}");
}

#[test]
fn unknown_coefficients_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let arguments = ["train", "diffusivity", "--points", "400", "--hidden", "8,8", "--epochs", "30", "--quiet"];
    let output = common::succeeds(&[&arguments[..], &["--out", out.to_str().unwrap()]].concat());
    let stored: serde_json::Value = serde_json::from_slice(&fs::read(out.join("comparison.json")).unwrap()).unwrap();
    let found = &stored["coefficients"][0];
    let number = |name: &str| found[name].as_f64().unwrap();
    assert_eq!((&found["name"], &found["right"], &found["method"]), (&"κ".into(), &0.3.into(), &"geodesic".into()));
    // With errors of 0.01 in 300 numbers of the size of one, it is known to about a hundredth.
    let deviation = number("standard_deviation");
    assert!(deviation > 3e-4 && deviation < 0.01 && (number("value") - 0.3).abs() < 5.0 * deviation, "{found}");
    let printed = text(&output.stdout);
    let line = printed.lines().find(|line| line.starts_with("κ = ")).unwrap();
    assert!(line.contains(" ± 0.00") && line.ends_with("(standard deviation), where 0.3 is right"), "{line}");
    assert!(fs::read_to_string(out.join("report.html")).unwrap().contains("Unknown coefficients of the equation"));
    let again =
        ["compare", "diffusivity", "--methods", "dual-gn,adam", "--points", "200", "--hidden", "4", "--epochs", "3"];
    let out = folder.path().join("both");
    let result = succeeds(&[&again[..], &["--quiet", "--json", "--out", out.to_str().unwrap()]].concat());
    let methods = result["coefficients"].as_array().unwrap().iter().map(|found| found["method"].as_str().unwrap());
    assert_eq!(methods.collect::<Vec<_>>(), ["dual-gn", "adam"]);
}

#[test]
fn what_is_too_large_is_refused_before_it_is_made() {
    let train = |more: &[&str], words: &[&str]| {
        refused(&[&["train", "heat", "--out", "/nonexistent/run"], more].concat(), words)
    };
    train(
        &["--hidden", "100000,100000"],
        &["a network of 10000500001 parameters", "fewer units in `--hidden`", "--memory"],
    );
    train(&["--hidden", "4294967295,4294967295,4294967295"], &["`--hidden`"]);
    train(&["--points", "4294967295"], &["fewer `--points`"]);
    let folder = tempfile::tempdir().unwrap();
    let mesh = sphere(folder.path(), "ball.obj", true);
    let out = folder.path().join("run");
    let shape =
        ["train", "shape", "--mesh", &mesh, "--resolution", "512", "--memory", "500", "--out", out.to_str().unwrap()];
    refused(&shape, &["a smaller `--resolution`"]);
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
        ["--points", "900", "--hidden", "12,12", "--epochs", "30", "--resolution", "32", "--format", "glb", "--quiet"];
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
    train(
        &sphere(folder.path(), "open.obj", false),
        &["open.obj is not closed: it has 1 hole with 3 open edges in all", "hint: fill its holes"],
    );
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    train(&write("empty.obj", ""), &["empty.obj has no triangles"]);
    train(&write("nan.obj", "v 0 0 0\nv 1 nan 0\nv 0 1 0\nf 1 2 3\n"), &["nan.obj: vertex 2", "not all finite"]);
    train(
        &write("normal.xyz", "0 0 0 0 0 1\n1 0 0 0 0 0\n"),
        &["normal.xyz: the normal of point 2 is [0.0, 0.0, 0.0]"],
    );
    train(&write("mesh.txt", ""), &[".ply, .obj or .stl"]);
    train(folder.path().join("absent.ply").to_str().unwrap(), &["absent.ply"]);
    #[cfg(target_os = "linux")]
    {
        let endless = folder.path().join("endless.ply");
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        train(endless.to_str().unwrap(), &["endless.ply takes more than", "hint: reduce the number of triangles"]);
    }
    refused(&["train", "shape"], &["shape needs `--mesh FILE`"]);
    refused(&["train", "poisson2d", "--mesh", "x.ply"], &["`--mesh` is for shape"]);
    refused(&["train", "distance2d", "--hard"], &["distance2d has no conditions that can be built into the network"]);
    refused(&["train", "digits", "--points", "100"], &["digits is a problem with data"]);
    refused(&["train", "poisson2d", "--batch", "10"], &["`--batch` is for problems with data"]);
    refused(&["train", "poisson2d", "--loss", "softmax"], &["`--loss` is for problems with data"]);
}

/// What `train` refuses of a configuration before it reads data, `validate` refuses too.
#[test]
fn a_configuration_is_checked_as_its_command_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    let path = file.to_str().unwrap();
    for (text, words) in [
        ("problem = \"distance2d\"\nhard = true\n", "distance2d has no conditions that can be built into the network"),
        ("problem = \"shape\"\n", "shape needs `--mesh FILE`"),
        ("problem = \"poisson2d\"\nmesh = \"x.ply\"\n", "`--mesh` is for shape"),
        ("problem = \"digits\"\nhard = true\n", "digits is a problem with data"),
        ("problem = \"digits\"\nepochs = 3.0\nseconds = 1.0\n", "'--epochs <EPOCHS>' cannot be used with"),
    ] {
        fs::write(&file, text).unwrap();
        refused(&["validate", path], &[words]);
    }
    fs::write(&file, "problem = \"poisson2d\"\nhard = true\n").unwrap();
    assert!(text(&common::succeeds(&["validate", path]).stdout).contains("is good, and means"));
}
