"""The small data sets that questions are asked about: the ones that scikit-learn brings along."""

import torch
from sklearn import datasets
from torch import Tensor


def digits(*, scale: float = 1 / 16) -> tuple[Tensor, Tensor]:
    """1797 pictures of 8 × 8 as rows of 64 numbers, from 0 to 16 times `scale`; ten classes."""
    x, y = datasets.load_digits(return_X_y=True)
    return _shuffled(torch.tensor(x).float() * scale, torch.tensor(y))


def wine(*, raw: bool = False) -> tuple[Tensor, Tensor]:
    """178 rows of 13 measurements from 0.1 to 1700; three classes."""
    x, y = datasets.load_wine(return_X_y=True)
    return _shuffled(_scaled(torch.tensor(x).float(), raw), torch.tensor(y))


def iris(*, raw: bool = False) -> tuple[Tensor, Tensor]:
    """150 rows of 4 measurements; three classes."""
    x, y = datasets.load_iris(return_X_y=True)
    return _shuffled(_scaled(torch.tensor(x).float(), raw), torch.tensor(y))


def cancer(*, raw: bool = False) -> tuple[Tensor, Tensor]:
    """569 rows of 30 measurements from 0.001 to 4000; y (n, 1) of 0 and 1."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return _shuffled(_scaled(torch.tensor(x).float(), raw), torch.tensor(y).float().unsqueeze(1))


def diabetes(*, raw: bool = False) -> tuple[Tensor, Tensor]:
    """442 rows of 10 standardised measurements; y (n, 1) from 25 to 346 where `raw`, else standardised."""
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    target = torch.tensor(y).float().unsqueeze(1)
    return _shuffled(_scaled(torch.tensor(x).float(), False), _scaled(target, raw))


def pictures(n: int = 600, *, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """The first digits as (n, 1, 8, 8), from 0 to `scale`."""
    x, y = digits(scale=scale / 16)
    return x[:n].reshape(-1, 1, 8, 8), y[:n]


def waves(n: int = 400, steps: int = 20) -> tuple[Tensor, Tensor]:
    """Pieces of sine waves (n, steps, 1) and their next value (n, 1)."""
    start, speed = 6.3 * torch.rand(n, 1), 0.2 + 0.3 * torch.rand(n, 1)
    wave = torch.sin(start + speed * torch.arange(steps + 1))
    return wave[:, :steps].unsqueeze(2), wave[:, steps:]


def _scaled(x: Tensor, raw: bool) -> Tensor:
    return x if raw else (x - x.mean(0)) / x.std(0)


def _shuffled(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(x))
    return x[order], y[order]
