"""Frozen dataclasses that cross rooms. No behaviour.

`Config` (pydantic) is imported from `backlight.records.config`, so that the light records stay light.
"""

from .diagnosis import Considered, ConsideredKind, Finding, Severity, Verdict, VerdictWord
from .errors import BacklightError, OptionError
from .evaluation import LinearFacts, Metric
from .inputs import ArrayInputs, Feature, ImageInputs, Inputs, TableInputs
from .task import ClassLabel, Task, TaskKind
from .training import CUT_SHORT, INTERRUPTED, TIME_LIMIT, Epoch, Layer, Numbers, Signal, Step

__all__ = [
    "CUT_SHORT",
    "INTERRUPTED",
    "TIME_LIMIT",
    "ArrayInputs",
    "BacklightError",
    "ClassLabel",
    "Considered",
    "ConsideredKind",
    "Epoch",
    "Feature",
    "Finding",
    "ImageInputs",
    "Inputs",
    "Layer",
    "LinearFacts",
    "Metric",
    "Numbers",
    "OptionError",
    "Severity",
    "Signal",
    "Step",
    "TableInputs",
    "Task",
    "TaskKind",
    "Verdict",
    "VerdictWord",
]
