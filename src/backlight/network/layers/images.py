"""Layers that images enter through."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...records import BacklightError


class Normalise(nn.Module):
    """y = (x − mean) / std for each channel; takes uint8 pixels as they are stored.

    Args:
        mean: of each channel, on the 0–255 scale.
        std: likewise; 0 (a constant channel) counts as 1.
    """

    shift: Tensor
    factor: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.mean, self.std = tuple(mean), tuple(std)
        self.register_buffer("shift", torch.tensor(self.mean).view(-1, 1, 1), persistent=False)
        factor = torch.tensor([1 / s if s > 0 else 1.0 for s in self.std])
        self.register_buffer("factor", factor.view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, c, h, w) uint8 or float → y (n, c, h, w) float."""
        return (x - self.shift) * self.factor

    def extra_repr(self) -> str:
        """Mean and std, rounded."""
        return f"mean {[round(m, 1) for m in self.mean]}, std {[round(s, 1) for s in self.std]}"


class Whiten(nn.Conv2d):
    """A convolution whose k × k patches leave it uncorrelated, with variance 1, in both signs.

    The first layer of Page 2019, "How to Train Your ResNet", and of Jordan 2024, "94 % on CIFAR-10 in 3.29 Seconds
    on a Single GPU" (airbench). The weight is set from training images by `whiten_` and stays frozen; until then it
    picks out the pixels of the patch. The bias is learned.
    """

    def __init__(self, in_channels: int, side: int = 2) -> None:
        super().__init__(in_channels, 2 * in_channels * side**2, side)
        self.side = side
        self.weight.requires_grad_(False)
        self.reset_parameters()

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.side}×{self.side} patches"

    def reset_parameters(self) -> None:
        """Weight ± identity over the patch, bias zero."""
        with torch.no_grad():
            self.set_directions(torch.eye(self.weight[0].numel()))
            if self.bias is not None:
                self.bias.zero_()

    def set_directions(self, rows: Tensor) -> None:
        """Takes the rows of a (patch, patch) matrix as filters, then their negatives."""
        filters = rows.view(-1, *self.weight.shape[1:])
        with torch.no_grad():
            self.weight.copy_(torch.cat((filters, -filters)))


def whiten_(module: nn.Module, images: Tensor, *, eps: float = 5e-4, most: int = 5000) -> nn.Module:
    """Sets the weight of the first `Whiten` layer from training images, in place; without one, does nothing.

    The filters are the eigenvectors of the patches' covariance, divided by √(eigenvalue + eps). The mean is not
    taken off, as in airbench, whose eps this is.

    Args:
        module: a `nn.Sequential` in which only layers of fixed parameters come before `Whiten`.
        images: x(0), (n, c, h, w) as the network receives them; the first `most` are used.
        eps: added to the eigenvalues, so that directions of (nearly) no variance are not blown up.
        most: number of images that are enough.
    """
    x = images[:most]
    if not any(isinstance(layer, Whiten) for layer in module.modules()):
        return module
    for layer in module.children():
        if isinstance(layer, Whiten):
            layer.set_directions(_directions(x, layer.side, eps).to(layer.weight))
            return module
        with torch.no_grad():
            x = layer(x)
    raise BacklightError("whiten has to stand at the start of the network, outside of residual and concat")


def _directions(x: Tensor, side: int, eps: float) -> Tensor:
    """Whitening directions of the patches of x (n, c, h, w), one a row: (c·k², c·k²)."""
    covariance = torch.zeros((x.shape[1] * side**2,) * 2, dtype=torch.float64, device=x.device)
    count = 0
    for part in x.split(500):
        patches = F.unfold(part, side).transpose(1, 2).flatten(0, 1).double()
        covariance += patches.t() @ patches
        count += len(patches)
    values, vectors = torch.linalg.eigh(covariance / count)
    return (vectors / (values.clamp(min=0) + eps).sqrt()).t().flip(0).float()
