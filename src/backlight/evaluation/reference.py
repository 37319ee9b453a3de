"""What a network has to beat: a constant, and a linear model on the same inputs."""

import math
import time
import warnings
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from ..records import ImageInputs, Inputs, LinearFacts, TableInputs, Task
from .scores import score

VALUES = 40_000_000
"""Bound on rows × inputs that the linear model is fitted to (160 MB as float32)."""
WORK = 400_000_000
"""Bound on rows × inputs × classes: a few seconds on one core."""
SPARSE_WORK = 60_000_000
"""The same bound where one-hot columns make the products sparse, which costs several times more for each value."""
TRIAL_ROWS = 500
"""Rows of the first fit where seconds are given, which tells how many rows they suffice for."""
ITERATIONS = 100
IMAGE_ITERATIONS = 40
"""On raw pixels more iterations only over-fit: 20,000 CIFAR-10 images gave 0.394 after 30 and 0.377 after 60."""


IMAGE_STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverse regularisation of pixels, of which the best on a fifth of the training rows is taken where that takes no
time: 20,000 CIFAR-10 images want 0.01, some thousand digits of 8×8 pixels 1 and more."""
CHOICE_WORK = 60_000_000
"""Rows × inputs × classes up to which that choice is made: about a second."""


class Reference(TypedDict):
    """Scores beside which those of a network are read."""

    baseline: dict[str, float]
    linear: dict[str, float]
    """Empty where no linear model could be fitted; the sentence says why."""
    baseline_sentence: str
    linear_sentence: str


def reference_scores(
    task: Task,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_test: np.ndarray,
    truth_test: np.ndarray,
    inputs: Inputs,
    *,
    seed: int = 0,
    seconds: float | None = None,
) -> Reference:
    """Scores of a constant and of a linear model (logistic regression, or ridge) on the held-out rows.

    The constant is the share of each class, or the mean. Targets are class codes, or values in the target's own units
    for both splits. The linear model sees the network's inputs: discrete features one-hot, the rest standardised,
    pixels divided by 255. Where rows × inputs are many, or more than `seconds` suffice for, it is fitted to a random
    part, which the sentence tells; to 500 rows however few the seconds are.
    """
    y_train, truth_test = np.asarray(y_train), np.asarray(truth_test)
    constant = best_constant(task, y_train)
    linear, linear_sentence = _linear(task, x_train, y_train, x_test, inputs, seed=seed, seconds=seconds)
    return {
        "baseline": constant_scores(task, truth_test, constant),
        "linear": {} if linear is None else score(task, truth_test, linear),
        "baseline_sentence": _constant_sentence(task, constant),
        "linear_sentence": linear_sentence,
    }


def linear_facts(reference: Reference, rows: int) -> LinearFacts | None:
    """What the linear model made of so many held-out rows, beside the constant; None without one.

    Its skill is √(2 n Δ), Δ being the fall of the mean log-loss: the root of the likelihood ratio (Wilks 1938). Of
    values with normal errors Δ is the logarithm of the ratio of the two RMSEs.
    """
    constant, linear = reference["baseline"], reference["linear"]
    if not linear:
        return None
    if "log_loss" in linear:
        fall = constant["log_loss"] - linear["log_loss"]
        left = linear["log_loss"] / max(constant["log_loss"], 1e-300)
    else:
        ratio = max(linear["rmse"], 1e-300) / max(constant["rmse"], 1e-300)
        fall, left = -math.log(ratio), ratio * ratio
    return LinearFacts(math.sqrt(2 * rows * max(0.0, fall)), left, rows)


def constant_scores(task: Task, truth: np.ndarray, constant: float | Sequence[float]) -> dict[str, float]:
    """Scores of always predicting the same: a probability for each class, or one value."""
    return score(task, truth, np.tile(np.asarray(constant, np.float64), (len(truth), *[1] * bool(task.classes))))


def best_constant(task: Task, truth: np.ndarray) -> float | list[float]:
    """What a constant says that knows these rows: the share of each class, or the mean of the values."""
    if not task.classes:
        return float(np.mean(truth, dtype=np.float64))
    shares: list[float] = (np.bincount(truth, minlength=len(task.classes)) / len(truth)).tolist()
    return shares


def _constant_sentence(task: Task, constant: float | list[float]) -> str:
    if isinstance(constant, float):
        return f"always saying the training mean ({constant:{',.0f' if abs(constant) >= 1000 else '.4g'}})"
    return f"always saying {str(task.classes[int(np.argmax(constant))])!r}"


def _linear(
    task: Task,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_test: np.ndarray,
    inputs: Inputs,
    *,
    seed: int,
    seconds: float | None,
) -> tuple[np.ndarray | None, str]:
    """Predictions of the fitted model and what it was; None where it cannot be fitted."""
    rows = _rows_within_bounds(task, x_train, inputs)
    if seconds is not None and rows > TRIAL_ROWS:
        began = time.monotonic()
        trial = _fitted_to(TRIAL_ROWS, task, x_train, y_train, x_test, inputs, seed=seed)
        pace = TRIAL_ROWS / max(time.monotonic() - began, 1e-6)
        rows = min(rows, int(pace * seconds))
        if rows <= TRIAL_ROWS:
            return trial
    return _fitted_to(rows, task, x_train, y_train, x_test, inputs, seed=seed)


def _fitted_to(
    rows: int, task: Task, x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, inputs: Inputs, *, seed: int
) -> tuple[np.ndarray | None, str]:
    """`_linear` from that many random rows."""
    chosen = np.arange(len(y_train))
    if rows < len(chosen):
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, rows, replace=False))
    x, y = x_train[chosen].reshape(rows, -1), y_train[chosen]
    name = "ridge regression" if task.kind == "regression" else "logistic regression"
    if not np.isfinite(x).all() or not np.isfinite(x_test).all():
        return None, f"no {name}: some inputs are not finite"
    if task.kind != "regression" and (y == y[0]).all():
        return None, f"no {name}: its training rows hold one class only"
    model = _pipeline(task, inputs, _strength(task, x, y, inputs, seed=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the sentence tells of it
        model.fit(x, y)
    sentence = f"{name} on {rows:,} " + (f"of {len(y_train):,} training rows" if rows < len(y_train) else "rows")
    return _predictions(task, model, x_test.reshape(len(x_test), -1)), sentence + _stopped(task, model)


def _rows_within_bounds(task: Task, x: np.ndarray, inputs: Inputs) -> int:
    width = max(1, int(np.prod(x.shape[1:])))
    sparse = isinstance(inputs, TableInputs) and any(feature.kind == "discrete" for feature in inputs.features)
    work = SPARSE_WORK if sparse else WORK
    return min(len(x), max(1, VALUES // width), max(1, work // (width * task.outputs)))


def _strength(task: Task, x: np.ndarray, y: np.ndarray, inputs: Inputs, *, seed: int) -> float:
    """Inverse regularisation: scikit-learn's default for standardised columns; pixels are many and alike."""
    if not isinstance(inputs, ImageInputs) or task.kind == "regression":
        return 1.0
    order = np.random.default_rng(seed).permutation(len(y))
    held, kept = order[: len(y) // 5], order[len(y) // 5 :]
    if x.size * task.outputs > CHOICE_WORK or len(held) == 0 or len(np.unique(y[kept])) < 2:
        return IMAGE_STRENGTHS[0]
    losses = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for strength in IMAGE_STRENGTHS:
            model = _pipeline(task, inputs, strength).fit(x[kept], y[kept])
            losses[strength] = score(task, y[held], _predictions(task, model, x[held]))["log_loss"]
    return min(losses, key=lambda strength: losses[strength])


def _pipeline(task: Task, inputs: Inputs, strength: float) -> Pipeline:
    if task.kind == "regression":
        return make_pipeline(_encoding(inputs), Ridge())
    iterations = IMAGE_ITERATIONS if isinstance(inputs, ImageInputs) else ITERATIONS
    return make_pipeline(_encoding(inputs), LogisticRegression(C=strength, max_iter=iterations))


def _encoding(inputs: Inputs) -> ColumnTransformer | FunctionTransformer | StandardScaler:
    if isinstance(inputs, ImageInputs):
        return make_pipeline(FunctionTransformer(_pixels), StandardScaler(with_std=False))
    if not isinstance(inputs, TableInputs):
        return StandardScaler()
    discrete = [index for index, feature in enumerate(inputs.features) if feature.kind == "discrete"]
    rest = [index for index, feature in enumerate(inputs.features) if feature.kind != "discrete"]
    return ColumnTransformer(
        [("discrete", OneHotEncoder(handle_unknown="ignore"), discrete), ("rest", StandardScaler(), rest)]
    )


def _pixels(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32) / np.float32(255)


def _predictions(task: Task, model: Pipeline, x: np.ndarray) -> np.ndarray:
    """Predictions; classes that the model never saw have probability 0."""
    if task.kind == "regression":
        return model.predict(x)
    prediction = np.zeros((len(x), len(task.classes)))
    prediction[:, model.classes_] = model.predict_proba(x)
    return prediction


def _stopped(task: Task, model: Pipeline) -> str:
    """What to say of a fit that ended before it converged."""
    if task.kind == "regression":
        return ""
    iterations, bound = int(np.max(model[-1].n_iter_)), model[-1].max_iter
    return f", stopped after {iterations} iterations" if iterations >= bound else ""
