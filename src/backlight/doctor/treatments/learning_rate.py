"""Treatments of the size of steps."""

import math

from ...records.config import Config
from ..treatment import CannotTreatError, Case, set_training, treatment

USUAL_STEP = 1e-3
"""‖ΔW‖/‖W‖ of one step that usually learns well (Karpathy, CS231n notes)."""
LARGE_STEP = 1e-2
TRAVEL = 1.0
"""Steps times their size in a whole run from which the weights have gone as far as they are long."""
LEAST_FACTOR, MOST_FACTOR = 10.0, 1e4
REASON = "it changes how fast the network learns, and nothing of what it learns from"


@treatment("lower-learning-rate", safe=True, reason=REASON)
def lower_learning_rate(config: Config, case: Case) -> Config:
    """Divide the learning rate by 10, or by more where a step was seen to change weights by more than 1 %."""
    _check_steps_are_to_blame("lower-learning-rate", case)
    factor = _within(case.evidence("usual_update_ratio", 0.0) / USUAL_STEP)
    return set_training(config, learning_rate=_rate(config) / factor)


@treatment("raise-learning-rate", safe=True, reason=REASON)
def raise_learning_rate(config: Config, case: Case) -> Config:
    """Multiply the learning rate by 10, or by more where steps were seen to be so small that they lead nowhere."""
    usual, travel = case.evidence("usual_update_ratio", 0.0), case.evidence("travel", TRAVEL)
    factor = LEAST_FACTOR
    if usual > 0 and travel > 0:
        factor = _within(min(max(USUAL_STEP / usual, TRAVEL / travel), LARGE_STEP / usual))
    return set_training(config, learning_rate=_rate(config) * factor)


@treatment("warm-up", safe=True, reason=REASON)
def warm_up(config: Config, case: Case) -> Config:
    """Raise the learning rate from zero over the first fifth of the steps; let it fall at the end."""
    if config.training.warmup >= 0.2 and config.training.schedule != "constant":
        raise CannotTreatError("warm-up: a fifth of the steps, or more, already warms up.")
    schedule = "trapezoid" if config.training.schedule == "constant" else config.training.schedule
    return set_training(config, warmup=0.2, schedule=schedule)


@treatment("schedule", safe=True, reason=REASON)
def schedule(config: Config, case: Case) -> Config:
    """Let the learning rate fall to zero along half a cosine."""
    return set_training(config, schedule="cosine")


@treatment("clip", safe=True, reason="it bounds single steps only")
def clip(config: Config, case: Case) -> Config:
    """Clip the norm of the whole gradient at 1."""
    _check_steps_are_to_blame("clip", case)
    if config.training.clip is not None and config.training.clip <= 1.0:
        raise CannotTreatError("clip: the gradient is clipped at 1 or below already.")
    return set_training(config, clip=1.0)


def _check_steps_are_to_blame(name: str, case: Case) -> None:
    """Raises CannotTreatError where the loss or a gradient was not finite before a step had been made."""
    if case.evidence("first_seen", math.inf) == 0:
        raise CannotTreatError(f"{name}: what is not finite before the first step is not made so by steps.")


def _rate(config: Config) -> float:
    if not config.training.learning_rate:
        raise CannotTreatError("The learning rate is not known yet.")
    return config.training.learning_rate


def _within(factor: float) -> float:
    return min(max(factor, LEAST_FACTOR), MOST_FACTOR) if factor == factor else LEAST_FACTOR
