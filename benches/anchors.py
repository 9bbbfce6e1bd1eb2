#!/usr/bin/env python3
"""Solves equations with published errors, and compares methods on them at equal seconds: benches/results/anchors.md.

    cargo build --release && python3 benches/anchors.py --files burgers,helmholtz --methods geodesic,adam --seconds 1200

Each run is `dualgn solve examples/equations/FILE.toml` with the network and the points of the file. Its curve, with the machine and the
commit, is kept in benches/results/anchors/FILE.METHOD.json, and the table is made of all curves there; without options it is only made
anew. First-order methods take the learning rate that the program chooses, whose trials are not counted. Keep the machine idle.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
CURVES = ROOT / "benches" / "results" / "anchors"
TABLE = ROOT / "benches" / "results" / "anchors.md"
# The smallest published relative errors, and where they are from.
PUBLISHED = {
    "burgers": "1.6e-8, SSBroyden on 2-20x8-1",
    "helmholtz": "4.2e-9 after 251 s and 2.0e-9 after 540 s, natural gradient (arXiv 2604.05230)",
    "helmholtz66": "none found",
    "allen-cahn": "9.4e-7, SSBroyden on 3x30",
    "kdv": "2.2e-6, vRBA",
    "kovasznay": "none found",
    "beltrami": "none found",
    "poisson3d": "4e-6",
}
# Seconds at which errors are shown.
SHOWN = [60, 300, 600, 1200, 1800]


def solve(name, method, seconds):
    """Runs a method and keeps its curve: seconds, step, training loss, relative error."""
    with tempfile.TemporaryDirectory() as folder:
        file = ROOT / "examples" / "equations" / f"{name}.toml"
        command = [ROOT / "target/release/dualgn", "solve", file, "--method", method, "--seconds", str(seconds)]
        command += ["--out", pathlib.Path(folder) / "run", "--quiet", "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        result = json.loads(done.stdout)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    keys = ["seconds", "step", "train_loss", "test_metric"]
    curve = [[float(f"{record[key]:.6g}") for key in keys] for record in result["runs"][0]["records"]]
    CURVES.mkdir(parents=True, exist_ok=True)
    kept = {"environment": result["environment"], "commit": commit.stdout.strip(), "parameters": result["parameters"]}
    text = json.dumps({**kept, "columns": keys, "curve": curve}).replace("], [", "],\n[")
    (CURVES / f"{name}.{method}.json").write_text(text + "\n")


def error_at(curve, seconds):
    """The error of the record with the smallest loss up to some time: what a user would have then."""
    before = [record for record in curve if record[0] <= seconds]
    return min(before, key=lambda record: record[2])[3]


def table():
    """Writes the table of all curves."""
    lines = ["# Equations with published errors", "", "Made by `benches/anchors.py`; relative errors `‖u - u*‖ / ‖u*‖`.", ""]
    for name, published in PUBLISHED.items():
        files = sorted(CURVES.glob(f"{name}.*.json"), key=lambda file: "geodesic" not in file.name)
        if not files:
            continue
        lines += [f"## {name}", "", f"Published: {published}.", ""]
        lines += [f"| method | {' | '.join(f'{seconds} s' for seconds in SHOWN)} | steps | parameters | commit |"]
        lines += ["|---" * (len(SHOWN) + 4) + "|"]
        environments = set()
        for file in files:
            run = json.loads(file.read_text())
            environments.add(run["environment"])
            curve = run["curve"]
            last = curve[-1][0]
            # A run that ended earlier says nothing about later times.
            errors = [f"{error_at(curve, seconds):.1e}" if last >= 0.97 * seconds else "" for seconds in SHOWN]
            method = file.name.split(".")[1]
            steps = f"{int(curve[-1][1]):,} in {last:.0f} s"
            lines.append(f"| {method} | {' | '.join(errors)} | {steps} | {run['parameters']:,} | {run['commit']} |")
        lines += ["", *sorted(environments), ""]
    TABLE.write_text("\n".join(lines))
    print(TABLE.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", default="", help="names of files, separated by commas")
    parser.add_argument("--methods", default="geodesic")
    parser.add_argument("--seconds", type=float, default=1800)
    arguments = parser.parse_args()
    for name in filter(None, arguments.files.split(",")):
        for method in arguments.methods.split(","):
            solve(name, method, arguments.seconds)
    table()


if __name__ == "__main__":
    main()
