"""Compares `dualgn fit` without options with scikit-learn's defaults on real tables, and writes benches/results/tables.md.

    cargo build --release && pip install scikit-learn && python3 benches/tables.py ../shared/data

The folder has NAME.csv and splits/NAME_test.txt, the rows that test, the same for all. Five seeds each; `fit` draws its validation rows
from the others, and the networks of scikit-learn get columns and targets standardised, which their defaults do not do by themselves.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benches" / "results" / "tables.md"
SETS = {
    "diabetes": "rmse",
    "concrete": "rmse",
    "bikeshare": "rmse",
    "breast_cancer": "accuracy",
    "wine": "accuracy",
    "iris": "accuracy",
    "digits": "accuracy",
}
SEEDS = range(5)


def ours(folder, name, seed):
    with tempfile.TemporaryDirectory() as out:
        command = [ROOT / "target/release/dualgn", "fit", folder / f"{name}.csv", "--seed", str(seed), "--out", out, "--quiet", "--json"]
        command += ["--test-rows", folder / "splits" / f"{name}_test.txt"]
        done = subprocess.run(command + EXTRA, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["scores"][0]["value"]["value"]


def theirs(model, folder, name, metric, seed):
    table = np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1)
    test = np.loadtxt(folder / "splits" / f"{name}_test.txt", dtype=int)
    train = np.setdiff1d(np.arange(len(table)), test)
    x, y = table[:, :-1], table[:, -1]
    is_class = metric == "accuracy"
    if model == "network":
        fitted = make_pipeline(StandardScaler(), (MLPClassifier if is_class else MLPRegressor)(random_state=seed))
        if not is_class:
            fitted = TransformedTargetRegressor(fitted, transformer=StandardScaler())
    else:
        fitted = (HistGradientBoostingClassifier if is_class else HistGradientBoostingRegressor)(random_state=seed)
    with warnings.catch_warnings():
        # That 200 iterations were not enough.
        warnings.simplefilter("ignore")
        fitted.fit(x[train], y[train])
    predicted = fitted.predict(x[test])
    return np.mean(predicted == y[test]) if is_class else np.sqrt(np.mean((predicted - y[test]) ** 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", nargs="*", default=list(SETS))
    parser.add_argument("--dry", action="store_true", help="print only")
    arguments, extra = parser.parse_known_args()
    EXTRA.extend(extra)
    lines = [
        "# Tables",
        "",
        "Made by `benches/tables.py`: mean over five seeds, and their deviation; RMSE is better small, accuracy large. The networks of scikit-learn have",
        "columns and targets standardised.",
        "",
        "| data | measure | `dualgn fit` | MLP of scikit-learn | gradient boosting of scikit-learn |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in arguments.only:
        metric = SETS[name]
        columns = [[ours(arguments.folder, name, seed) for seed in SEEDS]]
        columns += [[theirs(model, arguments.folder, name, metric, seed) for seed in SEEDS] for model in ("network", "boosting")]
        cells = [f"{np.mean(values):.4g} ± {np.std(values):.2g}" for values in columns]
        lines.append(f"| {name} | {metric} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    if not arguments.dry:
        import sklearn

        lines += ["", f"scikit-learn {sklearn.__version__}, Python {sys.version.split()[0]}."]
        RESULTS.write_text("\n".join(lines) + "\n")


EXTRA = []
if __name__ == "__main__":
    main()
