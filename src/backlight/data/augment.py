"""Augmentation: new images out of old ones, by changes that leave the class as it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """Random mirror images and shifts of a batch (n, c, h, w), as usual for small photographs (He et al. 2016).

    Attributes
    ----------
    flip:
        Mirror half of the images from left to right. Right for photographs, wrong for letters and digits.
    shift:
        Move each image by up to this many pixels up, down and sideways; the border is filled by reflection.
    """

    flip: bool
    shift: int

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """A changed copy of the batch; the random numbers come from `generator` (on the CPU)."""
        if self.flip:
            mirrored = torch.rand(len(x), generator=generator) < 0.5
            x = torch.where(mirrored.to(x.device).view(-1, 1, 1, 1), x.flip(-1), x)
        if self.shift:
            offsets = torch.randint(0, 2 * self.shift + 1, (2, len(x)), generator=generator).to(x.device)
            x = _shifted(_shifted(x, offsets[0], self.shift, axis=2), offsets[1], self.shift, axis=3)
        return x


def _shifted(x: Tensor, offsets: Tensor, reach: int, *, axis: int) -> Tensor:
    """Row r of image n becomes row r + offsets[n] − reach of the same image, reflected at the border."""
    size = x.shape[axis]
    out = torch.empty_like(x)
    places = torch.arange(size, device=x.device)
    for offset in range(2 * reach + 1):
        images = (offsets == offset).nonzero().squeeze(1)
        source = (places + offset - reach).abs()
        source = torch.where(source >= size, 2 * (size - 1) - source, source)
        out[images] = x[images].index_select(axis, source)
    return out
