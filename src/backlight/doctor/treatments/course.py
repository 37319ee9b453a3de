"""Treatments of how long, in which batches and in which order a network is trained."""

import math

from ...records.config import Config
from ...training.defaults import OWN_RATE, RATES
from ..treatment import CannotTreatError, Case, set_training, treatment
from ..weights import STRONG, usual_decay

MEMBERS = 5
"""Networks of an ensemble, as in Lakshminarayanan et al. (2017)."""
MOST_PASSES = 4.0
"""Times the epochs that larger batches may make up for their fewer updates by."""
USUAL_RATES = {name: values["learning_rate"] for name, values in RATES.items()} | {"adamw": OWN_RATE}
"""Of networks that a user describes."""
ENOUGH_UPDATES = 600
"""Updates that a small network needs with the usual learning rates (as in `training.defaults`)."""


@treatment("more-epochs", safe=False, reason="it takes three times as long, and how long is yours to say", dearer=True)
def more_epochs(config: Config, case: Case) -> Config:
    """Train three times as long, and for 600 updates at least; the best epoch is kept."""
    batches = max(1, round(case.rows / (config.training.batch_size or 128)))
    epochs = config.training.epochs or 1
    return set_training(config, epochs=max(3 * epochs, math.ceil(ENOUGH_UPDATES / batches)))


@treatment("early-stop", safe=True, reason="it changes which epoch's network is kept, and not how it learns")
def early_stop(config: Config, case: Case) -> Config:
    """Keep the epoch with the lowest validation loss instead of the last one."""
    if config.training.keep == "best":
        raise CannotTreatError("early-stop: the best epoch is kept already; what the later ones did is not in it.")
    return set_training(config, keep="best")


@treatment(
    "ensemble", safe=False, reason="it takes up to five times as long, and how long is yours to say", dearer=True
)
def ensemble(config: Config, case: Case) -> Config:
    """Train five networks from other starts and answer their mean: what each learned by heart alone cancels out.

    Lakshminarayanan, Pritzel, Blundell: Simple and scalable predictive uncertainty estimation (2017), section 3.
    """
    if case.networks > 1 or (config.training.ensemble or 1) > 1:
        raise CannotTreatError("ensemble: several networks answer together already.")
    return set_training(config, ensemble=MEMBERS)


@treatment("batch-size", safe=True, reason="it changes how many rows one step is taken from, and makes no run longer")
def batch_size(config: Config, case: Case) -> Config:
    """Take a sixty-fourth of the rows as a batch, from 16 to 128 of them.

    Where that is more than before, an epoch has fewer updates: there are up to four times the epochs, and a rate below
    the usual one grows with the root of the batch, so that the noise of a step stays (Krizhevsky 2014,
    arXiv:1404.5997, section 5). The usual one is meant for such batches, and was too high for smaller ones.
    """
    size = min(max(16, case.rows // 64), 128, max(1, case.rows))
    grown = max(1.0, size / (config.training.batch_size or size))
    rate, epochs = config.training.learning_rate, config.training.epochs
    usual = USUAL_RATES[config.training.optimizer or "adamw"]
    return set_training(
        config,
        batch_size=size,
        learning_rate=rate and min(rate * grown**0.5, max(rate, usual)),
        epochs=epochs and int(epochs * min(grown, MOST_PASSES)),
    )


@treatment("larger-batch", safe=True, reason="it makes the gradient less noisy, and a step dearer")
def larger_batch(config: Config, case: Case) -> Config:
    """Take batches four times as large, up to an eighth of the rows."""
    size = config.training.batch_size or 128
    return set_training(config, batch_size=max(size, min(4 * size, max(1, case.rows // 8))))


@treatment("shuffle", safe=True, reason="the same rows, in another order")
def shuffle(config: Config, case: Case) -> Config:
    """Draw the rows in another order in each epoch."""
    return set_training(config, shuffle=True)


@treatment(
    "class-weights",
    safe=False,
    reason="the probabilities no longer say how common each class is, so ask for it where the rare class matters",
    judged_by="balanced-loss",
)
def class_weights(config: Config, case: Case) -> Config:
    """Let each class weigh as much as any other in the loss, however few rows it has."""
    if config.data.task == "regression":
        raise CannotTreatError("class-weights: a value has no classes.")
    return set_training(config, class_weights="balanced")


@treatment("weight-decay", safe=True, reason="it holds the weights small, which an over-fitted network has not done")
def weight_decay(config: Config, case: Case) -> Config:
    """Ten times the weight decay, and at least 1 for AdamW, whose decay is multiplied by the rate; 0.005 for others."""
    least = 1.0 if config.training.optimizer == "adamw" else 0.005
    return set_training(config, weight_decay=max(10 * (config.training.weight_decay or 0.0), least))


@treatment("less-weight-decay", safe=True, reason="it lets the weights grow as large as the data asks for")
def less_weight_decay(config: Config, case: Case) -> Config:
    """Lower a strong weight decay to the usual one: 0.01 for AdamW, 0.0005 for SGD and Adam."""
    usual = usual_decay(config.training.optimizer or "adamw")
    if (config.training.weight_decay or 0.0) <= STRONG * usual:
        raise CannotTreatError("less-weight-decay: the weight decay is not strong.")
    return set_training(config, weight_decay=usual)
