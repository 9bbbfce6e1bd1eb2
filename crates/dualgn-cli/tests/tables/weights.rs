//! Weights as other programs write them, numbers that are not finite, and networks that memory has no room for.

use std::io::{Cursor, Write};
use std::process::Stdio;

use super::common::{refused, succeeds, text};
use super::{rows, table, write};

/// A value of Python, as `torch.save` writes it.
enum Value {
    Dict(Vec<(&'static str, Value)>),
    Number(u8),
    /// The name of a storage's type, a shape, and the bytes.
    Tensor(&'static str, Vec<u8>, Vec<u8>),
}

impl Value {
    /// Writes it in the second protocol of pickle, and its storages beside it.
    fn pickle(&self, out: &mut Vec<u8>, storages: &mut Vec<Vec<u8>>) {
        let string = |out: &mut Vec<u8>, text: &str| {
            out.push(b'X');
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.as_bytes());
        };
        let tuple = |out: &mut Vec<u8>, numbers: &[u8]| {
            out.push(b'(');
            numbers.iter().for_each(|&number| out.extend([b'K', number]));
            out.push(b't');
        };
        match self {
            Self::Number(number) => out.extend([b'K', *number]),
            Self::Dict(entries) => {
                out.extend(b"}(");
                for (name, value) in entries {
                    string(out, name);
                    value.pickle(out, storages);
                }
                out.push(b'u');
            }
            Self::Tensor(kind, shape, bytes) => {
                let count = shape.iter().product();
                let strides: Vec<u8> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
                out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
                string(out, "storage");
                out.extend(format!("ctorch\n{kind}\n").as_bytes());
                string(out, &storages.len().to_string());
                string(out, "cpu");
                out.extend([b'K', count, b't', b'Q', b'K', 0]);
                tuple(out, shape);
                tuple(out, &strides);
                out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
                storages.push(bytes.clone());
            }
        }
    }

    /// The archive of `torch.save`.
    fn saved(&self) -> Vec<u8> {
        let (mut pickle, mut storages) = (b"\x80\x02".to_vec(), vec![]);
        self.pickle(&mut pickle, &mut storages);
        pickle.push(b'.');
        let numbered = storages.into_iter().enumerate().map(|(index, bytes)| (format!("a/data/{index}"), bytes));
        archive(
            [("a/data.pkl".to_owned(), pickle), ("a/version".to_owned(), b"3\n".to_vec())].into_iter().chain(numbered),
        )
    }
}

fn archive(entries: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(vec![]));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in entries {
        archive.start_file(name, options).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Numbers that every precision holds exactly: eighths between -1 and 1.
fn eighths(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7 + 3) % 17) as f32 / 8.0 - 1.0).collect()
}

/// The bytes of numbers in a type of storages: a half has the upper bits of a float's fraction, and a smaller exponent.
fn bytes(kind: &str, numbers: &[f32]) -> Vec<u8> {
    let half = |number: f32| {
        let bits = number.to_bits();
        let sign = (bits >> 16 & 0x8000) as u16;
        let exponent = (bits >> 23 & 0xff) as i32 - 127 + 15;
        if number == 0.0 { sign } else { sign | (exponent as u16) << 10 | (bits >> 13 & 0x3ff) as u16 }
    };
    numbers
        .iter()
        .flat_map(|&number| match kind {
            "HalfStorage" => half(number).to_le_bytes().to_vec(),
            "BFloat16Storage" => ((number.to_bits() >> 16) as u16).to_le_bytes().to_vec(),
            "LongStorage" => (number as i64).to_le_bytes().to_vec(),
            _ => number.to_le_bytes().to_vec(),
        })
        .collect()
}

const TENSORS: [(&str, [usize; 2]); 4] =
    [("0.weight", [6, 4]), ("0.bias", [6, 1]), ("2.weight", [3, 6]), ("2.bias", [3, 1])];

/// The state dict of the network of the tests in some type, with words before its names.
fn state(kind: &'static str, prefix: &str) -> Vec<(&'static str, Value)> {
    let entry = |(name, [rows, columns]): (&str, [usize; 2])| {
        let shape = if columns == 1 { vec![rows as u8] } else { vec![rows as u8, columns as u8] };
        let name: &'static str = format!("{prefix}{name}").leak();
        (name, Value::Tensor(kind, shape, bytes(kind, &eighths(rows * columns))))
    };
    TENSORS.map(entry).into()
}

/// The same as a safetensors file.
fn safetensors(kind: &str, prefix: &str, change: impl Fn(&str, Vec<f32>) -> Vec<f32>) -> Vec<u8> {
    let (dtype, storage) = match kind {
        "F16" => (safetensors::Dtype::F16, "HalfStorage"),
        "BF16" => (safetensors::Dtype::BF16, "BFloat16Storage"),
        _ => (safetensors::Dtype::F32, "FloatStorage"),
    };
    let entries = TENSORS.map(|(name, [rows, columns])| {
        let shape = if columns == 1 { vec![rows] } else { vec![rows, columns] };
        (format!("{prefix}{name}"), shape, bytes(storage, &change(name, eighths(rows * columns))))
    });
    let views = entries
        .iter()
        .map(|(name, shape, bytes)| (name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

/// An archive of NumPy with inputs and classes.
fn batch(x: &[f64]) -> Vec<u8> {
    let npy = |kind: &str, shape: &str, data: Vec<u8>| {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\x00".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), &data].concat()
    };
    let rows = x.len() / 4;
    let x = npy("<f8", &format!("({rows}, 4)"), x.iter().flat_map(|number| number.to_le_bytes()).collect());
    let y = npy("<i8", &format!("({rows},)"), (0..rows as i64).flat_map(|row| (row % 3).to_le_bytes()).collect());
    archive([("x.npy".to_owned(), x), ("y.npy".to_owned(), y)])
}

/// A folder with the network, a batch, and an order of arguments for them.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = "input = [4]\noutputs = 3\nlayers = [{ type = \"dense\", units = 6 }, { type = \"tanh\" }]\n";
        write(folder.path(), "network.toml", network);
        let x: Vec<f64> = eighths(20).into_iter().map(f64::from).collect();
        write(folder.path(), "batch.npz", batch(&x));
        Self { folder }
    }

    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        write(self.folder.path(), name, contents)
    }

    fn arguments(&self, weights: &str, batch: &str) -> Vec<String> {
        let at = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (network, batch, out) = (at("network.toml"), at(batch), at("out.npz"));
        let fixed = ["--loss", "softmax", "--damping", "0.1", "--out", &out];
        ["direction", &network, "--weights", weights, "--batch", &batch]
            .into_iter()
            .chain(fixed)
            .map(str::to_owned)
            .collect()
    }

    /// The direction's file, and what was said.
    fn direction(&self, weights: &str) -> (Vec<u8>, String) {
        let arguments = self.arguments(weights, "batch.npz");
        let said = succeeds(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        (std::fs::read(self.folder.path().join("out.npz")).unwrap(), text(&said.stderr))
    }

    fn refuses(&self, weights: &str, batch: &str, words: &[&str]) {
        let arguments = self.arguments(weights, batch);
        refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), words);
    }
}

#[test]
fn wrappings_and_half_precision_of_other_programs_give_the_same_direction() {
    let bench = Bench::new();
    let plain = |_: &str, numbers: Vec<f32>| numbers;
    let (wanted, said) = bench.direction(&bench.file("base.safetensors", safetensors("F32", "", plain)));
    assert_eq!(said, "");
    let dict = |entries: Vec<(&'static str, Value)>| Value::Dict(entries);
    let moments = || Value::Dict(vec![("exp_avg", Value::Tensor("FloatStorage", vec![6, 4], vec![0; 96]))]);
    let checkpoint = dict(vec![
        ("epoch", Value::Number(3)),
        ("step", Value::Tensor("LongStorage", vec![1], vec![0; 8])),
        ("model_state_dict", dict(state("FloatStorage", ""))),
        ("optimizer_state_dict", dict(vec![("state", dict(vec![("0", moments())]))])),
    ]);
    let lightning = dict(vec![("state_dict", dict(state("FloatStorage", "model.net.")))]);
    let averaged = dict(vec![("ema", dict(state("FloatStorage", ""))), ("model", dict(state("FloatStorage", "")))]);
    for (name, contents, words) in [
        ("plain.pt", dict(state("FloatStorage", "")).saved(), ""),
        ("half.pth", dict(state("HalfStorage", "")).saved(), ""),
        ("brain.pt", dict(state("BFloat16Storage", "")).saved(), ""),
        ("parallel.pt", dict(state("FloatStorage", "module.")).saved(), "behind `module.`"),
        ("compiled.pt", dict(state("FloatStorage", "module._orig_mod.")).saved(), "behind `module._orig_mod.`"),
        ("checkpoint.pt", checkpoint.saved(), "behind `model_state_dict.`"),
        ("lightning.ckpt", lightning.saved(), "behind `state_dict.model.net.`"),
        ("averaged.pt", averaged.saved(), "behind `model.`; those behind `ema.` are left"),
        ("half.safetensors", safetensors("F16", "", plain), ""),
        ("brain.safetensors", safetensors("BF16", "_orig_mod.", plain), "behind `_orig_mod.`"),
        // By their contents, whatever their names end with.
        ("other.bin", safetensors("F32", "", plain), ""),
    ] {
        let (found, said) = bench.direction(&bench.file(name, contents));
        assert!(found == wanted, "{name}");
        assert!(said.contains(words) && said.is_empty() == words.is_empty(), "{name}: {said}");
    }
}

#[test]
fn weights_that_do_not_fit_are_refused_with_what_is_there() {
    let bench = Bench::new();
    let plain = |_: &str, numbers: Vec<f32>| numbers;
    let renamed = |old: &str| old.replace("0.", "first.").replace("2.", "last.");
    let named: Vec<(&'static str, Value)> =
        state("FloatStorage", "").into_iter().map(|(name, value)| (&*renamed(name).leak(), value)).collect();
    let two = [state("FloatStorage", "a."), state("FloatStorage", "b.")].into_iter().flatten().collect();
    let more = state("FloatStorage", "").into_iter();
    let more = more.chain([("4.weight", Value::Tensor("FloatStorage", vec![1, 3], vec![0; 12]))]).collect();
    for (name, contents, words) in [
        (
            "named.pt",
            Value::Dict(named).saved(),
            &[
                "named.pt has no tensor `0.bias`",
                "in the file: `first.bias` [6], `first.weight` [6, 4], `last.bias` [3], `last.weight` [3, 6]",
                "needed: `0.bias` [6], `0.weight` [6, 4], `2.bias` [3], `2.weight` [3, 6]",
                "hint: `first.bias` has the shape of `0.bias`",
            ][..],
        ),
        ("whole.pt", Value::Dict(state("LongStorage", "")).saved(), &["`0.bias` of the type I64"]),
        ("two.pt", Value::Dict(two).saved(), &["fit the network, behind `a.`, `b.`"]),
        ("more.pt", Value::Dict(more).saved(), &["`4.weight` that the network has no use for"]),
        (
            "text.pt",
            b"no weights at all".to_vec(),
            &["no sound state dict of PyTorch", "hint: write it with `torch.save"],
        ),
        ("short.safetensors", safetensors("F32", "", plain)[..40].to_vec(), &["no sound file of weights"]),
        (
            "nan.safetensors",
            safetensors("F32", "", |name, mut numbers| {
                if name == "2.weight" {
                    numbers[7] = f32::NAN;
                }
                numbers
            }),
            &["`2.weight` whose entry 7 (counted from 0) is NaN"],
        ),
    ] {
        bench.refuses(&bench.file(name, contents), "batch.npz", words);
    }
    #[cfg(target_os = "linux")]
    bench.refuses("/dev/null", "batch.npz", &["/dev/null is no sound file of weights"]);
}

#[test]
fn numbers_that_are_not_finite_are_named() {
    let bench = Bench::new();
    let weights = bench.file("w.safetensors", safetensors("F32", "", |_, numbers| numbers));
    let mut x: Vec<f64> = eighths(20).into_iter().map(f64::from).collect();
    x[4 * 3 + 1] = f64::NAN;
    bench.file("nan.npz", batch(&x));
    bench.refuses(&weights, "nan.npz", &["nan.npz: `x[3, 1]` is NaN"]);
    x[4 * 3 + 1] = -1e300;
    bench.file("large.npz", batch(&x));
    bench.refuses(&weights, "large.npz", &["`x[3, 1]` is -1e300", "too large for single precision", "hint: "]);
    // Finite weights and inputs whose products are beyond the type.
    let large = safetensors("F32", "", |name, numbers| match name {
        "2.weight" => numbers.iter().map(|number| number * 3e38).collect(),
        _ => numbers,
    });
    let large = bench.file("large.safetensors", large);
    bench.refuses(
        &large,
        "batch.npz",
        &["the network overflows: of row 1 of `x`, output 0 is inf", "in `2.weight`", "hint: "],
    );
}

/// Before any memory is taken: dense layers of 100,000 units would take 40 GB, and end the process.
#[test]
fn networks_that_memory_has_no_room_for_are_refused() {
    let bench = Bench::new();
    let layers = "layers = [{ type = \"dense\", units = 1000000 }, { type = \"tanh\" }, { type = \"dense\", units = 1000000 }]\n";
    let network = bench.file("network.toml", format!("input = [4]\noutputs = 3\n{layers}"));
    let weights = bench.file("w.safetensors", safetensors("F32", "", |_, numbers| numbers));
    let words = ["network.toml, line 3", "layer 3 (dense)", "the network has 1000006000000 parameters", "MiB"];
    bench.refuses(&weights, "batch.npz", &words);
    refused(&["check", &network], &words);
    refused(&["validate", &network], &words);
    let data = bench.file("t.csv", table(&rows(40), ","));
    let narrow = bench.file("narrow.toml", layers);
    let out = bench.folder.path().join("run").to_str().unwrap().to_owned();
    refused(
        &["fit", &data, "--target", "value", "--network", &narrow, "--out", &out],
        &["layer 3 (dense)", "parameters"],
    );
    let hidden = ["train", "poisson1d", "--hidden", "1000000,1000000", "--out", &out];
    refused(&hidden, &["a network of 1000004000001 parameters", "`--hidden`"]);
    let blocks =
        bench.file("blocks.toml", "input = [4]\npreset = { name = \"resnet-tabular\", blocks = 4000000000 }\n");
    refused(&["check", &blocks], &["`blocks` should be at most"]);
    let wide = bench.file("wide.toml", "input = [1000000, 1000000, 1000000]\nlayers = []\n");
    refused(&["check", &wide], &["the shape of an example"]);
}

/// Limits of a process are a sentence or room enough, and never the end of it.
#[cfg(target_os = "linux")]
#[test]
fn limits_of_a_process_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(200), ","));
    let layers =
        "layers = [{ type = \"dense\", units = 2000 }, { type = \"tanh\" }, { type = \"dense\", units = 2000 }]\n";
    let network = write(folder.path(), "n.toml", layers);
    let out = folder.path().join("run");
    let fit = ["fit", &data, "--target", "value", "--members", "1", "--epochs", "2", "--overwrite", "--quiet", "--out"];
    let mut refusals = 0;
    // From enough to hardly the program itself.
    for mebibytes in [4096, 1500, 700, 400] {
        let mut command = std::process::Command::new("sh");
        let script = format!("ulimit -v {} && exec \"$0\" \"$@\"", mebibytes * 1024);
        command.args(["-c", &script, env!("CARGO_BIN_EXE_dualgn")]).args(fit).arg(&out);
        let output = command.args(["--network", &network]).stdin(Stdio::null()).output().unwrap();
        let message = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(0..=2)), "{mebibytes} MiB: {:?} {message}", output.status);
        refusals += usize::from(!output.status.success());
    }
    assert!(refusals > 0, "4 copies of 4 million parameters are more than half of what some of the limits leave");
}
