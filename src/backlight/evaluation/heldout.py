"""How good predictions are on rows that training never saw."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..records import BacklightError, Metric, Task
from . import details
from .scores import score_intervals


@dataclass(frozen=True)
class Evaluation:
    """Scores on held-out rows and what figures are drawn from. Fields that do not fit the task are None."""

    held_out: int
    """Rows that were scored."""
    metrics: dict[str, Metric]
    """Classification: accuracy, error_rate, log_loss, probability_of_right_class, roc_auc, calibration_error.
    Regression: rmse, mae, r2."""
    baseline: dict[str, float] = field(default_factory=dict)
    """The same scores of a constant, where one was compared."""
    confusion: list[list[int]] | None = None
    """Rows: true class; columns: predicted class; both in the order of `Task.classes`."""
    calibration: list[dict[str, float]] | None = None
    """Bins of equally many rows: low, high, rows, predicted (mean probability), observed (share that came true)."""
    roc: list[list[float]] | None = None
    """Points [false positive rate, true positive rate] of a binary task, at most 200."""
    confidence: list[dict[str, float]] | None = None
    """Histogram of the probability of the right class: low, high, rows."""
    scatter: list[list[float]] | None = None
    """Pairs [true, predicted] of a regression, at most 2,000, in the target's units."""
    residuals: dict[str, float] = field(default_factory=dict)
    """Quantiles of predicted − true, in the target's units, by level such as "0.05"."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def evaluate(
    task: Task, truth: np.ndarray, prediction: np.ndarray, *, seed: int = 0, resamples: int = 1000
) -> Evaluation:
    """Score predictions, each metric with a 95 % bootstrap percentile interval over rows.

    Classification: `truth` holds class codes (n,), `prediction` probabilities (n, classes). Log-loss clips
    probabilities at the machine epsilon of their type, as scikit-learn does. ROC-AUC is one class against the rest,
    averaged over the classes that occur, and left out where only one does. Calibration error is that of class 1 for
    two classes, of the predicted class for more. Regression: both (n,), in the target's units.

    Raises BacklightError where shapes disagree or a prediction is not finite.
    """
    truth, prediction = _checked(task, truth, prediction)
    metrics = score_intervals(task, truth, prediction, seed=seed, resamples=resamples)
    if task.kind == "regression":
        return Evaluation(
            held_out=len(truth),
            metrics=metrics,
            scatter=details.scatter(truth, prediction, seed=seed),
            residuals=details.residual_quantiles(truth, prediction),
        )
    return Evaluation(
        held_out=len(truth),
        metrics=metrics,
        confusion=details.confusion(truth, prediction),
        calibration=details.calibration(truth, prediction),
        roc=details.roc(truth, prediction) if task.kind == "binary" else None,
        confidence=details.confidence_histogram(truth, prediction),
    )


def _checked(task: Task, truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if not np.issubdtype(prediction.dtype, np.floating):
        prediction = prediction.astype(np.float64)
    regression = task.kind == "regression"
    expected = (len(truth),) if regression else (len(truth), len(task.classes))
    if prediction.shape != expected or not len(truth):
        raise BacklightError(
            f"cannot evaluate predictions of shape {prediction.shape} for {len(truth)} rows of {task.target!r}: "
            f"pass at least one row and predictions of shape {expected}"
        )
    bad = np.count_nonzero(~np.isfinite(prediction))
    if bad:
        raise BacklightError(
            f"{bad} predictions of {task.target!r} are not finite: training diverged; lower the learning rate"
        )
    return truth if regression else truth.astype(np.int64), prediction
