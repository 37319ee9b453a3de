"""L702: steps too small to get anywhere."""

from collections.abc import Iterator
from statistics import median

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import update_ratios
from ..words import share_of

TRAVEL = 0.05
"""‖ΔW‖/‖W‖ of the usual step times the number of steps: below, no weight has moved by 5 % of its size in the run."""
STILL = 1e-4
"""‖ΔW‖/‖W‖ of the usual step, ten times below the 1e-3 that is usual."""
FEWEST_STEPS = 50
NOWHERE, TRAVEL_NOWHERE = 0.9, 0.1
"""Share of the reference loss that is left where a run got nowhere, and travel below which its steps are the reason."""
DECAYED = 0.01
"""Learning rate in the middle of the run beside the largest, below which the schedule makes the steps small."""
DONE = 0.5
"""Share of the reference loss that must be left for steps to be called too small."""
CLIPPED_ALIKE, MOST_CLIPPED, FEWEST_CLIPPED = 1e-3, 0.9, 10
"""Gradients of different batches never have the same norm: where nine in ten of at least ten lie within a thousandth
below the largest (clipping divides by the norm and a little more), they were clipped to it."""


@diagnosis(
    "L702",
    "learning-rate-too-low",
    needs=("optimizer", "losses"),
    treatments=("raise-learning-rate",),
    explains=("not-learning", "plateau", "stopped-too-early", "frozen-parameters"),
    shows=("update_ratio",),
)
def learning_rate_too_low(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Steps are so small that the parameters hardly move in the whole run.

    What it sees
    ‖ΔW‖/‖W‖ of the usual step below 1e-4 (the median over all steps of the run: a schedule may have brought it there),
    or the sum over all steps below 0.05, while more than half of the reference loss is left (below 0.1 while more than
    nine tenths are). A schedule that took the rate below a hundredth of its largest by half-time is named as the
    cause, and so is clipping, by which the gradients of nine in ten steps have one and the same norm (plain gradient
    descent only).

    Why it hurts
    The loss falls, but the run would need ten or a thousand times as many steps.

    When it is wrong
    In fine-tuning, where small steps are wanted and the loss is low from the start (not reported).

    Example
    SGD with learning rate 1e-5.

    Treatment
    Multiply it by 10 until the loss falls fast, then take a third of the largest that works.

    References
    Bengio: Practical recommendations (2012). Smith: Cyclical learning rates (2017), the range test.
    """
    assert run.optimizer is not None
    rate = run.optimizer.learning_rate
    if rate == 0:
        yield Seen(
            "error",
            "The learning rate is 0: no parameter moves.",
            "Set it above zero.",
            evidence={"learning_rate": 0.0},
        )
        return
    ratios = _each_step(run)
    if not ratios or len(run.losses) < FEWEST_STEPS:
        return
    usual, travel, left = median(ratios), sum(ratios), run.left
    still = usual < STILL or travel < TRAVEL or (travel < TRAVEL_NOWHERE and left > NOWHERE)
    numbers = f"a step changes weights by {usual:.2g} of their size, {run.loop.steps} steps by about {travel:.2g}"
    collapsed = run.rate_kept_midway < DECAYED
    if not still or left < DONE or run.diverged or (usual == 0 and not collapsed):
        yield RuledOut(
            f"{numbers}; {share_of(left)} the reference loss is left (limits {STILL:g}, {TRAVEL:g}, {DONE:.0%})."
        )
        return
    grave = (travel < TRAVEL_NOWHERE or usual == 0) and run.finished and not run.learned
    clipped = _clipped_to(run)
    if collapsed:
        cause = f"The schedule took the learning rate down to {run.rate_kept_midway:.2g} of its largest by half-time: "
        mend = "Let the schedule keep the rate up: call scheduler.step() once an epoch if it counts epochs."
    elif clipped is not None:
        cause = f"Gradients are clipped to a norm of {clipped:.3g} in every step; with learning rate {rate:g} "
        mend = "Clip at a larger norm (1 is usual), which only rare steps reach, before the learning rate is changed."
    else:
        cause, mend = f"With learning rate {rate:g} ", f"Multiply the learning rate by 10 (try {rate * 10:g})."
    yield Seen(
        "error" if grave else "warning",
        f"{cause}{numbers}; {share_of(left)} the reference loss is left.",
        mend,
        evidence={
            "learning_rate": rate,
            "usual_update_ratio": usual,
            "threshold": STILL,
            "travel": travel,
            "threshold_travel": TRAVEL,
            "loss_left": left,
            "rate_kept_midway": run.rate_kept_midway,
            "clipped_to": clipped,
        },
    )


def _clipped_to(run: RunFacts) -> float | None:
    """The norm that clipping leaves of nearly every gradient; None without clipping, or where scale does not matter."""
    norms = [norm for norm in run.signals.values("total_gradient_norm") if norm > 0]
    if run.adaptive or len(norms) < FEWEST_CLIPPED:
        return None
    largest = max(norms)
    alike = sum(norm >= largest * (1 - CLIPPED_ALIKE) for norm in norms)
    return largest if alike >= MOST_CLIPPED * len(norms) else None


def _each_step(run: RunFacts) -> list[float]:
    """‖ΔW‖/‖W‖ (median over layers) of every step: that of the latest observed one, for observations grow rare."""
    by_step = update_ratios(run)
    observed = sorted(by_step)
    ends = [*observed[1:], max(run.loop.steps, len(run.losses))][: len(observed)]
    return [median(by_step[step]) for step, end in zip(observed, ends, strict=True) for _ in range(end - step)]
