"""L703: a loss that swings."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from ...data.counted import counted
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import UNMEASURED, share_of

ABOVE = 1.5
"""A swing is a step whose loss lies this many times above the reference (that of a constant, or the first)."""
OFTEN = 0.05
"""Share of the later steps that are swings."""
FEWEST_STEPS = 40
WINDOWS, SHORTEST = 10, 20
"""Parts into which the later run is cut, of so many steps at least."""
WAVE = 0.3
"""Share of the reference by which the loss rises again."""
SURE = 3.0
"""Standard errors from which a rise, or the likeness of neighbouring steps, is not the luck of the draw of rows."""
AGAIN = 2
"""Times that the validation loss must rise: its rows are the same each time, so that no luck is in it."""
SWING, MATERIAL = 0.5, 0.05
"""Share of its own level by which the validation loss of a network that has learned much must rise, at which it is
clearly a worse one, and share of the reference, below which few answers change (as in overfitting)."""
OFTEN_AGAIN = 3
"""Times that it must, to be told in a note."""


@diagnosis(
    "L703",
    "oscillating-loss",
    needs=("losses",),
    treatments=("lower-learning-rate", "schedule", "larger-batch", "clip"),
    explains=("plateau", "not-learning"),
    shows=("update_ratio",),
)
def oscillating_loss(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The loss jumps up again and again instead of settling.

    What it sees
    After the first fifth of the run: means over tenths of it that rise by 30 % of the reference loss, and by more than
    3 of their standard errors; or 5 % of the steps 1.5 times above the reference, in bursts, as rows drawn at random do
    not bring them, or (of classes, whose rows cannot differ without bound) so high that the mean lies above the
    reference though the median does not; or a validation loss that rises by 30 %, comes back and rises again. A note
    where it rises three times by half of its own level and 5 % of the reference, and comes back in between: then it
    matters which step was the last.

    Why it hurts
    What one step learns the next destroys; the last parameters are good or bad by chance.

    When it is wrong
    Rows in an order (seasons, one source after the other) bring bursts of their own. Of adversaries nothing is said:
    what one learns raises the loss of the other. Nor of parameters set back to the start (folds, a search): each time
    the loss begins anew. Nor of bursts where the program writes to the parameters now and then (the start moved towards
    each task, the mean of several clients): each stretch between has a goal of its own.

    Example
    SGD with momentum 0.99 and a learning rate of 0.1.

    Treatment
    A lower learning rate, a decaying schedule, larger batches, clipping.

    References
    Bengio: Practical recommendations (2012).
    """
    if run.loop.resets:
        yield RuledOut(
            f"The parameters were set back to the start {counted(run.loop.resets, 'time')}: each is a new run."
        )
        return
    later = np.array(run.finite[len(run.finite) // 5 :])
    reference = run.reference_loss
    if not run.measured:
        yield RuledOut(f"{UNMEASURED} a swing.")
        return
    if len(later) < FEWEST_STEPS or not reference > 0 or later.min() < 0:
        yield RuledOut(
            f"{len(later)} steps after the first fifth (from {FEWEST_STEPS}), lowest loss"
            f" {min(later, default=math.nan):.3g} (a loss below zero has no size to hold a swing against)."
        )
        return
    parts = np.array_split(later, max(2, min(WINDOWS, len(later) // SHORTEST)))
    rise, errors, risen = _largest_rise(parts)
    share, bursts = float((later > ABOVE * reference).mean()), _bursts(parts, ABOVE * reference)
    validation = [row.loss for row in run.epochs if row.split == "validation"]
    rises = _rises(validation, lambda level: WAVE * max(reference, level))
    small = _rises(validation, lambda level: max(SWING * level, MATERIAL * reference))
    numbers = (
        f"{share:.1%} of the later steps lie above {ABOVE:g} times the reference {reference:.4g} (neighbours alike by"
        f" {bursts:.1f} standard errors), means over parts of the run rise by up to {share_of(rise / reference)} it"
        f" ({errors:.1f} standard errors), validation rises {counted(rises, 'time')} by {WAVE:.0%} or more,"
        f" {counted(small, 'time')} by {SWING:.0%} of its level"
    )
    wave = rise >= WAVE * reference and errors > SURE
    swings = share >= OFTEN and (
        (bursts > SURE and not _begins_anew(run)) or (bool(run.is_classification) and _costly(later, reference))
    )
    grave = wave or swings or rises >= AGAIN
    if not grave and small < OFTEN_AGAIN:
        yield RuledOut(f"{numbers}.")
        return
    yield Seen(
        "warning" if grave else "note",
        f"The loss swings: {numbers} (median loss {np.median(later):.4g}).",
        "Lower the learning rate or let it decay; larger batches; clip the gradient.",
        step=len(run.losses) // 5 + (risen if wave else int((later > ABOVE * reference).argmax())),
        evidence={
            "share": share,
            "threshold_share": OFTEN,
            "bursts": bursts,
            "rise": rise / reference,
            "threshold_rise": WAVE,
            "rise_errors": errors,
            "threshold_errors": SURE,
            "validation_rises": rises,
            "threshold_validation_rises": AGAIN,
            "small_validation_rises": small,
            "threshold_small_validation_rises": OFTEN_AGAIN,
        },
    )


def _largest_rise(parts: Sequence[np.ndarray]) -> tuple[float, float, int]:
    """Largest rise between the means of neighbouring parts, its size in standard errors, and the step where it began.

    The standard error of a mean over m steps is s / √m where rows are drawn at random: a few rows that carry most of
    the loss widen it.
    """
    means = [float(part.mean()) for part in parts]
    squares = [float(part.var(ddof=1)) / len(part) for part in parts]
    rises = [(b - a, p + q) for (a, b), (p, q) in zip(pairwise(means), pairwise(squares), strict=True)]
    rise, square = max(rises)
    if rise <= 0:
        return 0.0, 0.0, 0
    began = sum(len(part) for part in parts[: rises.index((rise, square)) + 1])
    return rise, rise / square**0.5 if square > 0 else math.inf, began


def _begins_anew(run: RunFacts) -> bool:
    """Whether the program itself set the parameters several times, but not in every other step, as limits to weights
    do."""
    return AGAIN <= run.loop.rewrites < run.loop.steps / 2


def _bursts(parts: Sequence[np.ndarray], above: float) -> float:
    """Autocorrelation at distance 1 of being `above`, within parts, in its standard errors 1/√n (Bartlett 1946).

    Of rows that are drawn at random it is about 0, whatever their losses.
    """
    swings = [(part > above) - float((part > above).mean()) for part in parts]
    together = sum(float(swing[1:] @ swing[:-1]) for swing in swings)
    size = sum(float(swing @ swing) for swing in swings)
    return together / size * sum(map(len, parts)) ** 0.5 if size > 0 else 0.0


def _costly(later: np.ndarray, reference: float) -> bool:
    """Whether swings undo what was learned: most steps beat the reference, but the mean of all is above it for sure."""
    error = float(later.std(ddof=1)) / len(later) ** 0.5
    return float(np.median(later)) < reference < float(later.mean()) - SURE * error


def _rises(validation: Sequence[float], wave: Callable[[float], float]) -> int:
    """How often the validation loss, after the first fifth, rose by a wave, having fallen by one in between.

    wave: how high one is above the lower of two losses.
    """
    low, high, up, found = math.inf, -math.inf, False, 0
    for loss in validation[len(validation) // 5 :]:
        low, high = min(low, loss), max(high, loss)
        if not up and loss >= low + wave(low):
            up, found, high = True, found + 1, loss
        elif up and loss <= high - wave(loss):
            up, low = False, loss
    return found
