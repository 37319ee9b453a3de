"""Untouched defaults beside others' untouched defaults.

    python -m benchmarks.defaults -o results.csv [--seeds 5] [--data FOLDER] [--sets wine,iris] [--contenders NAME,…]

Five sets of scikit-learn and, with `--data`, three files of that folder (adult.csv, beijing-pm25.csv,
mnist10k.csv.zip), each split at random once a seed (25 % held out, classes stratified); all contenders see the same
splits. Scores: log-loss and error rate for classes, RMSE and 1 − R² for values; lower is better. Every score is
appended to the file as it comes; scores that the file holds already are not measured again. One thread; seconds are
those of `fit`, by processor and wall clock. Printed, as Markdown: mean and 95 % interval (Student, over the seeds) of
log-loss or RMSE, processor seconds, and the mean rank over the sets. RealMLP-TD takes part where pytabkit is installed.
"""

import argparse
import csv
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import backlight as bl

from .defaults_sets import BUNDLED, FILES, Table, load
from .defaults_words import show

HEAD = ("set", "seed", "contender", "score", "error", "processor_seconds", "seconds")


def _scaled(model: Any, table: Table) -> Any:
    numbers = [name for name in table.X.columns if name not in table.categories]
    codes = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(make_column_transformer((StandardScaler(), numbers), (codes, table.categories)), model)


def _real_mlp(table: Table, seed: int) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    return (RealMLP_TD_Regressor if table.values else RealMLP_TD_Classifier)(
        random_state=seed, n_threads=1, device="cpu"
    )


CONTENDERS: dict[str, Callable[[Table, int], Any]] = {
    "backlight": lambda table, seed: (bl.Regressor if table.values else bl.Classifier)(seed=seed),
    "one network": lambda table, seed: (bl.Regressor if table.values else bl.Classifier)(seed=seed, ensemble=1),
    "linear": lambda table, _: _scaled(Ridge() if table.values else LogisticRegression(), table),
    "gradient boosting": lambda table, seed: (
        HistGradientBoostingRegressor if table.values else HistGradientBoostingClassifier
    )(random_state=seed),
    "scikit-learn MLP": lambda table, seed: _scaled(
        (MLPRegressor if table.values else MLPClassifier)(random_state=seed), table
    ),
    "RealMLP-TD": _real_mlp,
}
"""Boosting and RealMLP-TD know categories by the frame's column type, as their documentation asks."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="every score, as CSV")
    parser.add_argument("--seeds", default="5", help="a number, or first:after")
    parser.add_argument("--data", type=Path, help="folder of the three files")
    parser.add_argument("--sets", help=f"of {','.join((*BUNDLED, *FILES))}")
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--show", action="store_true", help="print what the file holds, and measure nothing")
    given = parser.parse_args()
    sets = given.sets.split(",") if given.sets else [*BUNDLED, *(FILES if given.data else ())]
    contenders = given.contenders.split(",")
    if "RealMLP-TD" in contenders and find_spec("pytabkit") is None and not given.show:
        contenders.remove("RealMLP-TD")
        print("RealMLP-TD left out: pytabkit is not installed.")
    if not given.show:
        torch.set_num_threads(1)
        first, after = ("0:" + given.seeds).split(":")[-2:]
        with threadpool_limits(1):
            measure(given.output, sets, contenders, range(int(first), int(after)), given.data)
    show(pd.read_csv(given.output), sets, contenders)


def measure(output: Path, sets: list[str], contenders: list[str], seeds: range, data: Path | None) -> None:
    """Append a row for each set, seed and contender that the file does not hold yet."""
    if not output.exists():
        output.write_text(",".join(HEAD) + "\n", encoding="utf-8")
    with output.open(encoding="utf-8", newline="") as file:
        done = {(row["set"], int(row["seed"]), row["contender"]) for row in csv.DictReader(file)}
    for name in sets:
        table = load(name, data)
        for seed in seeds:
            for contender in contenders:
                if (name, seed, contender) not in done:
                    row = (name, seed, contender, *score(contender, table, seed))
                    with output.open("a", encoding="utf-8", newline="") as file:
                        csv.writer(file, lineterminator="\n").writerow(row)


def score(contender: str, table: Table, seed: int) -> tuple[float, float, float, float]:
    """Log-loss or RMSE, error rate or 1 − R², processor and wall seconds of the fit."""
    y = table.y
    a, b = train_test_split(np.arange(len(y)), test_size=0.25, random_state=seed, stratify=None if table.values else y)
    X = table.X if contender in ("backlight", "one network") else table.typed()
    model = CONTENDERS[contender](table, seed)
    began, began_wall = time.process_time(), time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X.iloc[a], y[a])
    seconds = time.process_time() - began, time.monotonic() - began_wall
    if table.values:
        squared = float(np.mean((np.ravel(model.predict(X.iloc[b])) - y[b]) ** 2))
        return squared**0.5, squared / float(np.var(y[b])), *seconds
    probability = model.predict_proba(X.iloc[b])
    error = float(np.mean(model.classes_[probability.argmax(1)] != y[b]))
    return float(log_loss(y[b], probability)), error, *seconds


if __name__ == "__main__":
    main()
