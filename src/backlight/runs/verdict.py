"""One sentence that tells whether the network is worth using, from its scores beside those of simpler models."""

from collections.abc import Mapping

from ..data.counted import counted
from ..evaluation import FEWEST_ROWS, compare
from ..records import Metric, Task
from ..report import score_names


def verdict(
    task: Task, metrics: Mapping[str, Metric], baseline: Mapping[str, float], linear: Mapping[str, float], *, rows: int
) -> str:
    """What the scores say: no better than a constant, worse or no better than a linear model, or better than both.

    On fewer than `FEWEST_ROWS` held-out rows: that they are too few to say it.

    Only words what `evaluation.compare` finds, as the report does.
    """
    name, words = ("r2", "R²") if task.kind == "regression" else ("accuracy", "accuracy")
    if name not in metrics:
        return f"The held-out rows are too few to measure {words}."
    score = metrics[name]
    seen = f"{words} {score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
    if rows < FEWEST_ROWS:
        return (
            f"{counted(rows, 'held-out row')} cannot tell the network from a constant or a linear model ({seen}): it "
            f"takes {FEWEST_ROWS} at least."
        )
    constant = compare(metrics, baseline, rows=rows)
    if constant.nothing_better and constant.worse:
        worse = score_names(constant.worse)
        return f"Do not rely on this network yet: it is worse than a constant guess in {worse} ({seen})."
    if constant.nothing_better:
        return f"Do not rely on this network yet: {seen} cannot be told apart from a constant guess."
    beside = compare(metrics, linear, rows=rows)
    if not beside.compared:
        return f"The network learned from its inputs: {seen}."
    seen += f", the linear model {linear[name]:.3f}" if name in linear else ""
    if beside.better:
        worse = f", and worse in {score_names(beside.worse)}" if beside.worse else ""
        return f"The network is better than a linear model in {score_names(beside.better)}{worse}: {seen}."
    if beside.worse:
        return (
            f"A linear model is better here in {score_names(beside.worse)} ({seen}): use that, or give the network "
            "another try with other settings."
        )
    return f"The network learned, but is not shown to be better than a linear model: {seen}."


def diverged(wrong: int, rows: int) -> str:
    """What to say of a network whose predictions are no numbers."""
    return (
        f"Training diverged: {wrong:,} of {rows:,} held-out predictions are not finite. Do not use this network; lower "
        "the learning rate and see the findings of the report."
    )
