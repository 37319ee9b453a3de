"""Where diagnoses are kept: a decorator in the diagnosis's own file adds it, nothing else lists them."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..records import Considered, Finding, Severity
from .facts import RunFacts


@dataclass(frozen=True)
class Seen:
    """What a diagnosis saw; becomes a `Finding` with the diagnosis's code and name."""

    severity: Severity
    message: str
    prescription: str
    layer: str = ""
    step: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RuledOut:
    """What was looked at and found in order, with its numbers."""

    reason: str


Check = Callable[[RunFacts], Iterator[Seen | RuledOut]]
Outcome = Iterator[Finding | Considered]


@dataclass(frozen=True)
class DiagnosisRule:
    """One named illness and how it is recognised."""

    code: str
    name: str
    needs: tuple[str, ...]
    """Facts without which it cannot be looked at: attributes of `RunFacts`."""
    treatments: tuple[str, ...]
    explains: tuple[str, ...]
    """Names of findings that follow from this one: they are not reported beside it."""
    explains_above: tuple[str, ...]
    """Those of them that follow only in the layer of this finding and above it."""
    certain: bool
    """Whether it rests on a contradiction in the program, not on a threshold: then it ranks first."""
    symptom: bool
    """Whether it only says that the run went badly: then any cause explains it, however mild."""
    held_out: bool
    """Whether it harms what is said of new rows only: behind others where the training rows are not fitted either."""
    shows: tuple[str, ...]
    """Signals in which a reader sees it, layer by layer; a report opens their maps beside the finding."""
    page: str
    """The docstring: a sentence, then What it sees, Why it hurts, When it is wrong, Example, Treatment, References."""
    check: Callable[[RunFacts], Outcome]

    @property
    def place(self) -> str:
        """Number of the code: from the program over data, output, initialisation and network to the training."""
        return self.code[1:]


DIAGNOSES: dict[str, DiagnosisRule] = {}


def diagnosis(
    code: str,
    name: str,
    *,
    needs: tuple[str, ...] = (),
    treatments: tuple[str, ...] = (),
    explains: tuple[str, ...] = (),
    explains_above: tuple[str, ...] = (),
    certain: bool = False,
    symptom: bool = False,
    held_out: bool = False,
    shows: tuple[str, ...] = (),
) -> Callable[[Check], Callable[[RunFacts], Outcome]]:
    """Register a function from the facts of a run to what it saw there."""

    def add(check: Check) -> Callable[[RunFacts], Outcome]:
        if name in DIAGNOSES or any(rule.code == code for rule in DIAGNOSES.values()):
            raise ValueError(f"the diagnosis {code} {name!r} is registered twice")

        @functools.wraps(check)
        def found(run: RunFacts) -> Outcome:
            for seen in check(run):
                if isinstance(seen, RuledOut):
                    yield Considered(name, seen.reason)
                else:
                    treatment = treatments[0] if treatments else None
                    yield Finding(code=code, name=name, treatment=treatment, **vars(seen))

        DIAGNOSES[name] = DiagnosisRule(
            code=code,
            name=name,
            needs=needs,
            treatments=treatments,
            explains=(*explains, *explains_above),
            explains_above=explains_above,
            certain=certain,
            symptom=symptom,
            held_out=held_out,
            shows=shows,
            page=inspect.getdoc(check) or "",
            check=found,
        )
        return found

    return add


def all_diagnoses() -> dict[str, DiagnosisRule]:
    """Every registered diagnosis by name, in the order of codes; imports the files of `diagnoses` on first use."""
    from . import diagnoses

    for module in pkgutil.iter_modules(diagnoses.__path__):
        importlib.import_module(f"{diagnoses.__name__}.{module.name}")
    return dict(sorted(DIAGNOSES.items(), key=lambda item: item[1].place))
