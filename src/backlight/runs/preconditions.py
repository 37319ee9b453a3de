"""What would stop a training at its first step, told before anything is written."""

import copy

import numpy as np
import torch
from torch import nn

from ..records import BacklightError, Task
from ..records.config import TrainingConfig


def check_device(config: TrainingConfig) -> None:
    """Refuse a device that is not there.

    Raises:
        BacklightError: cuda is asked for, and PyTorch finds none.

    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise BacklightError("device = 'cuda' cannot be used: PyTorch finds no CUDA device here; use auto or cpu.")


def check_task(task: Task, config: TrainingConfig) -> None:
    """Refuse what only classes have where values are predicted.

    Raises:
        BacklightError: labels are to be smoothed, and there are none.

    """
    if not task.classes and config.label_smoothing:
        raise BacklightError(
            f"--label-smoothing spreads probability over classes, and {task.target!r} holds values; leave it out."
        )


def check_batch_size(module: nn.Module, config: TrainingConfig, x: np.ndarray) -> None:
    """Refuse batches of one row to a network that cannot train on one; x: the training rows.

    Batch normalisation has no variance there, and raises ValueError.

    Raises:
        BacklightError: the network cannot take a batch of one row in train mode.

    """
    if min(config.batch_size or len(x), len(x)) > 1:
        return
    trial = copy.deepcopy(module).train()
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            trial(torch.as_tensor(x[:1]).to(next((p.device for p in trial.parameters()), torch.device("cpu"))))
    except ValueError as error:
        raise BacklightError(
            "This network cannot be trained in batches of one row, since it normalises over the batch; "
            "give a batch size of at least 2."
        ) from error
