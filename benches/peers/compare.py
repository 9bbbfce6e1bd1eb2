"""Runs dualgn and its peers in turns and prints the ratios of their times; started by compare.sh.

Every measure is a process of its own and gives a median of at least seven calls. A round runs all measures of a workload,
ours and theirs one after the other; the ratio of two medians is taken within a round, and the table shows the median of the
rounds' ratios with the least and the greatest. Measures of many seconds are run in the first round only.
"""
import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
RESULTS = ROOT / "benches" / "results"

ASSEMBLED, GRADIENT, CG = "dual_assembled", "gradient", "dual_cg_10"
# (workload, our measure, whose, their measure, the most that the ratio should be)
ROWS = [
    ("W1", ASSEMBLED, "dualgn", "burn_gradient", 3.0),
    ("W1", ASSEMBLED, "jax", GRADIENT, 4.5),
    ("W1", ASSEMBLED, "jax", CG, 0.4),
    ("W1", ASSEMBLED, "jax", ASSEMBLED, 0.003),
    ("W1", ASSEMBLED, "neural-tangents", "ntk_2", 0.006),
    ("W2", ASSEMBLED, "jax", ASSEMBLED, 0.2),
    ("W2", ASSEMBLED, "somax", "egn_step", None),
    ("W3", ASSEMBLED, "jax", ASSEMBLED, 0.2),
    ("W3", ASSEMBLED, "somax", "egn_step", None),
    ("W4", ASSEMBLED, "jax", ASSEMBLED, 0.35),
    ("W5", ASSEMBLED, "jax", ASSEMBLED, 0.2),
    ("W6", "fast_assembled", "jax", CG, 0.3),
    ("W6", CG, "jax", CG, 0.9),
    *((workload, CG, "jax", CG, 0.9) for workload in ("W1", "W1b", "W2", "W3", "W4", "W5")),
    ("W2", CG, "somax", "row_cg_10", None),
    *((workload, "primal_cg_10", "jax", "primal_cg_10", None) for workload in ("W1", "W2", "W3")),
    *((workload, GRADIENT, "dualgn", "burn_gradient", 0.8) for workload in ("W1", "W1b", "W2", "W3", "W4", "W5", "W6")),
    *((workload, GRADIENT, "jax", GRADIENT, 1.0) for workload in ("W1", "W1b", "W2", "W3", "W4", "W5", "W6")),
]
# What takes minutes: JAX's Jacobian of W1 and its peers.
SLOW = {("jax", "W1", ASSEMBLED), ("neural-tangents", "W1", "ntk_2"), ("somax", "W3", "egn_step")}
PRODUCTS = ["forward_backward", "products", "kernel_products_1", "kernel_products_10"]
WIDTHS = [256, 512, 1024, 2048, 4096]
PYTHON = {"jax": "jax", "somax": "jax", "neural-tangents": "neural-tangents"}
SCRIPTS = {"jax": "bench_jax.py", "somax": "bench_somax.py"}


def program():
    """The benchmark's executable, as cargo names it."""
    command = ["cargo", "bench", "--locked", "-p", "dualgn", "--bench", "peers", "--no-run", "--message-format=json"]
    messages = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    artifacts = (json.loads(line) for line in messages.stdout.splitlines() if line.startswith("{"))
    return next(a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "peers")


class Bench:
    def __init__(self, arguments):
        self.peers, self.budget = arguments.peers, str(arguments.budget)
        self.program, self.rows = program(), []

    def measure(self, tool, workload, method, number):
        """One process; its line, or None where it failed."""
        options = ["--budget", self.budget]
        if tool == "dualgn":
            command = [self.program, workload, method, *options]
        else:
            python = str(ROOT / "target" / "peers" / PYTHON[tool] / "bin" / "python")
            one = ["--one", workload, method, "--repeats", "40", *options]
            script = [str(self.peers / SCRIPTS[tool])] if tool in SCRIPTS else [str(HERE / "neural_tangents_ntk.py"), str(self.peers)]
            command = [python, *script, *one]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode != 0 or not lines:
            print(f"{tool} {workload} {method}: failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return None
        row = {"round": number, **json.loads(lines[-1])}
        row["tool"] = tool if tool == "dualgn" else row["tool"]
        self.rows.append(row)
        print(f"round {number} {tool:16} {workload:8} {method:20} {1e3 * row['median_s']:10.3f} ms", file=sys.stderr)
        return row


def measures(workload):
    """Pairs (tool, method) of a workload, ours and theirs mixed."""
    pairs = {}
    for name, ours, tool, theirs, _ in ROWS:
        if name == workload:
            pairs.update({("dualgn", ours): None, (tool, theirs): None})
    pairs.update({("dualgn", method): None for method in PRODUCTS})
    return list(pairs)


def run(bench, rounds):
    """{(tool, workload, method): [a row a round]}"""
    found = {}
    workloads = [name for name in dict.fromkeys(row[0] for row in ROWS)]
    for number in range(rounds):
        for workload in workloads:
            pairs = measures(workload)
            for tool, method in pairs if number % 2 == 0 else reversed(pairs):
                key = (tool, workload, method)
                if number == 0 or key not in SLOW:
                    found.setdefault(key, []).append(bench.measure(tool, workload, method, number))
        for width in WIDTHS:
            key = ("dualgn", f"W1@{width}", ASSEMBLED)
            found.setdefault(key, []).append(bench.measure(*key, number))
    return found


def ratios(ours, theirs, value):
    """A ratio a round; a measure of one round is compared with every round of the other."""
    ours, theirs = ([value(row) for row in rows if row] for rows in (ours, theirs))
    if len(ours) != len(theirs):
        return [a / b for a in ours for b in theirs]
    return [a / b for a, b in zip(ours, theirs)]


def spread(values):
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def seconds(row):
    return row["median_s"]


def slope(points):
    """Of a line through logarithms, by least squares."""
    xs, ys = ([math.log(v) for v in axis] for axis in zip(*points))
    x, y = statistics.mean(xs), statistics.mean(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys)) / sum((a - x) ** 2 for a in xs)


def table(found):
    line = lambda cells: "| " + " | ".join(cells) + " |"
    lines = [line(["workload", "ours", "ms", "against", "ms", "ratio: median (least to greatest)", "at most", ""]),
             line(["---"] * 8)]

    def add(workload, ours, milliseconds, against, theirs, values, most):
        verdict = "" if most is None or not values else "yes" if statistics.median(values) <= most else "**no**"
        shown = spread(values) if values else "failed"
        lines.append(line([workload, ours, milliseconds, against, theirs, shown, "" if most is None else f"{most:g}", verdict]))

    milliseconds = lambda rows: f"{1e3 * statistics.median(seconds(r) for r in rows if r):.3g}" if any(rows) else ""
    for workload, ours, tool, theirs, most in ROWS:
        mine, other = (found.get(key, []) for key in (("dualgn", workload, ours), (tool, workload, theirs)))
        against = "Burn autodiff gradient" if theirs == "burn_gradient" else f"{tool} {theirs}"
        add(workload, ours, milliseconds(mine), against, milliseconds(other), ratios(mine, other, seconds), most)

    peak = lambda row: row["peak_rss_mib"]
    mine, burn = (found.get(("dualgn", "W1", method), []) for method in (ASSEMBLED, "burn_gradient"))
    add("W1", "dual_assembled, peak memory", "", "Burn autodiff gradient", "", ratios(mine, burn, peak), 2.0)
    for workload in ("W1", "W2", "W3", "W6"):
        passes, products, one, ten = (found.get(("dualgn", workload, method), []) for method in PRODUCTS)
        add(workload, "J and Jᵀ", milliseconds(products), "our forward and backward", milliseconds(passes),
            ratios(products, passes, seconds), None)
        step = [{"median_s": (b["median_s"] - a["median_s"]) / 9} for a, b in zip(one, ten) if a and b]
        add(workload, "an iteration with K", milliseconds(step), "our forward and backward", milliseconds(passes),
            ratios(step, passes, seconds), 1.1)
    rounds = zip(*(found.get(("dualgn", f"W1@{width}", ASSEMBLED), []) for width in WIDTHS))
    exponents = [slope([(row["parameters"], seconds(row)) for row in rows]) for rows in rounds if all(rows)]
    add("W1", "exponent of dual_assembled in p", "", f"widths {WIDTHS[0]} to {WIDTHS[-1]}", "", exponents, 1.1)
    return "\n".join(lines) + "\n"


def output(*command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()


def circumstances(bench):
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    burn = re.search(r'name = "burn"\nversion = "(.*)"', (ROOT / "Cargo.lock").read_text())
    peers = sorted({row["tool"] for row in bench.rows} - {"dualgn"})
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}",
        "commit": output("git", "describe", "--always", "--dirty", "--exclude", "*"),
        "versions": ", ".join([output("rustc", "--version"), f"burn {burn[1]}", f"python {platform.python_version()}", *peers]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", type=pathlib.Path, help="the folder with bench_jax.py")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=1.5, help="seconds of timing a measure aims at")
    arguments = parser.parse_args()
    bench = Bench(arguments)
    found = run(bench, arguments.rounds)
    facts = circumstances(bench)
    text = "".join(f"{name}: {value}  \n" for name, value in facts.items()) + f"rounds: {arguments.rounds}\n\n" + table(found)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "peers.md").write_text("# dualgn and its peers\n\nMade by `benches/peers/compare.sh`.\n\n" + text)
    with open(RESULTS / "peers.json", "w") as file:
        heads = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items())
        rows = ",\n".join("  " + json.dumps(row) for row in bench.rows)
        file.write("{\n" + heads + ",\n \"measures\": [\n" + rows + "\n ]\n}\n")
    print(text)


if __name__ == "__main__":
    main()
