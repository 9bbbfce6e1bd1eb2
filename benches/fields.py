"""Compares methods on equations at equal seconds and writes one table: benches/results/fields.md.

    cargo build --release && python3 benches/fields.py [--scale 1.0]

Each run is `dualgn compare PROBLEM`: the same weights and points for all methods, learning rates of first-order methods chosen by
trials on a fifth of the time each, which are not counted. `--scale` multiplies all times. Keep the machine idle.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benches" / "results" / "fields.md"
BASELINES = ["adam", "lbfgs", "muon"]
OURS = ["lm", "engd-w", "spring", "dual-gn"]
# Problem, seconds a method, methods, and what its paper has.
RUNS = [
    ("poisson2d", 15, BASELINES + OURS, ""),
    ("heat", 15, BASELINES + OURS, ""),
    (
        "poisson5d",
        60,
        ["adam", "engd-w", "dual-gn"],
        "Adam 3.1e-3, ENGD 5.7e-5, ENGD-W 6.8e-7 after 7,000 s (5.7e-5 after 169 s)",
    ),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    scale = parser.parse_args().scale
    lines = ["# Equations at equal seconds", "", "Made by `benches/fields.py`; relative errors `‖u - u*‖ / ‖u*‖` at 4,000 points.", ""]
    for problem, seconds, methods, published in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            command = [ROOT / "target/release/dualgn", "compare", problem, "--methods", ",".join(methods)]
            command += ["--seconds", str(seconds * scale), "--out", folder, "--quiet", "--json"]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        result = json.loads(done.stdout)
        lines += [f"## {problem}, {seconds * scale:g} s a method", "", result["description"], ""]
        if published:
            lines += [f"Published: {published}.", ""]
        lines += ["| method | steps | loss | relative error |", "| --- | --- | --- | --- |"]
        for run in result["runs"]:
            last = run["records"][-1]
            lines.append(f"| {run['method']} | {last['step']:,} | {last['train_loss']:.1e} | {last['test_metric']:.2e} |")
        lines += ["", f"{result['environment']}", ""]
        RESULTS.write_text("\n".join(lines))
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
