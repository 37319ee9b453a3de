"""One sentence that tells whether the network is worth using, from its scores beside those of simpler models."""

from collections.abc import Mapping

from ..records import Metric, Task

_LEADING = {"accuracy": True, "log_loss": False, "rmse": False, "mae": False}
"""The scores that decide, and whether more is better."""


def verdict(
    task: Task, metrics: Mapping[str, Metric], baseline: Mapping[str, float], linear: Mapping[str, float]
) -> str:
    """What the scores say: no better than a constant, worse or no better than a linear model, or better than both.

    The network is no better where every leading score of the other lies within its 95 % interval or beyond, and worse
    where every one lies beyond.
    """
    name, words = ("r2", "R²") if task.kind == "regression" else ("accuracy", "accuracy")
    if name not in metrics:
        return f"The held-out rows are too few to measure {words}."
    score = metrics[name]
    seen = f"{words} {score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
    if _no_better(metrics, baseline):
        return f"Do not rely on this network yet: {seen} cannot be told apart from a constant guess."
    if _worse(metrics, linear):
        return f"A linear model is better here ({linear[name]:.3f}): {seen}; use that, or give the network more time."
    if name not in linear:
        return f"The network learned from its inputs: {seen}."
    if _no_better(metrics, linear):
        return f"The network learned ({seen}), but is not shown to be better than a linear model ({linear[name]:.3f})."
    return f"The network is better than a linear model ({linear[name]:.3f}): {seen}."


def _no_better(metrics: Mapping[str, Metric], other: Mapping[str, float]) -> bool:
    """Whether every leading score of the other is at least the worse end of the network's interval."""
    reached = [
        other[name] >= metrics[name].low if more_is_better else other[name] <= metrics[name].high
        for name, more_is_better in _LEADING.items()
        if name in metrics and name in other
    ]
    return bool(reached) and all(reached)


def _worse(metrics: Mapping[str, Metric], other: Mapping[str, float]) -> bool:
    """Whether every leading score of the other is beyond the better end of the network's interval."""
    beyond = [
        other[name] > metrics[name].high if more_is_better else other[name] < metrics[name].low
        for name, more_is_better in _LEADING.items()
        if name in metrics and name in other
    ]
    return bool(beyond) and all(beyond)
