"""D101: values in the data that have no meaning where they are read."""

import math
from collections.abc import Iterator

from ...data.counted import counted
from ...signals import InputFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEW_CODES = 10
"""Codes left of measured values, from which on the error of cutting (0.29, spread of a uniform unit) is less than a
tenth of their own spread (2.9 for ten even codes)."""


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
        "learning-rate-too-low",
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
    """The data holds infinite values or not-a-number, or fractions where codes are read.

    What it sees
    Values of x(0) or of the target that are not finite; and, where a loss is no number, those in the data behind it.
    In a run that learned nothing, also fractions in an x(0) that goes to an embedding whole, where cutting them off
    leaves 10 codes or fewer.

    Why it hurts
    One of them makes the loss of its batch, then every gradient, then every parameter not-a-number: the network
    is lost from that step on, whatever the learning rate. An embedding looks rows up by whole numbers: of measured
    values it sees what is left when the fractions are cut off, of values between 0 and 1 nothing.

    When it is wrong
    Never for values that are no numbers: no layer gives a meaning to them. Fractions: where the values are put into
    bins before the embedding, and the run failed for another reason.

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
        yield _fractions(run, run.inputs) or RuledOut(f"All values of {run.inputs.rows} observed rows are finite.")
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


def _fractions(run: RunFacts, x: InputFacts) -> Seen | None:
    """Measured values, all of which go to an embedding, in a run that learned nothing."""
    reader = next((layer for layer in run.layers if layer.parameters), None)
    if reader is None or reader.role != "embedding" or reader.x_shape != x.shape or x.integers or not run.failed:
        return None
    left = math.floor(x.maximum) - math.floor(x.minimum) + 1
    if left > FEW_CODES:
        return None
    return Seen(
        "error",
        f"x(0) holds fractions from {x.minimum:.4g} to {x.maximum:.4g}, and {reader.name} looks rows up by whole"
        f" numbers: with the fractions cut off at most {counted(left, 'code')} {'is' if left == 1 else 'are'} left.",
        "Give measured values to a linear, convolutional or recurrent layer; an embedding takes codes of categories.",
        layer=reader.name,
        evidence={"minimum": x.minimum, "maximum": x.maximum, "codes_left": left, "threshold_codes": FEW_CODES},
    )
