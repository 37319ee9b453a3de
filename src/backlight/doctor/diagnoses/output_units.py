"""O201: as many outputs as the target needs."""

from collections.abc import Iterator

from ...data.counted import counted
from ...signals.facts import OutputFacts, TargetFacts
from ...signals.losses import DISTANCE, ONE_PER_CLASS, TWO_CLASS
from ..codes import name_classes, one_output_each
from ..facts import MOST_CLASSES, RunFacts
from ..registry import RuledOut, Seen, diagnosis

UNUSED = 3
"""Outputs per class seen from which most outputs have no class."""
ROWS_PER_OUTPUT = 20
"""Rows per output that must have been seen before an output counts as unused."""


@diagnosis(
    "O201",
    "output-units",
    needs=("output", "targets", "loss"),
    explains=("target-encoding", "not-learning", "plateau", "vanishing-gradient", "learning-rate-too-low"),
    certain=True,
)
def output_units(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The last layer has not as many outputs as the target has classes or values.

    What it sees
    Classes in the target (whole numbers, or columns of a one-hot target) against the width of what the loss
    receives; values of a row of a regression target against the same width; one output at each of several
    places (the steps of a sequence) against one value for the whole row. One output that meets class codes by a
    distance, or codes such as 0, 0.5, 1 by a yes-or-no loss, counts where the program itself judges by exact hits
    (accuracy).

    Why it hurts
    One output cannot choose among three or more classes: whatever the loss, the network can only order them on a
    line, or is driven towards ever larger values.

    When it is wrong
    When classes have an order and a single value is meant to express it (ordinal regression).

    Example
    `nn.Linear(64, 1)` with sigmoid and binary cross-entropy on labels 0, 1, 2, 3.

    Treatment
    One output (logit) for each class with cross-entropy; one output for two classes with binary cross-entropy on
    logits; one for each value of a regression target.

    References
    Bishop: Pattern Recognition and Machine Learning (2006), section 4.3.4.
    """
    t, loss, output = run.targets, run.loss, run.output
    assert t is not None and loss is not None and output is not None
    units, codes = output.units, t.integers and len(t.shape) <= 1 and (t.shape in ((), (1,)))
    evidence = {"outputs": units, "classes": t.classes, "largest_code": t.maximum}
    if units == 1 and codes and 2 < t.classes <= MOST_CLASSES and loss.name in ONE_PER_CLASS | TWO_CLASS:
        yield Seen(
            "error",
            f"One output for {t.classes} classes (codes {t.minimum:g} to {t.maximum:g}).",
            f"Give the last layer {one_output_each(t)} and use cross-entropy on them.",
            layer=output.layer,
            evidence=evidence,
        )
    elif loss.name in DISTANCE | TWO_CLASS and run.counts_hits and name_classes(run):
        yield Seen(
            "error" if run.failed else "warning",
            f"One output for {t.classes} classes (codes {t.minimum:g} to {t.maximum:g}): it orders them on a line.",
            f"Give the last layer {one_output_each(t)} and use cross-entropy, if the classes have no order.",
            layer=output.layer,
            evidence=evidence,
        )
    elif units == 1 and t.one_hot:
        yield Seen(
            "error",
            f"One output for a one-hot target of {t.shape[-1]} columns.",
            f"Give the last layer {t.shape[-1]} outputs and use cross-entropy.",
            layer=output.layer,
            evidence=evidence | {"columns": t.shape[-1]},
        )
    elif (
        loss.name in DISTANCE
        and t.shape
        and t.shape[-1] > 1
        and output.shape
        and units not in (t.shape[-1], t.shape[0])
    ):
        by_hand = "met_shape" in loss.settings  # one output may be meant to meet several values
        yield Seen(
            "error" if run.failed or not by_hand else "warning",
            f"{counted(units, 'output')} for a target of {counted(t.shape[-1], 'value')} a row: they meet by"
            " broadcasting.",
            f"Give the last layer {counted(t.shape[-1], 'output')}.",
            layer=output.layer,
            evidence=evidence | {"columns": t.shape[-1]},
        )
    elif loss.name in DISTANCE and loss.settings.get("met_shape", ())[1:] == output.shape[:1] and _steps(output, t):
        yield Seen(
            "error" if run.failed else "warning",
            f"Each row has {output.shape[0]} outputs (one at each of its places) and a target of one value: they meet"
            " by broadcasting, and every place must give the answer by itself.",
            "Hand on the last step alone (return_sequences=False, y[:, -1]), or flatten before the last layer.",
            layer=output.layer,
            evidence=evidence | {"places": output.shape[0]},
        )
    elif loss.name in ONE_PER_CLASS and codes and t.classes > 1 and _unused(units, t.maximum, t.rows):
        yield Seen(
            "warning",
            f"{counted(units, 'output')}, but the classes seen in {t.rows} rows only reach code {t.maximum:g}.",
            f"Give the last layer {int(t.maximum) + 1} outputs, if these are all the classes.",
            layer=output.layer,
            evidence=evidence,
        )
    else:
        yield RuledOut(
            f"{counted(units, 'output suits', 'outputs suit')} a target of shape {t.shape} with"
            f" {t.classes or 'many'} values."
        )


def _steps(output: OutputFacts, t: TargetFacts) -> bool:
    """One output at each of several places, and one value for the whole row."""
    return len(output.shape) == 2 and output.shape[0] > output.shape[1] == 1 and t.shape == (1,)


def _unused(units: int, largest: float, rows: int) -> bool:
    return units >= UNUSED * (largest + 1) and rows >= ROWS_PER_OUTPUT * units
