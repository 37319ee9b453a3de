"""D111: features that tell nothing of the target."""

import math
from collections.abc import Iterator
from statistics import fmean, stdev

from ..facts import FEWEST_STEPS, RunFacts
from ..registry import RuledOut, Seen, diagnosis

NOTHING = 2.5
"""Standard errors by which a predictor must beat a constant to have found something."""
FEWEST_ROWS = 131
"""Rows on which a predictor of medium effect (correlation 0.3: Cohen 1988) passes that limit in five of six cases:
3 + ((2.5 + 1) / artanh 0.3)²."""
FEWEST_PASSES = 3
POOR = 0.5
"""Share of the reference loss that is left when the fit is called poor."""
SURE = 2.0
"""Standard errors by which the loss of rows not seen before must lie below that of a constant."""


@diagnosis("D111", "unlearnable-target", needs=("probe", "targets"), explains=("not-learning", "plateau"))
def unlearnable_target(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Nothing in the features seems to tell the target.

    What it sees
    131 to 600 different rows of the run: a ridge regression and the 15 nearest neighbours, each predicting a row
    from the others, do not beat a constant; nor does the linear model on held-out rows, where one was fitted. Looked at
    only after 30 steps, where the network has not learned either, or where validation stayed at the level of a
    constant; without validation also where more than half of the loss is left and the first of at least three passes,
    over rows not seen before, had brought nothing. A note for pictures, of which such predictors see little.

    Why it hurts
    No network, learning rate or loss will help; what training does learn is by heart.

    When it is wrong
    For targets that only a deep network sees (objects in pictures, parity of many bits). Of rows of codes (words)
    nothing is said.

    Example
    Rows and targets sorted differently before they were joined.

    Treatment
    Check that each row has its own target (shuffled apart?); look for other features.

    References
    Cohen: Statistical power analysis for the behavioral sciences (1988). Zhang et al.: Understanding
    deep learning requires rethinking generalization (2017).
    """
    assert run.probe is not None
    if run.inputs is not None and not run.inputs.floating:
        yield RuledOut("The rows are codes, between which simple predictors know no distance.")
        return
    rows, scores = run.probe.rows, run.probe.skill
    validation = [row.loss for row in run.epochs if row.split == "validation"]
    constant = run.constant_loss
    by_heart = constant is not None and (
        min(validation) > 0.98 * constant if validation else _only_on_rows_seen_before(run, constant)
    )
    if rows < FEWEST_ROWS or len(run.losses) < FEWEST_STEPS or not run.finished:
        yield RuledOut(
            f"{rows} different rows seen in {len(run.losses)} steps: too few to tell (from {FEWEST_ROWS} and"
            f" {FEWEST_STEPS}, after the run)."
        )
        return
    if run.learned and not by_heart:
        yield RuledOut(f"{rows} different rows seen; the network learned (loss {run.gain:.0%} below the reference).")
        return
    if scores is None:
        return
    if run.linear is not None:
        scores = scores | {"linear model": run.linear.skill}
    numbers = ", ".join(f"{name} {score:.1f}" for name, score in scores.items())
    if max(scores.values()) > NOTHING:
        yield RuledOut(f"Simple predictors beat a constant by (standard errors) {numbers}.")
        return
    picture = run.inputs is not None and len(run.inputs.shape) == 3
    yield Seen(
        "note" if picture else "warning",
        f"Over {rows} rows no simple predictor beats a constant (standard errors: {numbers}; limit {NOTHING:g})."
        + (f" What the network took off the loss ({run.gain:.0%}) it learned by heart." if run.learned else ""),
        "Check that each row has its own target; look for other features.",
        evidence={name.replace(" ", "_"): score for name, score in scores.items()}
        | {"threshold": NOTHING, "rows": rows},
    )


def _only_on_rows_seen_before(run: RunFacts, constant: float) -> bool:
    """Whether a poor fit came with the later passes alone: in the second half of the first one, over rows not seen
    before, the loss was not clearly below that of the best constant."""
    passes = run.loop.epochs or 0
    if passes < FEWEST_PASSES or not run.learned or run.left < POOR:
        return False
    once = int(len(run.losses) / passes)
    late = [loss for loss in run.losses[once // 2 : once] if math.isfinite(loss)]
    return len(late) > 1 and fmean(late) > constant - SURE * stdev(late) / len(late) ** 0.5
