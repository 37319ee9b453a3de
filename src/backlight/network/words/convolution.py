"""Words for images (channels, height, width) and sequences (channels, length)."""

from typing import Annotated, Any

from torch import nn

from ..layers import Whiten
from ..vocabulary import Count, Here, Size, Whole, word

_CONVOLUTION: dict[int, Any] = {2: nn.Conv1d, 3: nn.Conv2d}
_MAX: dict[int, Any] = {2: nn.MaxPool1d, 3: nn.MaxPool2d}
_AVERAGE: dict[int, Any] = {2: nn.AvgPool1d, 3: nn.AvgPool2d}
_GLOBAL_MAX: dict[int, Any] = {2: nn.AdaptiveMaxPool1d, 3: nn.AdaptiveMaxPool2d}
_GLOBAL_AVERAGE: dict[int, Any] = {2: nn.AdaptiveAvgPool1d, 3: nn.AdaptiveAvgPool2d}
Padding = Annotated[int, Whole(0, 512)]
PatchSide = Annotated[int, Whole(2, 4)]


@word("conv", "convolution", takes="grid")
def conv(
    here: Here,
    filters: Count,
    kernel: Size = (3, 3),
    *,
    stride: Count = 1,
    padding: Padding | None = None,
    dilation: Count = 1,
    groups: Count = 1,
) -> nn.Module:
    """Convolution with this number of filters, 3 × 3 unless told otherwise (`conv 32 5x5 stride 2`).

    The padding is (kernel − 1) / 2 rounded down, so that odd kernels keep height and width at stride 1. The bias is
    left out where a batch norm follows, which would take it off again.
    """
    channels = here.shape[0]
    if channels % groups or filters % groups:
        raise here.error(f"groups {groups} has to divide both the {channels} channels of x and the {filters} filters")
    sides = _sides(here, kernel)
    around = tuple(dilation * (k - 1) // 2 if padding is None else padding for k in sides)
    return _CONVOLUTION[len(here.shape)](channels, filters, sides, stride, around, dilation, groups)


@word("pool", "max pool", takes="grid")
def pool(here: Here, size: Size = (2, 2), *, stride: Count | None = None) -> nn.Module:
    """The largest value of each 2 × 2 patch (or the given size), in steps of the size unless a stride is given."""
    return _MAX[len(here.shape)](_sides(here, size), stride)


@word("avg pool", "average pool", "mean pool", takes="grid")
def avg_pool(here: Here, size: Size = (2, 2), *, stride: Count | None = None) -> nn.Module:
    """The mean of each 2 × 2 patch (or the given size), in steps of the size unless a stride is given."""
    return _AVERAGE[len(here.shape)](_sides(here, size), stride)


@word("global pool", "global avg pool", "global average pool", takes="grid")
def global_pool(here: Here) -> nn.Module:
    """The mean of each channel, which leaves one value for each."""
    return _GLOBAL_AVERAGE[len(here.shape)](1)


@word("global max pool", takes="grid")
def global_max_pool(here: Here) -> nn.Module:
    """The largest value of each channel."""
    return _GLOBAL_MAX[len(here.shape)](1)


@word("whiten", takes="grid")
def whiten(here: Here, size: PatchSide = 2) -> nn.Module:
    """A frozen convolution that leaves size × size patches uncorrelated, set from the training images.

    It has 2 · channels · size² filters: the whitening directions and their negatives. Stands at the start.
    """
    if len(here.shape) != 3:
        raise here.error(f"'whiten' needs images (channels, height, width); here x has shape {here.shape}")
    return Whiten(here.shape[0], size)


def _sides(here: Here, size: tuple[int, int]) -> tuple[int, ...]:
    """The size for the dimensions of x here; a sequence has one."""
    if len(here.shape) == 3:
        return size
    if size[0] != size[1]:
        raise here.error(f"x of shape {here.shape} is a sequence, whose kernels have one side: write {size[0]}")
    return size[:1]
