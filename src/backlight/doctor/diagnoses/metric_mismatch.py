"""O204: the score suits the task."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FOR_CLASSES = (
    "acc",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "f1",
    "precision",
    "recall",
    "auc",
    "roc_auc",
)
FOR_VALUES = ("mse", "mae", "rmse", "r2", "mean_squared_error", "mean_absolute_error", "mape")


@diagnosis("O204", "metric-mismatch", needs=("metrics", "targets"))
def metric_mismatch(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The score by which training is judged has no meaning for this target.

    What it sees
    Names of the loop's metrics: accuracy for measured values, or only distances for classes.

    Why it hurts
    Accuracy of a regression counts exact hits: it stays at zero however good the predictions are, and the
    network seems not to learn.

    When it is wrong
    When the metric is one's own and only shares the name.

    Example
    `metrics=["accuracy"]` for house prices.

    Treatment
    Values: root mean squared or mean absolute error, R². Classes: accuracy, log-loss, ROC-AUC.

    References
    scikit-learn user guide, metrics and scoring.
    """
    kind, names = run.is_classification, [name.lower() for name in run.metrics]
    classes = [name for name in names if name in FOR_CLASSES]
    if kind is False and classes:
        yield Seen(
            "warning",
            f"{', '.join(classes)} counts exact hits, but the target is a measured value.",
            "Judge by root mean squared or mean absolute error, or R².",
            evidence={"metrics": names},
        )
    else:
        yield RuledOut(f"Metrics {', '.join(names)} suit the target.")
