"""Words for norms and dropout."""

from torch import nn

from ..vocabulary import Count, Here, Share, word

_BATCH_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm1d, 3: nn.BatchNorm2d}
_CHANNEL_DROPOUT = {2: nn.Dropout1d, 3: nn.Dropout2d}


@word("norm", "batch norm")
def norm(here: Here) -> nn.Module:
    """Batch norm: each unit or channel gets mean 0 and variance 1 over the batch, then a learned scale and shift."""
    if len(here.shape) not in _BATCH_NORM:
        raise here.error(f"'norm' does not know x of shape {here.shape}")
    return _BATCH_NORM[len(here.shape)](here.shape[0])


@word("layer norm")
def layer_norm(here: Here) -> nn.Module:
    """Each example by itself gets mean 0 and variance 1 over all of its values, then a learned scale and shift."""
    return nn.LayerNorm(here.shape[0]) if len(here.shape) == 1 else nn.GroupNorm(1, here.shape[0])


@word("group norm")
def group_norm(here: Here, groups: Count = 8) -> nn.Module:
    """Layer norm over each of this number of groups of channels."""
    if here.shape[0] % groups:
        raise here.error(f"{groups} groups do not divide the {here.shape[0]} channels of x")
    return nn.GroupNorm(groups, here.shape[0])


@word("dropout")
def dropout(here: Here, share: Share = 0.5) -> nn.Module:
    """While training, sets this share of the values to zero, at random, and scales the others up."""
    return nn.Dropout(share)


@word("channel dropout", takes="grid")
def channel_dropout(here: Here, share: Share = 0.5) -> nn.Module:
    """Dropout of whole channels."""
    return _CHANNEL_DROPOUT[len(here.shape)](share)
