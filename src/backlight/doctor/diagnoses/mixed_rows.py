"""P005: what the network says of one row depends on the other rows of the batch."""

from collections.abc import Iterator

from ...records import Severity
from ...signals import LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

BATCH_SECOND = {
    "LSTM": "each row remembers those before it",
    "GRU": "each row remembers those before it",
    "RNN": "each row remembers those before it",
    "MultiheadAttention": "each row attends to the others",
}
"""Layers that take the first axis for time unless told otherwise, and what comes of it."""


@diagnosis(
    "P005",
    "mixed-rows",
    needs=("layers", "targets"),
    explains=("not-learning", "plateau", "vanishing-gradient", "stopped-too-early", "learning-rate-too-low"),
    certain=True,
)
def mixed_rows(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """A layer works along the axis of the batch, so that rows that have nothing to do with each other are mixed.

    What it sees
    The first axis of a layer's input has as many entries as the target has rows, and no axis of the target has the
    length of its second (asked where it has three or more): then it is the batch. A recurrent or attention layer with
    `batch_first=False` takes it for time; a softmax with `dim=0` of three or more axes, or before a layer with weights,
    shares each number out among the rows.

    Why it hurts
    A row's output depends on which rows happen to stand beside it. What the network learns holds for no row alone, and
    one row asked alone is answered otherwise.

    When it is wrong
    When the rows of a batch are one sequence, or one set, on purpose.

    Example
    `nn.LSTM(8, 32)` for inputs of shape (batch, time, features); `softmax(scores, dim=0)` in attention.

    Treatment
    `batch_first=True`; `dim=-1` (or ReLU in a hidden layer).

    References
    PyTorch documentation of LSTM and MultiheadAttention (batch_first) and of Softmax (dim).
    """
    severity: Severity = "error" if run.failed else "warning"
    layers = [layer for layer in run.layers if _leads_with_batch(run, layer)]
    for layer in layers:
        if layer.kind in BATCH_SECOND and _takes_batch_for_time(layer):
            yield Seen(
                severity,
                f"{layer.kind} {layer.name} has batch_first=False and receives {(layer.x_rows, *layer.x_shape)}: it"
                f" takes the {layer.x_rows} rows of the batch for time, and {BATCH_SECOND[layer.kind]}.",
                "Give it batch_first=True, or swap the first two axes of its input.",
                layer=layer.name,
                evidence={"input": [layer.x_rows, *layer.x_shape], "batch_first": False},
            )
        elif run.softmax_over_rows(layer) and (len(layer.x_shape) > 1 or run.weighted_after(layer.name)):
            yield Seen(
                severity,
                f"{layer.kind} {layer.name} goes over the {layer.x_rows} rows of the batch (dim=0), not over its"
                f" {layer.units} units: every row's output depends on the other rows.",
                "Take dim=-1; in a hidden layer that is no attention ReLU or GELU serves better than a softmax.",
                layer=layer.name,
                evidence={"input": [layer.x_rows, *layer.x_shape], "dim": 0},
            )
    yield RuledOut(f"None of {len(run.layers)} layers was seen to work along the axis of the batch.")


def _leads_with_batch(run: RunFacts, layer: LayerFacts) -> bool:
    """Whether the first axis of the layer's input is that of the target's rows, and no other can be."""
    assert run.targets is not None
    rows = run.targets.batch_shape
    if not rows or rows[0] < 2 or layer.x_rows != rows[0]:
        return False
    return len(layer.x_shape) == 1 or (len(layer.x_shape) > 1 and layer.x_shape[0] not in rows)


def _takes_batch_for_time(layer: LayerFacts) -> bool:
    """A second axis of one entry may be the batch of a single sequence."""
    return layer.settings.get("batch_first") is False and len(layer.x_shape) == 2 and layer.x_shape[0] > 1
