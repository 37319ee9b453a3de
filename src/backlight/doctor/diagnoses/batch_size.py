"""L704: batches of one row, or of all rows."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

TINY, MANY_ROWS = 2, 200
"""Rows of a batch, and rows of data from which so small a batch is a waste."""
WHOLE = 0.5
"""Share of the data in one batch from which an epoch is one or two updates."""
LARGE_DATA = 500
"""Rows from which small batches would train faster than the whole."""
FITTED = 0.1
"""Share of the reference loss below which few updates have been enough (as in stopped-too-early)."""
NEEDED_BY_NORM = 4
"""Rows that batch normalisation needs to estimate a variance (Wu & He, Group Normalization, 2018)."""


@diagnosis("L704", "batch-size", needs=("inputs",), treatments=("batch-size", "row-normalisation"))
def batch_size(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Batches hold one or two rows, or most of the data.

    What it sees
    Rows of a batch: at most 2 with 200 rows and more; at least half of 500 rows and more; at most 4 in a
    network with batch normalisation. Most of the data in a batch is a note where less than a tenth of the reference
    loss is left: the updates were enough.

    Why it hurts
    Tiny batches give noisy gradients and use neither vector units nor accelerators; whole-data batches allow one
    update an epoch and lose the noise that helps to generalise. A variance of three rows is no variance.

    When it is wrong
    Second-order optimisers want the whole data; very large inputs allow only few rows.

    Example
    `DataLoader(data, batch_size=1)`

    Treatment
    32 to 256 rows, the learning rate scaled with them.

    References
    Masters, Luschi: Revisiting Small Batch Training (2018). Keskar et al.: On Large-Batch Training (2017).
    """
    size, rows = run.loop.batch_size, run.loop.rows
    if size is None:
        return
    known = rows if rows is not None else size * run.loop.backwards
    normalised = any(layer.kind.startswith("BatchNorm") for layer in run.layers)
    evidence = {"batch_size": size, "rows": rows}
    whole = False
    if size <= TINY and known >= MANY_ROWS:
        message, fix = f"Batches of {size} for {known} rows of data or more.", "Use batches of 32 to 256 rows."
    elif normalised and size <= NEEDED_BY_NORM:
        message, fix = f"Batch normalisation over {size} rows.", "Use larger batches, or group or layer normalisation."
    elif rows is not None and size >= WHOLE * rows and rows >= LARGE_DATA:
        whole = True
        message, fix = (
            f"One batch holds {size} of {rows} rows: an epoch is {-(-rows // size)} updates.",
            "Use 32 to 256 rows.",
        )
    else:
        yield RuledOut(f"Batches of {size} rows, data of {rows if rows is not None else f'more than {known}'}.")
        return
    fitted = run.finished and run.learned and run.left < FITTED
    yield Seen("note" if whole and fitted else "warning", message, fix, evidence=evidence)
