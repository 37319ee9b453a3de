"""The network for a user who names none. One place for the decision; each number with its source.

Tables: piecewise-linear embeddings of the numbers before a perceptron are what Gorishniy, Rubachev, Babenko 2022 ("On
Embeddings for Numerical Features") and TabM (Gorishniy, Kotelnikov, Babenko 2025) found best for their cost; silu and
three hundred rows' worth of caution after RealMLP (Holzmüller et al. 2024). Images: the shape of airbench (Jordan 2024,
"94 % on CIFAR-10 in 3.29 Seconds on a Single GPU"): a whitened first layer, blocks of two convolutions with a pool in
the first, norm and gelu, a global max pool; narrower, for processors without an accelerator.
"""

from ..records import ArrayInputs, ImageInputs, Inputs, TableInputs, Task
from .front import ONE_HOT_CODES, embedding_width

WIDEST_FRONT = 4000
"""Values behind the input layers of a table; above this, embeddings of the numbers cost more than they bring."""


def default_network(inputs: Inputs, task: Task, rows: int) -> str:
    """Text of a description, chosen from the data.

    Args:
        inputs: what x(0) looks like.
        task: what is predicted.
        rows: number of training rows.
    """
    if isinstance(inputs, TableInputs):
        return _table(inputs, rows)
    if isinstance(inputs, ImageInputs):
        return _images(inputs.channels, inputs.height, inputs.width, rows)
    return _array(inputs, rows)


def _table(inputs: TableInputs, rows: int) -> str:
    continuous = sum(feature.kind == "continuous" for feature in inputs.features)
    width = 16 if rows >= 3000 else 8
    front = f"piecewise {width}" if 0 < continuous * width <= WIDEST_FRONT else "plain"
    if front == "plain" and _plain_width(inputs) > 1000:
        front = "plain, dropout 0.2"
    return f"{front}, {_perceptron(rows)}"


def _plain_width(inputs: TableInputs) -> int:
    """Values behind the input layers where numbers pass unchanged."""
    return sum(
        1 if f.kind != "discrete" else f.size - 1 if f.size <= ONE_HOT_CODES else embedding_width(f.size)
        for f in inputs.features
    )


def _perceptron(rows: int) -> str:
    """Hidden layers: wider, with less dropout, for more rows."""
    if rows < 1000:
        return "64 silu, dropout 0.3, 64 silu, dropout 0.3"
    if rows < 10_000:
        return "128 silu, dropout 0.2, 128 silu, dropout 0.2"
    return "256 silu, dropout 0.1, 256 silu, dropout 0.1"


def _images(channels: int, height: int, width: int, rows: int) -> str:
    side = min(height, width)
    parts = []
    if side > 96:  # photographs: the stem of a ResNet brings them to a quarter first
        parts.append("conv 32 5x5 stride 2, norm, gelu, pool")
        side = side // 4
    elif side >= 4:
        parts.append("whiten, gelu" if channels > 1 else "whiten 3, gelu")
        side -= 1 if channels > 1 else 2
    for filters in _filters(side, rows):
        pool = "pool, " if side >= 4 else ""
        side = side // 2 if side >= 4 else side
        parts.append(f"conv {filters}, {pool}norm, gelu, conv {filters}, norm, gelu")
    parts.append("global max pool")
    if rows < 5000:
        parts.append("dropout 0.2")
    return ", ".join(parts)


def _filters(side: int, rows: int) -> list[int]:
    """Width of each block; a block more for each doubling of the side."""
    filters = [32, 64, 128, 128, 256]
    return filters[: 2 if side < 12 else 3 if side < 48 else 4]


def _array(inputs: ArrayInputs, rows: int) -> str:
    if len(inputs.shape) == 3 and min(inputs.shape[1:]) >= 8:
        return _images(*inputs.shape, rows)
    if len(inputs.shape) == 2 and inputs.shape[1] >= 16:
        return "conv 32 7, norm, gelu, pool, conv 64 5, norm, gelu, pool, conv 128, norm, gelu, global pool"
    return _perceptron(rows)
