"""Which scores a task has, and how each follows from per-row contributions."""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from ..records import Metric, Task
from .bootstrap import Score, intervals

CALIBRATION_BINS = 15
"""As in Guo et al. 2017, "On Calibration of Modern Neural Networks"."""
ROWS_PER_BIN = 20


def score(task: Task, truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """The metrics of `evaluate` without their intervals."""
    return {name: metric.value for name, metric in score_intervals(task, truth, prediction, resamples=0).items()}


def score_intervals(
    task: Task, truth: np.ndarray, prediction: np.ndarray, *, seed: int = 0, resamples: int = 1000
) -> dict[str, Metric]:
    """Every metric of the task with its 95 % interval; see `evaluate`."""
    rows, scores = contributions(task, truth, prediction)
    metrics = intervals(rows, scores, seed=seed, resamples=resamples) if resamples else _values(rows, scores)
    if "accuracy" in metrics and resamples:
        metrics |= _unanimous(metrics["accuracy"].value, len(truth))
    return metrics


def contributions(task: Task, truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, dict[str, Score]]:
    """What each row contributes (rows, columns), and every score as a function of the columns' means.

    Column 0 is the squared error of a value; for classes column 0 says whether the row is right, column 1 is its
    log-loss.
    """
    return (_regression if task.kind == "regression" else _classification)(truth, prediction)


def probability_of_truth(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """p(right class) of each row: (n,)."""
    return prediction[np.arange(len(truth)), truth]


def confidence(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What calibration is measured on: a probability and whether it came true, both (n,).

    The probability of class 1 where there are two classes, else that of the predicted class (top-label calibration).
    """
    if prediction.shape[1] == 2:
        return prediction[:, 1], (truth == 1).astype(np.float64)
    return prediction.max(axis=1), (prediction.argmax(axis=1) == truth).astype(np.float64)


def equal_mass_bins(probability: np.ndarray) -> np.ndarray:
    """Bin number of each row, bins holding equal numbers of rows; equal probabilities share a bin.

    Equal-mass bins (Nguyen and O'Connor 2015) estimate the calibration error with less bias than bins of equal width
    (Roelofs et al. 2022, "Mitigating Bias in Calibration Error Estimation").
    """
    bins = int(np.clip(len(probability) // ROWS_PER_BIN, 1, CALIBRATION_BINS))
    edges = np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1])
    return np.unique(np.searchsorted(edges, probability, side="right"), return_inverse=True)[1]


def _classification(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, dict[str, Score]]:
    """Accuracy, error rate, log-loss, mean p(right class), calibration error and, where it exists, ROC-AUC."""
    # scikit-learn's log_loss clips at the machine epsilon of the prediction's type too.
    epsilon = np.finfo(prediction.dtype).eps
    probability = probability_of_truth(truth, prediction).astype(np.float64)
    right = (prediction.argmax(axis=1) == truth).astype(np.float64)
    columns = [right, -np.log(np.clip(probability, epsilon, 1 - epsilon)), probability]
    scores = {
        "accuracy": Score(_column(0)),
        "error_rate": Score(lambda means: 1 - means[..., 0]),
        "log_loss": Score(_column(1)),
        "probability_of_right_class": Score(_column(2)),
    }
    roc = _roc_auc(truth, prediction)
    if roc is not None:
        scores["roc_auc"] = Score(_column(len(columns)), 0, 1)
        columns.append(roc)
    first = len(columns)
    scores["calibration_error"] = Score(lambda means: np.abs(means[..., first:]).sum(axis=-1), 0, 1, biased=True)
    return np.column_stack([*columns, _calibration_gaps(truth, prediction)]), scores


def _regression(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, dict[str, Score]]:
    """Root mean squared error, mean absolute error (both in the target's units) and R²."""
    error = prediction.astype(np.float64) - truth
    centred = truth - truth.mean(dtype=np.float64)
    scores = {
        "rmse": Score(lambda means: np.sqrt(means[..., 0])),
        "mae": Score(_column(1)),
        "r2": Score(lambda means: 1 - means[..., 0] / (means[..., 2] - means[..., 3] ** 2)),
    }
    return np.column_stack([error**2, np.abs(error), centred**2, centred]), scores


def _roc_auc(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray | None:
    """Contributions whose mean is the ROC-AUC (one class against the rest, mean over classes); None where undefined.

    A row contributes the area plus its own influence on it: the placement values of DeLong, DeLong and Clarke-Pearson
    1988. Resampling these instead of the ranks is the first-order bootstrap: no sorting for each resample.
    Classes that are absent, or that every row has, are left out of the mean.
    """
    classes = [1] if prediction.shape[1] == 2 else range(prediction.shape[1])
    found = [_influence(truth == code, prediction[:, code]) for code in classes if 0 < (truth == code).mean() < 1]
    return np.mean(found, axis=0) if found else None


def _influence(positive: np.ndarray, values: np.ndarray) -> np.ndarray:
    share = positive.mean()
    ranks = rankdata(values)
    above = (ranks[positive] - rankdata(values[positive])) / (~positive).sum()
    below = 1 - (ranks[~positive] - rankdata(values[~positive])) / positive.sum()
    area = above.mean()
    contribution = np.empty(len(values))
    contribution[positive] = area + (above - area) / share
    contribution[~positive] = area + (below - area) / (1 - share)
    return contribution


def _calibration_gaps(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """One column a bin: predicted minus observed for the rows of the bin, else 0."""
    probability, observed = confidence(truth, prediction)
    bins = equal_mass_bins(probability)
    gaps = np.zeros((len(truth), bins.max() + 1))
    gaps[np.arange(len(truth)), bins] = probability - observed
    return gaps


def _unanimous(accuracy: float, rows: int) -> dict[str, Metric]:
    """Intervals where every row was right, or every row wrong: resampling sees no spread there.

    The exact binomial bound (Clopper and Pearson 1934): what 97.5 % of repetitions would stay within.
    """
    bound = 0.025 ** (1 / rows)
    if accuracy == 1:
        return {"accuracy": Metric(1, bound, 1), "error_rate": Metric(0, 0, 1 - bound)}
    if accuracy == 0:
        return {"accuracy": Metric(0, 0, 1 - bound), "error_rate": Metric(1, bound, 1)}
    return {}


def _values(rows: np.ndarray, scores: dict[str, Score]) -> dict[str, Metric]:
    means = rows.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {name: float(score.of_means(means)) for name, score in scores.items()}
    return {name: Metric(value, value, value) for name, value in values.items() if np.isfinite(value)}


def _column(index: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda means: means[..., index]
