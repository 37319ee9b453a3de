"""What the doctor says."""

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
VerdictWord = Literal["better", "no-difference", "worse"]
ConsideredKind = Literal["explained", "ruled-out", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What a side-by-side run showed of a treatment: a paired difference on held-out rows."""

    word: VerdictWord
    metric: str
    difference: float
    """Treated minus untreated, in the metric's own units."""
    low: float
    high: float
    """Ends of the 95 % interval of the difference."""
    seeds: int
    random_change: float | None = None
    """What changes drawn at random from all treatments brought, in the same units and on the same rows."""
    kept: bool = False
    """Whether the run's network is the treated one."""


@dataclass(frozen=True)
class Finding:
    """One named problem."""

    code: str
    name: str
    severity: Severity
    message: str
    """What was seen, with its numbers, in plain words."""
    prescription: str
    """What to do."""
    layer: str = ""
    step: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    """Numbers seen, and the thresholds they are held against."""
    treatment: str | None = None
    verdict: Verdict | None = None

    def __str__(self) -> str:
        """What `print` shows: severity, name and place, what was seen, and what to do."""
        at = [f"in {self.layer}"] if self.layer else []
        at += [f"at step {self.step:,}"] if self.step is not None else []
        place = f" ({', '.join(at)})" if at else ""
        return f"{self.severity}: {self.name.replace('-', ' ')}{place}. {self.message} Do: {self.prescription}"


@dataclass(frozen=True)
class Considered:
    """One illness that is no finding, and why not."""

    name: str
    reason: str
    """In plain words, with its numbers."""
    kind: ConsideredKind = "ruled-out"
    """Seen, but a finding explains it; looked for, and no sign of it; or not to be looked at: facts are missing."""
    cause: str = ""
    """Name of the finding that explains it."""
