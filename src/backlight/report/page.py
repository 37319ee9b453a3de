"""From the files of a run folder to report.html: one page that needs nothing but itself."""

import shlex
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from ..files import write_text
from . import tables
from .drawings import drawings
from .figures.curve_axes import WITHIN, score_name
from .folder import RunFolder, read_folder
from .headline import headline, judgement
from .words import number

REPORT = "report.html"


def write_report(folder: str | Path) -> Path:
    """Write the report of a run from the files of its folder alone, and return its path.

    Raises BacklightError where the folder does not exist or a file in it is damaged.
    """
    path = Path(folder) / REPORT
    write_text(path, render(read_folder(path.parent)))
    return path


def render(run: RunFolder) -> str:
    """The page as text."""
    return environment().get_template("page.html").render(_content(run))


def style() -> Markup:
    """The style of all pages."""
    return Markup(files(__package__).joinpath("templates", "page.css").read_text(encoding="utf-8"))


def _content(run: RunFolder) -> dict[str, Any]:
    # these need PyTorch, curves do not
    from .cards import considered, considered_counts, finding_cards, left_over, map_content
    from .courses import network_courses
    from .layer_maps import layer_maps
    from .units import unit_rows

    maps = layer_maps(run)
    untreated = run.path / "untreated"
    before = layer_maps(read_folder(untreated)) if untreated.is_dir() else []
    cards = finding_cards(run, maps, before)
    return {
        "style": style(),
        "kind": "report",
        "headline": headline(run),
        "judgement": judgement(run),
        "name": run.settings.get("name") or run.path.resolve().name,
        "created": run.settings.get("created"),
        "facts": tables.facts(run),
        "evaluation": run.evaluation,
        "task": run.task,
        "findings": cards,
        "considered": considered(run),
        "considered_counts": considered_counts(run),
        "scores": tables.score_rows(run),
        "figures": {name: Markup(svg) for name, svg in drawings(run).items()},
        "maps": [map_content(one) for one in left_over(maps, cards)],
        "course": _course(run),
        "network_courses": network_courses(run),
        "units": unit_rows(run),
        "walk": tables.walk_facts(run),
        "confused": tables.confused_pairs(run),
        "residuals": tables.residual_sentences(run),
        "worst": tables.worst_rows(run),
        "worst_columns": tables.worst_columns(run),
        "columns": tables.column_rows(run),
        "layers": tables.layer_rows(run),
        "parameters_each": tables.parameters_each(run),
        "networks": len(tables.members(run)),
        "parameters": tables.parameters_total(run),
        "settings": tables.settings_tables(run),
        "commands": _commands(run),
        "folder": shlex.quote(str(run.path)),
        "has_source": bool((run.settings.get("data") or {}).get("source")),
        "long_table": tables.LONG_TABLE,
    }


def _course(run: RunFolder) -> dict[str, Any]:
    """What the curves show, for the words below them."""
    short = score_name(run.history)
    long = {"RMSE": "The root mean squared error (RMSE), in the target's units"}.get(short, short.capitalize())
    found = {row.split for row in run.history}
    return {"score": long, "score_short": short, "validation": "validation" in found, "within": WITHIN in found}


def _commands(run: RunFolder) -> list[dict[str, str]]:
    """How to use and repeat the run; repeating needs data that was read from a file."""
    folder = shlex.quote(str(run.path))
    source = (run.settings.get("data") or {}).get("source")
    commands = []
    if source:
        again = f"backlight train {shlex.quote(source)} --config {shlex.quote(str(run.path / 'run.toml'))}"
        commands.append({"what": "Train again, with the same settings and seed", "command": again})
    if run.task:
        commands += [
            {"what": "Predict new rows", "command": f"backlight predict {folder} NEW_DATA -o predictions.csv"},
            {"what": "Score it on other labelled rows", "command": f"backlight evaluate {folder} DATA"},
        ]
    if source and run.walk:
        walk = f"backlight walk {folder} --row {run.walk['row']}"
        commands.append({"what": "Walk one example forward and backward", "command": walk})
    return [*commands, {"what": "Make this page again", "command": f"backlight report {folder}"}]


@cache
def environment() -> Environment:
    """Of the templates of all pages."""
    loader = PackageLoader("backlight.report")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    return environment
