//! Networks that learn from tables: from files, with weights in and out.

use std::fs;
use std::path::Path;

use super::common::{refused, succeeds, text};
use super::{rows, table, write};

#[test]
fn networks_come_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(60), ","));
    let with = |name: &str, toml: &str| {
        let network = write(folder.path(), name, toml);
        let out = folder.path().join("run").to_str().unwrap().to_owned();
        [
            "fit",
            &data,
            "--target",
            "value",
            "--epochs",
            "2",
            "--members",
            "1",
            "--network",
            &network,
            "--overwrite",
            "--out",
            &out,
        ]
        .map(str::to_owned)
    };
    let layers = with(
        "good.toml",
        "[[layers]]\ntype = \"dense\"\nunits = 8\n[[layers]]\ntype = \"residual\"\nlayers = [{ type = \"layer-norm\" }, { type = \
         \"gelu\" }, { type = \"dense\", units = 8 }]\n",
    );
    succeeds(&layers.each_ref().map(String::as_str));
    for (name, toml, words) in [
        ("typo.toml", "[[layers]]\ntype = \"dens\"\n", vec!["typo.toml, line 2", "unknown variant `dens`", "`dense`"]),
        ("field.toml", "[[layers]]\ntype = \"dense\"\nunit = 3\n", vec!["field.toml, line", "unknown field `unit`"]),
        (
            "shape.toml",
            "[[layers]]\ntype = \"relu\"\n\n[[layers]]\ntype = \"conv\"\nchannels = 2\nkernel = 3\n",
            vec!["shape.toml, line 4", "layer 2 (conv): it wants an image or a sequence"],
        ),
        (
            "add.toml",
            "layers = [{ type = \"residual\", layers = [{ type = \"dense\", units = 3 }] }]\n",
            vec!["layer 1 (residual)", "cannot be added"],
        ),
        (
            "huge.toml",
            "layers = [{ type = \"dense\", units = 999999999999 }]\n",
            vec!["layer 1 (dense)", "`units` should be"],
        ),
    ] {
        let arguments = with(name, toml);
        refused(&arguments.each_ref().map(String::as_str), &words);
    }
    let bare = write(folder.path(), "bare.toml", "[[layers]]\ntype = \"relu\"\n");
    refused(&["check", &bare], &["should say the shape of an example"]);
    let whole = write(folder.path(), "whole.toml", "input = [1, 8, 8]\noutputs = 3\npreset = { name = \"cnn\" }\n");
    let listed = text(&succeeds(&["check", &whole]).stdout);
    assert!(listed.contains("Conv2d") && listed.contains("Examples do not mix"), "{listed}");
    let out = folder.path().join("run").to_str().unwrap().to_owned();
    assert!(text(&succeeds(&["check", &out]).stdout).contains("LayerNorm"));
    refused(&["fit", &data, "--network", "mpl"], &["neither such a file nor a preset", "mlp"]);
}

/// Weights go out by PyTorch's names and in its layout, and come in again.
#[test]
fn weights_go_out_and_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = write(folder.path(), "t.csv", table(&rows(100), ","));
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let options = ["--target", "value", "--members", "1", "--epochs", "3", "--quiet"];
    succeeds(&[&["fit", &data, "--out", &first][..], &options].concat());
    let model = format!("{first}/model.safetensors");
    let bytes = fs::read(&model).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.tensor("0.weight").unwrap().shape()[0], 128);
    assert_eq!(file.tensor("4.weight").unwrap().shape(), [1, 128]);
    // A model that starts where another ended has its answers before any step.
    succeeds(&[&["fit", &data, "--out", &second, "--weights", &model, "--rate", "1e-12"][..], &options].concat());
    let predicted = |run: &str| -> Vec<f64> {
        text(&succeeds(&["predict", run, &data]).stdout).lines().skip(1).map(|line| line.parse().unwrap()).collect()
    };
    for (a, b) in predicted(&first).into_iter().zip(predicted(&second)) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    let third = folder.path().join("third").to_str().unwrap().to_owned();
    let wrong = ["fit", &data, "--target", "value", "--network", "siren", "--weights", &model, "--out", &third];
    refused(&wrong, &["model.safetensors has a tensor `0.bias` of the shape [128], and the network needs [64]"]);
    assert!(!Path::new(&third).exists());
}
