"""What a learning curve says, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...evaluation import Forecast
from ...evaluation.learning_curve import forecast, perfect
from ...records import Metric

if TYPE_CHECKING:
    from .folder import LearningCurve

TOLD = 0.5
"""Width of the interval of the limit over the distance still to go, above which the limit is not named."""

_LACKING = {
    "data": "More rows are what helps",
    "regularisation": "Regularisation is what lacks, rather than rows",
    "capacity": "Rows help little; the network is too small or too briefly trained, or the columns tell no more",
    "nothing clear": "Neither rows, capacity nor regularisation clearly lacks",
}
_MENDS = {
    "data": "",
    "regularisation": " Try dropout, weight decay or a smaller network.",
    "capacity": " Try a wider or deeper network, more epochs, or further columns.",
    "nothing clear": "",
}


def verdict(curve: LearningCurve) -> str:
    """The whole verdict, in a few sentences."""
    if not curve.points:
        return f"No size was finished, so nothing can be told. {_unfinished(curve)}".strip()
    if curve.begun is None:
        last = curve.points[-1]
        return (
            f"Up to {last.rows:,} rows the trainings answer no better than a constant does, in {name(curve)} "
            f"({text(curve.metric, last.value)}), so nothing can be foretold; give more rows or epochs, or another "
            f"--metric. {_unfinished(curve)}"
        ).strip()
    if perfect(curve.metric, [point for point in curve.points if point.rows >= curve.begun]):
        last = curve.points[-1]
        return (
            f"From {curve.begun:,} rows on no training errs on the held-out rows, in {name(curve)} "
            f"({text(curve.metric, last.value)}): more rows cannot make it better. {_unfinished(curve)}"
        ).strip()
    if curve.law is None or curve.gain is None:
        last, said = curve.points[-1], name(curve)
        many = "size is" if len(curve.points) == 1 else "sizes are"
        few = (
            f"{said[0].upper()}{said[1:]} {text(curve.metric, last.value)} with {last.rows:,} rows; the "
            f"{len(curve.points)} finished {many} too few for a forecast{_not_begun(curve)}."
        )
        return f"{few} {_unfinished(curve)}".strip()
    parts = [_here(curve), _twice(curve), _flattens(curve), _lacks(curve), _augmentation(curve), _unfinished(curve)]
    return " ".join(part for part in parts if part)


def _not_begun(curve: LearningCurve) -> str:
    """The sizes that tell nothing, of points that would have been enough."""
    if curve.begun is None or curve.points[0].rows >= curve.begun:
        return ""
    return f", since below {curve.begun:,} rows they answer no better than a constant does"


def name(curve: LearningCurve) -> str:
    """The metric in words."""
    return {"r2": "R²", "rmse": "RMSE", "mae": "MAE", "roc_auc": "ROC-AUC", "log_loss": "log-loss"}.get(
        curve.metric, curve.metric.replace("_", " ")
    )


def text(metric: str, value: float) -> str:
    """A score: three decimals, or three digits for errors in the target's units."""
    return f"{value:z.3g}" if metric in ("rmse", "mae") else f"{value:z.3f}"


def _interval(curve: LearningCurve, value: Metric | Forecast) -> str:
    return f"{text(curve.metric, value.value)} ({text(curve.metric, value.low)}–{text(curve.metric, value.high)})"


def _here(curve: LearningCurve) -> str:
    """Of a curve that did not reach all rows: what those would give."""
    last = curve.points[-1]
    if last.rows >= curve.all_rows:
        return ""
    ahead = next(one for one in curve.forecast if one.rows == curve.all_rows)
    return (
        f"With all {curve.all_rows:,} rows expect {name(curve)} {text(curve.metric, last.value)} → "
        f"{_interval(curve, ahead)}."
    )


def _twice(curve: LearningCurve) -> str:
    """From the curve to the curve, as the gain is: a measured score beside it may lie above or below by its noise."""
    last = curve.points[-1]
    assert curve.law is not None
    begin = text(curve.metric, forecast(curve.metric, curve.law, curve.all_rows).value)
    measured = text(curve.metric, last.value)
    beside = f" (on the fitted curve; {measured} measured)" if last.rows >= curve.all_rows and begin != measured else ""
    ahead = _at(curve, 2 * curve.all_rows)
    return f"With twice the rows ({ahead.rows:,}) expect {name(curve)} {begin}{beside} → {_interval(curve, ahead)}."


def _at(curve: LearningCurve, rows: int) -> Forecast:
    return next(one for one in curve.forecast if one.rows == rows)


def _flattens(curve: LearningCurve) -> str:
    found = curve.limit
    assert found is not None
    to_go = abs(found.value - curve.points[-1].value)
    if found.high - found.low <= max(TOLD * to_go, 2 * abs(curve.points[-1].high - curve.points[-1].low)):
        return f"The curve flattens near {_interval(curve, found)}."
    return (
        f"Where it would flatten with many more rows cannot be told yet: between {text(curve.metric, found.low)} and "
        + (f"{text(curve.metric, found.high)}.")
    )


def _lacks(curve: LearningCurve) -> str:
    """The rule's answer with its numbers."""
    gain = curve.gain
    assert gain is not None
    gap = ""
    if curve.validation_loss == curve.validation_loss and curve.train_loss == curve.train_loss:
        gap = (
            f"; at {curve.points[-1].rows:,} rows the training loss is {curve.train_loss:.3g}, the validation loss "
            f"{curve.validation_loss:.3g}"
        )
    return (
        f"{_LACKING[curve.lacks]}: twice as many take away {gain.value:z.1%} of the error "
        f"({gain.low:z.1%}–{gain.high:z.1%}){gap}.{_MENDS[curve.lacks]}"
    )


def _augmentation(curve: LearningCurve) -> str:
    worth = curve.augmentation
    if worth is None:
        return ""
    last = curve.points[-1].rows
    if worth.low <= 0 <= worth.high:
        return f"Augmentation is not shown to help at {last:,} rows (worth {worth.low:,.0f} to {worth.high:,.0f} rows)."
    if worth.high < 0:
        return f"Augmentation harms: it costs as much as losing {-worth.value:,.0f} of {last:,} rows."
    return f"Augmentation is worth {worth.value:,.0f} ({worth.low:,.0f}–{worth.high:,.0f}) of the {last:,} rows."


def _unfinished(curve: LearningCurve) -> str:
    if not curve.missing:
        return ""
    return f"Missing, {curve.stopped}: {', '.join(f'{rows:,}' for rows in curve.missing)} rows."
