"""D101: infinite values or not-a-number in the data."""

import math
from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis


@diagnosis(
    "D101",
    "bad-values",
    needs=("inputs",),
    treatments=("fill-missing",),
    explains=(
        "non-finite",
        "not-learning",
        "exploding-gradient",
        "vanishing-gradient",
        "learning-rate-too-high",
        "plateau",
        "oscillating-loss",
        "unscaled-features",
        "unscaled-target",
        "dead-units",
        "init-too-large",
        "frozen-parameters",
    ),
    certain=True,
)
def bad_values(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The data that reaches the network or the loss holds infinite values or not-a-number.

    What it sees
    Values of x(0) or of the target that are not finite; and, where a loss is no number, those in the data behind it.

    Why it hurts
    One of them makes the loss of its batch, then every gradient, then every parameter not-a-number: the network
    is lost from that step on, whatever the learning rate.

    When it is wrong
    Never: no layer gives a meaning to these values.

    Example
    A missing measurement read as NaN; a logarithm of zero in the preprocessing.

    Treatment
    Fill missing values and mark them in a column of their own; look for divisions and logarithms of zero.

    References
    IEEE 754, propagation of not-a-number.
    """
    assert run.inputs is not None
    targets = run.targets.non_finite if run.targets is not None else 0
    behind = run.loop.bad_data
    if not run.inputs.non_finite and not targets and not behind:
        yield RuledOut(f"All values of {run.inputs.rows} observed rows are finite.")
        return
    if not run.inputs.non_finite and not targets:
        yield Seen(
            "error",
            f"{behind} values in the data behind the first loss that is no number are infinite or not a number"
            f" (all of {run.inputs.rows} rows observed before it were finite).",
            "Look through all rows of the inputs and targets; fill or drop such values before training.",
            step=next((i for i, loss in enumerate(run.losses) if not math.isfinite(loss)), None),
            evidence={"behind_the_loss": behind, "rows": run.inputs.rows},
        )
        return
    where = "x(0)" if run.inputs.non_finite else "the target"
    yield Seen(
        "error",
        f"{run.inputs.non_finite} values of x(0) and {targets} of the target are infinite or not a number"
        f" ({run.inputs.rows} rows observed).",
        f"Fill or drop them in {where} before training, and mark what was missing in a column of its own.",
        evidence={"inputs": run.inputs.non_finite, "targets": targets, "rows": run.inputs.rows},
    )
