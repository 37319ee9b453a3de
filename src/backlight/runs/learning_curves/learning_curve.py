"""`learning_curve`: how the score grows with the rows, and what more of them would bring."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from ... import files
from ...data import read
from ...evaluation import learning_curve as law
from ...records import INTERRUPTED, TIME_LIMIT, BacklightError, OptionError
from ...records.config import FROM_SWEEP, Config
from .. import settings
from ..assembly import written
from ..options import configure
from ..preconditions import check_device
from .folder import LearningCurve, begin, keep, keep_points
from .sizes import Ground, Measured, constant_score, ground, measure, passes, sizes
from .words import verdict

METRICS = ("accuracy", "log_loss", "probability_of_right_class", "roc_auc", "r2", "rmse", "mae")
BEYOND = (2, 4, 8)
"""Multiples of all training rows that are foretold."""


def learning_curve(
    source: Any = None,
    target: str | None = None,
    *,
    network: str | nn.Module | None = None,
    config: str | Path | None = None,
    up_to: float = 1.0,
    seeds: int = 3,
    most_sizes: int = 6,
    metric: str | None = None,
    augmentation_worth: bool = True,
    out: str | Path | None = None,
    verbose: bool = True,
    started: float | None = None,
    **options: Any,
) -> LearningCurve:
    """Train on growing subsets, score all on the same held-out rows, and foretell the score with more rows.

    Parameters
    ----------
    source, target, network, config, options:
        As for `train`. What is left open is chosen for all training rows and kept for every subset, but for the
        passes: a subset gets as many updates as all rows would, up to 1,500.
    up_to:
        Share of the training rows (at most 1), or their number, that the largest subset holds. No other training row
        is looked at.
    seeds:
        Trainings of each size, each with a subset and a start of its own.
    most_sizes:
        Sizes, each half of the next.
    metric:
        Score of the curve: accuracy, log_loss, r2, … By default accuracy, or r2 for values.
    augmentation_worth:
        For images that are changed while training: train the largest size without that, too, to tell how many rows
        it replaces.
    out:
        Folder; `runs/NAME-learning-curve-TIME` if None.

    Raises
    ------
    BacklightError
        The data, the network or an option cannot be used, or the rows are too few for a curve.

    Notes
    -----
    Ctrl-C or `time_limit` ends it early: the sizes that are done are kept, and `missing` names the others.

    """
    started = time.monotonic() if started is None else started
    if seeds < 2:
        raise OptionError("seeds", seeds, "without a second training nothing tells luck from rows")
    if most_sizes < 3:
        raise OptionError("sizes", most_sizes, "a curve needs three at least")
    module = network if isinstance(network, nn.Module) else None
    named = {} if module is not None else {"network": network}
    chosen = configure({"target": target, **named, **options}, settings.base(config, network))
    if chosen.training.learning_rate_from == FROM_SWEEP:
        raise BacklightError("A learning curve takes no automatic learning rate; find one with `backlight sweep`.")
    if out is not None:
        out = files.check_free(out)
    place = _ground(source, chosen, module, up_to)
    name = _metric(metric, place)
    wanted = sizes(len(place.train), most_sizes, outputs=place.task.outputs)
    curve = begin(out, place, name, wanted, seeds)
    say = curve.say if verbose else (lambda text: None)
    for text in place.introduction(wanted, seeds):
        say(text)
    stopped = ""
    limit = chosen.training.time_limit
    until = None if limit is None else started + limit
    try:
        for rows in wanted:
            curve.found[rows] = measure(place, rows, seeds, deadline=until)
            keep_points(curve)
            say(_line(curve, rows))
        if place.augmentation is not None and augmentation_worth:
            say(f"{wanted[-1]:,} rows without augmentation:")
            curve.plain = measure(place, wanted[-1], seeds, augment=False, deadline=until)
    except KeyboardInterrupt:
        stopped = INTERRUPTED
    except TimeoutError:
        stopped = TIME_LIMIT
    curve.stopped, curve.seconds = stopped or "all sizes done", time.monotonic() - started
    return _conclude(curve, place, wanted)


def _ground(source: Any, config: Config, module: nn.Module | None, up_to: float) -> Ground:
    source = config.data.source if source is None else source
    if source is None:
        raise BacklightError("No data was given; name a file, a folder of images, or sklearn:NAME.")
    check_device(config.training)
    description = written(config.network.description)
    return ground(read(source, images=config.data.images), source, config, description, module, up_to)


def _metric(wanted: str | None, place: Ground) -> str:
    if wanted is None:
        return "accuracy" if place.task.classes else "r2"
    fitting = METRICS[:4] if place.task.classes else METRICS[4:]
    if wanted not in fitting:
        raise BacklightError(
            f"metric = {wanted!r} cannot be used for {place.task.kind}; choose one of {', '.join(fitting)}."
        )
    return wanted


def _line(curve: LearningCurve, rows: int) -> str:
    """What is known after one more size."""
    point = next(point for point in curve.measure_points() if point.rows == rows)
    spent = sum(one.seconds for one in curve.found[rows])
    spread = f"{min(point.values):.4f} to {max(point.values):.4f}"
    return (
        f"{rows:>9,} rows  {curve.metric.replace('_', ' ')} {point.value:.4f}  "
        f"({spread} in {len(point.values)} trainings, {spent:.0f} s)"
    )


def _conclude(curve: LearningCurve, place: Ground, wanted: Sequence[int]) -> LearningCurve:
    """Fit, foretell, put into words, and write everything down."""
    curve.points = curve.measure_points()
    curve.missing = tuple(rows for rows in wanted if rows not in curve.found)
    constant = constant_score(place, curve.metric)
    lawful = law.begun(curve.metric, curve.points, constant)
    curve.begun = lawful[0].rows if lawful else None
    epochs = {rows: sum(one.epochs for one in part) / len(part) for rows, part in curve.found.items()}
    fitted = law.law_of(
        curve.metric, lawful, pool=len(place.train), epochs=epochs, passes=passes(place), seed=place.config.seed
    )
    curve.all_rows = place.all_rows
    if fitted is not None:
        last = curve.points[-1].rows
        ahead = sorted({place.all_rows, *(many * place.all_rows for many in BEYOND), 2 * last})
        curve.forecast = tuple(law.forecast(curve.metric, fitted, rows) for rows in ahead if rows > last)
        curve.limit = law.limit(curve.metric, fitted)
        curve.gain = law.gain_of_doubling(fitted, place.all_rows)
        top: Sequence[Measured] = curve.found[last]
        curve.train_loss = sum(one.train_loss for one in top) / len(top)
        curve.validation_loss = sum(one.validation_loss for one in top) / len(top)
        shown = curve.gain.value if curve.gain.low > 0 else 0.0  # a gain that may be none is none
        curve.lacks = law.what_lacks(shown, curve.train_loss, curve.validation_loss)
        if curve.plain:
            without = [one.scores[curve.metric] for one in curve.plain]
            curve.augmentation = law.worth_of_augmentation(curve.metric, fitted, last, without)
    curve.law = fitted
    curve.verdict = verdict(curve)
    return keep(curve)
