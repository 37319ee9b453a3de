"""Where treatments are kept: a decorator in the treatment's own file adds it, nothing else lists them."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..network.description import Description
from ..network.parse import parse
from ..records import BacklightError, Finding
from ..records.config import Config


class CannotTreatError(BacklightError):
    """The treatment has nothing to act on in this run; the finding keeps its prescription in words."""


@dataclass(frozen=True)
class Case:
    """What a treatment may look at beside the settings."""

    finding: Finding | None = None
    """What it is to answer, with its numbers."""
    rows: int = 1000
    """Training rows."""
    columns: tuple[str, ...] = ()
    """Name of each column of x(0); empty for images and arrays of other shapes."""
    outputs: int = 1
    """Width of the output layer."""
    images: bool = False
    networks: int = 1
    """Networks that the run trains, and whose mean it answers."""

    def evidence(self, name: str, default: float) -> float:
        """A number that the finding gives, or else the default."""
        value = self.finding.evidence.get(name) if self.finding is not None else None
        return float(value) if isinstance(value, int | float) else default


Change = Callable[[Config, Case], Config]
JudgedBy = Literal["loss", "balanced-loss", "loss-of-new-rows", "loss-without-columns", "wrong-answers"]


@dataclass(frozen=True)
class Treatment:
    """One pure change of a run's settings.

    Attributes
    ----------
    safe:
        Whether it may be applied unasked: it changes how a network learns, never which rows and columns it learns from
        nor what its answers mean.
    reason:
        Why it is safe, or is not.
    does:
        What it does, as a sentence; the function's docstring.
    judged_by:
        The loss of a row; that loss with each class weighing as much as any other; that of rows which are not among the
        training rows, too; that of rows in which the columns that the treatment leaves out are not known; or whether
        the answer is wrong, a number being taken for the nearest class.
    dearer:
        Whether the treated training takes several times as long; random changes are drawn from the others.
    """

    name: str
    safe: bool
    reason: str
    does: str
    judged_by: JudgedBy
    dearer: bool
    change: Change

    def __call__(self, config: Config, case: Case) -> Config:
        """The treated settings.

        Raises CannotTreatError where it would change nothing, or cannot be applied.
        """
        treated = self.change(config, case)
        if treated == config:
            raise CannotTreatError(f"{self.name}: these settings have it already.")
        return treated


TREATMENTS: dict[str, Treatment] = {}


def treatment(
    name: str, *, safe: bool, reason: str, judged_by: JudgedBy = "loss", dearer: bool = False
) -> Callable[[Change], Change]:
    """Register a function from the settings and the case to the treated settings."""

    def add(change: Change) -> Change:
        if name in TREATMENTS:
            raise ValueError(f"the treatment {name!r} is registered twice")
        does = " ".join((inspect.getdoc(change) or "").split("\n\n")[0].split())
        TREATMENTS[name] = Treatment(name, safe, reason, does, judged_by, dearer, change)
        return change

    return add


def all_treatments() -> dict[str, Treatment]:
    """Every registered treatment by name; imports the files of `treatments` on first use."""
    from . import treatments

    for module in pkgutil.iter_modules(treatments.__path__):
        importlib.import_module(f"{treatments.__name__}.{module.name}")
    return dict(sorted(TREATMENTS.items()))


def treat(config: Config, names: Sequence[str], case: Case) -> Config:
    """Several treatments, one behind another."""
    known = all_treatments()
    return functools.reduce(lambda treated, name: known[name](treated, case), names, config)


def on_network(change: Callable[[Description, Config, Case], Description]) -> Change:
    """Make a treatment of the settings out of one of the network's description.

    Members of an ensemble may have descriptions of their own, with semicolons between.
    """

    @functools.wraps(change)
    def changed(config: Config, case: Case) -> Config:
        text = config.network.description
        if text is None:
            raise CannotTreatError("The network was passed in Python: change it there, as the prescription says.")
        parts = [part for part in text.split(";") if part.strip()]
        new = "; ".join(str(change(parse(part), config, case)) for part in parts)
        if new == "; ".join(str(parse(part)) for part in parts):
            raise CannotTreatError("The network has no layer that this would change.")
        return config.model_copy(update={"network": config.network.model_copy(update={"description": new})})

    return changed


def set_training(config: Config, **values: object) -> Config:
    """The settings with other values in their training section."""
    return config.model_copy(update={"training": config.training.model_copy(update=values)})


def set_data(config: Config, **values: object) -> Config:
    """The settings with other values in their data section."""
    return config.model_copy(update={"data": config.data.model_copy(update=values)})


def set_network(config: Config, **values: object) -> Config:
    """The settings with other values in their network section."""
    return config.model_copy(update={"network": config.network.model_copy(update=values)})
