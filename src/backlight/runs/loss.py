"""Which loss a task is trained with, and a check that a module's outputs fit it."""

import copy

import numpy as np
import torch
from torch import nn

from ..records import BacklightError, Task


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
            return tuple(module.eval()(torch.as_tensor(x).to(device)).shape)
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise BacklightError(f"The network cannot take rows of shape {x.shape[1:]}: {first}.") from error
    finally:
        module.train(training)


def own_copy(module: nn.Module) -> nn.Module:
    """A copy to train, so that the module that was passed in keeps its parameters."""
    return copy.deepcopy(module)
