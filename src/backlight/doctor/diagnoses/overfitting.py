"""T804: training learns what validation does not share."""

import math
from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import share_of

RISEN = 0.1
"""Share by which the last validation loss lies above the lowest."""
MATERIAL = 0.05
"""The same rise as a share of the loss of a constant prediction: less of it changes few answers."""
APART = 0.5
"""Last training loss beside the last validation loss."""
FEWEST = 3
"""Rows of validation."""


@diagnosis(
    "T804",
    "overfitting",
    needs=("epochs",),
    treatments=("early-stop", "ensemble", "weight-decay", "dropout", "input-dropout", "narrower", "augment"),
)
def overfitting(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The validation loss rises while the training loss goes on falling.

    What it sees
    The last validation loss more than 10 % above the lowest one, by 5 % of the loss of a constant prediction at least,
    and the training loss below half of it.

    Why it hurts
    What the network learned last is true of the training rows only.

    When it is wrong
    When only the loss rises while the accuracy still improves (over-confidence): then calibrate. Where the best
    epoch is kept it is a note: what was learned too much is thrown away already.

    Example
    A wide network on a hundred rows for a thousand epochs.

    Treatment
    Keep the epoch with the best validation loss. Where it is kept: the mean of several networks, in which what each
    learned by heart cancels out, and a strong weight decay; more data, augmentation, dropout, fewer units.

    References
    Goodfellow, Bengio, Courville (2016), sections 5.2 and 7.8.
    """
    losses = [row.loss for row in run.epochs if row.split == "validation"]
    if len(losses) < FEWEST:
        yield RuledOut(f"{len(losses)} rows of validation: too few (from {FEWEST}).")
        return
    best, last, train = min(losses), losses[-1], run.last_loss
    risen, ratio = last / best - 1 if best > 0 else 0.0, train / last if last > 0 else 1.0
    material = (last - best) / run.reference_loss if run.reference_loss > 0 else math.inf
    if risen < RISEN or ratio > APART or material < MATERIAL:
        yield RuledOut(
            f"Validation ended at {last:.4g} (lowest {best:.4g}; the rise is {share_of(material)} the loss of a"
            f" constant prediction), training at {train:.4g}."
        )
        return
    at = losses.index(best) + 1
    kept, networks = run.loop.keeps_best, run.loop.networks
    of = f"Of the first of {networks} networks: validation" if networks > 1 else "Validation"
    several = "" if networks > 1 else ", or the mean of several networks,"
    yield Seen(
        "note" if kept else "warning",
        f"{of} was best at evaluation {at} of {len(losses)} (loss {best:.4g}) and ended at {last:.4g};"
        f" training ended at {train:.4g}.{' The best epoch was kept.' if kept else ''}",
        f"The later epochs cost time only. More data{several} may still help."
        if kept
        else "Keep the best epoch; add weight decay, dropout, augmentation or data.",
        step=[row.step for row in run.epochs if row.split == "validation"][at - 1],
        evidence={
            "best": best,
            "last": last,
            "training": train,
            "networks": networks,
            "threshold_risen": RISEN,
            "threshold_ratio": APART,
        },
    )
