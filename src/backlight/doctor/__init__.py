"""What is wrong with a run, why, and what helps."""

from .diagnose import Diagnosis, diagnose
from .facts import RunFacts
from .pages import explain
from .registry import DiagnosisRule, RuledOut, Seen, all_diagnoses, diagnosis

__all__ = [
    "Diagnosis",
    "DiagnosisRule",
    "RuledOut",
    "RunFacts",
    "Seen",
    "all_diagnoses",
    "diagnose",
    "diagnosis",
    "explain",
]
