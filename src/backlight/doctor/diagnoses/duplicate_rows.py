"""D106: rows that occur twice in a batch, or again in every pass while others never come."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

MANY = 0.1
"""Share of rows repeated within a batch above which they are no accident."""
MANY_IN_ALL = 0.25
"""Share of all training rows that repeat another in inputs and target: every row comes four times for three. Rows of
measured values repeat by chance in a hundredth (iris) to an eighth (passengers of the Titanic without their names)."""
FEWEST_ROWS = 100
FEW = 0.5
"""Share of the training data below which rows that come again in every pass are only a part of it."""
FEWEST_PASSES = 3
DRAWN = 0.5
"""Rows that repeat within a batch, beside those that do if each is drawn from the different rows seen (of n draws out
of k, k (1 − (1 − 1/k)ⁿ) differ), from which they are: rows of few kinds come again in every pass, and none is left out.
A pass over rows that differ repeats none."""


@diagnosis(
    "D106",
    "duplicate-rows",
    needs=("inputs",),
    treatments=("drop-duplicates",),
    explains=("overfitting",),
)
def duplicate_rows(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Many rows of a batch are exact copies of each other.

    What it sees
    The share of rows whose values all occur in another row of the same batch, held against 10 %, or where all rows can
    be counted that of rows which repeat another in inputs and target, held against 25 %; only for measured values,
    since coded features repeat by themselves. And passes over a DataLoader that break off before half
    of its rows, while all rows observed are no more than one such pass has: each pass begins with the same ones. Rows
    of few kinds, which repeat within a batch as often as their number makes likely, are left out.

    Why it hurts
    Copies that fall on both sides of a split make the held-out score too good; within a batch they weigh
    twice and lower what the batch tells.

    When it is wrong
    When rows were repeated on purpose to balance classes.

    Example
    A table joined with itself on a key that is not unique.

    Treatment
    Drop copies before splitting; split by group where copies belong together. Seed once, before the loop, and let
    passes run to their end.

    References
    Barz, Denzler: Do we train on test data? (2020).
    """
    x = run.inputs
    assert x is not None
    once = _rows_of_a_pass(run)
    if once is not None:
        yield Seen(
            "warning",
            f"Each of {run.loop.epochs:.0f} passes took the same {x.distinct_rows} rows; the others of the"
            f" {run.loop.rows} in the training data never came.",
            "Let each pass run to its end, shuffle, and seed once before the loop, not in it.",
            evidence={"distinct_rows": x.distinct_rows, "rows": run.loop.rows, "rows_of_a_pass": once},
        )
        return
    share, in_all = x.repeated_in_batch / max(1, x.rows), run.loop.copies or 0.0
    if x.integers or x.rows < FEWEST_ROWS or (share <= MANY and in_all <= MANY_IN_ALL):
        counted = (
            "" if run.loop.copies is None else f", {in_all:.1%} of all rows repeat another (limit {MANY_IN_ALL:.0%})"
        )
        yield RuledOut(f"{share:.1%} of the rows are repeated within a batch (limit {MANY:.0%}){counted}.")
        return
    yield Seen(
        "warning",
        f"{in_all:.0%} of the {run.loop.rows} training rows are copies of another one."
        if in_all > MANY_IN_ALL
        else f"{share:.0%} of the observed rows are copies of another row of the same batch.",
        "Drop duplicate rows before splitting into training and test.",
        evidence={
            "share": max(share, in_all),
            "in_a_batch": share,
            "threshold": MANY,
            "in_all_rows": run.loop.copies,
            "threshold_in_all": MANY_IN_ALL,
            "rows": x.rows,
        },
    )


def _rows_of_a_pass(run: RunFacts) -> float | None:
    """Rows that one pass took, where passes broke off and all took the same; None elsewhere."""
    loop, x = run.loop, run.inputs
    assert x is not None
    if not (loop.rows and loop.batch_size and loop.epochs and loop.epochs >= FEWEST_PASSES):
        return None
    once = loop.backwards * loop.batch_size / loop.epochs
    again = x.rows >= FEWEST_PASSES * x.distinct_rows and x.distinct_rows <= once
    size, kinds = loop.batch_size, x.distinct_rows
    by_chance = x.rows * (1 - kinds / size * (1 - (1 - 1 / kinds) ** size))
    few_kinds = by_chance > 0 and x.repeated_in_batch > DRAWN * by_chance
    return once if again and not few_kinds and once < FEW * loop.rows else None
