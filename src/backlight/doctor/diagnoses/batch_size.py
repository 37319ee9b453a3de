"""L704: batches of one row, or of all rows."""

from collections.abc import Iterator

from ...records import Severity
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
WHOLE_DATA = ("LBFGS",)
"""Optimisers, by the beginning of their name, that want the gradient of the whole data in every step."""
NEEDED_BY_NORM = 4
"""Rows that batch normalisation needs to estimate a variance (Wu & He, Group Normalization, 2018)."""


@diagnosis("L704", "batch-size", needs=("inputs",), treatments=("batch-size", "row-normalisation"))
def batch_size(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Batches hold one or two rows, or most of the data.

    What it sees
    Rows of a batch: at most 2 with 200 rows and more; at least half of 500 rows and more; at most 4 in a
    network with batch normalisation. The first two are a note where less than a tenth of the reference loss is left:
    the updates were enough, and their noise was no harm.

    Why it hurts
    Tiny batches give noisy gradients and use neither vector units nor accelerators; whole-data batches allow one
    update an epoch and lose the noise that helps to generalise. A variance of three rows is no variance.

    When it is wrong
    Very large inputs allow only few rows. L-BFGS builds its curvature from differences of gradients, which the draw of
    rows would spoil: under it the whole data in one batch is right and not reported.

    Example
    `DataLoader(data, batch_size=1)`

    Treatment
    32 to 256 rows, the learning rate scaled with them.

    References
    Masters, Luschi: Revisiting Small Batch Training (2018). Keskar et al.: On Large-Batch Training (2017). Bollapragada
    et al.: A Progressive Batching L-BFGS Method for Machine Learning (2018).
    """
    size, rows = run.loop.batch_size, run.loop.rows
    if size is None:
        return
    known = rows if rows is not None else size * run.loop.backwards
    normalised = any(layer.kind.startswith("BatchNorm") for layer in run.layers)
    evidence = {"batch_size": size, "rows": rows}
    whole_wanted = run.optimizer is not None and run.optimizer.kind.startswith(WHOLE_DATA)
    severity: Severity = "note" if run.finished and run.learned and run.left < FITTED else "warning"
    if size <= TINY and known >= MANY_ROWS:
        message, fix = f"Batches of {size} for {known} rows of data or more.", "Use batches of 32 to 256 rows."
    elif normalised and size <= NEEDED_BY_NORM:
        message, fix = f"Batch normalisation over {size} rows.", "Use larger batches, or group or layer normalisation."
    elif rows is not None and size >= WHOLE * rows and rows >= LARGE_DATA and not whole_wanted:
        message = f"One batch holds {size} of {rows} rows: an epoch is {-(-rows // size)} updates."
        fix = "Use 32 to 256 rows."
    else:
        yield RuledOut(f"Batches of {size} rows, data of {rows if rows is not None else f'more than {known}'}.")
        return
    yield Seen("warning" if normalised and size <= NEEDED_BY_NORM else severity, message, fix, evidence=evidence)
