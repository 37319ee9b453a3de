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


@treatment("unfreeze", safe=False, reason="layers that were pretrained may be frozen on purpose, which you alone know")
def unfreeze(config: Config, case: Case) -> Config:
    """Let all parameters of a network passed in Python learn, the frozen ones as well."""
    frozen = case.finding.evidence.get("frozen") if case.finding is not None else None
    if config.network.description is not None or not frozen:
        raise CannotTreatError("unfreeze: no parameter is frozen.")
    return set_network(config, frozen="none")


@treatment(
    "layerwise-pretraining",
    safe=True,
    reason="it changes where the parameters start, and nothing else",
    dearer=True,
)
def layerwise_pretraining(config: Config, case: Case) -> Config:
    """Let each hidden layer learn first, without the target, to undo noise in its input."""
    return set_network(config, pretrain=config.network.pretrain or PRETRAINING_EPOCHS)
