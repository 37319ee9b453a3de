"""The settings of a training as options of a command: listed once, for every command that trains."""

import inspect
from collections.abc import Callable, Collection
from typing import Any, TypedDict, TypeVar, get_type_hints

from . import options

Command = TypeVar("Command", bound=Callable[..., None])


class Settings(TypedDict, total=False):
    """What can be set of a training, in the order of --help; what is not given is None."""

    target: options.Target
    task: options.Task
    group: options.Group
    time: options.Time
    drop: options.Drop
    images: options.Images
    augment: options.Augment
    preprocessing: options.Preprocessing
    test_fraction: options.TestFraction
    validation_fraction: options.ValidationFraction
    network: options.Network
    init: options.Init
    init_seed: options.InitSeed
    init_from: options.InitFrom
    pretrain: options.Pretrain
    epochs: options.Epochs
    lr: options.LearningRate
    batch_size: options.BatchSize
    optimizer: options.Optimizer
    schedule: options.Schedule
    weight_decay: options.WeightDecay
    label_smoothing: options.LabelSmoothing
    patience: options.Patience
    clip: options.Clip
    accumulate: options.Accumulate
    precision: options.Precision
    ensemble: options.Ensemble
    folds: options.Folds
    device: options.Device
    treat: options.Treat
    seed: options.Seed
    time_limit: options.TimeLimit
    config: options.ConfigFile
    log: options.Log
    out: options.Out


def takes_settings(*, without: Collection[str] = ()) -> Callable[[Command], Command]:
    """Give a command, which ends in `**settings: Unpack[Settings]`, an option for each of them.

    without: settings that this command does not take.
    """
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in get_type_hints(Settings, include_extras=True).items()
        if name not in without
    ]

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command)
        own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        command.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        return command

    return decorate


def arguments(settings: Settings, *, automatic_rate: bool = False) -> dict[str, Any]:
    """The settings as the functions of `runs` take them, with the time at which the command began.

    automatic_rate: whether the command can look for a learning rate.

    Raises:
        BacklightError: --lr is no number.

    """
    from . import STARTED

    given: dict[str, Any] = dict(settings)
    rate = _learning_rate(given.pop("lr"), automatic=automatic_rate)
    return {"started": STARTED, "learning_rate": rate, **given}


def _learning_rate(text: str | None, *, automatic: bool) -> float | str | None:
    from ..records.errors import BacklightError

    if text is None or (text == "auto" and automatic):
        return text
    try:
        return float(text)
    except ValueError:
        pass
    if text == "auto":
        raise BacklightError("--lr auto is for train; leave --lr out here, or give a number.")
    raise BacklightError(f"--lr {text!r} is not a number; write one like 0.001{', or auto' if automatic else ''}.")
