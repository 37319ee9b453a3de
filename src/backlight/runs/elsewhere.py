"""Starts that are no scheme: the parameters of another network, or what can be learned from the inputs alone."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from ..data import Dataset, Prepared
from ..data.labels import labelled
from ..records import BacklightError
from ..records.config import Config
from ..training.pretraining import pretrain
from .module import start_from


def begin_elsewhere(modules: Sequence[nn.Module], config: Config, dataset: Dataset, prepared: Prepared) -> list[str]:
    """Change the starts of the networks as `init_from` and `pretrain` ask; what was done, in words."""
    notes: list[str] = []
    if config.network.init_from is not None:
        notes = [start_from(module, config.network.init_from) for module in modules][:1]
    if config.network.pretrain is None:
        return notes
    x, without = inputs_to_learn_from(dataset, prepared)
    if without:
        notes.append(f"Pretraining also sees the inputs of {without:,} rows without a target.")
    seed = config.seed if config.init_seed is None else config.init_seed
    for number, module in enumerate(modules):
        told = notes.append if not number else (lambda text: None)
        pretrain(
            module,
            torch.as_tensor(x),
            epochs=config.network.pretrain,
            seed=seed + number,
            device=config.training.device,
            tell=told,
        )
    return notes


def inputs_to_learn_from(dataset: Dataset, prepared: Prepared) -> tuple[np.ndarray, int]:
    """Inputs of the training rows and of all rows that have no target, and how many those are.

    Held-out rows are not among them.
    """
    target = prepared.task.target
    if target not in dataset.frame.columns:
        return prepared.train.x, 0
    kept = labelled(dataset, target, prepared.task.kind)[1]
    without = np.setdiff1d(np.arange(dataset.rows), kept)
    if not len(without):
        return prepared.train.x, 0
    try:
        more = prepared.preprocessing.transform(dataset.take(without))
    except BacklightError:  # such rows often hold nothing else, either
        return prepared.train.x, 0
    return np.concatenate([prepared.train.x, more]), len(without)
