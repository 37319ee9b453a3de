"""Untouched defaults on small tables, beside others' untouched defaults.

    python -m benchmarks.defaults [--seeds 5] [--sets wine,iris] [--contenders backlight,linear] [-o results.csv]

Five sets of scikit-learn, each split at random (25 % held out, stratified) once a seed; every contender sees the same
splits, turn about within a seed. Scores: log-loss and error rate for classes, RMSE for values; lower is better.
Printed:
mean and 95 % interval (Student, over the seeds), seconds a fit, and the mean rank over the sets by log-loss or RMSE.
RealMLP-TD takes part where pytabkit is installed.
"""

import argparse
import csv
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.stats import rankdata
from scipy.stats import t as student
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import backlight as bl

SETS: dict[str, Callable[..., Any]] = {
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "diabetes": load_diabetes,
    "digits": load_digits,
    "iris": load_iris,
}


def _scaled(model: Any) -> Any:
    return make_pipeline(StandardScaler(), model)


def _real_mlp(values: bool, seed: int) -> Any:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    return (RealMLP_TD_Regressor if values else RealMLP_TD_Classifier)(random_state=seed, n_threads=1)


CONTENDERS: dict[str, Callable[[bool, int], Any]] = {
    "backlight": lambda values, seed: (bl.Regressor if values else bl.Classifier)(seed=seed),
    "backlight, one network": lambda values, seed: (bl.Regressor if values else bl.Classifier)(seed=seed, ensemble=1),
    "linear": lambda values, seed: _scaled(Ridge() if values else LogisticRegression()),
    "gradient boosting": lambda values, seed: (
        HistGradientBoostingRegressor if values else HistGradientBoostingClassifier
    )(random_state=seed),
    "scikit-learn MLP": lambda values, seed: _scaled((MLPRegressor if values else MLPClassifier)(random_state=seed)),
    "RealMLP-TD": _real_mlp,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--contenders", default=",".join(CONTENDERS).replace("backlight, one network", "single"))
    parser.add_argument("-o", "--output", help="every score, as CSV")
    given = parser.parse_args()
    wanted = [name.replace("single", "backlight, one network") for name in given.contenders.split(",")]
    if "RealMLP-TD" in wanted and find_spec("pytabkit") is None:
        wanted.remove("RealMLP-TD")
        print("RealMLP-TD left out: pytabkit is not installed.")
    rows = list(measurements(given.sets.split(","), wanted, given.seeds))
    if given.output:
        with open(given.output, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123
            csv.writer(file).writerows([("set", "seed", "contender", "score", "error", "seconds"), *rows])
    show(rows, wanted)


def measurements(
    sets: list[str], contenders: list[str], seeds: int
) -> Iterator[tuple[str, int, str, float, float, float]]:
    """(set, seed, contender, log-loss or RMSE, error rate or 1 − R², seconds)."""
    for seed in range(seeds):
        for name in sets:
            X, y = SETS[name](return_X_y=True)
            values = name == "diabetes"
            a, b = train_test_split(
                np.arange(len(y)), test_size=0.25, random_state=seed, stratify=None if values else y
            )
            for contender in contenders:
                model = CONTENDERS[contender](values, seed)
                began = time.monotonic()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    model.fit(X[a], y[a])
                scores = _scores(model, X[b], y[b], values)
                yield name, seed, contender, *scores, time.monotonic() - began


def _scores(model: Any, X: np.ndarray, y: np.ndarray, values: bool) -> tuple[float, float]:
    if values:
        squared = float(np.mean((model.predict(X) - y) ** 2))
        return squared**0.5, squared / float(np.var(y))
    probability = model.predict_proba(X)
    return float(log_loss(y, probability)), float(np.mean(model.classes_[probability.argmax(1)] != y))


def show(rows: list[tuple[str, int, str, float, float, float]], contenders: list[str]) -> None:
    """The table, and the mean rank."""
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for name, _, contender, *scores in rows:
        found[name, contender].append((scores[0], scores[1], scores[2]))
    sets = list(dict.fromkeys(row[0] for row in rows))
    seeds = len(found[sets[0], contenders[0]])
    print(
        f"\n{'set':<15}{'contender':<24}{'log-loss / RMSE':>17}{'95 % interval':>20}{'error / 1−R²':>14}{'seconds':>9}"
    )
    ranks = []
    for name in sets:
        means = [float(np.mean([one[0] for one in found[name, contender]])) for contender in contenders]
        ranks.append(rankdata(means))
        for contender, mean in zip(contenders, means, strict=True):
            score, error, seconds = np.array(found[name, contender]).T
            half = student.ppf(0.975, seeds - 1) * score.std(ddof=1) / seeds**0.5 if seeds > 1 else np.nan
            interval = f"{mean - half:.4g} to {mean + half:.4g}"
            print(f"{name:<15}{contender:<24}{mean:>17.4g}{interval:>20}{error.mean():>14.4f}{seconds.mean():>9.2f}")
    print(f"\nmean rank over {len(sets)} sets, {seeds} seeds:")
    for contender, rank in sorted(zip(contenders, np.mean(ranks, axis=0), strict=True), key=lambda one: one[1]):
        print(f"  {rank:.2f}  {contender}")


if __name__ == "__main__":
    main()
