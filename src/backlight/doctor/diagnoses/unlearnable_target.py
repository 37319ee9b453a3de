"""D111: features that tell nothing of the target."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..probes import NEIGHBOURS
from ..registry import RuledOut, Seen, diagnosis

FEWEST_ROWS = 60
NOTHING = 2.5
"""Standard errors by which a predictor must beat a constant to have found something."""


@diagnosis("D111", "unlearnable-target", needs=("probe", "targets"), explains=("not-learning", "plateau"))
def unlearnable_target(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Nothing in the features seems to tell the target.

    What it sees
    Up to 600 different rows of the run: a ridge regression and the 15 nearest neighbours, each predicting a row
    from the others, do not beat a constant. Looked at only where the network has not learned either, or where
    validation stayed at the level of a constant. A note for pictures, of which such predictors see little.

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
    Zhang et al.: Understanding deep learning requires rethinking generalization (2017).
    """
    assert run.probe is not None
    if run.inputs is not None and not run.inputs.floating:
        yield RuledOut("The rows are codes, between which simple predictors know no distance.")
        return
    rows, scores = run.probe.rows, run.probe.skill
    validation = [row.loss for row in run.epochs if row.split == "validation"]
    constant = run.constant_loss
    by_heart = bool(validation) and constant is not None and min(validation) > 0.98 * constant
    if rows < max(FEWEST_ROWS, 2 * NEIGHBOURS) or not run.finished or (run.learned and not by_heart):
        yield RuledOut(f"{rows} different rows seen; the network learned (loss {run.gain:.0%} below the reference).")
        return
    if scores is None:
        return
    numbers = ", ".join(f"{name} {score:.1f}" for name, score in scores.items())
    if max(scores.values()) > NOTHING:
        yield RuledOut(f"Simple predictors beat a constant by (standard errors) {numbers}.")
        return
    picture = run.inputs is not None and len(run.inputs.shape) == 3
    yield Seen(
        "note" if picture else "warning",
        f"Over {rows} rows no simple predictor beats a constant (standard errors: {numbers}; limit {NOTHING:g}).",
        "Check that each row has its own target; look for other features.",
        evidence={**scores, "threshold": NOTHING, "rows": rows},
    )
