"""Embeddings: row k of a matrix for code k. Codes have no gradient, so these stand at the input."""

import torch
from torch import nn

from ..table import rule

aten = torch.ops.aten


@rule(nn.Embedding)
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


@rule(nn.EmbeddingBag)
def embedding_bag(m, x):  # x (n, t) codes → y (n, d)
    """y = the sum or mean of the rows W[x]"""
    return m(x), x


@embedding_bag.when
def _sum_or_mean(m):
    plain = m.max_norm is None and not m.sparse and not m.scale_grad_by_freq and not m.include_last_offset
    return plain and m.mode in ("sum", "mean")


@embedding_bag.backward
def _(m, x, v, g):
    """∂L/∂W[k] = Σ v (over the number of codes in the bag, for the mean)"""
    if g.weight is None:
        return
    kept = torch.ones_like(x, dtype=v.dtype) if m.padding_idx is None else (x != m.padding_idx).to(v.dtype)
    if m.mode == "mean":
        kept = kept / kept.sum(1, keepdim=True).clamp_min(1)
    spread = v.unsqueeze(1) * kept.unsqueeze(-1)
    g.weight.zero_().index_add_(0, x.reshape(-1), spread.reshape(-1, v.shape[-1]))
