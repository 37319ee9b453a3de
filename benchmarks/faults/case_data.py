"""Data drawn to the statistics of a description: shape, range, mean, spread, number of classes."""

from typing import Any

import torch
from torch import Tensor

MOST_ROWS = 4000
LONGEST_SIDE = 64
MOST_FEATURES = 4096
MOST_STEPS = 200
EXCLUSIVE = 0.05
"""Distance from one of the mean sum of a row of 0 and 1, up to which its columns are exclusive classes."""


def features(facts: dict[str, Any], generator: torch.Generator) -> Tensor:
    """x with the described statistics; pictures channels first, large sides cut."""
    shape = _shape(facts["shape"])
    low, high, mean, std = (float(facts[key]) for key in ("min", "max", "mean", "std"))
    if facts.get("values") and len(facts["values"]) <= 12:
        choices = torch.tensor(facts["values"], dtype=torch.float32)
        x = choices[torch.randint(len(choices), shape, generator=generator)]
    elif low >= 0 and mean < std:  # mostly zero, like pixels of written digits
        on = min(1.0, mean**2 / (std**2 + mean**2) * 1.3)
        x = (torch.rand(shape, generator=generator) < on).float() * (mean / on)
        x = x * (0.5 + torch.rand(shape, generator=generator))
    elif low >= 0 or (high - low) < 4 * std:
        x = low + (high - low) * torch.rand(shape, generator=generator)
    else:
        x = mean + std * torch.randn(shape, generator=generator)
    x = x.round() if "int" in facts["dtype"] else x
    return _with_gaps(x.clamp(low, high), facts, generator)


def target(facts: dict[str, Any], x: Tensor, learnable: bool, generator: torch.Generator) -> Tensor:
    """y with the described statistics, told by x where `learnable`."""
    shape = (len(x), *facts["shape"][1:])
    hidden = _scores(x, shape, generator) if learnable else torch.randn(shape, generator=generator)
    if len(shape) == 2 and shape[1] > 1 and facts.get("distinct", 9) == 2 and facts["max"] == 1:
        if abs(facts["mean"] * shape[1] - 1) > EXCLUSIVE:
            return (hidden > hidden.quantile(1 - facts["mean"], dim=0)).float()
        return torch.nn.functional.one_hot(_even(hidden).argmax(1), shape[1]).float()
    if facts.get("values") or _is_codes(facts):
        values = torch.tensor(
            facts.get("values") or range(int(facts["min"]), int(facts["max"]) + 1), dtype=torch.float32
        )
        ranks = hidden.flatten().argsort().argsort().float() / max(1, hidden.numel())
        if len(values) == 2 and facts["min"] < facts["mean"] < facts["max"]:
            high = (facts["mean"] - facts["min"]) / (facts["max"] - facts["min"])
            return values[(ranks >= 1 - high).long()].reshape(shape)
        return values[(ranks * len(values)).long().clamp_max(len(values) - 1)].reshape(shape)
    y = (hidden - hidden.mean()) / hidden.std().clamp_min(1e-6)
    return _with_gaps((facts["mean"] + facts["std"] * y).clamp(facts["min"], facts["max"]), facts, generator)


def _with_gaps(values: Tensor, facts: dict[str, Any], generator: torch.Generator) -> Tensor:
    """The values, with as many places without a number as are told."""
    gaps = facts.get("non_finite") or 0
    if gaps:
        values.view(-1)[torch.randperm(values.numel(), generator=generator)[:gaps]] = torch.nan
    return values


def _even(scores: Tensor) -> Tensor:
    """Scores (n, classes) shifted by class until each class is the largest in about as many rows."""
    classes = scores.shape[1]
    for rate in torch.linspace(0.5, 0.02, 60).tolist():
        shares = scores.argmax(1).bincount(minlength=classes) / len(scores)
        scores = scores - rate * scores.std() * (shares * classes - 1).clamp(-1, 1)
    return scores


def _is_codes(facts: dict[str, Any]) -> bool:
    return "int" in facts["dtype"] and facts.get("distinct", 1000) <= 200


def _scores(x: Tensor, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """A smooth function of a few directions of x."""
    flat = x.nan_to_num(0.0).flatten(1)
    flat = (flat - flat.mean(0)) / flat.std(0, correction=0).clamp_min(1e-6)
    wide = int(torch.tensor(shape[1:]).prod()) if len(shape) > 1 else 1
    few = min(8, flat.shape[1])
    parts = torch.stack([part.mean(1) * part.shape[1] ** 0.5 for part in flat.chunk(few, 1)], 1)
    mix = torch.randn(parts.shape[1], wide, generator=generator)
    scores = parts @ mix + 0.3 * torch.sin(2 * parts) @ mix
    return scores.reshape(shape)


def _shape(shape: list[int]) -> tuple[int, ...]:
    rows = min(MOST_ROWS, shape[0])
    rest = shape[1:]
    if len(rest) == 3:
        height, width, channels = rest
        return (rows, channels, min(LONGEST_SIDE, height), min(LONGEST_SIDE, width))
    if len(rest) == 2:
        return (rows, min(MOST_STEPS, rest[0]) if rest[1] > 1 else rest[0], rest[1])
    return (rows, min(MOST_FEATURES, rest[0])) if rest else (rows, 1)
