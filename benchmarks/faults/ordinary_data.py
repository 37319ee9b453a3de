"""Further data for scripts: text and photographs that scikit-learn brings along, and a day's weather."""

import math
import re

import torch
from sklearn import datasets
from torch import Tensor

ALPHABET = " abcdefghijklmnopqrstuvwxyz.,"
LEFT_OUT = len(ALPHABET)
"""Code of a letter that is to be guessed."""


def prose() -> Tensor:
    """Letters (about 10,000) of what scikit-learn says of its data sets, as places in `ALPHABET`."""
    loaders = (datasets.load_breast_cancer, datasets.load_wine, datasets.load_iris, datasets.load_digits)
    text = " ".join(load().DESCR for load in loaders).lower()
    text = re.sub(r"\s+", " ", re.sub(r"[^a-z., ]", " ", text))
    return torch.tensor([ALPHABET.index(letter) for letter in text])


def sentences(length: int = 12) -> tuple[Tensor, Tensor, int]:
    """Pieces of `length` words (n, length) of four descriptions, as numbers from 1; which of them each is from; the
    number of words."""
    loaders = (datasets.load_breast_cancer, datasets.load_diabetes, datasets.load_iris, datasets.load_digits)
    texts = [re.findall(r"[a-z]+", load().DESCR.lower()) for load in loaders]
    words = {word: i for i, word in enumerate(sorted({word for text in texts for word in text}), 1)}
    rows, names = [], []
    for name, text in enumerate(texts):
        coded = torch.tensor([words[word] for word in text]).unfold(0, length, 3)
        rows.append(coded)
        names.append(torch.full((len(coded),), name))
    x, y = torch.cat(rows), torch.cat(names)
    order = torch.randperm(len(x))
    return x[order], y[order], len(words) + 1


def photograph(side: int, n: int) -> Tensor:
    """Pieces (n, 3, side, side) of a photograph, from 0 to 255."""
    picture = torch.tensor(datasets.load_sample_image("china.jpg")).permute(2, 0, 1).float()[:, ::2, ::2]
    _, height, width = picture.shape
    corners = zip(torch.randint(height - side, (n,)).tolist(), torch.randint(width - side, (n,)).tolist(), strict=True)
    return torch.stack([picture[:, i : i + side, j : j + side] for i, j in corners])


def weather(n: int) -> tuple[Tensor, Tensor]:
    """Hour and day as sines and cosines, clouds and wind (n, 6); the temperature (n, 1) in degrees Celsius."""
    day, hour, clouds = 365 * torch.rand(n), 24 * torch.rand(n), torch.rand(n)
    wind = torch.distributions.Weibull(4.0, 2.0).sample((n,))
    year, turn = 2 * math.pi * day / 365, 2 * math.pi * hour / 24
    degrees = 11 - 9 * torch.cos(year - 0.4) - 4 * (1 - clouds) * torch.cos(turn - 0.8) - 0.4 * wind
    x = torch.stack([year.sin(), year.cos(), turn.sin(), turn.cos(), clouds, wind / 4], 1)
    return x, (degrees + 1.5 * torch.randn(n)).unsqueeze(1)
