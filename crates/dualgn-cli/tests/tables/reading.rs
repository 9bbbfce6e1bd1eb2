//! How cells are read: what a model is fitted with is how it predicts, whatever a file looks like, or there is an error with its place.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::common::{refused, succeeds, text};
use super::{json, write};

/// A folder for tables, and one model fitted in it.
struct Fitted {
    folder: TempDir,
    out: String,
    told: String,
}

impl Fitted {
    /// Fits a small model to a table with the target `y`.
    fn new(name: &str, table: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = write(folder.path(), name, table);
        let out = folder.path().join("run").to_str().unwrap().to_owned();
        let arguments = ["fit", &data, "--target", "y", "--members", "1", "--epochs", "8", "--out", &out];
        let told = text(&succeeds(&[&arguments, options].concat()).stderr);
        Self { folder, out, told }
    }

    fn said(&self, words: &[&str]) {
        for word in words {
            assert!(self.told.contains(word), "`{word}` is not in:\n{}", self.told);
        }
    }

    /// The predictions of a new table, as text.
    fn predictions(&self, name: &str, table: &str, options: &[&str]) -> Vec<String> {
        let data = write(self.folder.path(), name, table);
        let output = succeeds(&[&["predict", &self.out, &data], options].concat());
        text(&output.stdout).lines().skip(1).map(str::to_owned).collect()
    }

    fn refuses(&self, name: &str, table: &str, options: &[&str], words: &[&str]) {
        let data = write(self.folder.path(), name, table);
        refused(&[&["predict", &self.out, &data], options].concat(), words);
    }

    /// All rows of a new table are one row written in several ways, so that all predictions are the same; and they are not those of another.
    fn agree(&self, header: &str, rows: &[&str], other: &str) {
        let predictions = self.predictions("new.csv", &format!("{header}\n{}\n{other}\n", rows.join("\n")), &[]);
        let (last, same) = predictions.split_last().unwrap();
        for (row, prediction) in rows.iter().zip(same) {
            assert_eq!(prediction, &same[0], "`{row}` is not as `{}`", rows[0]);
        }
        assert_ne!(last, &same[0], "`{other}` is as `{}`, so that nothing was learnt", rows[0]);
    }
}

/// A table of rows that a function writes.
fn table(header: &str, rows: usize, row: impl Fn(usize) -> String) -> String {
    let mut text = format!("{header}\n");
    for index in 0..rows {
        let _ = writeln!(text, "{}", row(index));
    }
    text
}

/// A number from 0 to 100 with two decimals, which differs from row to row.
fn value(index: usize) -> f64 {
    ((index * 7919) % 10_000) as f64 / 100.0
}

fn with_commas(number: f64) -> String {
    number.to_string().replace('.', ",")
}

#[test]
fn the_decimal_sign_is_kept_with_the_model() {
    let fitted = Fitted::new(
        "train.csv",
        &table("a;b;y", 120, |i| format!("{};{};{}", with_commas(value(i)), i % 7, with_commas(value(i) / 10.0))),
        &[],
    );
    fitted.said(&["decimals after a comma"]);
    // A column more, whose numbers have points, does not turn the others' sign.
    let alone = fitted.predictions("alone.csv", "a;b\n12,5;3\n90;3\n", &[]);
    let beside = fitted.predictions("beside.csv", "a;b;stand\n12,5;3;31.5\n90;3;32.25\n", &[]);
    assert_eq!(alone, beside);
    assert_ne!(alone[0], alone[1]);
    // A file of the other custom is an error, unless it is said.
    fitted.refuses(
        "point.csv",
        "a,b\n12.5,3\n",
        &[],
        &["point.csv, line 2, column `a`", "`12.5`", "hint:", "--decimal point"],
    );
    assert_eq!(fitted.predictions("point.csv", "a,b\n12.5,3\n90,3\n", &["--decimal", "point"]), alone);
    // Files with types have no sign.
    assert_eq!(fitted.predictions("typed.jsonl", "{\"a\": 12.5, \"b\": 3}\n{\"a\": 90, \"b\": 3}\n", &[]), alone);
}

#[test]
fn thousands_are_read_by_both_customs() {
    let german = Fitted::new(
        "german.csv",
        &table("a;b;y", 120, |i| {
            let thousands = 1 + i * 7919 % 9;
            format!("{thousands}.{:03};{};{thousands},5", i * 7919 % 1000, i % 3)
        }),
        &[],
    );
    german.said(&["decimals after a comma, points between thousands"]);
    german.agree(
        "a;b",
        &[
            "1.299;1",
            "1299;1",
            "1299,0;1",
            "1.299,00;1",
            "1 299;1",
            "1'299;1",
            "+1299;1",
            "1,299e3;1",
            "1\u{202f}299;1",
        ],
        "5000;1",
    );
    let american = Fitted::new(
        "american.csv",
        &table("a,b,y", 120, |i| {
            let thousands = 1 + i * 7919 % 9;
            format!("\"{thousands},{:03}.50\",{},{thousands}", i * 7919 % 1000, i % 3)
        }),
        &[],
    );
    american.said(&["decimals after a point, commas between thousands"]);
    american.agree("a,b", &["1299,1", "\"1,299\",1", "\"1,299.00\",1", "1 299,1", "1.299e3,1", "01299,1"], "5000,1");
    let quoted = Fitted::new(
        "quoted.csv",
        &table("a,b,y", 120, |i| {
            format!("\"{}\",{},\"{}\"", with_commas(value(i) + 0.5), i % 3, with_commas(value(i)))
        }),
        &[],
    );
    quoted.said(&["decimals after a comma"]);
    quoted.agree("a,b", &["\"12,50\",1", "\"12,5\",1", "\"12,5e0\",1"], "\"90,5\",1");
}

#[test]
fn what_could_be_either_is_plain_and_said() {
    let rows = table("a,y", 60, |i| format!("{}.{:03},{}", 1 + i % 9, 100 + i * 13 % 900, i % 9 * 3));
    let fitted = Fitted::new("t.csv", &rows, &[]);
    fitted.said(&[
        "nothing shows whether `1.100` in column `a` has decimals or thousands",
        "read as 1.1",
        "`--decimal comma`",
    ]);
    fitted.agree("a", &["1.5", "1.500", "15e-1"], "8");
    let said = Fitted::new("t.csv", &rows, &["--decimal", "comma"]);
    assert!(!said.told.contains("nothing shows"), "{}", said.told);
    said.agree("a", &["1.500", "1500"], "8000");
    let data = write(said.folder.path(), "t.csv", &rows);
    refused(&["fit", &data, "--decimal", "comma", "--thousands", "comma"], &["name the same sign"]);
}

#[test]
fn currencies_and_percentages_are_numbers() {
    let fitted = Fitted::new(
        "t.csv",
        &table("price;share;y", 120, |i| format!("€ {}.{:03},00;{} %;{}", 1 + i % 9, i * 13 % 1000, i % 50, i % 9)),
        &[],
    );
    fitted.said(&["with `€`", "with `%`"]);
    fitted.agree("price;share", &["€ 1.299,00;12 %", "1.299,00 €;12%", "1299;12,0 %"], "8000;12 %");
    fitted.refuses("new.csv", "price;share\n$ 5;12 %\n", &[], &["line 2, column `price`", "`$ 5`", "beside `€`"]);
    fitted.refuses("new.csv", "price;share\n5;0,12\n", &[], &["line 2, column `share`", "`0,12`", "beside `%`"]);
}

#[test]
fn a_cell_that_cannot_be_read_is_an_error() {
    let good = table("a,b,y", 100, |i| format!("{},{},{}", value(i), value(i + 50), value(i)));
    let fitted = Fitted::new("t.csv", &good, &[]);
    let line = ["line 3, column `b`", "hint:"];
    for (cell, words) in [
        ("9 kg", ["`9 kg` is no number", "write it as the model's own table does"]),
        ("\"9,0\"", ["`9,0` is no number", "--decimal comma"]),
        ("\"1,299\"", ["`1,299` is no number", "--thousands comma"]),
        ("(5)", ["`(5)` is no number", "hint"]),
        ("inf", ["`inf` is no number", "hint"]),
        ("True", ["`True` is no number", "hint"]),
    ] {
        fitted.refuses("new.csv", &format!("a,b\n1,2\n1,{cell}\n"), &[], &[&line[..], &words].concat());
    }
    refused(
        &["evaluate", &fitted.out, &write(fitted.folder.path(), "e.csv", "a,b,y\n1,2,3\n1,9 kg,3\n")],
        &["e.csv, line 3, column `b`", "`9 kg`"],
    );
    // When a model is fitted too, whatever part a row is in.
    for row in [2, 50, 99] {
        let mut lines: Vec<String> = good.lines().map(str::to_owned).collect();
        lines[row] = "1,nine,3".into();
        let data = write(fitted.folder.path(), "bad.csv", lines.join("\n"));
        let place = format!("bad.csv, line {}, column `b`", row + 1);
        let fit = ["fit", &data, "--epochs", "1", "--members", "1", "--quiet", "--overwrite", "--out", &fitted.out];
        refused(&fit, &[&place, "`nine` is no number", "--missing-words 'NA,nine'", "--column 'b=category'"]);
        succeeds(&[&fit[..], &["--missing-words", "nine"]].concat());
    }
    // The words are kept with the model, and another file may have others.
    let said =
        Fitted::new("t.csv", &good.replace(&format!(",{},", value(57)), ",-999,"), &["--missing-words", "-999,x"]);
    let predicted = said.predictions("new.csv", "a,b\n1,-999\n1,x\n1,-999.0\n1,\n1,50\n", &[]);
    assert!(predicted[..4].iter().all(|line| *line == predicted[0]) && predicted[4] != predicted[0], "{predicted:?}");
    said.refuses("new.csv", "a,b\n1,NA\n", &[], &["line 2, column `b`", "`NA` is no number"]);
    assert_eq!(said.predictions("new.csv", "a,b\n1,NA\n", &["--missing-words", "NA"])[0], predicted[0]);
}

#[test]
fn dates_are_read_as_they_were_or_not_at_all() {
    let day = |i: usize| (1 + i * 7 % 28, 1 + i * 5 % 12, 2020 + i % 4);
    let iso = Fitted::new(
        "iso.csv",
        &table("day,a,y", 150, |i| {
            let (d, m, y) = day(i);
            format!("{y}-{m:02}-{d:02},{},{}", i % 5, (y - 2020) * 12 + m)
        }),
        &[],
    );
    iso.agree(
        "day,a",
        &[
            "2022-02-01,0",
            "2022-02-01T00:00:00,0",
            "2022/02/01,0",
            "2022-02-01 02:00:00+02:00,0",
            "2022-01-31T19:00-0500,0",
            "2022-02-01T00:00:00.000Z,0",
        ],
        "2023-02-01,0",
    );
    let words = ["new.csv, line 2, column `day`", "`01.02.2022`", "dates such as 2024-03-31", "--dates day-first"];
    iso.refuses("new.csv", "day,a\n01.02.2022,0\n", &[], &words);
    iso.refuses("new.csv", "day,a\nsoon,0\n", &[], &["`soon`", "--dates FORMAT"]);
    let by_iso = iso.predictions("new.csv", "day,a\n2022-02-01,0\n", &[]);
    assert_eq!(iso.predictions("new.csv", "day,a\n01.02.2022,0\n", &["--dates", "day-first"]), by_iso);
    assert_eq!(iso.predictions("new.csv", "day,a\n02/01/2022,0\n", &["--dates", "month-first"]), by_iso);
    assert_eq!(iso.predictions("new.csv", "day,a\n1 Feb 2022,0\n", &["--dates", "%d %b %Y"]), by_iso);
    refused(&["predict", &iso.out, "new.csv", "--dates", "%H"], &["day, month and year"]);

    // One day after the twelfth says that days come first, in another column too.
    let slashes = |last: usize| {
        table("day,due,y", 120, |i| {
            let (d, m, y) = (1 + i % 12, 1 + i * 5 % 12, 2020 + i % 4);
            let proof = if i == 60 { last } else { d };
            format!("{d}/{m}/{y},{proof}/{m}/{y},{}", (y - 2020) * 12 + m)
        })
    };
    let proved = Fitted::new("proved.csv", &slashes(31), &[]);
    assert!(!proved.told.contains("could as well be"), "{}", proved.told);
    proved.agree(
        "day,due",
        &["1/2/2022,1/2/2022", "2022-02-01,2022-02-01", "01.02.2022,01-02-2022"],
        "2/1/2022,1/2/2022",
    );
    let open = Fitted::new("open.csv", &slashes(12), &[]);
    open.said(&["the day could as well be the month", "--dates month-first"]);
    let said = Fitted::new("open.csv", &slashes(12), &["--dates", "month-first"]);
    said.agree("day,due", &["1/2/2022,1/2/2022", "2022-01-02,2022-01-02"], "2/1/2022,2/1/2022");
}

#[test]
fn answers_are_the_same_in_all_files() {
    let rows = |yes: &str, no: &str| {
        table("flag,a,y", 120, |i| {
            format!("{},{},{}", if i % 3 == 0 { yes } else { no }, value(i), if i % 3 == 0 { 4 } else { -4 })
        })
    };
    let json = "{\"flag\": true, \"a\": 1}\n{\"flag\": false, \"a\": 1}\n";
    for (yes, no) in [("True", "False"), ("TRUE", "FALSE"), ("true", "false"), ("1", "0"), ("yes", "no"), ("T", "F")] {
        let fitted = Fitted::new("t.csv", &rows(yes, no), &[]);
        let own = fitted.predictions("own.csv", &format!("flag,a\n{yes},1\n{no},1\n"), &[]);
        assert_ne!(own[0], own[1]);
        assert_eq!(fitted.predictions("new.jsonl", json, &[]), own, "{yes}");
        assert_eq!(fitted.predictions("new.csv", "flag,a\nTrue,1\nFALSE,1\n", &[]), own, "{yes}");
    }
    // Classes keep the spelling of their file.
    let classes = table("a,y", 120, |i| format!("{},{}", value(i), if value(i) > 50.0 { "True" } else { "False" }));
    let fitted = Fitted::new("classes.csv", &classes, &[]);
    let predicted = fitted.predictions("new.csv", "a\n1\n", &[]);
    assert!(predicted[0].starts_with("True,") || predicted[0].starts_with("False,"), "{predicted:?}");
    let tested = write(fitted.folder.path(), "tested.jsonl", "{\"a\": 1, \"y\": false}\n{\"a\": 99, \"y\": true}\n");
    succeeds(&["evaluate", &fitted.out, &tested]);
}

#[test]
fn words_for_nothing_are_words_where_the_others_say_so() {
    let class =
        |i: usize| ["None", "Mild", "Severe"][if value(i) < 30.0 { 0 } else { usize::from(value(i) > 60.0) + 1 }];
    let rows = |nothing: &str| {
        table("a,b,y", 150, |i| format!("{},{},{}", value(i), if i % 10 == 0 { nothing } else { "1.5" }, class(i)))
    };
    let fitted = Fitted::new("t.csv", &rows(""), &[]);
    fitted.said(&["3 different words", "`None` of column `y` is a word like its others", "--missing-words None"]);
    assert_eq!(json(Path::new(&fitted.out).join("test.json"))["confusion"].as_array().unwrap().len(), 3);
    let predicted = fitted.predictions("new.csv", "a,b\n1,2\n", &[]);
    assert_eq!(predicted[0].split(',').count(), 4, "{predicted:?}");
    // Where the word stands for nothing among numbers it does everywhere, and rows that are lost are named.
    let numbers = Fitted::new("t.csv", &rows("None"), &[]);
    numbers.said(&["two different values", "rows without a target are left out"]);
    let said = Fitted::new(
        "t.csv",
        &rows("None"),
        &["--missing-words", ""].iter().copied().chain(["--column", "b=category"]).collect::<Vec<_>>(),
    );
    said.said(&["3 different words"]);
    let said = Fitted::new("t.csv", &rows(""), &["--missing-words", "None"]);
    said.said(&["two different values", "rows without a target are left out"]);

    let country = |i: usize| ["DE", "FR", "NA"][i % 3];
    let codes = Fitted::new(
        "t.csv",
        &table("country,a,y", 150, |i| {
            format!("{},{},{}", country(i), value(i), [0.0, 3.0, 9.0][i % 3] + value(i) / 50.0)
        }),
        &["--missing", "refuse"],
    );
    codes.said(&["country  category  3 different words", "`NA` of column `country`"]);
    let predicted = codes.predictions("new.csv", "country,a\nNA,1\nDE,1\n", &[]);
    assert_ne!(predicted[0], predicted[1]);
    codes.refuses("new.csv", "country,a\n,1\n", &[], &["line 2, column `country`", "nothing stands there"]);
    // Among colours it is none of them.
    let colours = table("colour,a,y", 150, |i| format!("{},{},{}", ["red", "green", "NA"][i % 3], value(i), value(i)));
    Fitted::new("t.csv", &colours, &[]).said(&["2 different words; 50 of 150 are empty"]);
}

#[test]
fn cells_that_say_little_are_counted() {
    let word = |i: usize| match i {
        7 => "seldom".to_owned(),
        _ => format!("w{}", i % 25),
    };
    let rows = table("word,a,y", 300, |i| {
        format!("{},{},{}", word(i), if i % 4 == 0 { String::new() } else { value(i).to_string() }, value(i))
    });
    let fitted = Fitted::new("t.csv", &rows, &["--split", "time"]);
    // The last fifth tests.
    fitted.said(&["of the test rows, column `a`: 15 cells in which nothing stands"]);
    let tested = json(Path::new(&fitted.out).join("test.json"));
    assert_eq!(tested["cells"][0]["column"], "a");
    assert_eq!(tested["cells"][0]["missing"], 15);
    let new = write(fitted.folder.path(), "new.csv", "word,a,y\nw1,,1\nseldom,NA,2\nnever,3,3\nnowhere,4,4\n");
    let lines = [
        "column `word`: 2 cells with a word that no training row has, 1 cell with a word that few training rows have",
        "column `a`: 2 cells in which nothing stands",
    ];
    let out = fitted.folder.path().join("p.csv");
    let predicted = succeeds(&["predict", &fitted.out, &new, "--out", out.to_str().unwrap()]);
    let evaluated = succeeds(&["evaluate", &fitted.out, &new, "--json"]);
    for line in lines {
        assert!(text(&predicted.stderr).contains(line), "{}", text(&predicted.stderr));
        assert!(text(&evaluated.stderr).contains(line), "{}", text(&evaluated.stderr));
    }
    let evaluated: serde_json::Value = serde_json::from_slice(&evaluated.stdout).unwrap();
    assert_eq!(evaluated["cells"][0], serde_json::json!({"column": "word", "missing": 0, "unseen": 2, "rare": 1}));
    assert_eq!(fs::read_to_string(out).unwrap().lines().count(), 5);

    let refusing = Fitted::new("t.csv", &rows, &["--unseen", "refuse"]);
    refusing.predictions("new.csv", "word,a\nseldom,1\n", &[]);
    refusing.refuses("new.csv", "word,a\nw1,1\nnever,1\n", &[], &["new.csv, line 3, column `word`", "`never`"]);
}

/// What a code is, its digits say as they stand; numbers are the same word however files of numbers write them.
#[test]
fn codes_that_look_like_numbers_are_words() {
    let codes = ["007", "07", "7", "12E3", "12000", "ab"];
    let rows = table("code,y", 120, |i| format!("{},{}", codes[i % 6], (i % 6) as f64 * 10.0 + (i % 5) as f64 / 10.0));
    let run = Fitted::new("codes.csv", &rows, &["--column", "code=category", "--kind", "number"]);
    let found = run.predictions("asked.csv", &format!("code\n{}\n", codes.join("\n")), &[]);
    let mut apart = found.clone();
    apart.sort();
    apart.dedup();
    assert_eq!(apart.len(), 6, "{found:?}");
}

/// The name of a zone does not say how far its clocks are ahead.
#[test]
fn a_zone_without_its_offset_is_no_date() {
    let rows = table("when,y", 60, |i| format!("2024-{:02}-{:02}T12:00:00Z,{}", 1 + i % 12, 1 + i % 28, i % 12));
    let run = Fitted::new("zones.csv", &rows, &["--kind", "number"]);
    let same = run.predictions("utc.csv", "when\n2024-06-05T12:00:00Z\n2024-06-05T21:00:00+09:00[Asia/Tokyo]\n", &[]);
    assert_eq!(same[0], same[1]);
    for other in ["2024-06-05T12:00:00[Asia/Tokyo]", "2024-06-05T12:00:00[foo]", "2024-06-05T12:00:00+25:00"] {
        run.refuses("other.csv", &format!("when\n{other}\n"), &[], &["line 2", "column `when`", other]);
    }
}

/// A hint keeps the words that the model has.
#[test]
fn hints_on_missing_words_keep_those_of_the_model() {
    let rows = table("a,y", 60, |i| if i % 10 == 0 { format!("-999,{i}") } else { format!("{}.5,{i}", i % 7) });
    let run = Fitted::new("gone.csv", &rows, &["--missing-words=-999"]);
    run.refuses("new.csv", "a\n1.5\nNA\n", &[], &["line 3, column `a`", "`--missing-words '-999,NA'`"]);
}

#[test]
fn long_identifiers_stay_apart() {
    // 2^53 and 2^53 + 1 are one number in double precision.
    let long = |i: usize| 9_007_199_254_740_992_u64 + (i % 2) as u64;
    let csv = Fitted::new(
        "t.csv",
        &table("who,a,y", 120, |i| format!("{},{},{}", long(i), value(i), i % 2 * 8)),
        &["--column", "who=category"],
    );
    let csv_says = csv.predictions("new.csv", &format!("who,a\n{},1\n{},1\n", long(0), long(1)), &[]);
    assert_ne!(csv_says[0], csv_says[1]);
    let lines = format!("{{\"who\": {}, \"a\": 1}}\n{{\"who\": {}, \"a\": 1}}\n", long(0), long(1));
    assert_eq!(csv.predictions("new.jsonl", &lines, &[]), csv_says);
    let classes = table("a,y", 120, |i| format!("{},{}", i % 2 * 50 + i % 7, long(i)));
    let fitted = Fitted::new("t.csv", &classes, &["--kind", "classes"]);
    let predicted = fitted.predictions("new.csv", "a\n1\n", &[]);
    assert!(predicted[0].starts_with("900719925474099"), "{predicted:?}");
    assert_eq!(json(Path::new(&fitted.out).join("test.json"))["confusion"].as_array().unwrap().len(), 2);
}
