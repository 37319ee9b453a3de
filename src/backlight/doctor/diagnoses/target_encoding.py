"""D104: the target is coded as the loss does not read it."""

from collections.abc import Iterator

from ...signals.facts import OutputFacts, TargetFacts
from ...signals.losses import DISTANCE, ONE_PER_CLASS
from ..codes import measures
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

ROWS_A_CLASS = 20
"""Rows for each output that must have been seen before a code counts as missing."""


@diagnosis(
    "D104",
    "target-encoding",
    needs=("targets", "loss"),
    explains=(
        "not-learning",
        "plateau",
        "oscillating-loss",
        "learning-rate-too-high",
        "non-finite",
        "exploding-gradient",
        "unscaled-target",
    ),
    certain=True,
)
def target_encoding(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The target's values or shape are not those that the loss reads.

    What it sees
    Yes-or-no losses with labels outside 0…1 (of measured values the loss is the fault); one-column outputs that meet a
    target of another shape, so that broadcasting compares every row with every other; hinge losses with targets other
    than −1 and 1; class codes that begin at 1 under a cross-entropy with an output to spare.

    Why it hurts
    The loss is computed without complaint but means something else: a target of 2 under binary cross-entropy
    rewards ever larger outputs, an (n, 1) output against an (n,) target teaches every row the mean of all targets.

    When it is wrong
    When broadcasting over a further axis is meant.

    Example
    `F.mse_loss(model(x), y)` with shapes (64, 1) and (64,); labels 1 and 2 under `BCEWithLogitsLoss`.

    Treatment
    Code two classes as 0 and 1, more classes as codes 0…k−1 for cross-entropy; give the target the shape of the output.

    References
    PyTorch documentation of the losses named; the broadcasting semantics page.
    """
    t, loss, output = run.targets, run.loss, run.output
    assert t is not None and loss is not None
    broadcast = _broadcast(loss.output_shape, loss.target_shape)
    if loss.name in DISTANCE | {"bce", "bce_logits", "custom", "poisson_nll"} and broadcast:
        yield Seen(
            "error",
            f"Output {loss.output_shape} and target {loss.target_shape} meet by broadcasting: every row is compared"
            " with the target of every other row.",
            "Give both the same shape: output.squeeze(1), or target.unsqueeze(1).",
            evidence={"output_shape": list(loss.output_shape), "target_shape": list(loss.target_shape)},
        )
    elif loss.name in ("bce", "bce_logits") and (t.minimum < 0 or t.maximum > 1) and not measures(t):
        yield Seen(
            "error",
            f"Binary cross-entropy reads targets from 0 to 1; these go from {t.minimum:g} to {t.maximum:g}"
            + (f" ({t.classes} different values)." if t.classes else "."),
            "Code two classes as 0 and 1; for more classes use one output for each and cross-entropy.",
            evidence={"minimum": t.minimum, "maximum": t.maximum, "values": t.classes},
        )
    elif loss.name in ("soft_margin", "hinge_embedding", "hinge") and not set(t.counts) <= {-1.0, 1.0}:
        yield Seen(
            "error",
            f"{loss.called} reads targets −1 and 1; these go from {t.minimum:g} to {t.maximum:g}.",
            "Code the two classes as −1 and 1.",
            evidence={"minimum": t.minimum, "maximum": t.maximum},
        )
    elif loss.name in ONE_PER_CLASS and output is not None and _codes_from_one(t, output):
        yield Seen(
            "warning",
            f"Class codes go from 1 to {t.maximum:g} in {t.rows} rows, and there are {output.units} outputs: output 0"
            " has no class.",
            f"Subtract 1 from the codes and give the last layer {t.maximum:g} outputs.",
            layer=output.layer,
            evidence={"minimum": t.minimum, "maximum": t.maximum, "outputs": output.units, "rows": t.rows},
        )
    else:
        yield RuledOut(f"Targets from {t.minimum:g} to {t.maximum:g}, shape {loss.target_shape}, suit {loss.name}.")


def _codes_from_one(t: TargetFacts, output: OutputFacts) -> bool:
    """All codes from 1 on were seen, 0 never: no chance, where a class of one row in 20 would have been."""
    whole = t.one_class_a_row and not t.one_hot and t.minimum == 1 and t.classes == t.maximum > 1
    return whole and output.units == t.maximum + 1 and t.rows >= ROWS_A_CLASS * output.units


def _broadcast(output: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """(n, 1) against (n,), or (n,) against (n, 1): every row meets every other."""
    if len(output) == len(target) or not output or not target or output[0] < 2:
        return False
    longer, shorter = (output, target) if len(output) > len(target) else (target, output)
    return len(longer) == 2 and longer[1] == 1 and len(shorter) == 1 and shorter[0] == longer[0]
