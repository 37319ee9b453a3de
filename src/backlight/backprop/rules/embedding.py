"""Embeddings: row k of a matrix for code k. Codes have no gradient, so these stand at the input."""

import torch
from torch import nn

from ..table import rule

aten = torch.ops.aten


@rule(nn.Embedding, parameters=("weight",))
def embedding(m, x):  # x (…) codes → y (…, d)
    """y = W[x]"""
    return m(x), x


@embedding.when
def _plain(m):
    return m.max_norm is None and not m.sparse


@embedding.backward
def _(m, x, v, g):
    """∂L/∂W[k] = Σ v over the places where x = k"""
    if g.weight is not None:
        padding = -1 if m.padding_idx is None else m.padding_idx
        gradient = aten.embedding_dense_backward.default(v, x, m.num_embeddings, padding, m.scale_grad_by_freq)
        g.weight.copy_(gradient)


@rule(nn.EmbeddingBag, parameters=("weight",))
def embedding_bag(m, x):  # x (n, t) codes, or (codes (c,), offsets (n,)[, weights (c,)]) → y (n, d)
    """y = the sum or mean of the rows W[x], weighted for a sum where weights are given"""
    return (m(*x) if isinstance(x, tuple) else m(x)), x


@embedding_bag.when
def _sum_or_mean(m):
    plain = m.max_norm is None and not m.sparse and not m.scale_grad_by_freq and not m.include_last_offset
    return plain and m.mode in ("sum", "mean")


@embedding_bag.backward
def _(m, x, v, g):
    """∂L/∂W[k] = Σ v (times the weight; over the number of codes in the bag, for the mean)"""
    codes, bag, weights = _bags(x)
    kept = torch.ones_like(codes, dtype=v.dtype) if m.padding_idx is None else (codes != m.padding_idx).to(v.dtype)
    if m.mode == "mean":
        kept = kept / torch.zeros(len(v), dtype=v.dtype, device=v.device).index_add_(0, bag, kept).clamp_min(1)[bag]
    if g.weight is not None:
        share = kept if weights is None else kept * weights
        g.weight.zero_().index_add_(0, codes, v[bag] * share.unsqueeze(1))
    if weights is None or not g.wants_x:
        return (None, None) if isinstance(x, tuple) else None
    by_weight = (v[bag] * m.weight[codes]).sum(1) * kept
    return None, None, by_weight.reshape(x[2].shape)


def _bags(x):
    """Codes (c,), the bag of each (c,), weights (c,) or None."""
    codes, offsets, weights = (*x, None, None)[:3] if isinstance(x, tuple) else (x, None, None)
    if codes.dim() == 2:
        bag = torch.arange(len(codes), device=codes.device).repeat_interleave(codes.shape[1])
    else:
        places = torch.arange(len(codes), device=codes.device)
        bag = torch.searchsorted(offsets.contiguous(), places, right=True) - 1
    return codes.reshape(-1), bag, None if weights is None else weights.reshape(-1)
