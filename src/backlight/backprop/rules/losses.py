"""Losses: forward to one number, backward to v(n) = ∂L/∂y. The activation of the output is part of the loss."""

from functools import cache

import torch
from torch import nn

from ..table import loss_rule

aten = torch.ops.aten
REDUCTION = {"none": 0, "mean": 1, "sum": 2}


def _one_number(m):
    return m.reduction != "none"


def _share(m, n):
    return 1 / n if m.reduction == "mean" else 1.0


@loss_rule(nn.CrossEntropyLoss)
def cross_entropy(m, y, target):  # y (n, k, …), target (n, …) codes or (n, k, …) shares
    """L = −Σ c log softmax(y) / Z: c holds the wanted share of each class, weighted and smoothed; Z = Σ weights or n"""
    if y.dim() == 2 and not target.is_floating_point() and m.label_smoothing == 0:
        logp = aten._log_softmax.default(y, 1, False)
        loss, total = aten.nll_loss_forward.default(logp, target, m.weight, REDUCTION[m.reduction], m.ignore_index)
        return loss, (logp, target, total)
    logp = torch.log_softmax(y, 1)
    share, total = _wanted_shares(m, logp, target)
    return -(share * logp).sum() / total, (logp, share, total)


@cross_entropy.when
def _(m):
    return _one_number(m)


@cross_entropy.backward
def _(m, saved):  # → v (n, k, …)
    """(softmax(y) Σₖ c − c) / Z"""
    logp, target, total = saved
    if target.is_floating_point():
        return (logp.exp() * target.sum(1, keepdim=True) - target) / total
    v = aten.nll_loss_backward.default(
        _one(logp.dtype, logp.device), logp, target, m.weight, REDUCTION[m.reduction], m.ignore_index, total
    )
    return aten._log_softmax_backward_data.default(v, logp, 1, logp.dtype)


@cache
def _one(dtype, device):
    return torch.ones((), dtype=dtype, device=device)


def _wanted_shares(m, logp, target):
    """c (n, k, …) and Z as `torch.nn.functional.cross_entropy` has them (smoothing: Szegedy et al. 2016)."""
    classes, eps = logp.shape[1], m.label_smoothing
    weight = None if m.weight is None else m.weight.view(1, -1, *[1] * (logp.dim() - 2))
    if target.is_floating_point():
        share = target * (1 - eps) + eps / classes
        total = logp.numel() / classes
        kept = None
    else:
        kept = (target != m.ignore_index).unsqueeze(1)
        codes = torch.where(kept, target.unsqueeze(1), 0)
        share = torch.full_like(logp, eps / classes).scatter_add_(1, codes, torch.full_like(logp[:, :1], 1 - eps))
        share = share * kept
        total = kept.sum() if m.weight is None else (m.weight[codes] * kept).sum()
    if weight is not None and kept is not None and eps == 0:
        share = share * m.weight[codes]
    elif weight is not None:
        share = share * weight
    return share, total if m.reduction == "mean" else 1


@loss_rule(nn.NLLLoss)
def negative_log_likelihood(m, y, target):  # y (n, k, …) log-probabilities
    """L = −Σₙ w y[n, tₙ] / Σ w"""
    return m(y, target), (y, target)


@negative_log_likelihood.backward
def _(m, saved):
    """−w/Σw at the right class, 0 elsewhere"""
    y, target = saved
    kept = (target != m.ignore_index).unsqueeze(1)
    codes = torch.where(kept, target.unsqueeze(1), 0)
    weight = kept.to(y.dtype) if m.weight is None else m.weight[codes] * kept
    total = weight.sum() if m.reduction == "mean" else 1
    return torch.zeros_like(y).scatter_(1, codes, -weight / total)


@loss_rule(nn.BCEWithLogitsLoss)
def binary_cross_entropy_with_logits(m, y, target):
    """L = −mean w (p t log σ(y) + (1 − t) log(1 − σ(y))), p the weight of the positive class"""
    _same_shape(m, y, target)
    return m(y, target), (y, target)


@binary_cross_entropy_with_logits.backward
def _(m, saved):
    """w (σ(y) (1 − t + p t) − p t) / n"""
    y, target = saved
    if m.pos_weight is None:
        v = (torch.sigmoid(y) - target).mul_(_share(m, y.numel()))
    else:
        positive = m.pos_weight * target
        v = (torch.sigmoid(y) * (1 - target + positive) - positive).mul_(_share(m, y.numel()))
    return v if m.weight is None else v * m.weight


@loss_rule(nn.MSELoss)
def mean_squared_error(m, y, target):
    """L = mean (y − t)²"""
    _same_shape(m, y, target)
    difference = y - target
    total = difference.square().sum()
    return total * _share(m, y.numel()), difference


@mean_squared_error.backward
def _(m, difference):
    """2 (y − t) / n"""
    return difference * (2 * _share(m, difference.numel()))


@loss_rule(nn.L1Loss)
def mean_absolute_error(m, y, target):
    """L = mean |y − t|"""
    _same_shape(m, y, target)
    difference = y - target
    return difference.abs().sum() * _share(m, y.numel()), difference


@mean_absolute_error.backward
def _(m, difference):
    """sign(y − t) / n"""
    return difference.sign() * _share(m, difference.numel())


@loss_rule(nn.HuberLoss)
def huber(m, y, target):
    """L = mean of (y − t)²/2 where |y − t| ≤ δ, else δ (|y − t| − δ/2) (Huber 1964)"""
    _same_shape(m, y, target)
    return m(y, target), y - target


@huber.backward
def _(m, difference):
    """clip(y − t, −δ, δ) / n"""
    return difference.clamp(-m.delta, m.delta) * _share(m, difference.numel())


@loss_rule(nn.SmoothL1Loss)
def smooth_l1(m, y, target):
    """L = mean of (y − t)²/2β where |y − t| < β, else |y − t| − β/2"""
    _same_shape(m, y, target)
    return m(y, target), y - target


@smooth_l1.backward
def _(m, difference):
    """clip((y − t)/β, −1, 1) / n"""
    return (difference / m.beta).clamp_(-1, 1) * _share(m, difference.numel())


@smooth_l1.when
def _(m):
    return _one_number(m) and m.beta > 0


@loss_rule(nn.PoissonNLLLoss)
def poisson(m, y, target):
    """L = mean (eʸ − t y), y the logarithm of the rate"""
    _same_shape(m, y, target)
    return m(y, target), (y, target)


@poisson.when
def _(m):
    return _one_number(m) and m.log_input


@poisson.backward
def _(m, saved):
    """(eʸ − t) / n"""
    y, target = saved
    return (y.exp() - target) * _share(m, y.numel())


for _rule in (
    negative_log_likelihood,
    binary_cross_entropy_with_logits,
    mean_squared_error,
    mean_absolute_error,
    huber,
):
    _rule.when(_one_number)


def _same_shape(m, y, target):
    if y.shape != target.shape:
        raise ValueError(
            f"{type(m).__name__} compares output of shape {tuple(y.shape)} with a target of shape "
            f"{tuple(target.shape)}; they would broadcast and the loss would mean something else: give both one shape"
        )
