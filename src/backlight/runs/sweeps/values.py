"""The values of a sweep: read from `--over`, and turned into trainings."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from ...data import Prepared
from ...network import initialise, parse, schemes, start_from_rows
from ...network.description import Description, Word
from ...records import BacklightError
from ...records.config import TrainingConfig
from ...training import Copy
from ..assembly import Assembly
from ..module import new_module, own_copy
from ..options import validated
from ..preconditions import check_batch_size

RATE = "learning_rate"
_OTHERS = ("dropout", "init", "width")
_NOT_SWEPT = ("device", "time_limit", "ensemble", "folds", "learning_rate_from", "rate_factors", "decay_factors", RATE)
SHOWN_ROWS = 1000
"""Training rows that an initialisation which needs rows looks at."""
_UNITS = ("linear", "conv")
"""Words whose first argument is a width."""


@dataclass(frozen=True)
class Over:
    """What is swept, and at which values; none for learning rates that the sweep is to find by itself."""

    name: str
    values: tuple[Any, ...] = ()

    @property
    def rates(self) -> bool:
        """Whether it is the learning rate."""
        return self.name == RATE


def read_over(text: str) -> Over:
    """What `--over` says: `learning_rate`, `dropout=0,.1,.2`, `init=zeros,normal 0.1,he`.

    Raises:
        BacklightError: unknown setting, no values, or one that it cannot have.

    """
    name, _, listed = text.partition("=")
    name = {"lr": RATE}.get(name.strip().replace("-", "_"), name.strip().replace("-", "_"))
    values = tuple(dict.fromkeys(part.strip() for part in listed.split(",") if part.strip()))
    if name not in sweepable():
        raise BacklightError(f"--over {name!r} cannot be swept; choose one of {', '.join(sorted(sweepable()))}.")
    if len(values) < 2 and not (name == RATE and not listed):
        raise BacklightError(f"--over {name} needs two values at least, as in --over dropout=0,.1,.2,.5.")
    return Over(name, tuple(_value(name, value) for value in values))


def sweepable() -> tuple[str, ...]:
    """Every setting that can be swept."""
    return (RATE, *_OTHERS, *(field for field in TrainingConfig.model_fields if field not in _NOT_SWEPT))


def _value(name: str, text: str) -> Any:
    """The text as the kind of value that the setting takes."""
    if name == "init":
        if text.split()[0].lower() not in schemes():
            raise BacklightError(f"unknown initialisation '{text}'; known are {', '.join(schemes())}.")
        return text
    number = _number(text)
    if name == "dropout":
        if number is None or not 0 <= number < 1:
            raise BacklightError(f"--over dropout={text} cannot be used: give shares from 0 to below 1.")
        return number
    if name == "width":
        if not isinstance(number, int) or number < 1:
            raise BacklightError(f"--over width={text} cannot be used: give whole numbers of units.")
        return number
    value = text if number is None else number
    settings = validated({"training": {name: value}}).training
    return getattr(settings, name)


def _number(text: str) -> float | int | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def maker(over: Over, assembly: Assembly, network: nn.Module | None) -> Callable[[Any], Copy]:
    """Makes the training of one value.

    Raises:
        BacklightError: the network has nothing of the kind.

    """
    config, seed = assembly.config.training, assembly.config.seed

    def plain(module: nn.Module, **change: Any) -> Copy:
        return Copy(module, config.model_copy(update=change), seed)

    if over.name == "dropout":
        if not _dropouts(assembly.module):
            raise BacklightError(
                "--over dropout needs a network with dropout; write it, as in --network '128 relu, dropout 0.2'."
            )
        return lambda share: plain(_with_dropout(assembly.module, share))
    if over.name == "init":
        return lambda scheme: plain(started(assembly, network, scheme))
    if over.name == "width":
        if network is not None:
            raise BacklightError("--over width needs a network described in words; a module of your own is as it is.")
        return lambda width: plain(_of_width(assembly, width))
    if over.name == "batch_size":
        least = config.model_copy(update={"batch_size": min(over.values)})
        check_batch_size(assembly.module, least, assembly.prepared.train.x)
    return lambda value: plain(copy.deepcopy(assembly.module), **{over.name: value})


def started(assembly: Assembly, network: nn.Module | None, scheme: str) -> nn.Module:
    """The network with its parameters as the scheme starts them."""
    seed = assembly.config.seed if assembly.config.init_seed is None else assembly.config.init_seed
    prepared = assembly.prepared
    if network is not None:
        rows = torch.as_tensor(prepared.train.x[:SHOWN_ROWS])
        return start_from_rows(initialise(own_copy(network), scheme, seed=seed), scheme, rows, _target(prepared))
    description = str(assembly.config.network.description)
    return new_module(
        description, prepared.inputs, prepared.task, prepared.train.x, y=prepared.train.y, init=scheme, seed=seed
    )


def _target(prepared: Prepared) -> torch.Tensor:
    return torch.as_tensor(prepared.train.y)


def _dropouts(module: nn.Module) -> list[nn.Module]:
    return [layer for layer in module.modules() if isinstance(layer, nn.modules.dropout._DropoutNd)]


def _with_dropout(module: nn.Module, share: float) -> nn.Module:
    changed = copy.deepcopy(module)
    for layer in _dropouts(changed):
        layer.p = share  # type: ignore[assignment]
    return changed


def _of_width(assembly: Assembly, width: int) -> nn.Module:
    prepared, config = assembly.prepared, assembly.config
    description = widened(str(config.network.description), width)
    seed = config.seed if config.init_seed is None else config.init_seed
    return new_module(
        description, prepared.inputs, prepared.task, prepared.train.x, init=config.network.init, seed=seed
    )


def widened(description: str, width: int) -> str:
    """The network whose widest layer has that many units or filters, all others in proportion.

    Raises:
        BacklightError: it has no such layer.

    """
    read = parse(description)
    widest = max(_widths(read), default=0)
    if not widest:
        raise BacklightError(f"--over width: '{description}' has no layer with a number of units.")
    return str(_scaled(read, width / widest))


def _widths(description: Description) -> list[int]:
    found = []
    for word in description.words:
        if word.name in _UNITS and word.arguments:
            found.append(int(word.arguments[0]))  # type: ignore[arg-type]
        for branch in word.branches:
            found += _widths(branch)
    return found


def _scaled(description: Description, factor: float) -> Description:
    return Description(tuple(_scaled_word(word, factor) for word in description.words))


def _scaled_word(word: Word, factor: float) -> Word:
    arguments = word.arguments
    if word.name in _UNITS and arguments:
        arguments = (max(1, round(int(arguments[0]) * factor)), *arguments[1:])  # type: ignore[arg-type]
    branches = tuple(_scaled(branch, factor) for branch in word.branches)
    return replace(word, arguments=arguments, branches=branches)
