"""Which numbers of a layer are watched: signals, the recorder that reads them, and the facts it gathers."""

from .facts import (
    InputFacts,
    LayerFacts,
    LoopFacts,
    LossFacts,
    OptimizerFacts,
    OutputFacts,
    ParameterFacts,
    TargetFacts,
    UnitFacts,
)
from .recorder import Recorder
from .registry import Meaning, SignalRule, all_meanings, all_signals, signal
from .table import SignalTable

__all__ = [
    "InputFacts",
    "LayerFacts",
    "LoopFacts",
    "LossFacts",
    "Meaning",
    "OptimizerFacts",
    "OutputFacts",
    "ParameterFacts",
    "Recorder",
    "SignalRule",
    "SignalTable",
    "TargetFacts",
    "UnitFacts",
    "all_meanings",
    "all_signals",
    "signal",
]
