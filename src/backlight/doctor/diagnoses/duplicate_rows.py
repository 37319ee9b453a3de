"""D106: rows that occur twice."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

MANY = 0.1
"""Share of rows repeated within a batch above which they are no accident."""
FEWEST_ROWS = 100


@diagnosis("D106", "duplicate-rows", needs=("inputs",), treatments=("drop-duplicates",))
def duplicate_rows(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Many rows of a batch are exact copies of each other.

    What it sees
    The share of rows whose values all occur in another row of the same batch, held against 10 %; only for
    measured values, since coded features repeat by themselves.

    Why it hurts
    Copies that fall on both sides of a split make the held-out score too good; within a batch they weigh
    twice and lower what the batch tells.

    When it is wrong
    When rows were repeated on purpose to balance classes.

    Example
    A table joined with itself on a key that is not unique.

    Treatment
    Drop copies before splitting; split by group where copies belong together.

    References
    Barz, Denzler: Do we train on test data? (2020).
    """
    x = run.inputs
    assert x is not None
    share = x.repeated_in_batch / max(1, x.rows)
    if x.integers or x.rows < FEWEST_ROWS or share <= MANY:
        yield RuledOut(f"{share:.1%} of the rows are repeated within a batch (limit {MANY:.0%}).")
        return
    yield Seen(
        "warning",
        f"{share:.0%} of the observed rows are copies of another row of the same batch.",
        "Drop duplicate rows before splitting into training and test.",
        evidence={"share": share, "threshold": MANY, "rows": x.rows},
    )
