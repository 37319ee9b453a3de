"""Raw outputs of a trained network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..data.batches import place
from .layout import outputs_of

BATCH_BYTES = 4 << 20
"""Input bytes of a prediction batch: enough to fill the processor, little enough for the activations to stay small."""


def predict_outputs(
    module: nn.Module,
    x: np.ndarray | Tensor,
    *,
    batch_size: int | None = None,
    device: torch.device | str = "cpu",
    flips: bool = False,
) -> np.ndarray:
    """Outputs of the network in eval mode.

    Parameters
    ----------
    x:
        Inputs, batch first.
    batch_size:
        Rows at a time; chosen from the size of a row where None.
    flips:
        For images: the mean of the outputs for the image and its mirror image.

    Returns
    -------
    Array of shape (n, outputs): logits, or standardised values.
    """
    rows = torch.as_tensor(x)
    if not len(rows):
        return np.zeros((0, 1), dtype=np.float32)
    size = batch_size or prediction_batch(rows)
    training = module.training
    module.to(device).eval()
    parts = []
    with torch.inference_mode():
        for part in rows.split(size):
            placed = place(part, device)
            outputs = outputs_of(module, placed)
            if flips:
                outputs = (outputs + outputs_of(module, placed.flip(-1))) / 2
            parts.append(outputs.float().cpu())
    module.train(training)
    whole = torch.cat(parts)
    return (whole.unsqueeze(1) if whole.dim() == 1 else whole).numpy()


def prediction_batch(rows: Tensor) -> int:
    """Rows of a prediction batch: from 256 to 8192, fewer where a row is large."""
    row_bytes = max(1, rows[0].numel() * 4)
    return max(256 if row_bytes < 65536 else 16, min(8192, BATCH_BYTES // row_bytes))
