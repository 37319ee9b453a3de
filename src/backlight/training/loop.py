"""Train a network: one call from arrays to the parameters of the best epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..backprop import Plan
from ..data.augment import Augmentation
from ..data.batches import Batches, place
from ..records import BacklightError
from ..records.config import TrainingConfig
from .flat import require_one_kind
from .goal import Goal, make_goal
from .observer import Observer
from .resumption import restore
from .session import Session, Trained

TRAIN_SAMPLE = 2000
"""Training rows whose loss and accuracy are measured at each epoch's end, in eval mode, so that the training curve and
the validation curve mean the same. 2000 rows give an accuracy to about ±1 point."""

Arrays = tuple[np.ndarray | Tensor, np.ndarray | Tensor]


def train(
    module: nn.Module,
    loss: str | nn.Module,
    train: Arrays,
    validation: Arrays | None,
    config: TrainingConfig,
    *,
    seed: int = 0,
    unit: float = 1.0,
    augmentation: Augmentation | None = None,
    deadline: float | None = None,
    observers: Sequence[Observer] = (),
    checkpoint: Path | None = None,
    resume: bool = False,
    record: bool = True,
) -> Trained:
    """Train a network by the explicit engine.

    Parameters
    ----------
    module:
        Any network; changed in place.
    loss:
        cross-entropy, binary-cross-entropy, mean-squared-error, huber, or a loss module.
    train, validation:
        (x, y): inputs batch first; int64 class codes, 0/1, or values. Without validation rows the last epoch is kept.
    config:
        Resolved by `resolve`.
    seed:
        Of the order of the rows, of augmentation and of dropout. PyTorch's global random state is left as it was.
    unit:
        Size of a standardised unit of the target, for errors in the target's own units.
    deadline:
        `time.monotonic()` at which this call must have returned.
    checkpoint:
        Folder for checkpoints; with `resume`, training goes on from the newest one there.
    record:
        Measure the training sample at each epoch's end and keep rows within the epochs. Without it only the running
        mean of the training loss is kept, which costs nothing.
    """
    device = device_of(config)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        session = open_session(
            module,
            loss,
            train,
            validation,
            config,
            seed=seed,
            unit=unit,
            augmentation=augmentation,
            deadline=deadline,
            observers=observers,
            record=record,
        )
        session.checkpoints.folder = checkpoint
        if resume and checkpoint is not None:
            restore(session, checkpoint)
        return session.run()


def open_session(
    module: nn.Module,
    loss: str | nn.Module,
    train: Arrays,
    validation: Arrays | None,
    config: TrainingConfig,
    *,
    seed: int,
    unit: float,
    augmentation: Augmentation | None,
    deadline: float | None,
    observers: Sequence[Observer],
    record: bool,
    buffers: tuple[Tensor, Tensor] | None = None,
) -> Session:
    """A training ready to begin, its arguments as in `train`; PyTorch's random state is seeded and stays so.

    buffers: as in `FlatParameters`.
    """
    device = device_of(config)
    x, y = train
    if not len(x) or len(x) != len(y):
        raise BacklightError(
            f"training needs rows, each with its target: there are {len(x)} rows and {len(y)} targets."
        )
    require_one_kind([p for p in module.to(device).parameters() if p.requires_grad])
    goal = make_goal(loss, smoothing=config.label_smoothing or 0.0, unit=unit)
    goal = replace(goal, row=_outputs_of_a_row(module, x))
    torch.manual_seed(seed)
    targets = goal.prepare(torch.as_tensor(y))
    if config.class_weights == "balanced" and goal.row:
        goal = goal.balanced(targets, goal.row[0])
    goal.to(device)
    size = (config.batch_size or 128) * config.accumulate
    batches = Batches(
        x, targets, size=size, seed=seed, augmentation=augmentation, device=device, shuffle=config.shuffle
    )
    measured = _measured(goal, batches, validation, seed if record else None, device)
    session = Session(module, goal, batches, measured, config, buffers)
    session.course.deadline = deadline
    session.observers = list(observers)
    session.history.within = record
    return session


def _outputs_of_a_row(module: nn.Module, x: np.ndarray | Tensor) -> tuple[int, ...]:
    """Shape of the module's output for one row, from a look at two of them in eval mode.

    Raises BacklightError, with the layer's path, where the module cannot take such rows or gives no tensor.
    """
    rows = torch.as_tensor(x[:2]).to(next((p.device for p in module.parameters()), torch.device("cpu")))
    modes = [(m, m.training) for m in module.modules()]
    try:
        with torch.no_grad():
            outputs = module.eval()(rows)
            shape = tuple(outputs.shape[1:])
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError):
        Plan(module, rows)  # says where
        raise
    finally:
        for m, training in modes:
            m.training = training
    return shape


def device_of(config: TrainingConfig) -> torch.device:
    """The device that `auto` stands for on this machine, or the one that is named."""
    if config.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(config.device)


def _measured(
    goal: Goal, batches: Batches, validation: Arrays | None, sample_seed: int | None, device: torch.device
) -> dict[str, tuple[Tensor, Tensor]]:
    """The rows measured at each epoch's end, by split: a sample of the training rows, and the validation rows."""
    parts: dict[str, tuple[Tensor, Tensor]] = {}
    if sample_seed is not None:
        order = torch.randperm(batches.rows, generator=torch.Generator().manual_seed(sample_seed))
        rows = order[:TRAIN_SAMPLE].to(device)
        parts["train"] = batches.x[rows], batches.y[rows]
    if validation is not None and len(validation[1]):
        x, y = validation
        parts["validation"] = place(x, device), goal.prepare(torch.as_tensor(y)).to(device)
    return parts
