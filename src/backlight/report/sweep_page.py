"""The page of a sweep, from the files of its folder alone."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..files import parse_json, write_text
from ..records import BacklightError
from . import figures
from .page import REPORT, environment, style
from .swept import name_of, question


@dataclass(frozen=True)
class SweepFolder:
    """What a sweep's folder holds, as plain values."""

    path: Path
    result: dict[str, Any]
    """sweep.json."""
    curves: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = field(default_factory=dict)
    """(stage, value) → split → (step, loss)."""
    layers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Initialisation → depth, layer, x_variance, v_norm."""

    @property
    def over(self) -> str:
        """The setting."""
        return str(self.result["over"])

    @property
    def trials(self) -> list[dict[str, Any]]:
        """In the order of the values."""
        return list(self.result["trials"])


def read_sweep(folder: str | Path) -> SweepFolder:
    """Read a sweep's folder.

    Raises BacklightError where it holds no sweep, or a damaged one.
    """
    path = Path(folder)
    try:
        result = parse_json(path / "sweep.json")
        curves: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
        for row in _rows(path / "history.csv"):
            part = curves.setdefault((row["stage"], row["value"]), {}).setdefault(row["split"], [])
            part.append((float(row["step"]), float(row["loss"])))
        layers: dict[str, list[dict[str, Any]]] = {}
        for row in _rows(path / "layers.csv"):
            numbers = {name: float(row[name]) for name in ("depth", "x_variance", "v_norm")}
            layers.setdefault(row["init"], []).append(row | numbers)
    except FileNotFoundError as error:
        raise BacklightError(f"{path} holds no sweep: {Path(error.filename).name} is missing.") from error
    except (OSError, ValueError, KeyError) as error:
        raise BacklightError(f"{path} cannot be read as a sweep ({error}): its files are damaged.") from error
    return SweepFolder(path, result, curves, layers)


def write_sweep_report(folder: str | Path) -> Path:
    """Write the page, and return its path."""
    found = read_sweep(folder)
    content = {
        "style": style(),
        "kind": "sweep",
        "result": found.result,
        "over": name_of(found.over),
        "question": question(found.over),
        "name": found.path.resolve().name,
        "curves": Markup(figures.to_svg(figures.sweep(found), name="sweep", label=found.result["verdict"])),
        "start": None,
        "trials": [one | {"shown": _shown(one["value"])} for one in found.trials],
    }
    if found.layers:
        label = "Variance of x and size of v by depth, before the first step, for each initialisation"
        content["start"] = Markup(figures.to_svg(figures.start(found), name="start", label=label))
    page = environment().get_template("sweep.html").render(content)
    path = found.path / REPORT
    write_text(path, page)
    return path


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _rows(path: Path) -> list[dict[str, str]]:
    if path.name == "layers.csv" and not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))
