"""Words that hold other words."""

import math
from typing import Annotated, Any

from torch import nn

from ..layers import Concat, Residual
from ..vocabulary import Branch, Here, Inline, Whole, word

_MEETING: dict[int, tuple[Any, Any]] = {
    2: (nn.AdaptiveAvgPool1d, nn.Conv1d),
    3: (nn.AdaptiveAvgPool2d, nn.Conv2d),
}
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
    return Residual(layers, _shortcut(here.shape, shape))


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


def _shortcut(x: tuple[int, ...], shape: tuple[int, ...]) -> nn.Module | None:
    """From one shape to another: averaged or flattened where needed, then mixed linearly; None for no change."""
    layers: list[nn.Module] = []
    if len(shape) == 1:
        width = math.prod(x)
        layers += [nn.Flatten()] * (len(x) > 1) + [nn.Linear(width, shape[0], bias=False)] * (width != shape[0])
    else:
        average, conv = _MEETING[len(shape)]
        layers += [average(shape[1:])] * (x[1:] != shape[1:]) + [conv(x[0], shape[0], 1, bias=False)] * (
            x[0] != shape[0]
        )
    return nn.Sequential(*layers) if len(layers) > 1 else layers[0] if layers else None
