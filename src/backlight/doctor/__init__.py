"""What is wrong with a run, why, and what helps."""

from .diagnose import Diagnosis, diagnose
from .facts import RunFacts
from .pages import explain
from .registry import DiagnosisRule, RuledOut, Seen, all_diagnoses, diagnosis
from .stored import from_plain, to_plain
from .treatment import CannotTreatError, Case, Treatment, all_treatments, treat, treatment

__all__ = [
    "CannotTreatError",
    "Case",
    "Diagnosis",
    "DiagnosisRule",
    "RuledOut",
    "RunFacts",
    "Seen",
    "Treatment",
    "all_diagnoses",
    "all_treatments",
    "diagnose",
    "diagnosis",
    "explain",
    "from_plain",
    "to_plain",
    "treat",
    "treatment",
]
