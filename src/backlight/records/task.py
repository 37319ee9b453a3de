"""What is to be learned."""

from dataclasses import dataclass
from typing import Literal

TaskKind = Literal["binary", "multiclass", "regression"]
ClassLabel = str | int | float | bool


@dataclass(frozen=True)
class Task:
    """The target and what kind of prediction it asks for."""

    kind: TaskKind
    target: str
    classes: tuple[ClassLabel, ...] = ()
    """The user's own labels, sorted; code k stands for classes[k]. Empty for regression."""
    reason: str = ""
    """Why this kind was inferred, as a sentence for the user."""

    @property
    def outputs(self) -> int:
        """Width of the output layer: one logit (binary), one per class, or one value (regression)."""
        return len(self.classes) if self.kind == "multiclass" else 1
