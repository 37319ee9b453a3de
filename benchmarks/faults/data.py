"""Small synthetic data, drawn from the seeded generator of torch."""

import torch
from torch import Tensor


def classes(n: int = 1024, features: int = 16, k: int = 4, spread: float = 1.0) -> tuple[Tensor, Tensor]:
    """Gaussian clouds, two for each class, so that no straight line parts them."""
    centres = 2.0 * torch.randn(2 * k, features)
    cloud = torch.randint(2 * k, (n,))
    return _standard(centres[cloud] + spread * torch.randn(n, features)), cloud % k


def two_classes(n: int = 1024, features: int = 12) -> tuple[Tensor, Tensor]:
    x, y = classes(n, features, 2)
    return x, y.float().unsqueeze(1)


def values(n: int = 1024, features: int = 8, outputs: int = 1) -> tuple[Tensor, Tensor]:
    """A smooth function with a little noise, mean 0, spread 1."""
    x = torch.randn(n, features)
    w = torch.randn(features, outputs)
    y = torch.sin(x @ w) + 0.5 * (x @ torch.randn(features, outputs)) + 0.05 * torch.randn(n, outputs)
    return x, _standard(y)


def images(n: int = 512, side: int = 12, k: int = 4, channels: int = 1) -> tuple[Tensor, Tensor]:
    """A bright bar whose place and direction tell the class, under noise."""
    y = torch.randint(k, (n,))
    x = 0.3 * torch.randn(n, channels, side, side)
    for row, label in enumerate(y.tolist()):
        at = 2 + 3 * (label // 2) + int(torch.randint(2, ()))
        if label % 2:
            x[row, :, at, :] += 1.5
        else:
            x[row, :, :, at] += 1.5
    return x, y


def sequences(n: int = 512, length: int = 12, features: int = 4, k: int = 3) -> tuple[Tensor, Tensor]:
    """The class is the feature with the largest sum over time."""
    x = torch.randn(n, length, features)
    return x, x[..., :k].sum(1).argmax(1)


def tokens(n: int = 512, length: int = 10, words: int = 20) -> tuple[Tensor, Tensor]:
    """Whether the first word occurs again."""
    x = torch.randint(words, (n, length))
    return x, (x[:, 1:] < words // 4).float().mean(1).gt(0.25).long()


def _standard(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / x.std(0)
