"""Rows that stand on both sides of a split."""

import numpy as np

from .split import Split


def duplicate_notes(x: np.ndarray, y: np.ndarray, split: Split) -> list[str]:
    """A sentence if held-out rows equal training rows in all inputs and the target: their score is partly memory."""
    train = set(fingerprints(x[split.train], y[split.train]))
    counts = []
    for part, rows in (("test", split.test), ("validation", split.validation)):
        known = sum(mark in train for mark in fingerprints(x[rows], y[rows]))
        if known:
            counts.append(f"{known:,} of {len(rows):,} {part} rows ({known / len(rows):.1%})")
    if not counts:
        return []
    return [
        f"{' and '.join(counts)} equal a training row in all inputs and the target; if they are copies rather than "
        "coincidences, take them out of the data."
    ]


def share_of_copies(x: np.ndarray, y: np.ndarray) -> float:
    """Share of the rows that repeat an earlier one in all inputs and the target."""
    return 1 - len(set(fingerprints(x, y))) / max(1, len(x))


def without_repeats(x: np.ndarray, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Those of `rows` that do not repeat an earlier one of them in all inputs and the target."""
    _, first = np.unique(fingerprints(x[rows], y[rows]), return_index=True)
    return rows[np.sort(first)]


def new_rows(x: np.ndarray, y: np.ndarray, rows: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Those of `rows` that equal none of the rows `known`; all of them where every one does."""
    marks = set(fingerprints(x[known], y[known]))
    new = rows[[mark not in marks for mark in fingerprints(x[rows], y[rows])]]
    return new if len(new) else rows


def fingerprints(x: np.ndarray, y: np.ndarray) -> list[int]:
    """One number a row, equal for equal rows."""
    return [hash((row.tobytes(), target)) for row, target in zip(x, y.tolist(), strict=True)]
