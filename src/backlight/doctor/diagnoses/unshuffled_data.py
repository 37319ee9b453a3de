"""D109: rows come in order of their target."""

import math
from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

ORDERED = 0.5
"""Share of the way from random order (0) to fully sorted (1), by how often neighbours have the same class."""
FEWEST_ROWS = 64
EVEN = 1.2
"""Mean share of the largest class in a batch over its share of the data, up to which each batch holds all of them."""
SORTED = 0.9
"""Share of neighbours that go the same way, up or down, from which measured values are sorted; at random 0.5."""
PURE = 0.9
"""Mean share of the largest class in a batch from which batches hold one class only."""


@diagnosis(
    "D109",
    "unshuffled-data",
    needs=("targets",),
    treatments=("shuffle",),
    explains=(
        "oscillating-loss",
        "not-learning",
        "plateau",
        "learning-rate-too-high",
        "overfitting",
    ),
)
def unshuffled_data(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Batches are drawn in the order of the target, so that each holds one class.

    What it sees
    How often neighbouring rows of a batch have the same class, between what random order would give and 1. In batches
    that hold every class as often as the data does (episodes, balanced batches) the order of rows does not matter. Of a
    measured target how many neighbours go the same way, up or down, where a batch is not the whole data.

    Why it hurts
    Each stretch of one class teaches the network to say that class and to forget the others; the gradient of a
    batch points elsewhere than that of the whole data.

    When it is wrong
    When the order of rows is time and batches must be stretches of it.

    Example
    A folder of images read class by class with `shuffle=False`.

    Treatment
    `DataLoader(…, shuffle=True)`, or permute the rows before each epoch.

    References
    Bottou: Stochastic Gradient Descent Tricks (2012).
    """
    t = run.targets
    assert t is not None
    if not run.is_classification and t.rows >= FEWEST_ROWS and t.sorted_share >= SORTED and not _whole(run):
        yield Seen(
            "error" if run.failed else "warning",
            f"Rows come in order of the target: {t.sorted_share:.0%} of neighbours go one way (random order: 50%).",
            "Shuffle the rows: DataLoader(..., shuffle=True).",
            evidence={"same_way": t.sorted_share, "threshold": SORTED, "rows": t.rows},
        )
        return
    if not run.is_classification or t.classes < 2 or t.rows < FEWEST_ROWS or not math.isfinite(t.run_share):
        ways = f" ({t.sorted_share:.0%} of neighbours go the same way)" if math.isfinite(t.sorted_share) else ""
        yield RuledOut(
            f"The target has no classes, and its order is none or does not matter{ways}; or too few rows were seen."
        )
        return
    order = (t.run_share - t.run_expected) / max(1e-9, 1 - t.run_expected)
    expected = max(t.counts.values()) / sum(t.counts.values())
    even = t.batch_purity <= EVEN * expected
    if order < ORDERED or even:
        yield RuledOut(
            f"Neighbouring rows share a class in {t.run_share:.0%}; random order gives {t.run_expected:.0%}."
            + (f" Each batch holds the classes as the data does ({t.batch_purity:.0%} of one)." if even else "")
        )
        return
    pure = t.batch_purity > PURE and expected < PURE
    yield Seen(
        "error" if pure else "warning",
        f"Rows come in order of their class: neighbours share it in {t.run_share:.0%} (random order:"
        f" {t.run_expected:.0%}), a batch holds on average {t.batch_purity:.0%} of one class.",
        "Shuffle the rows: DataLoader(..., shuffle=True).",
        evidence={"same_class_neighbours": t.run_share, "expected": t.run_expected, "batch_purity": t.batch_purity},
    )


def _whole(run: RunFacts) -> bool:
    """Whether each batch holds all the rows there are: their order changes no gradient."""
    return run.inputs is not None and run.inputs.distinct_rows <= (run.loop.batch_size or 0)
