"""The module that is trained: built or copied, checked against the task, and the loss that suits both."""

import copy
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from ..files import MODEL
from ..network import build, start_from_rows, take_parameters, whiten_
from ..network.initial import summary
from ..records import BacklightError, Inputs, Task
from ..signals.roles import role_of

_WHITENING_ROWS = 1000
"""Images for the whitening of the first layer: about a million patches of small photographs, for a covariance of a few
dozen values a side."""


def new_module(
    description: str,
    inputs: Inputs,
    task: Task,
    x: np.ndarray,
    *,
    y: np.ndarray | None = None,
    init: str = "auto",
    seed: int,
) -> nn.Module:
    """A network from its description, with its first parameters; x, y: training rows, for what starts from data."""
    module = build(description, inputs, task.outputs, init=init, seed=seed)
    spread = torch.as_tensor(x[:: max(1, len(x) // _WHITENING_ROWS)])
    whiten_(module, spread, most=_WHITENING_ROWS)
    return start_from_rows(module, init, spread, None if y is None else torch.as_tensor(y))


def loss_name(task: Task, outputs: int) -> str:
    """The loss of `backlight.training` for a task. Two classes may have one logit or, in a module passed in, two."""
    if task.kind == "regression":
        return "mean-squared-error"
    return "binary-cross-entropy" if outputs == 1 else "cross-entropy"


def count_outputs(module: nn.Module, task: Task, x: np.ndarray) -> int:
    """Width of the output layer, from a few rows x (n, …).

    Raises:
        BacklightError: the module cannot take such inputs, or its width does not suit the task.

    """
    shape = _output_shape(module, x[:2])
    if len(shape) == 1:  # one number for each row, without an axis for it
        shape = (*shape, 1)
    widths = {1, 2} if task.kind == "binary" else {task.outputs}
    if len(shape) != 2 or shape[1] not in widths:
        wanted = " or ".join(str(width) for width in sorted(widths))
        raise BacklightError(
            f"The network gives outputs of shape {shape[1:]} for each row; {task.kind} on {task.target!r} "
            f"needs {wanted}: change its last layer."
        )
    return shape[1]


def _output_shape(module: nn.Module, x: np.ndarray) -> tuple[int, ...]:
    """Shape of the outputs in eval mode; the module is left as it was."""
    training = module.training
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    try:
        with torch.inference_mode():
            output = module.eval()(torch.as_tensor(x).to(device))
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise BacklightError(f"The network cannot take rows of shape {x.shape[1:]}: {first}.") from error
    finally:
        module.train(training)
    if not isinstance(output, torch.Tensor) or not output.is_floating_point():
        what = output.dtype if isinstance(output, torch.Tensor) else type(output).__name__
        raise BacklightError(f"The network gives {what}; its forward must give one tensor of real numbers, row by row.")
    return tuple(output.shape)


def own_copy(module: nn.Module, *, ending: str = "given", frozen: str = "given") -> nn.Module:
    """A copy to train, so that the module that was passed in keeps its parameters.

    ending: "linear" leaves out activations and dropout behind the last layer. frozen: "none" lets all parameters learn.

    Raises:
        BacklightError: nothing of that kind stands at the end, or not in an `nn.Sequential`, so it cannot be left out.

    """
    copied = copy.deepcopy(module)
    if ending == "linear" and not _end_linearly(copied):
        raise BacklightError(
            f"{type(module).__name__} has no activation or dropout at the end of an nn.Sequential: change its forward "
            "method, as the prescription says."
        )
    return copied.requires_grad_(True) if frozen == "none" else copied


def _end_linearly(module: nn.Module) -> bool:
    """Take off what stands behind the last layer with parameters; whether something was."""
    if not isinstance(module, nn.Sequential):
        return False
    before = len(module)
    while len(module) > 1 and role_of(type(module[-1]).__name__) in ("activation", "dropout"):
        if any(True for _ in module[-1].parameters()):
            break
        del module[-1]
    return _end_linearly(module[-1]) or len(module) < before


def load_parameters(module: nn.Module, path: str | Path) -> None:
    """Load parameters from a run's folder or a .safetensors file, in place.

    Raises:
        BacklightError: there is no such file, or its parameters are those of another network.

    """
    file = Path(path) / MODEL if Path(path).is_dir() else Path(path)
    try:
        module.load_state_dict(load_file(file))
    except (OSError, SafetensorError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0]
        raise BacklightError(f"{file} does not hold the parameters of this network: {first}") from error


def start_from(module: nn.Module, path: str | Path) -> str:
    """Take the parameters that fit from a run's folder or a .safetensors file, in place; what was taken, in words.

    Raises:
        BacklightError: there is no such file, or nothing in it fits.

    """
    file = Path(path) / MODEL if Path(path).is_dir() else Path(path)
    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        first = str(error).strip().splitlines()[0]
        raise BacklightError(f"{file} cannot be read as parameters to start from: {first}") from error
    return summary(take_parameters(module, tensors, source=str(path)), str(path))
