"""The network for a user who names none. One place for the decision; each number with its source.

Tables: piecewise-linear embeddings of the numbers before a perceptron are what Gorishniy, Rubachev, Babenko 2022 ("On
Embeddings for Numerical Features") and TabM (Gorishniy, Kotelnikov, Babenko 2025) found best for their cost; fewer rows
get a narrower network with fewer bins and more dropout.

Images: the shape of airbench (Jordan 2024, "94 % on CIFAR-10 in 3.29 Seconds on a Single GPU"): a whitened first layer,
blocks of two convolutions with a pool in the first, norm and gelu, a global max pool; narrower, for processors without
an accelerator. Whitening is for photographs: on handwritten digits (8 × 8 and 28 × 28, grey) networks without it had
the lower held-out log-loss (0.021 against 0.030, 0.134 against 0.137; means of three and of two seeds).
"""

from ..records import ArrayInputs, ImageInputs, Inputs, TableInputs, Task
from .front import ONE_HOT_CODES, embedding_width

WIDEST_FRONT = 4000
"""Embedded values of a table's numbers that are still affordable: a first layer of 256 outputs then has a million
weights. Wider tables, most of them of few rows, enter plain."""

FEW_ROWS = 500
"""Rows of a table up to which a linear path runs beside the hidden layers: what a linear model finds is then at hand.
Layers half as wide again gained 1 % on small sets, embeddings twice as wide nothing. Training, too, takes fewer and
smaller steps up to here (`training.defaults`)."""

LARGE_SIDE = 96
"""Images with longer sides than this first pass the stem of a ResNet, which quarters them."""

FILTERS = (32, 64, 128, 128)
"""Of the blocks; at 32 × 32 the first three train 1,450 rows a second on two processor cores."""


def default_network(inputs: Inputs, task: Task, rows: int) -> str:
    """Text of a description, chosen from the data.

    Args:
        inputs: what x(0) looks like.
        task: what is predicted.
        rows: number of training rows.
    """
    if isinstance(inputs, TableInputs):
        return _table(inputs, task, rows)
    if isinstance(inputs, ImageInputs):
        return _images(inputs.channels, inputs.height, inputs.width, rows)
    return _array(inputs, task, rows)


def _table(inputs: TableInputs, task: Task, rows: int) -> str:
    continuous = sum(feature.kind == "continuous" for feature in inputs.features)
    few = rows <= FEW_ROWS
    width, bins = (16, 128) if rows >= 5000 else (4, max(4, rows // 40)) if few else (8, rows // 64)
    front = f"piecewise {width} bins {bins}" if 0 < continuous * width <= WIDEST_FRONT else "plain"
    if front == "plain" and _plain_width(inputs) > 1000:
        front = "plain, dropout 0.2"
    if few:
        return f"{front}, residual(64 silu, dropout 0.3, 64 silu, dropout 0.3)"
    return f"{front}, {_perceptron(task, rows)}"


def _plain_width(inputs: TableInputs) -> int:
    """Values behind the input layers where numbers pass unchanged."""
    return sum(
        1 if f.kind != "discrete" else f.size - 1 if f.size <= ONE_HOT_CODES else embedding_width(f.size)
        for f in inputs.features
    )


def _perceptron(task: Task, rows: int) -> str:
    """Two hidden layers: wider, with less dropout, for more rows."""
    width = 256 if rows >= 5000 else 128
    dropout = 0.3 if rows < 5000 else 0.1 if task.kind == "regression" else 0.2
    return f"{width} silu, dropout {dropout}, {width} silu, dropout {dropout}"


def _images(channels: int, height: int, width: int, rows: int) -> str:
    """Blocks that halve the side until little more than a point is left, after the first layers that suit the size."""
    side = min(height, width)
    parts = []
    if side > LARGE_SIDE:
        parts.append("conv 32 5x5 stride 2, norm, gelu, pool")
        side //= 4
    elif channels > 1 and side >= 16:
        parts.append("whiten, gelu")
        side -= 1
    for filters in FILTERS[: 2 if side < 12 else 3 if side < 48 else 4]:
        pool = "pool, " if side >= 4 else ""
        side = side // 2 if side >= 4 else side
        parts.append(f"conv {filters}, {pool}norm, gelu, conv {filters}, norm, gelu")
    parts.append("global max pool")
    return ", ".join([*parts, "dropout 0.2"] if rows < 5000 else parts)


def _array(inputs: ArrayInputs, task: Task, rows: int) -> str:
    if len(inputs.shape) == 3 and min(inputs.shape[1:]) >= 8:
        return _images(*inputs.shape, rows)
    if len(inputs.shape) == 2 and inputs.shape[1] >= 16:
        return "conv 32 7, norm, gelu, pool, conv 64 5, norm, gelu, pool, conv 128, norm, gelu, global pool"
    return _perceptron(task, rows)
