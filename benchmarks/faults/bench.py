"""Run the programs, ask the doctor, count."""

import time
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from backlight.records import Finding
from backlight.watch import watch

from .programs import Entry


@dataclass(frozen=True)
class Outcome:
    """What the doctor said of one run."""

    name: str
    causes: tuple[str, ...]
    findings: tuple[Finding, ...]
    seconds: float
    """Of the processor."""

    @property
    def names(self) -> list[str]:
        """Names of the findings, each once, in rank order."""
        return list(dict.fromkeys(finding.name for finding in self.findings))

    @property
    def rank(self) -> int | None:
        """Place of the first true cause, counted from 1."""
        return next((i for i, name in enumerate(self.names, 1) if name in self.causes), None)

    @property
    def false_errors(self) -> list[str]:
        """Errors that are no true cause."""
        return [f.name for f in self.findings if f.severity == "error" and f.name not in self.causes]


def examine(entry: Entry, seed: int) -> Outcome:
    """Build, train and watch one program; that watching broke off is an error, not a program without findings."""
    torch.manual_seed(seed)
    program = entry.build()
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "backlight stopped watching", RuntimeWarning)
        with watch(program.model, program.optimizer, metrics=program.metrics) as seen:
            program.run(seed)
    return Outcome(entry.name, entry.causes, tuple(seen.findings), time.process_time() - start)


def recall_by_kind(outcomes: Iterable[Outcome], within: int | None) -> dict[str, float]:
    """Share of programs of each kind (their first cause) named among the first `within` findings."""
    hits: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        hits[outcome.causes[0]].append(outcome.rank is not None and (within is None or outcome.rank <= within))
    return {kind: sum(found) / len(found) for kind, found in sorted(hits.items())}


def table(outcomes: Sequence[Outcome]) -> str:
    """Recall by kind as Markdown."""
    first, third, ever = (recall_by_kind(outcomes, k) for k in (1, 3, None))
    counts: dict[str, int] = defaultdict(int)
    for outcome in outcomes:
        counts[outcome.causes[0]] += 1
    rows = [f"| {k} | {counts[k]} | {first[k]:.2f} | {third[k]:.2f} | {ever[k]:.2f} |" for k in first]
    means = [sum(r.values()) / len(r) for r in (first, third, ever)]
    rows.append(f"| **mean over kinds** | {len(outcomes)} | " + " | ".join(f"{m:.2f}" for m in means) + " |")
    return "\n".join(["| kind | runs | first | in first 3 | named |", "|---|---|---|---|---|", *rows])
