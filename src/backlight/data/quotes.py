"""Quotes of a delimited file that may not stand where they were meant to."""

import polars as pl

from .counted import counted

FEWEST = 4
"""Separators in a cell; an address or a letter ("Dear Sir, Madam,") has fewer beside its line ends."""


def doubtful_quotes(frame: pl.DataFrame, separator: str) -> list[str]:
    """A sentence a column with cells that hold whole rows, as between a quote that is not closed and the next one.

    A cell that swallowed k rows holds k line ends and the k · (columns - 1) separators of these rows. Free text of
    several lines does so by chance, where that is few separators: `FEWEST` are asked for, and a column is told of where
    most of its cells of several lines are such.

    frame: all cells as text, rows in the order of the file.
    """
    between = frame.width - 1
    told = []
    for column in frame.iter_columns() if between else ():
        ends = column.str.count_matches("\n", literal=True).fill_null(0)
        swallowed = (ends * between >= FEWEST) & (column.str.count_matches(separator, literal=True) == ends * between)
        rows = swallowed.arg_true()
        if 2 * len(rows) > int((ends > 0).sum()):
            lost = int(ends.filter(swallowed).sum())
            told.append(
                f"Row {rows[0] + 1:,}, column {column.name!r}: between two quotes stand {counted(lost, 'line end')} "
                f"and the cells of {counted(lost, 'more row')}, read as one cell; mend the quote that is not closed."
                if len(rows) == 1
                else f"{len(rows):,} cells of column {column.name!r}, the first in row {rows[0] + 1:,}, hold whole "
                f"rows between two quotes, {lost:,} in all; mend the quotes that are not closed."
            )
    return told
