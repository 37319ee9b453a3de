"""What comes out, beside what should."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...records import Step
from ..numbers import root_mean_square
from ..registry import Meaning, signal


@signal("accuracy", scope="step", needs=("output", "target"), meaning=Meaning("accuracy on the batch", scale="share"))
def accuracy(step: Step) -> Tensor | None:
    """What share of the batch is predicted right? Largest output for classes, above one half for yes or no."""
    yes = yes_or_no(step)
    if yes is not None:
        return ((yes[0] > 0.5) == (yes[1] > 0.5)).float().mean()
    classes = class_targets(step)
    if classes is None or step.output is None:
        return None
    if step.output.shape[-1] > 1 and step.output.dim() == 2:
        return (step.output.argmax(-1) == classes).float().mean()
    return None


@signal(
    "p_right", scope="step", needs=("output", "target"), meaning=Meaning("p(right class) on the batch", scale="share")
)
def p_right(step: Step) -> Tensor | None:
    """Which probability does the right class get on average? Softmax of the outputs, unless they are probabilities."""
    yes = yes_or_no(step)
    if yes is not None:
        return torch.where(yes[1] > 0.5, yes[0], 1 - yes[0]).mean()
    classes = class_targets(step)
    if classes is None or step.output is None or step.output.shape[-1] < 2:
        return None
    output = step.output
    total = output.sum(-1)
    is_probability = bool(((output >= 0).all() & ((total - 1).abs() < 1e-3).all()).item())
    probabilities = output if is_probability else F.softmax(output, -1)
    inside = classes.clamp(0, output.shape[-1] - 1)
    return probabilities.gather(-1, inside.unsqueeze(-1)).mean()


@signal(
    "output_spread",
    scope="step",
    needs=("output",),
    meaning=Meaning("difference of predictions between rows", unit="0: a constant answer"),
)
def output_spread(step: Step) -> Tensor | None:
    """Do predictions differ between rows? Root mean square, over outputs, of their spread over the rows."""
    if step.output is None or not step.output.is_floating_point() or step.output.shape[:1] < (2,):
        return None
    return root_mean_square(step.output - step.output.mean(0))


@signal("output_size", scope="step", needs=("output",), meaning=Meaning("size of predictions"))
def output_size(step: Step) -> Tensor | None:
    """How large are predictions? Root mean square of the outputs."""
    if step.output is None or not step.output.is_floating_point():
        return None
    return root_mean_square(step.output)


def yes_or_no(step: Step) -> tuple[Tensor, Tensor] | None:
    """Probability of yes, and the target 0 or 1, of a network with one output for one question; else None.

    None too where it is not known whether the loss takes logits or probabilities.
    """
    output, target = step.output, step.target
    if output is None or target is None or output.numel() != len(output) or target.numel() != len(output):
        return None
    if step.expects not in ("logits", "probabilities") or not bool(((target == 0) | (target == 1)).all()):
        return None
    flat = output.reshape(-1).float()
    return flat.sigmoid() if step.expects == "logits" else flat, target.reshape(-1)


def class_targets(step: Step) -> Tensor | None:
    """Class codes of the batch (from codes or from one-hot rows), or None where the target is no class."""
    target = step.target
    if target is None or step.output is None or step.output.dim() != 2:
        return None
    if target.dim() == 2 and target.shape == step.output.shape and target.shape[1] > 1:
        return target.argmax(-1)
    if target.dim() == 1 and not target.is_floating_point() and target.dtype != torch.bool:
        return target.long()
    return None
