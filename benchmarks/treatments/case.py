"""One training with a fault, and what became of treating it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from backlight.records import BacklightError, Finding
from backlight.runs.assembly import Assembly, assemble
from backlight.runs.options import configure
from backlight.runs.proofs.bench import Bench
from backlight.runs.proofs.proof import Prover
from backlight.runs.stages import checkup_of, loss_of, references_of
from backlight.training import train

Rows = tuple[np.ndarray, np.ndarray]
Source = str | Callable[[int], Any]
"""What `backlight.train` takes as data, or a function from a seed to that."""


@dataclass(frozen=True)
class Case:
    """A training that should have the finding."""

    finding: str
    source: Source
    options: dict[str, Any] = field(default_factory=dict)
    module: Callable[[], nn.Module] | None = None
    """Makes a network that is passed in Python instead of a description."""
    also: tuple[str, ...] = ()
    """Other names for the same illness, whose treatment counts for it as well."""
    copies: int = 1
    """The parameters start as those of a narrower network whose every hidden unit was copied so many times."""

    @property
    def name(self) -> str:
        """Source and settings."""
        source = self.source if isinstance(self.source, str) else self.source.__name__
        parts = [f"{k} {v}" for k, v in self.options.items()]
        parts += [f"module {self.module.__name__}"] if self.module else []
        parts += [f"copies {self.copies}"] if self.copies > 1 else []
        return f"{source.removeprefix('sklearn:')}: {', '.join(parts)}"


@dataclass(frozen=True)
class Result:
    """What became of one case with one seed."""

    finding: str
    case: str
    seed: int
    found: list[str]
    """Names of all findings of the untreated training."""
    outcome: str
    """better, no-difference, worse; not found; refused (before training, in a sentence); untreated."""
    reason: str = ""
    """The sentence of the refusal, or why no treatment was tried."""
    treatment: str = ""
    verdict: dict[str, Any] = field(default_factory=dict)
    named: str = ""
    """The finding that was treated."""
    seconds: float = 0.0
    """Processor time."""


def treated(case: Case, seed: int) -> Result:
    """Train the case, diagnose it, and treat the finding as `backlight diagnose RUN --treat --unsafe` would."""
    began, names = time.process_time(), list[str]()

    def result(outcome: str, reason: str = "", **more: Any) -> Result:
        return Result(case.finding, case.name, seed, names, outcome, reason, seconds=_since(began), **more)

    try:
        assembly, findings = diagnosed(case, seed)
    except BacklightError as error:
        return result("refused", str(error))
    names += dict.fromkeys(one.name for one in findings)
    wanted = [one for one in findings if one.name in (case.finding, *case.also)][:1]
    if not wanted:
        return result("not found")
    named = wanted[0].name
    rows = np.setdiff1d(np.arange(assembly.dataset.rows), assembly.prepared.test.rows)
    network = _network(case, seed)
    prover = Prover(Bench(assembly.dataset, rows, assembly.config, network, None), assembly.config, unsafe=True)
    proof = prover.prove(wanted, notes=True, most=1)
    if not proof.findings:
        return result("untreated", proof.left[named], named=named)
    one = proof.findings[0]
    assert one.verdict is not None
    return result(one.verdict.word, treatment=str(one.treatment), verdict=asdict(one.verdict), named=named)


def diagnosed(case: Case, seed: int) -> tuple[Assembly, list[Finding]]:
    """The untreated training, and what was found in it."""
    source = case.source if isinstance(case.source, str) else case.source(seed)
    config = configure({"seed": seed, **case.options})
    network = _network(case, seed)
    assembly = assemble(source, config, network=network)
    if case.copies > 1:
        start = _copied(assembly.module.state_dict(), case.copies)
        assembly = assemble(source, configure({"init_from": start}, config))
    parts, config = assembly.prepared, assembly.config
    checkup = checkup_of(assembly, references_of(assembly))
    validation = (parts.validation.x, parts.validation.y)
    settings: Any = {"seed": seed, "unit": assembly.unit, "observers": [checkup]}
    train(assembly.module, loss_of(assembly), (parts.train.x, parts.train.y), validation, config.training, **settings)
    return assembly, checkup.findings()


def _network(case: Case, seed: int) -> nn.Module | None:
    torch.manual_seed(seed)
    return case.module() if case.module is not None else None


def _copied(parameters: dict[str, Tensor], copies: int) -> str:
    """File of the parameters in which every hidden unit is one of `copies` equal ones, in weights in and out."""
    names = [name for name, value in parameters.items() if value.ndim == 2]
    changed = dict(parameters)
    for name, above in zip(names, [*names[1:], ""], strict=True):
        if above:
            alike = torch.arange(len(parameters[name])) // copies * copies
            changed[name] = changed[name][alike]
            changed[above] = changed[above][:, alike]
    file = Path(tempfile.mkdtemp()) / f"copied-{os.getpid()}.safetensors"
    save_file({name: value.contiguous() for name, value in changed.items()}, file)
    return str(file)


def _since(began: float) -> float:
    return round(time.process_time() - began, 1)
