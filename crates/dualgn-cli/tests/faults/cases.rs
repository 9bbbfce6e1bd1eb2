//! A folder of small inputs as people have them, each of a kind that is easily read wrongly, given by `DUALGN_CASES`; other tests make
//! inputs of the same kinds. `.ci/run` gives the folder where it is at hand.

use std::fs;
use std::path::{Path, PathBuf};

use super::common::{refused, run, succeeds, text};

/// The folder, if it is given, and one for runs.
struct Cases {
    folder: PathBuf,
    runs: tempfile::TempDir,
}

impl Cases {
    fn given() -> Option<Self> {
        let folder = PathBuf::from(std::env::var_os("DUALGN_CASES")?);
        Some(Self { folder, runs: tempfile::tempdir().unwrap() })
    }

    fn file(&self, name: &str) -> String {
        let path = self.folder.join(name);
        assert!(path.exists(), "{}", path.display());
        path.to_str().unwrap().to_owned()
    }

    /// Fits a table by one network for a short time; the run, and what was said.
    fn fit(&self, name: &str, more: &[&str]) -> (String, String) {
        let out = self.runs.path().join(name.replace('/', "-")).to_str().unwrap().to_owned();
        let data = self.file(name);
        let fixed = ["fit", &data, "--members", "1", "--epochs", "30", "--overwrite", "--out", &out];
        let told = text(&succeeds(&[&fixed[..], more].concat()).stderr);
        println!("fit {name}\n{told}");
        (out, told)
    }

    /// The predictions for a table, line by line.
    fn predict(&self, run: &str, name: &str) -> Vec<String> {
        let said = text(&succeeds(&["predict", run, &self.file(name)]).stdout);
        said.lines().skip(1).map(str::to_owned).collect()
    }

    /// The Chamfer distance that a surface comes to, and the box of the one that came out.
    fn shape(&self, name: &str, more: &[&str]) -> (f64, [[f64; 3]; 2], String) {
        let out = self.runs.path().join(name.replace(['/', '.'], "-"));
        let mesh = self.file(name);
        let fixed =
            ["train", "shape", "--mesh", &mesh, "--resolution", "32", "--overwrite", "--out", out.to_str().unwrap()];
        let usual = ["--epochs", "60", "--points", "600", "--hidden", "24,24"];
        let options = if more.is_empty() { &usual[..] } else { more };
        let told = text(&succeeds(&[&fixed[..], &["--format", "obj"], options].concat()).stderr);
        let deviation: serde_json::Value =
            serde_json::from_slice(&fs::read(out.join("deviation.json")).unwrap()).unwrap();
        (deviation["chamfer"].as_f64().unwrap(), bounds(&out.join("surface.obj")), told)
    }
}

/// The least and the greatest coordinates of an OBJ file.
fn bounds(path: &Path) -> [[f64; 3]; 2] {
    let mut ends = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
    for line in fs::read_to_string(path).unwrap().lines().filter(|line| line.starts_with("v ")) {
        for (axis, number) in line.split_whitespace().skip(1).take(3).enumerate() {
            let number: f64 = number.parse().unwrap();
            ends[0][axis] = ends[0][axis].min(number);
            ends[1][axis] = ends[1][axis].max(number);
        }
    }
    ends
}

fn r2(run: &str) -> f64 {
    let test: serde_json::Value = serde_json::from_slice(&fs::read(Path::new(run).join("test.json")).unwrap()).unwrap();
    let scores = test["scores"].as_array().unwrap();
    scores.iter().find(|score| score["name"] == "r2").unwrap()["value"]["value"].as_f64().unwrap()
}

#[test]
fn tables_are_read_as_they_are_meant() {
    let Some(cases) = Cases::given() else { return };
    let y = ["--target", "y"];
    // Codecs of Parquet.
    let runs = ["none", "zstd", "polars"].map(|name| cases.fit(&format!("01-compression/{name}.parquet"), &y).0);
    assert!((r2(&runs[0]) - r2(&runs[1])).abs() < 1e-12 && r2(&runs[2]) > 0.5, "{}", r2(&runs[2]));
    // An index of pandas is neither a feature nor the target.
    let (run, told) = cases.fit("02-index/sorted.parquet", &[]);
    assert!(!told.contains("__index_level_0__  target"), "{told}");
    assert!(!cases.predict(&run, "02-index/new.parquet").is_empty());
    // The same rows in other files.
    for (train, others) in [
        ("03-bool/train.csv", &["03-bool/new.csv", "03-bool/new.parquet", "03-bool/new.jsonl"][..]),
        ("04-time/train.csv", &["04-time/new_us.parquet", "04-time/new_ns.parquet"]),
        ("07-dates/train.csv", &["07-dates/new_iso.csv"]),
        ("15-decimal-sign/de_train.csv", &["15-decimal-sign/de_new.csv", "15-decimal-sign/de_new_tie.csv"]),
    ] {
        let (run, _) = cases.fit(train, &y);
        let predicted: Vec<Vec<String>> = others.iter().map(|name| cases.predict(&run, name)).collect();
        assert!(predicted.windows(2).all(|pair| pair[0] == pair[1]), "{train}: {predicted:?}");
        // Rows that differ have answers that differ.
        assert!(predicted[0].windows(2).all(|pair| pair[0] != pair[1]), "{train}: {predicted:?}");
        if train.starts_with("07") {
            // Dates in another way: the same answers, or a refusal.
            let output = super::common::run(&["predict", &run, &cases.file("07-dates/new_dots.csv")]);
            match output.status.code() {
                Some(0) => assert!(text(&output.stdout).lines().skip(1).eq(predicted[0].iter())),
                code => {
                    assert!(code == Some(2) && text(&output.stderr).contains("01.02.2022"), "{}", text(&output.stderr))
                }
            }
        }
    }
    let (run, _) = cases.fit("05-thousands/dots.csv", &y);
    let said = cases.predict(&run, "05-thousands/new.csv");
    assert!(said[0] == said[1] && said[2] == said[3] && said[0] != said[2], "{said:?}");
    // Text among numbers.
    let strict = ["--target", "y", "--missing", "refuse", "--unseen", "refuse"];
    let (run, _) = cases.fit("06-text-in-number/train.csv", &strict);
    for (command, file) in [("predict", "new_text_only.csv"), ("evaluate", "eval_units.csv")] {
        refused(&[command, &run, &cases.file(&format!("06-text-in-number/{file}"))], &["line 2", "column `b`", "kg`"]);
    }
    let (_, told) = cases.fit("08-none-class/train.csv", &[]);
    assert!(told.contains("classes") && told.contains('3') && !told.contains("left out"), "{told}");
    let (_, told) = cases.fit("10-duplicate-header/data.csv", &[]);
    assert!(told.contains("names in the first line") && told.contains("a.2"), "{told}");
    let (run, _) = cases.fit("12-offset-target/unix.csv", &[]);
    assert!(r2(&run) > 0.999, "{}", r2(&run));
    let mut said = cases.predict(&run, "12-offset-target/unix.csv");
    said.sort();
    said.dedup();
    assert!(said.len() > 100, "{} different predictions", said.len());
}

#[test]
fn surfaces_come_out_as_they_are_meant() {
    let Some(cases) = Cases::given() else { return };
    let (base, frame, _) = cases.shape("20-meshes/base.ply", &[]);
    for name in ["inverted.ply", "stray.ply", "unwelded.ply"] {
        let (chamfer, bounds, told) = cases.shape(&format!("20-meshes/{name}"), &[]);
        assert!(chamfer < 1.3 * base, "{name}: {chamfer} beside {base}");
        for (own, other) in bounds.concat().iter().zip(frame.concat()) {
            assert!((own - other).abs() < 0.05, "{name}: {bounds:?} beside {frame:?}");
        }
        // What was done to it is said.
        assert!(told.contains("note: in the file"), "{name}: {told}");
    }
    let (named, ..) = cases.shape("20-meshes/ascii.stl", &[]);
    let (nameless, ..) = cases.shape("20-meshes/ascii_noname.stl", &[]);
    assert!((named - nameless).abs() < 0.1 * named, "{named} {nameless}");
    let more = ["--epochs", "80", "--points", "1200", "--hidden", "24,24,24"];
    let (flat, ..) = cases.shape("20-meshes/flatnormals.obj", &more);
    let (quads, ..) = cases.shape("20-meshes/quads.obj", &more);
    assert!((flat - quads).abs() < 0.3 * quads, "{flat} {quads}");
    // Far from the origin: the surface is where the mesh was.
    let given = bounds(&cases.folder.join("20-meshes/far.obj"));
    for name in ["far.ply", "far.obj"] {
        let (chamfer, found, _) = cases.shape(&format!("20-meshes/{name}"), &[]);
        let size = given[1][0] - given[0][0];
        for (own, other) in found.concat().iter().zip(given.concat()) {
            assert!((own - other).abs() < 0.1 * size, "{name}: {found:?} beside {given:?}");
        }
        assert!(chamfer < 1.5 * base, "{name}: {chamfer} beside {base}");
    }
}

#[test]
fn weights_are_found_in_what_wraps_them() {
    let Some(cases) = Cases::given() else { return };
    let out = |name: &str| cases.runs.path().join(name).to_str().unwrap().to_owned();
    let (network, batch) = (cases.file("21-weights/network.toml"), cases.file("21-weights/base.npz"));
    let direction = |weights: &str, batch: &str, out: &str| {
        let weights = cases.file(&format!("21-weights/{weights}"));
        let files = ["direction", &network, "--weights", &weights, "--batch", batch, "--out", out];
        run(&[&files[..], &["--loss", "softmax", "--damping", "0.1", "--solver", "cholesky"]].concat())
    };
    let wanted = out("base.npz");
    let output = direction("base.safetensors", &batch, &wanted);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for weights in ["checkpoint.pt", "dataparallel.pt"] {
        let found = out(&format!("{weights}.npz"));
        let output = direction(weights, &batch, &found);
        assert!(output.status.success(), "{weights}: {}", text(&output.stderr));
        assert!(fs::read(&found).unwrap() == fs::read(&wanted).unwrap(), "{weights}: another direction");
    }
    let output = direction("base.safetensors", &cases.file("21-weights/nan.npz"), &out("nan.npz"));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("`x[3, 1]` is NaN") && !said.contains("damping"), "{said}");
}
