"""T802: the loss stopped falling high up."""

from collections.abc import Iterator
from statistics import fmean, median

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import update_ratios
from ..words import UNMEASURED

LEFT, LEFT_BY_STEPS = 0.5, 0.1
"""Share of the reference loss that is left; where the steps are the sign, whose share of it grows as it falls, and of
which less is a good fit (as in stopped-too-early)."""
FLAT = 0.02
"""Share of the reference by which the loss fell over the last half."""
FEWEST_STEPS = 100
DECAYED = 0.5
"""Last learning rate beside the largest, below which a schedule is at work already."""
LARGE = 1e-2
"""‖ΔW‖/‖W‖ of the late steps, ten times the 1e-3 that is usual, from which steps that do not decay keep the loss up:
around a minimum it stands above the least by an amount that grows with the step (Bottou, Curtis, Nocedal 2018,
theorem 4.6)."""
SURE = 2.0
"""Standard errors that are taken off what a quick predictor tells."""
MORE = 1.5
"""Times what the network took off the loss, that a quick predictor must tell of held-out rows. Of two classes a network
that tells the share r² of the variance takes r² / (2 ln 2) = 0.72 r² off the cross-entropy; of more classes or of a
value it is r² and above."""


@diagnosis("T802", "plateau", needs=("losses",), treatments=("schedule", "wider"), symptom=True)
def plateau(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The loss fell at first and then stood still, though more could be learned.

    What it sees
    Mean losses of the third and the last quarter of the run: less than 2 % of the reference apart, with more than
    half of it left, where ridge regression or nearest neighbours tell half again as much of held-out rows; or with more
    than a tenth of it left, where the late steps still change the weights by more than 1 % of their size and the
    learning rate has not decayed.

    Why it hurts
    More steps of the same kind bring nothing: the learning rate, the capacity or the features are the limit.

    When it is wrong
    Where noise in the target sets the limit, this is the best that can be had: a loss that stands tells nothing of why.
    With neither of the two signs nothing is reported, though a wider network might still find more.

    Example
    SGD at a constant rate of 0.05 with momentum 0.99.

    Treatment
    Lower the learning rate by a schedule (where there is none), widen the network, look for better features.

    References
    Bottou, Curtis, Nocedal: Optimization Methods for Large-Scale Machine Learning (2018), section 4. Goodfellow,
    Bengio, Courville (2016), chapter 11.
    """
    losses = run.finite
    if not run.finished or len(losses) < FEWEST_STEPS or not run.learned or not run.reference_loss > 0:
        yield RuledOut("The run is not over, is short, or has learned nothing.")
        return
    if not run.measured:
        yield RuledOut(f"{UNMEASURED} what was learned.")
        return
    quarter = len(losses) // 4
    third, last = fmean(losses[2 * quarter : 3 * quarter]), fmean(losses[3 * quarter :])
    fell, left = (third - last) / run.reference_loss, last / run.reference_loss
    if fell > FLAT or left < LEFT_BY_STEPS:
        yield RuledOut(f"The last quarter fell by {fell:.1%} of the reference; {left:.0%} is left.")
        return
    told, step, decayed = _told(run), _late_step(run), run.rate_kept < DECAYED
    numbers = f"The loss stands at {last:.4g}, {left:.0%} of the reference, and fell by {fell:.1%} in the last quarter"
    if left >= LEFT and told > MORE * (1 - left):
        sign = f"a linear model or nearest neighbours tell at least {told:.0%} of the target from the same rows"
    elif step >= LARGE and not decayed:
        sign = f"steps still change the weights by {step:.2g} of their size"
    else:
        yield RuledOut(
            f"{numbers}; but quick predictors tell {told:.0%} for sure, late steps change weights by {step:.2g}, and"
            f" the rate is at {run.rate_kept:.2g} of its largest: nothing shows that more could be learned."
        )
        return
    advice = f"The learning rate has decayed to {run.rate_kept:.2g} of its largest already: try"
    yield Seen(
        "note",
        f"{numbers}, but {sign}.",
        f"{advice if decayed else 'Try a decaying learning rate,'} a wider network, or better features.",
        evidence={
            "left": left,
            "threshold_left": LEFT,
            "threshold_left_by_steps": LEFT_BY_STEPS,
            "fell": fell,
            "threshold_fell": FLAT,
            "told_for_sure": told,
            "threshold_told": MORE * (1 - left),
            "late_update_ratio": step,
            "threshold_update_ratio": LARGE,
            "rate_kept": run.rate_kept,
            "threshold_rate_kept": DECAYED,
        },
    )


def _told(run: RunFacts) -> float:
    """Share of the target's variance that the better quick predictor tells for sure of rows held out from it."""
    probe = run.probe
    if probe is None or not probe.skill or probe.rows <= 3:
        return 0.0
    return min(1.0, max(0.0, max(probe.skill.values()) - SURE) ** 2 / (probe.rows - 3))


def _late_step(run: RunFacts) -> float:
    """‖ΔW‖/‖W‖ of the usual step in the second half of the run: the median over layers and steps; 0 if not known."""
    ratios = update_ratios(run)
    late = [value for step, values in ratios.items() if step >= len(run.losses) // 2 for value in values]
    return median(late) if late else 0.0
