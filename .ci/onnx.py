"""Models as ONNX, run by an independent runtime, say what `dualgn predict` says: numbers with long tails and empty cells, words, counts,
classes, and a convolutional network.

    cargo build --release && pip install onnxruntime && python3 .ci/onnx.py
"""
import csv
import math
import pathlib
import random
import subprocess
import tempfile

import numpy as np
import onnxruntime

PROGRAM = pathlib.Path(__file__).parent.parent / "target" / "release" / "dualgn"
COLOURS = ["red", "green", "blue", "never seen"]


def dualgn(*arguments):
    return subprocess.run([PROGRAM, *arguments], check=True, text=True, stdout=subprocess.PIPE).stdout


def table(path, rows, target):
    draw = random.Random(rows)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "colour", "tail", "y"])
        for _ in range(rows):
            a, tail, colour = draw.gauss(0, 1), draw.expovariate(1) ** 3, draw.choice(COLOURS[: 4 if rows < 100 else 3])
            value = math.sin(2 * a) + math.log1p(tail) + len(colour) / 5
            writer.writerow(["" if draw.random() < 0.1 else a, colour, tail, target(value)])


def pixels(path, rows):
    draw = random.Random(rows)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"p{i}" for i in range(64)] + ["y"])
        for _ in range(rows):
            row, column = draw.randrange(6), draw.randrange(6)
            inked = {(row + i) * 8 + column + i * draw.randrange(2) for i in range(3)}
            writer.writerow([draw.random() + 3 * (i in inked) for i in range(64)] + ["corner" if row + column < 5 else "rest"])


def compare(folder, name, options):
    run, model = folder / name, folder / f"{name}.onnx"
    dualgn("fit", folder / "train.csv", "--target", "y", "--epochs", "20", "--quiet", "--out", run, *options)
    names = dualgn("export", run, "--out", model).strip().split("example of ")[1].split(", ")
    said = list(csv.DictReader(dualgn("predict", run, folder / "new.csv").splitlines()))
    session = onnxruntime.InferenceSession(model)
    about = session.get_modelmeta().custom_metadata_map
    import json

    words = {c["name"]: c["levels"] for c in json.loads(about["dualgn"])["encoder"]["columns"] if c["role"] == "category"}
    rows = list(csv.DictReader(open(folder / "new.csv")))

    def number(column, cell):
        if column in words:
            return words[column].index(cell) + 1 if cell in words[column] else 0
        return float(cell) if cell else math.nan

    columns = np.array([[number(column, row[column]) for column in names] for row in rows], dtype=np.float32)
    (found,) = session.run(None, {"columns": columns})
    classes = about["classes"].split("\n") if about["classes"] else []
    heads = [f"probability of {level}" for level in classes] or ["y (predicted)"]
    wanted = np.array([[float(row[head]) for head in heads] for row in said])
    error = np.abs(found - wanted).max() / np.abs(wanted).max()
    print(f"{name}: {len(rows)} rows, {found.shape[1]} outputs, off by {error:.1e}")
    # Single precision, through some layers.
    assert error < 2e-5, error


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, target, options in [
            ("numbers", lambda value: value - 1.5, []),
            ("counts", lambda value: max(0, round(20 * value)), ["--members", "2"]),
            ("words", lambda value: "low" if value < 1 else "middle" if value < 2 else "high", ["--network", "resnet-tabular"]),
            ("answers", lambda value: value > 1.5, ["--members", "1", "--network", "siren"]),
        ]:
            table(folder / "train.csv", 300, target)
            table(folder / "new.csv", 40, target)
            compare(folder, name, options)
        pixels(folder / "train.csv", 200)
        pixels(folder / "new.csv", 30)
        (folder / "image.toml").write_text("input = [1, 8, 8]\npreset = { name = \"cnn\", activation = \"gelu\" }\n")
        compare(folder, "images", ["--members", "1", "--network", folder / "image.toml"])


if __name__ == "__main__":
    main()
