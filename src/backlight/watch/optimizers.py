"""Facts of a PyTorch optimiser and of the network it is to train."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer

from ..signals.facts import OptimizerFacts

MODE_MATTERS = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)


def optimizer_facts(optimizers: Sequence[Optimizer], model: nn.Module) -> OptimizerFacts:
    """Kind and settings of the first optimizer, and which parameters they all do and do not hold."""
    optimizer = optimizers[0]
    held = {id(p) for one in optimizers for group in one.param_groups for p in group["params"]}
    own = {id(p) for p in model.parameters()}
    group = max(optimizer.param_groups, key=lambda g: sum(p.numel() for p in g["params"]))
    plain = {k: v for k, v in group.items() if k != "params" and isinstance(v, (bool, int, float, tuple))}
    return OptimizerFacts(
        kind=type(optimizer).__name__,
        learning_rate=rate_of(group),
        momentum=float(group.get("momentum", 0.0) or 0.0),
        weight_decay=float(group.get("weight_decay", 0.0) or 0.0),
        missing=tuple(name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held),
        foreign=len(held - own),
        settings=plain,
    )


def rate_of(group: Mapping[str, Any]) -> float:
    """Learning rate of a parameter group; not a number where the optimizer has none, or chooses it by itself."""
    rate = group.get("lr")
    return math.nan if rate is None else float(rate)


def mode_matters(model: nn.Module) -> bool:
    """Whether training and evaluation mode differ: dropout with p > 0, or batch normalisation."""
    return any(isinstance(m, MODE_MATTERS) and getattr(m, "p", 1.0) > 0 for m in model.modules())
