"""The same programs trained by the engine: what does the doctor say of its stream?"""

import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from backlight.records.config import TrainingConfig
from backlight.runs.checkup import Checkup
from backlight.training import train

from .bench import Outcome
from .programs import Entry, Program

LOSSES: dict[Any, str] = {
    F.cross_entropy: "cross-entropy",
    nn.CrossEntropyLoss: "cross-entropy",
    nn.BCEWithLogitsLoss: "binary-cross-entropy",
    nn.MSELoss: "mean-squared-error",
    F.mse_loss: "mean-squared-error",
    nn.HuberLoss: "huber",
}
OPTIMIZERS = {"Adam": "adam", "AdamW": "adamw", "SGD": "sgd"}
BY_LOOP_ONLY = ("metric-mismatch", "parameters-not-in-optimizer", "gradients-accumulate", "eval-mode-training")
"""Faults that only someone's own loop can have."""


def examine_by_engine(entry: Entry, seed: int) -> Outcome | None:
    """Build and train one program by the engine; None where the engine cannot have been asked for it."""
    torch.manual_seed(seed)
    program = entry.build()
    if not isinstance(program, Program):  # a loop written out
        return None
    loss = _loss(program)
    config = _config(program)
    if loss is None or config is None or set(entry.causes) & set(BY_LOOP_ONLY):
        return None
    start = time.process_time()
    checkup = Checkup(program.model, loss, config, len(program.x))
    y = program.y.numpy()
    held_out = None if program.validation is None else tuple(part.numpy() for part in program.validation)
    train(program.model, loss, (program.x.numpy(), y), held_out, config, seed=seed, observers=[checkup])  # type: ignore[arg-type]
    return Outcome(entry.name, entry.causes, tuple(checkup.findings()), time.process_time() - start)


def _loss(program: Program) -> str | None:
    """The engine's name of the loss; None for a loss, or a target, of another kind."""
    name = LOSSES.get(program.loss) or LOSSES.get(type(program.loss))
    codes = program.y.dim() == 1 and not program.y.is_floating_point()
    weighed = any(getattr(program.loss, one, None) is not None for one in ("weight", "pos_weight"))
    if getattr(program.loss, "label_smoothing", 0.0) or weighed or name is None:
        return None
    suits = codes if name == "cross-entropy" else program.y.dim() == 2 and program.y.is_floating_point()
    return name if suits else None


def _config(program: Program) -> TrainingConfig | None:
    """The loop's settings; None for a loop that does anything of its own."""
    optimizer = program.optimizer
    kind = OPTIMIZERS.get(type(optimizer).__name__)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    all_held = held == {id(p) for p in program.model.parameters() if p.requires_grad}
    plain = type(program) is Program and program.zero_grad and not program.evaluation_mode
    if kind is None or not plain or not all_held or len(optimizer.param_groups) > 1:
        return None
    if getattr(optimizer, "_optimizer_step_pre_hooks", None):
        return None
    group = optimizer.param_groups[0]
    return TrainingConfig(
        epochs=program.epochs,
        batch_size=program.batch,
        optimizer=kind,  # type: ignore[arg-type]
        learning_rate=group["lr"],
        momentum=group.get("momentum", 0.0),
        nesterov=False,
        weight_decay=group["weight_decay"],
        schedule="constant",
        shuffle=program.shuffle,
        device="cpu",
    )
