"""Words that hold other words."""

from typing import Annotated

from torch import nn

from ..layers import Concat, Residual
from ..vocabulary import Branch, Here, Inline, Whole, word

Times = Annotated[int, Whole(1, 1000)]


@word("residual", "skip")
def residual(here: Here, body: Branch) -> nn.Module:
    """y = x + body(x). Where body changes the shape, x passes through a linear layer or a 1 × 1 convolution.

    A change of height and width is met by averaging x to the new size first (He et al. 2019, "Bag of Tricks",
    ResNet-D).
    """
    if not body.words:
        raise here.error("'residual' needs at least one layer in its parentheses")
    layers, shape = here.build(body)
    return Residual(layers, _shortcut(here, shape))


@word("concat", "branches")
def concat(here: Here, *branches: Branch) -> nn.Module:
    """The outputs of the branches side by side: `concat(conv 16 1x1 | conv 16 | )`; an empty branch hands on x."""
    built = [here.build(branch) for branch in branches]
    shapes = [shape for _, shape in built]
    if len({(len(shape), *shape[1:]) for shape in shapes}) > 1:
        raise here.error(f"the branches of 'concat' leave shapes that do not fit side by side: {shapes}")
    return Concat(*(layers for layers, _ in built))


@word("repeat")
def repeat(here: Here, times: Times, body: Branch) -> Inline:
    """The layers in parentheses this number of times: `repeat 3 (128 relu)`."""
    return Inline(body.words * times)


def _shortcut(here: Here, shape: tuple[int, ...]) -> nn.Module | None:
    x = here.shape
    if x == shape:
        return None
    if len(x) == len(shape) == 1:
        return nn.Linear(x[0], shape[0], bias=False)
    if len(x) == len(shape) == 3:
        conv = nn.Conv2d(x[0], shape[0], 1, bias=False)
        return conv if x[1:] == shape[1:] else nn.Sequential(nn.AdaptiveAvgPool2d(shape[1:]), conv)
    if len(x) == len(shape) == 2:
        conv1 = nn.Conv1d(x[0], shape[0], 1, bias=False)
        return conv1 if x[1:] == shape[1:] else nn.Sequential(nn.AdaptiveAvgPool1d(shape[1]), conv1)
    raise here.error(f"'residual' cannot add x of shape {x} to what its layers make of it, {shape}")
