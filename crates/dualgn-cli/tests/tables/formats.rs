//! Files of many kinds: what is read alike, what is said about it, what is refused with one sentence.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use super::common::{dualgn, refused, succeeds, text};
use super::{json, write};

/// Two numbers, a word and a target of them, as cells; `of` makes the target of the number that belongs there.
fn rows(of: impl Fn(f64) -> String) -> Vec<[String; 4]> {
    let row = |index: usize| {
        let (x, z) = ((index % 17) as f64 / 8.0 - 1.0, (index * 7 % 23) as f64 / 11.0 - 1.0);
        let y = 2.0 * x - z * z + (index % 3) as f64;
        [x.to_string(), z.to_string(), ["red", "green", "blue"][index % 3].into(), of(y)]
    };
    (0..80).map(row).collect()
}

/// Cells of rows between separators, each line with an end.
fn lines(rows: &[[String; 4]], separator: &str, end: &str) -> String {
    rows.iter().map(|row| row.join(separator) + end).collect()
}

const SHORT: [&str; 6] = ["--epochs", "4", "--members", "1", "--overwrite", "--out"];

/// Fits a table for a few steps; what was said, and how good it is.
fn fitted(data: &str, out: &Path, options: &[&str]) -> (String, serde_json::Value) {
    let short = if options.contains(&"--epochs") { &SHORT[2..] } else { &SHORT[..] };
    let output = succeeds(&[&["fit", data], short, &[out.to_str().unwrap()], options].concat());
    (text(&output.stderr), json(out.join("test.json")))
}

/// What the program did with bytes on its standard input.
fn fed(arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = dualgn(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    // A program that refuses its first bytes reads no more.
    let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

#[test]
fn what_is_around_a_table_makes_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(|y| y.to_string());
    let plain = lines(&rows, ",", "\n");
    let [out, other] = ["plain", "other"].map(|name| folder.path().join(name));
    let (_, expected) = fitted(&write(folder.path(), "t.csv", format!("x,z,colour,y\n{plain}")), &out, &[]);
    let named: String =
        rows.iter().enumerate().map(|(row, cells)| format!("\"{row}\" {}\n", cells.join(" "))).collect();
    for (content, said) in [
        (format!("\u{feff}# from a lab\n# in June\nx,z,colour,y\n{plain}"), "names in line 3"),
        (format!("\u{feff}# from a lab\n# in June\nx,z,colour,y\n{plain}"), "2 lines of comments before the table"),
        (format!("# x,z,colour,y\n{plain}"), "names in the comment above"),
        (format!("\u{feff}sep=;\r\nx;z;colour;y\r\n{}", lines(&rows, ";", "\r\n")), "names the separator"),
        (format!("x,z,colour,y,\n{}", lines(&rows, ",", ",\n")), "the separator at the end of each line is left out"),
        (format!("x,z,colour,y\n{}", lines(&rows, ",", ",\n")), "the separator at the end of each line is left out"),
        (format!(" x , z ,colour , y\n{plain}"), "names in the first line"),
        (format!("\"x\" \"z\" \"colour\" \"y\"\n{named}"), "as R writes them"),
    ] {
        let (told, scores) = fitted(&write(folder.path(), "t.csv", &content), &other, &[]);
        assert!(told.contains(said), "`{said}` is not in:\n{told}");
        assert_eq!(scores, expected, "{told}");
    }
    // The last model learnt from a table with names of rows, and needs none.
    let bare = write(folder.path(), "new.csv", format!("x,z,colour,y\n{plain}"));
    let named = write(folder.path(), "new.txt", format!("\"x\" \"z\" \"colour\" \"y\"\n{named}"));
    let other = other.to_str().unwrap();
    assert_eq!(succeeds(&["predict", other, &bare]).stdout, succeeds(&["predict", other, &named]).stdout);
}

#[test]
fn names_that_repeat_or_count_are_names() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let body: String = (0..60).map(|row| format!("{},{},{}\n", row % 7, row % 11, ["red", "blue"][row % 2])).collect();
    let (told, scores) = fitted(&write(folder.path(), "twice.csv", format!("a,a,label\n{body}")), &out, &[]);
    for line in ["names in the first line", "names that stand there twice: now a.2", "\na.2 ", "two different values"] {
        assert!(told.contains(line), "`{line}` is not in:\n{told}");
    }
    assert_eq!(scores["rows"], 12);
    let body: String = (0..60).map(|row| format!("c{row},{}.5,{}.25,{}.75\n", row % 7, row % 11, row % 5)).collect();
    let years = write(folder.path(), "years.csv", format!("country,2019,2020,2021\n{body}"));
    let (told, _) = fitted(&years, &out, &["--target", "2021"]);
    assert!(told.contains("which are numbers that count up (`--header no` if they are data)"), "{told}");
    assert!(told.contains("2021     target"), "{told}");
    let (told, _) = fitted(&years, &out, &["--header", "no", "--column", "column1=ignore"]);
    assert!(told.contains("no names in the first line"), "{told}");
    // Line breaks in a name, as spreadsheets have them, break no line of the table of columns.
    let body: String = (0..60).map(|row| format!("{},{}.5\n", row % 7, row % 11)).collect();
    let broken = write(folder.path(), "broken.csv", format!("\"Price\n(EUR)\u{1b}[31m\",y\n{body}"));
    let (told, _) = fitted(&broken, &out, &[]);
    assert!(told.contains("\nPrice (EUR) [31m  numeric"), "{told}");
}

/// Files that polars (zstd) and pandas (with an index that gives the target away) wrote, and the same table as text.
#[test]
fn parquet_of_other_programs_is_read_as_text_is() {
    let folder = tempfile::tempdir().unwrap();
    let csv = format!("x,z,colour,y\n{}", lines(&rows(|y| y.to_string()), ",", "\n"));
    let csv = write(folder.path(), "t.csv", csv);
    let [out, other] = ["plain", "other"].map(|name| folder.path().join(name));
    let (_, expected) = fitted(&csv, &out, &[]);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/data");
    for (file, said) in
        [("polars.parquet", "Parquet\n"), ("pandas.parquet", "the index of pandas is left out: `__index_level_0__`")]
    {
        let file = data.join(file).to_str().unwrap().to_owned();
        let (told, scores) = fitted(&file, &other, &[]);
        assert!(told.contains(said), "`{said}` is not in:\n{told}");
        assert_eq!(scores, expected, "{told}");
    }
    // The index is not needed; who wants it as a feature can have it.
    let other = other.to_str().unwrap();
    assert_eq!(succeeds(&["predict", other, &csv]).stdout, succeeds(&["predict", out.to_str().unwrap(), &csv]).stdout);
    let pandas = data.join("pandas.parquet").to_str().unwrap().to_owned();
    let (told, scores) = fitted(&pandas, &out, &["--column", "__index_level_0__=numeric"]);
    assert!(told.contains("__index_level_0__  numeric   as you said") && scores != expected, "{told}");
}

#[test]
fn standard_input_is_a_table_of_any_format() {
    let folder = tempfile::tempdir().unwrap();
    let csv = format!("x,z,colour,y\n{}", lines(&rows(|y| y.to_string()), ",", "\n"));
    let [out, other] = ["plain", "other"].map(|name| folder.path().join(name));
    let (_, expected) = fitted(&write(folder.path(), "t.csv", &csv), &out, &[]);
    let objects: String = rows(|y| y.to_string())
        .iter()
        .map(|[x, z, colour, y]| format!("{{\"x\": {x}, \"z\": {z}, \"colour\": \"{colour}\", \"y\": {y}}}\n"))
        .collect();
    let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packed.write_all(csv.as_bytes()).unwrap();
    let parquet = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/data/polars.parquet")).unwrap();
    for bytes in [csv.clone().into_bytes(), packed.finish().unwrap(), objects.into_bytes(), parquet] {
        let arguments = [&["fit", "-"], &SHORT[..], &[other.to_str().unwrap()]].concat();
        let output = fed(&arguments, &bytes);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(json(other.join("test.json")), expected, "{}", text(&output.stderr));
    }
    let other = other.to_str().unwrap();
    let file = succeeds(&["predict", other, &write(folder.path(), "t.csv", &csv)]).stdout;
    let output = fed(&["predict", other, "-"], csv.as_bytes());
    assert!(output.status.success() && output.stdout == file, "{}", text(&output.stderr));
    // What needs the table again says why it cannot have it.
    refused(&["explain", other], &["learnt from -, which could be read only once", "hint: keep the table in a file"]);
    let nothing = fed(&["fit", "-"], b"");
    assert_eq!((nothing.status.code(), text(&nothing.stderr).contains("has no rows")), (Some(2), true));
    let binary = fed(&["fit", "-"], &[b"a,b\n1,2\n\0".as_slice(), &[0; 1 << 20]].concat());
    assert_eq!((binary.status.code(), text(&binary.stderr).contains("zero bytes")), (Some(2), true));
}

#[cfg(target_os = "linux")]
#[test]
fn pipes_and_devices_are_read_once_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let csv = format!("x,z,colour,y\n{}", lines(&rows(|y| y.to_string()), ",", "\n"));
    let data = write(folder.path(), "t.csv", &csv);
    let [out, other] = ["plain", "other"].map(|name| folder.path().join(name));
    let (_, expected) = fitted(&data, &out, &[]);
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = pipe.clone();
    let thread = std::thread::spawn(move || fs::write(writer, csv).unwrap());
    assert_eq!(fitted(pipe.to_str().unwrap(), &other, &[]).1, expected);
    thread.join().unwrap();
    // As a shell substitutes a process.
    let shell =
        format!("exec \"$0\" fit <(cat '{data}') --members 1 --epochs 4 --overwrite --out '{}'", other.display());
    let output =
        std::process::Command::new("bash").args(["-c", &shell, env!("CARGO_BIN_EXE_dualgn")]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(json(other.join("test.json")), expected);

    // Nobody writes, or what comes is no table and never ends.
    let start = Instant::now();
    let pipe = pipe.to_str().unwrap();
    refused(&["fit", pipe], &["no program writes into the pipe", "hint: start the program that writes"]);
    for device in ["/dev/zero", "/dev/urandom"] {
        refused(&["fit", device], &[device, "zero bytes"]);
        refused(&["fit", &data, "--test-rows", device], &[device]);
        refused(&["validate", device], &[device, "more than 1048576 bytes"]);
        refused(&["train", "digits", "--network", device], &[device, "more than 1048576 bytes"]);
    }
    refused(&["fit", "/dev/null"], &["/dev/null has no rows"]);
    refused(&["validate", folder.path().to_str().unwrap()], &["is a folder, and a file is needed"]);
    // The wait for a writer, and a margin for slow machines.
    assert!(start.elapsed() < Duration::from_secs(100));
}

/// The root mean squared error and the explained variance of a test.
fn quality(scores: &serde_json::Value) -> [f64; 2] {
    [0, 2].map(|score| scores["scores"][score]["value"]["value"].as_f64().unwrap())
}

const LONG: [&str; 4] = ["--kind", "number", "--epochs", "60"];

/// A target is learnt as well far from zero, and in any unit, as near to it.
#[test]
fn an_offset_or_a_unit_of_the_target_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let table = |of: &dyn Fn(f64) -> String| format!("x,z,colour,y\n{}", lines(&rows(of), ",", "\n"));
    let fit = |name: &str, csv: String, options: &[&str]| {
        let file = write(folder.path(), name, csv);
        let typed =
            [&["fit", &file, "--members", "1", "--overwrite", "--out", out.to_str().unwrap()], options].concat();
        succeeds(&typed);
        (file, quality(&json(out.join("test.json"))))
    };
    let (_, [rmse, r2]) = fit("near.csv", table(&|y| y.to_string()), &LONG);
    assert!(r2 > 0.95, "{r2}");
    // Seconds since 1970: in single precision they are 128 apart, and the target here goes from -3 to 5.
    let (file, [far, far_r2]) = fit("far.csv", table(&|y| (1.7e9 + y).to_string()), &LONG);
    // The offset rounds the target to 2.4e-7, and steps take that further: five digits stay.
    assert!((far / rmse - 1.0).abs() < 1e-2 && (far_r2 - r2).abs() < 1e-3, "{rmse} {far} {r2} {far_r2}");
    let predicted = text(&succeeds(&["predict", out.to_str().unwrap(), &file]).stdout);
    let numbers: Vec<f64> = predicted.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    let squares = numbers.iter().zip(rows(|y| y.to_string())).map(|(number, row)| {
        let wanted: f64 = row[3].parse().unwrap();
        (number - 1.7e9 - wanted).powi(2)
    });
    // Of all rows, most of which were learnt from.
    assert!((squares.sum::<f64>() / 80.0).sqrt() < 2.0 * rmse, "{predicted}");
    for factor in [1e-300, 1e-30, 1e30, 1e300] {
        let (_, [scaled, scaled_r2]) = fit("scaled.csv", table(&|y| format!("{:e}", y * factor)), &LONG);
        assert!((scaled / factor / rmse - 1.0).abs() < 1e-2, "{factor}: {scaled} {rmse}");
        assert!((scaled_r2 - r2).abs() < 1e-3, "{factor}: {scaled_r2} {r2}");
    }
    // Positive numbers by their logarithms.
    let positive = [&LONG[2..], &["--kind", "number", "--loss", "gamma"]].concat();
    let (_, [_, r2]) = fit("near.csv", table(&|y| (y + 5.0).to_string()), &positive);
    for factor in [1e-300, 1e300] {
        let (_, [_, scaled]) = fit("scaled.csv", table(&|y| format!("{:e}", (y + 5.0) * factor)), &positive);
        assert!((scaled - r2).abs() < 1e-3, "{factor}: {scaled} {r2}");
    }
}

#[test]
fn extreme_features_are_features_or_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let table = |of: &dyn Fn(f64) -> String| {
        let mut csv = "x,z,colour,y\n".to_owned();
        for [x, z, colour, y] in rows(|y| y.to_string()) {
            let _ = writeln!(csv, "{},{z},{colour},{y}", of(x.parse().unwrap()));
        }
        csv
    };
    let fit = |csv: String| {
        let (_, scores) = fitted(&write(folder.path(), "t.csv", csv), &out, &["--kind", "number", "--epochs", "60"]);
        quality(&scores)[1]
    };
    let r2 = fit(table(&|x| x.to_string()));
    for factor in [1e-300, 1e300] {
        let scaled = fit(table(&|x| format!("{:e}", x * factor)));
        assert!((scaled - r2).abs() < 1e-3, "{factor}: {scaled} {r2}");
    }
    // Learnt near 1e-300, a number near 1 is beyond single precision.
    fit(table(&|x| format!("{:e}", x * 1e-300)));
    let new = write(folder.path(), "new.csv", "x,z,colour\n1e-300,0.5,red\n1,0.5,red\n");
    refused(&["predict", out.to_str().unwrap(), &new], &["new.csv, line 3, column `x`", "too far"]);
    // Gamma learns logarithms: what is 1e-300 beside 1 is none in single precision.
    let mut mixed = rows(|y| (y + 5.0).to_string());
    mixed.iter_mut().step_by(4).for_each(|row| row[3] = "1e-300".into());
    let mixed = write(folder.path(), "mixed.csv", format!("x,z,colour,y\n{}", lines(&mixed, ",", "\n")));
    let typed = ["fit", &mixed, "--kind", "number", "--loss", "gamma", "--overwrite", "--out", out.to_str().unwrap()];
    refused(&typed, &["mixed.csv, column `y`: 1e-300 is too far", "hint: "]);
}

#[test]
fn arrays_that_claim_too_much_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (shape, said) in
        [("(0, 18446744073709551615)", "says of itself"), ("(0, 5)", "has no rows"), ("(0,)", "has no rows")]
    {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = (header.len() as u16).to_le_bytes();
        let bytes = [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes()].concat();
        refused(&["fit", &write(folder.path(), "a.npy", bytes)], &["a.npy", said]);
    }
}
