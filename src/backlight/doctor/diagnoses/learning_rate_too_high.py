"""L701: steps that overshoot."""

import math
from collections.abc import Iterator
from statistics import median

from ..facts import LEARNED, RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import shrunk_by_decay, steps_beside_usual
from ..words import share_of

WILD = 0.3
"""‖ΔW‖/‖W‖ of one step: a third of the weight is replaced. Around 1e-3 is usual (Karpathy, CS231n notes)."""
LARGE = 0.05
RISEN = 0.5
"""Share by which the loss ends above its reference."""
POOR = 0.5
"""Share of the reference loss that is left when the fit is called poor."""
LEAPT = 10.0
"""Times the first loss (or the reference) that a later loss reached: a step threw the parameters away."""
RISEN_BEFORE = 1.5
"""Times the reference loss below which the losses stay in which nothing overshoots (as in oscillating-loss)."""
GRADIENT_ITSELF = 100.0
"""‖∂L/∂W‖/‖W‖ before the first step from which no usual learning rate is small enough (as in exploding-gradient)."""
USUAL_MOMENTUM = 0.9
FEWEST_STEPS = 8


@diagnosis(
    "L701",
    "learning-rate-too-high",
    needs=("optimizer", "losses"),
    treatments=("lower-learning-rate", "warm-up", "clip"),
    explains=(
        "oscillating-loss",
        "dead-units",
        "saturated-units",
        "not-learning",
        "plateau",
        "non-finite",
        "exploding-gradient",
        "vanishing-gradient",
        "frozen-parameters",
        "obfuscated-gradient",
        "redundant-units",
        "learning-rate-too-low",
    ),
    shows=("update_ratio",),
)
def learning_rate_too_high(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Steps are so large that they overshoot: the loss rises, jumps, or becomes infinite.

    What it sees
    ‖ΔW‖/‖W‖ by layer (median over layers; its largest and usual value over the observed steps; of a weight that is
    smaller than a usual start, such as a zero one, ‖W‖ is that of the usual start), together with a loss that stopped
    being a number (unless it fell up to the step before), or ended above its reference or no better (there times the
    steps that momentum lets act as one, beside those of a momentum of 0.9); from a twentieth on also together with a
    layer of rectifiers all of whose units died in training, where nothing was learned, or with a linear model that
    leaves less than half of the network's loss on new rows.

    Why it hurts
    The gradient tells the way only for a small step; far from there the loss can be anything. One such step can
    kill all rectifiers.

    When it is wrong
    The first steps of a warm start may be large and recover: then nothing is said.

    Example
    Adam with learning rate 1.

    Treatment
    Divide it by 10, warm up, clip the gradient. Usual: Adam 1e-3, SGD 0.01 to 0.1.

    References
    Goh: Why momentum really works (2017). Bengio: Practical recommendations for gradient-based training (2012).
    Karpathy: CS231n notes, update ratio.
    """
    assert run.optimizer is not None
    rate, ratios = run.optimizer.learning_rate, _ratios(run)
    if not ratios or len(run.losses) < FEWEST_STEPS:
        return
    largest, usual = max(ratios.values()), median(ratios.values())
    gradient = max((g for layer in run.multiplying for g in run.gradients_beside_weight(layer.name, 1)), default=0.0)
    if gradient > GRADIENT_ITSELF and not run.adaptive:
        yield RuledOut(
            f"Before the first step the gradient was {gradient:.3g} times the weights: it explodes by itself."
        )
        return
    broke_off = _broke_off(run)
    risen = (run.diverged and not broke_off) or run.gain < -RISEN
    together = _together(run)
    numbers = f"a step changes weights by {usual:.2g} of their size (largest {largest:.2g})"
    if together > 1:
        numbers += f", momentum lets {together:.3g} times as many steps act as one as usual"
    poor = run.far_behind_linear or (run.reference_loss > 0 and run.last_loss > POOR * run.reference_loss)
    leapt = len(run.finite) > 1 and max(run.finite[1:]) > LEAPT * max(abs(run.finite[0]), abs(run.reference_loss))
    wild = largest > WILD and (risen or poor or leapt)
    killed = _killed(run) if run.failed and largest > LARGE else ""
    kept = shrunk_by_decay(run)
    if kept is not None and not risen and not leapt and not killed:
        yield RuledOut(
            f"{numbers}, which weight decay has shrunk to {kept:.2g} of their size at the start: they are small, the"
            " steps are not large."
        )
        return
    overshot = (
        wild
        or (risen and (largest * together > LARGE or _overflow(run)))
        or (usual * together > LARGE and (run.far_behind_linear or not run.learned) and not broke_off)
    )
    if not overshot and not killed:
        yield RuledOut(
            f"{numbers}; the loss ended at {share_of(1 - run.gain)} its reference (limits {LARGE:g} and {WILD:g})."
        )
        return
    outcome = (
        "the loss stopped being a number"
        if run.diverged
        else f"the loss leapt to {max(run.finite):.4g} from {run.finite[0]:.4g} before it fell"
        if leapt and not risen
        else f"all units of {killed} died"
        if killed
        else f"{run.left_on_new_rows:.0%} of a constant's loss were left on new rows, where a linear model leaves "
        f"{run.linear.left:.0%}"
        if run.linear is not None and run.far_behind_linear and not risen
        else f"the loss ended at {share_of(1 - run.gain)} the reference {run.reference_loss:.4g}"
    )
    yield Seen(
        "error" if run.diverged or (run.finished and not run.learned) else "warning",
        f"With learning rate {rate:g} {numbers}, and {outcome}.",
        f"Divide the learning rate by 10 (try {rate / 10:g}); usual are 1e-3 for Adam, 0.01 to 0.1 for SGD"
        + (f" with a momentum of {USUAL_MOMENTUM:g}." if together > 1 else "."),
        step=next((step for step, ratio in ratios.items() if ratio > LARGE), max(ratios)),
        evidence={
            "learning_rate": rate,
            "largest_update_ratio": largest,
            "usual_update_ratio": usual,
            "steps_together": together,
            "threshold": WILD,
            "gain": run.gain,
        },
    )


def _ratios(run: RunFacts) -> dict[int, float]:
    """step → median over layers of ‖ΔW‖ beside the weight, while numbers are finite."""
    by_step: dict[int, list[float]] = {}
    for layer in run.multiplying or run.layers:
        for step, value in steps_beside_usual(run, layer):
            if math.isfinite(value):
                by_step.setdefault(step, []).append(value)
    return {step: median(values) for step, values in sorted(by_step.items())}


def _killed(run: RunFacts) -> str:
    """A layer of rectifiers of which most units spoke at the start, and none does at the end."""
    dead = (u.layer for u in run.units.values() if len(u.dead) == u.units and u.dead_at_start < u.units / 2)
    return next(dead, "")


def _together(run: RunFacts) -> float:
    """Steps that momentum m lets act as one, 1 / (1 − m), beside those of the usual m (Goh 2017); dampened by d, each
    counts 1 − d times."""
    if run.optimizer is None or run.adaptive or run.optimizer.momentum >= 1:
        return 1.0
    counted = 1 - float(run.optimizer.settings.get("dampening", 0.0))
    return max(1.0, counted * (1 - USUAL_MOMENTUM) / (1 - run.optimizer.momentum))


def _broke_off(run: RunFacts) -> bool:
    """Whether the loss fell, without a leap, to the very step at which it stopped being a number: then no step was too
    long, and it is an operation that has no value there (a logarithm of zero, a root's slope at zero)."""
    until = run.losses[: next((i for i, loss in enumerate(run.losses) if not math.isfinite(loss)), 0)]
    if len(until) < FEWEST_STEPS or run.reference_loss <= 0:
        return False
    return max(until) < RISEN_BEFORE * run.reference_loss and until[-1] < (1 - LEARNED) * run.reference_loss


def _overflow(run: RunFacts) -> bool:
    """Whether the parameters themselves became infinite before a ratio could be measured."""
    return run.diverged and len(run.finite) > 1 and max(run.finite) > 10 * max(abs(run.first_loss), 1e-12)
