"""Loss on the left axis and accuracy, in grey, on the right one, by epoch; the learning rate below."""

import math
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from ...records import Epoch
from .theme import ACCENT, GREY, INK, LINE, MUTED, PAPER, WARM, bare, canvas, themed

LINES: dict[str, Any] = {"train": "-", "validation": (0, (4, 2))}
"""Splits differ by dashes, so that they differ in grey print too."""
WITHIN = "batches"
"""Split of the rows within epochs: means of a few batches as training met them, drawn faintly behind the others."""
RUN_COLOURS = (ACCENT, WARM, INK, GREY)
RUN_MARKERS = "os^Dvp"
LOG_RANGE = 30
"""Largest loss over smallest beyond which the loss axis is logarithmic."""


@themed
def curves(
    histories: Mapping[str, Sequence[Epoch]],
    *,
    best_epoch: float | None = None,
    width: float = 760,
    height: float = 400,
) -> Figure:
    """Both splits of one run, or of several, on one graph.

    One run: blue is training, orange and dashed is validation, and the loss within epochs stands faintly behind.
    Several runs: one colour and marker each, dashed is
    validation. Grey lines belong to the right axis: accuracy, or the error in the target's units for regression.
    """
    figure = canvas(width, height)
    rates = any(row.learning_rate for rows in histories.values() for row in rows)
    left, right, top, bottom = 52, 52, 24 + 17 * _legend_rows(histories, width), 40
    grid = figure.add_gridspec(
        2 if rates else 1,
        1,
        left=left / width,
        right=1 - right / width,
        top=1 - top / height,
        bottom=bottom / height,
        height_ratios=(5, 1) if rates else None,
        hspace=0.12,
    )
    loss = figure.add_subplot(grid[0])
    score = loss.twinx()
    _loss_and_score(loss, score, histories)
    if best_epoch is not None:
        _mark_best(loss, histories, best_epoch)
    lowest = loss
    if rates:
        loss.tick_params(labelbottom=False)
        lowest = figure.add_subplot(grid[1], sharex=loss)
        _learning_rate(lowest, histories)
    lowest.set_xlabel("epoch")
    lowest.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
    _legend(figure, loss, score, width)
    return figure


def _loss_and_score(loss: Axes, score: Axes, histories: Mapping[str, Sequence[Epoch]]) -> None:
    several = len(histories) > 1
    for (name, rows), run_colour, marker in zip(
        histories.items(), cycle(RUN_COLOURS), cycle(RUN_MARKERS), strict=False
    ):
        if not several:
            _within_epochs(loss, rows)
        for split in _splits(rows):
            part = [row for row in rows if row.split == split]
            line = LINES.get(split, ":")
            colour = run_colour if several else (ACCENT if split == "train" else WARM)
            marks = _marks(part, marker if several else None)
            label = f"{name}, {split}" if several else f"loss, {split}"
            epochs = [row.epoch for row in part]
            loss.plot(
                epochs, [row.loss for row in part], color=colour, linestyle=line, label=label, linewidth=1.8, **marks
            )
            label = "_" if several else f"{_score_name(rows)}, {split}"
            score.plot(
                epochs, [_score(row) for row in part], color=GREY, linestyle=line, label=label, linewidth=1.2, **marks
            )
    _axes(loss, score, histories)


def _splits(rows: Sequence[Epoch]) -> list[str]:
    return [split for split in dict.fromkeys(row.split for row in rows) if split != WITHIN]


def _within_epochs(loss: Axes, rows: Sequence[Epoch]) -> None:
    part = [row for row in rows if row.split == WITHIN]
    if part:
        epochs, losses = [row.epoch for row in part], [row.loss for row in part]
        loss.plot(epochs, losses, color=LINE, linewidth=1.0, label="_", zorder=1)


def _axes(loss: Axes, score: Axes, histories: Mapping[str, Sequence[Epoch]]) -> None:
    bare(loss)
    bare(score, grid="")
    score.spines["left"].set_visible(False)
    loss.set_zorder(score.get_zorder() + 1)
    loss.set_ylabel("loss", color=INK)
    rows = [row for part in histories.values() for row in part]
    score.set_ylabel(_score_name(rows), color=GREY)
    score.tick_params(axis="y", labelcolor=GREY)
    losses = [row.loss for row in rows if math.isfinite(row.loss)]
    if losses and min(losses) > 0 and max(losses) / min(losses) > LOG_RANGE:
        loss.set_yscale("log")
        loss.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        loss.minorticks_off()


def _mark_best(axes: Axes, histories: Mapping[str, Sequence[Epoch]], epoch: float) -> None:
    rows = [row for part in histories.values() for row in part]
    split = "validation" if any(row.split == "validation" for row in rows) else "train"
    at = next((row for row in rows if row.split == split and row.epoch >= epoch and math.isfinite(row.loss)), None)
    if at is None:
        return
    axes.axvline(epoch, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    axes.plot([at.epoch], [at.loss], "o", color=INK, markersize=6, markeredgecolor=PAPER, zorder=5, label="_")
    low, high = axes.get_xlim()
    side = (epoch - low) / (high - low)
    axes.annotate(
        f"kept: epoch {epoch:g}",
        (epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right" if side > 0.85 else "left" if side < 0.15 else "center",
        va="bottom",
        fontsize=10,
        color=MUTED,
    )


def _learning_rate(axes: Axes, histories: Mapping[str, Sequence[Epoch]]) -> None:
    bare(axes, grid="")
    for rows, colour in zip(histories.values(), cycle(RUN_COLOURS), strict=False):
        part = [row for row in rows if row.split == rows[0].split]
        colour = colour if len(histories) > 1 else MUTED
        axes.plot([row.epoch for row in part], [row.learning_rate for row in part], color=colour, linewidth=1.4)
    axes.set_ylim(bottom=0)
    top = max(row.learning_rate for rows in histories.values() for row in rows)
    axes.set_yticks([0, top], ["0", f"{top:.2g}"])
    axes.text(0, 1.04, "learning rate", transform=axes.transAxes, color=MUTED, fontsize=10)
    axes.axhline(0, color=LINE, linewidth=0.8, zorder=0)


def _legend_rows(histories: Mapping[str, Sequence[Epoch]], width: float) -> int:
    entries = sum(len(_splits(rows)) for rows in histories.values()) * (1 if len(histories) > 1 else 2)
    return math.ceil(entries / _legend_columns(width))


def _legend_columns(width: float) -> int:
    return 4 if width > 600 else 2


def _legend(figure: Figure, loss: Axes, score: Axes, width: float) -> None:
    entries = [axes.get_legend_handles_labels() for axes in (loss, score)]
    handles, labels = (entries[0][place] + entries[1][place] for place in (0, 1))
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(loss.get_position().x0 - 6 / width, 1),
        ncols=_legend_columns(width),
        frameon=False,
        fontsize=10.5,
        handlelength=2.4,
        columnspacing=1.4,
        borderaxespad=0.4,
        borderpad=0.2,
    )


def _score(row: Epoch) -> float:
    value = row.error if row.accuracy is None else row.accuracy
    return math.nan if value is None else value


def _score_name(rows: Sequence[Epoch]) -> str:
    return "error" if all(row.accuracy is None for row in rows) else "accuracy"


def _marks(rows: Sequence[Epoch], marker: str | None) -> dict[str, Any]:
    """Markers that tell several runs apart; one run needs them only where a line of one point would be invisible."""
    if marker:
        return {"marker": marker, "markersize": 4, "markevery": max(1, len(rows) // 8)}
    return {"marker": "o", "markersize": 4} if len(rows) == 1 else {}
