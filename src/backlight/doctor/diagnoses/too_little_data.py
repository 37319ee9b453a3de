"""D110: fewer rows than a network can learn from."""

import math
from collections.abc import Iterator

from ...signals import InputFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEW_ROWS = 50
"""Rows below which scikit-learn's own guide advises to get more data before any model."""
PER_CLASS = 20
"""Rows of a class below which its held-out accuracy is not known to better than ± 0.2."""
TOLD = 0.5
"""Last validation loss beside that of a constant prediction, below which few rows were enough."""


@diagnosis("D110", "too-little-data", needs=("inputs",), treatments=("ensemble", "weight-decay"), held_out=True)
def too_little_data(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The training data has only a handful of rows.

    What it sees
    Different rows seen in training (once rows have begun to repeat, or by the loader's length), held against 50
    in all and 20 a class (places of a row that have a class each count each).

    Why it hurts
    The network can learn each row by heart; nothing says that it found the rule, and no held-out score is
    precise enough to tell.

    When it is wrong
    In exercises where these rows are all there is. Where validation ended below half of the loss of a constant
    prediction, few rows were enough, and nothing is said. The whole table of a function of yes-or-no features (XOR: 4
    rows for 2 features) is not reported.

    Example
    Eleven rows, four classes.

    Treatment
    More rows; until then a linear model, strong weight decay, the mean of several networks, augmentation or a
    pretrained network.

    References
    scikit-learn, "Choosing the right estimator".
    """
    rows = run.loop.rows
    if rows is None or run.inputs is None:
        yield RuledOut("Rows have not repeated yet: there are more than have been seen.")
        return
    t = run.targets
    classes = t.classes if t is not None and run.is_classification and t.one_class_a_row else 0
    answers = max(1.0, t.rows / max(1, run.inputs.rows)) if t is not None else 1.0
    need = max(FEW_ROWS, math.ceil(PER_CLASS * classes / answers))
    if _is_whole_table(run.inputs):
        yield RuledOut(f"{rows} rows are all that {len(run.inputs.column_low)} yes-or-no features can form.")
        return
    validation = [row.loss for row in run.epochs if row.split == "validation"]
    constant = run.constant_loss
    if validation and constant is not None and validation[-1] < TOLD * constant:
        yield RuledOut(
            f"{rows} rows of training data; validation ended at {validation[-1] / constant:.0%} of the loss of a"
            " constant prediction: they tell what others are."
        )
        return
    if rows >= need:
        yield RuledOut(f"{rows} rows of training data (limit {need}).")
        return
    each = f", {rows / classes:.0f} for each of {classes} classes" if classes else ""
    yield Seen(
        "warning",
        f"Only {rows} rows to learn from{each}.",
        "Collect more rows, or take a linear model with strong regularisation and cross-validate it.",
        evidence={"rows": rows, "classes": classes, "threshold": need},
    )


def _is_whole_table(x: InputFacts) -> bool:
    """Whether every combination of two-valued features was seen."""
    features = len(x.column_low)
    two = x.integers and x.columns_are_features and bool((x.column_high - x.column_low == 1).all())
    return two and features > 1 and x.distinct_rows == 2**features
