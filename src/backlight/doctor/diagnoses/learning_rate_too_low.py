"""L702: steps too small to get anywhere."""

from collections.abc import Iterator
from statistics import median

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import main_weight
from ..words import share_of

TRAVEL = 0.05
"""‖ΔW‖/‖W‖ of the usual step times the number of steps: below, no weight has moved by 5 % of its size in the run."""
STILL = 1e-4
"""‖ΔW‖/‖W‖ of the usual step, ten times below the 1e-3 that is usual."""
FEWEST_STEPS = 50
NOWHERE, TRAVEL_NOWHERE = 0.9, 0.1
"""Share of the reference loss that is left where a run got nowhere, and travel below which its steps are the reason."""
DECAYED = 0.01
"""Last learning rate beside the largest, below which the schedule is what makes the steps small."""
DONE = 0.5
"""Share of the reference loss that must be left for steps to be called too small."""


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
    nine tenths are).

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
    if not still or left < DONE or run.diverged or usual == 0:
        yield RuledOut(
            f"{numbers}; {share_of(left)} the reference loss is left (limits {STILL:g}, {TRAVEL:g}, {DONE:.0%})."
        )
        return
    grave = travel < TRAVEL_NOWHERE and run.finished and not run.learned
    yield Seen(
        "error" if grave else "warning",
        f"With learning rate {rate:g} {numbers}; {share_of(left)} the reference loss is left.",
        f"Let the schedule keep the rate up: it ended at {run.rate_kept:.2g} of its largest."
        if run.rate_kept < DECAYED
        else f"Multiply the learning rate by 10 (try {rate * 10:g}).",
        evidence={
            "learning_rate": rate,
            "usual_update_ratio": usual,
            "threshold": STILL,
            "travel": travel,
            "threshold_travel": TRAVEL,
            "loss_left": left,
        },
    )


def _each_step(run: RunFacts) -> list[float]:
    """‖ΔW‖/‖W‖ (median over layers) of every step: that of the latest observed one, for observations grow rare."""
    by_step: dict[int, list[float]] = {}
    for layer in run.layers:
        if main_weight(layer) is None:
            continue
        for step, value in run.signals.series("update_ratio", layer.name):
            by_step.setdefault(step, []).append(value)
    observed = sorted(by_step)
    ends = [*observed[1:], max(run.loop.steps, len(run.losses))][: len(observed)]
    return [median(by_step[step]) for step, end in zip(observed, ends, strict=True) for _ in range(end - step)]
