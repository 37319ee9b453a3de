"""Treatments of where the parameters start."""

from ...records.config import Config
from ..treatment import CannotTreatError, Case, set_network, treatment

PRETRAINING_EPOCHS = 20


@treatment("init", safe=True, reason="it changes where the parameters start, and nothing else")
def init(config: Config, case: Case) -> Config:
    """Start each layer at the scale that suits its activation (He, Glorot, LeCun), at random."""
    if config.network.description is None:
        raise CannotTreatError("init: the parameters of a network passed in Python are as they were given.")
    return set_network(config, init="auto", init_from=None)


@treatment(
    "layerwise-pretraining",
    safe=True,
    reason="it changes where the parameters start, and nothing else",
    dearer=True,
)
def layerwise_pretraining(config: Config, case: Case) -> Config:
    """Let each hidden layer learn first, without the target, to undo noise in its input."""
    return set_network(config, pretrain=config.network.pretrain or PRETRAINING_EPOCHS)
