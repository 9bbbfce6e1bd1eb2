//! `fit`, `predict` and `evaluate` from outside: what they make of a table, what they write, what they refuse.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

#[path = "../common/mod.rs"]
mod common;
mod formats;
mod networks;
mod reading;
mod runs;
mod weights;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use common::{refused, succeeds, text};

/// Rows of two numbers, a word, a date, an empty cell now and then, and two targets of them.
fn rows(count: usize) -> Vec<[String; 7]> {
    let row = |index: usize| {
        let (a, b) = ((index % 17) as f64 / 8.0 - 1.0, (index * 7 % 23) as f64 / 11.0 - 1.0);
        let word = ["red", "green", "blue"][index % 3];
        let shift = [0.0, 1.0, -1.0][index % 3];
        let value = 2.0 * a - b * b + shift;
        let label = if value > 0.0 { "high" } else { "low" };
        let b = if index % 10 == 3 { String::new() } else { b.to_string() };
        let date = format!("2024-{:02}-{:02}", 1 + index % 12, 1 + index % 28);
        [(index + 100).to_string(), a.to_string(), b, word.into(), date, value.to_string(), label.into()]
    };
    (0..count).map(row).collect()
}

const NAMES: [&str; 7] = ["id", "a", "b", "colour", "when", "value", "label"];

/// The table as text, with a separator.
fn table(rows: &[[String; 7]], separator: &str) -> String {
    let mut text = NAMES.join(separator) + "\n";
    for row in rows {
        let _ = writeln!(text, "{}", row.join(separator));
    }
    text
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn json(path: impl AsRef<Path>) -> serde_json::Value {
    serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()
}

#[test]
fn a_table_larger_than_memory_is_learnt_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = (0..40).map(|column| format!("x{column}")).collect::<Vec<_>>().join(",") + ",y\n";
    for row in 0..30_000_usize {
        for column in 0..40 {
            let _ = write!(csv, "{},", (row * (2 * column + 3)) % 101);
        }
        let _ = writeln!(csv, "{}", (row * 3) % 101 + (row * 5) % 101);
    }
    let data = write(folder.path(), "large.csv", csv);
    // 4.6 MiB of numbers, held three times: in 64 MiB of memory, and beside 12.
    let both = ["64", "12"].map(|memory| {
        let out = folder.path().join(memory);
        let arguments = ["fit", &data, "--epochs", "1", "--memory", memory, "--out", out.to_str().unwrap()];
        let told = text(&succeeds(&arguments).stderr);
        let says = told.contains("12 MiB that memory is to hold, and are read from a temporary file");
        assert_eq!(says, memory == "12", "{told}");
        for entry in fs::read_dir(&out).unwrap() {
            let length = entry.unwrap().metadata().unwrap().len();
            assert!(length < 1 << 20, "the temporary file is still there: {length} bytes");
        }
        let rmse = json(out.join("test.json"))["scores"][0]["value"]["value"].as_f64().unwrap();
        (rmse, succeeds(&["predict", out.to_str().unwrap(), &data]).stdout)
    });
    // The same batches in the same order; should the memory divide the work of a step otherwise, roundings differ.
    let [(rmse, predictions), (other, others)] = &both;
    assert!((rmse / other - 1.0).abs() < 1e-4, "{rmse} {other}");
    assert!(*rmse < 3.0, "{rmse}: the deviation of the target is 41");
    let lines = |bytes: &[u8]| text(bytes).lines().count();
    assert_eq!([lines(predictions), lines(others)], [30_001; 2]);
}

#[test]
fn a_column_is_learnt_and_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "my table.csv", table(&rows(300), ","));
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let arguments = ["fit", &data, "--target", "value", "--column", "label=ignore", "--out", &out];
    let output = succeeds(&arguments);
    let (told, tested) = (text(&output.stderr), text(&output.stdout));
    for line in [
        "cells between commas, names in the first line, UTF-8",
        "id      ignored   numbers the rows",
        "b       numeric   all cells are numbers; 30 of 300 are empty",
        "colour  category  3 different words",
        "when    date      dates such as 2024-03-31",
        "value   target    a number: numbers from",
        "label   ignored   as you said",
    ] {
        assert!(told.contains(line), "`{line}` is not in:\n{told}");
    }
    assert!(tested.contains("rmse") && tested.contains("60 test rows"), "{tested}");
    let scores = json(Path::new(&out).join("test.json"));
    let r2 = scores["scores"][2]["value"]["value"].as_f64().unwrap();
    assert!(r2 > 0.98, "{scores}");
    let page = fs::read_to_string(Path::new(&out).join("report.html")).unwrap();
    assert!(page.contains("numbers the rows") && page.contains("rmse"));

    // The same rows without the target and in another order of columns, separated otherwise.
    let some = rows(40);
    let turned: Vec<String> = some.iter().map(|row| format!("{};{};{};{}", row[4], row[3], row[2], row[1])).collect();
    let turned = write(folder.path(), "new.txt", format!("when;colour;b;a\n{}\n", turned.join("\n")));
    let predicted = text(&succeeds(&["predict", &out, &turned]).stdout);
    let lines: Vec<&str> = predicted.lines().collect();
    assert_eq!((lines[0], lines.len()), ("value (predicted)", 41));
    let errors = lines[1..].iter().zip(&some).filter(|(_, row)| !row[2].is_empty());
    let errors: Vec<f64> =
        errors.map(|(line, row)| line.parse::<f64>().unwrap() - row[5].parse::<f64>().unwrap()).collect();
    let rmse = (errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64).sqrt();
    assert!(rmse < 0.2, "{rmse}");

    // What is tested on the whole table agrees with what is predicted for it.
    let evaluated = succeeds(&["evaluate", &format!("{out}/model.safetensors"), &data, "--json"]).stdout;
    let evaluated: serde_json::Value = serde_json::from_slice(&evaluated).unwrap();
    assert_eq!(evaluated["rows"], 300);
    let file = folder.path().join("predictions.csv");
    succeeds(&["predict", &out, &data, "--out", file.to_str().unwrap()]);
    let predicted = fs::read_to_string(file).unwrap();
    let squares = predicted.lines().skip(1).zip(rows(300)).map(|(line, row)| {
        let (found, wanted): (f64, f64) = (line.parse().unwrap(), row[5].parse().unwrap());
        (found - wanted).powi(2)
    });
    let rmse = (squares.sum::<f64>() / 300.0).sqrt();
    let told = evaluated["scores"][0]["value"]["value"].as_f64().unwrap();
    assert!((rmse / told - 1.0).abs() < 1e-4, "{rmse} {told}");
}

#[test]
fn words_are_classes_with_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(300), ","));
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    let arguments = ["fit", &data, "--target", "label", "--column", "value=ignore", "--members", "1", "--out", &out];
    let told = text(&succeeds(&arguments).stderr);
    assert!(told.contains("label   target    yes or no: two different values"), "{told}");
    let scores = json(Path::new(&out).join("test.json"));
    assert!(scores["scores"][0]["value"]["value"].as_f64().unwrap() > 0.9, "{scores}");
    let confusion: Vec<Vec<u64>> = serde_json::from_value(scores["confusion"].clone()).unwrap();
    assert_eq!(confusion.concat().iter().sum::<u64>(), 60);
    let predicted = text(&succeeds(&["predict", &out, &data]).stdout);
    let mut lines = predicted.lines();
    assert_eq!(lines.next(), Some("label (predicted),probability of high,probability of low"));
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [high, low] = [1, 2].map(|cell| cells[cell].parse::<f64>().unwrap());
        assert!((high + low - 1.0).abs() < 1e-6 && (cells[0] == "high") == (high > low), "{line}");
    }
}

/// The same rows in each format lead to the same model.
#[test]
fn formats_agree() {
    let folder = tempfile::tempdir().unwrap();
    let all = rows(120);
    let lines: Vec<String> = all
        .iter()
        .map(|row| {
            let cell = |(name, cell): (&&str, &String)| match (cell.parse::<f64>(), cell.is_empty()) {
                (_, true) => format!("\"{name}\": null"),
                (Ok(number), _) => format!("\"{name}\": {number}"),
                _ => format!("\"{name}\": \"{cell}\""),
            };
            format!("{{{}}}", NAMES.iter().zip(row).map(cell).collect::<Vec<_>>().join(", "))
        })
        .collect();
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(table(&all, "\t").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let commas = table(&all, ";").replace('.', ",");
    let files = [
        write(folder.path(), "a.csv", table(&all, ",").replace('\n', "\r\n")),
        write(folder.path(), "b.tsv", table(&all, "\t")),
        write(folder.path(), "c.csv", commas),
        write(folder.path(), "d.jsonl", lines.join("\n")),
        write(folder.path(), "e.txt", utf16),
    ];
    let mut results = vec![];
    for file in files {
        let out = folder.path().join("run").to_str().unwrap().to_owned();
        succeeds(&[
            "fit",
            &file,
            "--target",
            "value",
            "--members",
            "1",
            "--epochs",
            "5",
            "--quiet",
            "--overwrite",
            "--out",
            &out,
        ]);
        results.push(json(Path::new(&out).join("test.json")));
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{results:?}");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| write(folder.path(), name, text);
    let good: String = (0..40).map(|i| format!("{i}.5,{}\n", i * i)).collect();
    let cut = file("cut.csv", &format!("x,y\n{good}1\n"));
    refused(&["fit", &cut], &["cut.csv, line 42: 1 cells, and the first line has 2"]);
    let target = file("target.csv", &format!("x,y\n{good}1.5,many\n"));
    refused(&["fit", &target], &["line 42, column `y`", "found `many`"]);
    let typo = file("typo.csv", &format!("income,y\n{good}"));
    refused(&["fit", &typo, "--target", "incom"], &["no column `incom`; did you mean `income`?"]);
    refused(&["fit", &typo, "--target", "elsewhere"], &["no column `elsewhere`; its columns are `income`, `y`"]);
    refused(&["fit", &typo, "--column", "income=ignore"], &["no column is left", "--column NAME=ROLE"]);
    refused(&["fit", &typo, "--column", "income=number"], &["there is no role `number`", "numeric, category"]);
    refused(
        &["fit", &typo, "--loss", "gamma"],
        &["the loss gamma needs positive numbers", "column `y` are counts", "poisson"],
    );
    refused(&["fit", &typo, "--column", "y=ignore", "--target", "y"], &["and not for itself", "hint: `--kind`"]);
    refused(&["fit", &typo, "--quantile", "0.9"], &["`--quantile` is for `--loss quantile`"]);
    for (name, end) in [("open.csv", "7,\"8\n"), ("last.csv", "7,\"8")] {
        let open = file(name, &format!("x,y\n{good}{end}"));
        refused(&["fit", &open], &["line 42: a quote that begins a cell there is never closed"]);
    }
    refused(&["fit", &file("head.csv", "x,\"y\n1,2\n3,4\n")], &["line 1: a quote", "never closed"]);
    let last = file(
        "dates.csv",
        &(0..40).fold(String::from("y,when\n"), |text, i| text + &format!("{i}.5,2024-01-{:02}\n", 1 + i % 28)),
    );
    refused(&["fit", &last], &["column `when`", "name the column to predict with `--target`"]);
    refused(&["fit", &file("empty.csv", "")], &["has no rows"]);
    refused(&["fit", &file("head.csv", "x,y\n")], &["has no rows"]);
    refused(&["fit", &file("same.csv", "x,y\n1,2\n2,2\n3,2\n")], &["column `y`", "the same in all rows"]);
    refused(&["fit", &file("few.csv", "x,y\n1,2\n2,3\n3,4.5\n")], &["3 rows make", "give more rows"]);
    refused(&["fit", &file("t.jsonl", "{\"x\": 1, \"y\": 2}\n{\"x\": [1]}\n")], &["line 2, column `x`", "list"]);
    refused(&["fit", &file("u.jsonl", "{\"x\": 1,\n")], &["line 1: no JSON"]);
    refused(&["fit", &file("a.docx", "x")], &["tables end in .csv", "found .docx"]);
    refused(&["fit", "absent.csv"], &["cannot read absent.csv"]);
    refused(&["fit", folder.path().to_str().unwrap()], &["one folder of images (.png, .jpg) for each class"]);
    refused(&["fit", &file("a.npy", "no array")], &["numpy.save"]);
    refused(&["fit", &file("a.parquet", "PAR1")], &["no sound Parquet file"]);
    refused(&["fit", &file("zero.csv", "a,b\n\0\0,1\n")], &["zero bytes"]);
    let missing = file("missing.csv", &format!("x,y\n{good},7\n"));
    refused(
        &["fit", &missing, "--missing", "refuse"],
        &["missing.csv, line 42, column `x`: nothing stands there, and in 1 of 41 cells", "hint:"],
    );

    let out = folder.path().join("run").to_str().unwrap().to_owned();
    refused(&["predict", &out, &typo], &["there is no model at", "dualgn fit"]);
    succeeds(&["fit", &typo, "--epochs", "2", "--members", "1", "--quiet", "--out", &out]);
    refused(&["predict", &out, &target], &["no column `income`"]);
    refused(&["evaluate", &out, &file("bare.csv", "income\n1\n2\n")], &["no column `y`"]);
    let model = format!("{out}/model.safetensors");
    for command in [
        &["predict", &out, &typo, "--out", &model][..],
        &["export", &out, "--out", &model],
        &["report", &out, "--out", &model],
    ] {
        refused(command, &["model.safetensors is a file that its run needs", "hint: give another name"]);
    }
    let mut bytes = fs::read(&model).unwrap();
    bytes.truncate(bytes.len() / 2);
    let half = write(folder.path(), "half.safetensors", bytes);
    refused(&["predict", &half, &typo], &["is no sound file of weights"]);
    refused(&["predict", &typo, &typo], &["is no sound file of weights"]);
}

/// Writes a grey image of so many columns and rows.
fn grey(path: &Path, [columns, rows]: [u32; 2], pixels: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), columns, rows);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

/// Bright halves: which of them is the class of a folder.
#[test]
fn folders_of_images_are_classes() {
    let folder = tempfile::tempdir().unwrap();
    let image = |folder: &Path, number: u32, upper: bool| {
        let pixels: Vec<u8> = (0..100)
            .map(|index| {
                let (x, y) = (index % 10, index / 10);
                let noise = (x * 7 + y * 13 + number * 31) % 97;
                (if (y < 5) == upper { 120 + noise } else { noise }) as u8
            })
            .collect();
        grey(&folder.join(format!("{number}.png")), [10, 10], &pixels);
    };
    let data = folder.path().join("data");
    for (class, upper) in [("top", true), ("bottom", false)] {
        fs::create_dir_all(data.join(class)).unwrap();
        (0..30).for_each(|number| image(&data.join(class), number, upper));
    }
    let [data, out] = [data, folder.path().join("run")].map(|path| path.to_str().unwrap().to_owned());
    let told = text(&succeeds(&["fit", &data, "--members", "1", "--epochs", "30", "--out", &out]).stderr);
    assert!(told.contains("60 images of 10 by 10 pixels, grey"), "{told}");
    let scores = json(Path::new(&out).join("test.json"));
    assert_eq!(scores["scores"][0]["value"]["value"], 1.0, "{scores}");
    let asked = folder.path().join("asked");
    fs::create_dir_all(&asked).unwrap();
    (40..43).for_each(|number| image(&asked, number, false));
    let predicted = text(&succeeds(&["predict", &out, asked.to_str().unwrap()]).stdout);
    assert_eq!(predicted.lines().filter(|line| line.starts_with("bottom,")).count(), 3, "{predicted}");
    grey(&asked.join("9.png"), [9, 10], &[0; 90]);
    refused(&["predict", &out, asked.to_str().unwrap()], &["9.png", "10 by 9 pixels", "make all of one size"]);
    write(&asked, "40.png", "no image");
    refused(&["predict", &out, asked.to_str().unwrap()], &["40.png", "no sound image"]);
}
