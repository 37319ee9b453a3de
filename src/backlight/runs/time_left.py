"""What a time limit leaves for training, measured before it begins."""

import time
from dataclasses import dataclass

import numpy as np

from ..evaluation import evaluate
from .assembly import Assembly

_REPORT_SECONDS = 2.0
"""Kept for the report at the end: 1 s on one core of 2.5 GHz, most of which imports matplotlib, and a margin."""
_DOCTOR_SECONDS = 0.2
"""Kept for the diagnosis: 0.05 s on the same core, and a margin."""
_LAYER_SECONDS = 0.04
"""Kept for each watched layer's signals in diagnosis and report: 40 layers took 1.5 s more than two."""
_PROBE_ROWS = 512
"""Rows predicted before training, to learn how long the held-out rows will take."""
_STEP_PASSES = 3.0
"""Forward passes that a training step costs: one forward, two of its size backward."""


@dataclass(frozen=True)
class Needs:
    """What the rest of a run takes, in seconds; zero without a time limit."""

    after: float = 0.0
    """Scoring, diagnosis and report, when training has ended."""
    epoch: float = 0.0
    """One pass over the training rows, estimated from forward passes."""


def measured_needs(assembly: Assembly) -> Needs:
    """Measured with the untrained network on some held-out rows; nothing is measured without a time limit."""
    if assembly.config.training.time_limit is None:
        return Needs()
    part = assembly.held_out
    assembly.predict(part.x[:64])  # the first pass also sets up the kernels
    begun = time.monotonic()
    probe = assembly.predict(part.x[:_PROBE_ROWS])
    row = (time.monotonic() - begun) / len(probe)
    begun = time.monotonic()
    repeated = np.nan_to_num(probe)[np.resize(np.arange(len(probe)), len(part.rows))]
    evaluate(assembly.task, assembly.truth(part), repeated, seed=assembly.config.seed)
    scoring = row * len(part.rows) + time.monotonic() - begun
    epoch = _STEP_PASSES * row * len(assembly.prepared.train.rows) / (2 if assembly.flips else 1)
    return Needs(scoring + seconds_of_report(assembly), epoch)


def seconds_of_report(assembly: Assembly) -> float:
    """Kept for diagnosis and report."""
    if not assembly.config.diagnose:
        return _REPORT_SECONDS
    layers = sum(any(True for _ in layer.parameters(recurse=False)) for layer in assembly.module.modules())
    return _REPORT_SECONDS + _DOCTOR_SECONDS + _LAYER_SECONDS * layers


def say_what_is_left(assembly: Assembly, needs: Needs) -> None:
    """Tell how a time limit is spent, and where it is too short for the network to see every training row once."""
    limit = assembly.config.training.time_limit
    if limit is None:
        return
    spent = time.monotonic() - assembly.started
    left = limit - spent - needs.after
    before, after = f"{spent:.0f} s went into reading and preparing", f"about {needs.after:.0f} s are kept for scores"
    shares = f"Time limit {limit:.0f} s for all of it: {before}, {after} and report"
    if left > needs.epoch:
        assembly.note(f"{shares}, {left:.0f} s are left for training.")
        return
    room = f"{left:.0f} s are left for training" if left > 0 else "none are left for training, which makes one step"
    late = f", and the command ends about {-left:.0f} s late" if left < -1 else ""
    assembly.note(
        f"{shares}; {room}{late}. That is too short for a sensible result: one pass over the training rows takes "
        f"about {needs.epoch:.0f} s."
    )
