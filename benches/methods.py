#!/usr/bin/env python3
"""All methods of `dualgn methods` on six small problems, three seeds, at equal seconds and at equal steps, one core a run:

    cargo build --release && python3 benches/methods.py DATA [--seconds 1.2] [--steps 40]

DATA holds `concrete.csv`, `mnist/` and `fashion_mnist_10k/`. Learning rates are chosen by trials on a fifth of the budget each, as
`dualgn compare` does. Writes `benches/results/methods.json` and the table `benches/results/methods.md`.
"""
import argparse, json, os, statistics, subprocess, tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 3
PROGRAM = ROOT / "target/release/dualgn"
ALL = ("sgd adam adamw muon lbfgs dual-gn dual-gn-sgd dual-gn-adam prox-linear prox-linear-sgd prox-linear-adam fgn fgn-sgd fgn-adam "
       "egn spring kfac-step lm gn-cg").split()
# Name, problem, classes, steps an epoch, more options.
PROBLEMS = [("digits", "digits", True, 11, ["--batch", "128"]), ("mnist", "mnist", True, 15, ["--limit", "2000", "--batch", "128"]),
            ("fashion", "mnist", True, 15, ["--limit", "2000", "--batch", "128"]), ("diabetes", "diabetes", False, 1, []),
            ("concrete", "concrete", False, 1, []), ("bikeshare", "bikeshare", False, 27, [])]


def job(data, name, problem, classes, per_epoch, options, seed, budget, core):
    methods = [method for method in ALL if classes or not method.startswith("fgn")]
    folder = {"mnist": data / "mnist", "fashion": data / "fashion_mnist_10k", "concrete": data}.get(name)
    kind, amount = budget
    limit = ["--seconds", str(amount)] if kind == "seconds" else ["--epochs", str(amount / per_epoch)]
    with tempfile.TemporaryDirectory() as out:
        command = ["taskset", "-c", str(core), str(PROGRAM), "compare", problem, "--methods", ",".join(methods), "--seed", str(seed),
                   "--out", out, "--quiet", "--json", *limit, *options, *(["--data", str(folder)] if folder else [])]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    rows = []
    for run in json.loads(done.stdout)["runs"]:
        last = run["records"][-1]
        rows.append(dict(problem=name, budget=kind, seed=seed, method=run["method"], status=run["status"], steps=last["step"],
                         seconds=last["seconds"], train_loss=last["train_loss"], test_metric=last["test_metric"]))
    return rows


def figure(values, digits):
    """Mean and half of the range."""
    return f"{statistics.mean(values):.{digits}g} ± {(max(values) - min(values)) / 2:.1g}"


def table(rows, kind):
    names = [name for name, *_ in PROBLEMS]
    lines = ["| method | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for method in ALL:
        cells = []
        for name, _, classes, _, _ in PROBLEMS:
            own = [row for row in rows if (row["problem"], row["budget"], row["method"]) == (name, kind, method)]
            if not own:
                cells.append("")
                continue
            own = [row for row in own if row["status"] != "diverged" and row["train_loss"] is not None]
            if not own:
                cells.append("diverged")
                continue
            metric = [row["test_metric"] * (100 if classes else 1) for row in own]
            diverged = f" ({SEEDS - len(own)} diverged)" if len(own) < SEEDS else ""
            cells.append(f"{figure([row['train_loss'] for row in own], 2)}; {figure(metric, 3)}{diverged}")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=1.2)
    parser.add_argument("--steps", type=int, default=40)
    arguments = parser.parse_args()
    cores = Queue()
    for core in sorted(os.sched_getaffinity(0)):
        cores.put(core)

    def run(task):
        core = cores.get()
        try:
            rows = job(arguments.data, *task, core)
        finally:
            cores.put(core)
        print(task[0], task[-2], task[-1], flush=True)
        return rows

    tasks = [(*problem, seed, budget) for budget in [("seconds", arguments.seconds), ("steps", arguments.steps)]
             for problem in PROBLEMS for seed in range(SEEDS)]
    with ThreadPoolExecutor(cores.qsize()) as pool:
        rows = [row for rows in pool.map(run, tasks) for row in rows]
    results = ROOT / "benches/results"
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    (results / "methods.json").write_text(json.dumps(dict(commit=commit, runs=rows), indent=0) + "\n")
    write_tables(rows, arguments)


def write_tables(rows, arguments):
    text = f"Training loss; test accuracy (%) or root mean squared error. Mean of {SEEDS} seeds ± half of their range.\n"
    text += f"\n## {arguments.seconds} seconds each, one core\n\n{table(rows, 'seconds')}\n"
    text += f"\n## {arguments.steps} steps each\n\n{table(rows, 'steps')}\n"
    (ROOT / "benches/results/methods.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
