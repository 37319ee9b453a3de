"""What was measured of the network as a whole while it learned: one line a signal."""

from typing import Any

import polars as pl
from markupsafe import Markup

from ..signals import all_meanings
from . import figures
from .folder import RunFolder
from .layer_maps import Course

FEWEST = 3
"""Observations that make a line."""


def network_courses(run: RunFolder) -> list[dict[str, Any]]:
    """Title, unit and figure of every signal of the whole network that was observed often enough."""
    if run.signals is None or run.signals.is_empty():
        return []
    whole = run.signals.filter(pl.col("layer") == "").drop_nulls("value").sort("step")
    course = Course(run, run.signals)
    told = []
    for name, meaning in all_meanings().items():
        rows = whole.filter(pl.col("signal") == name)
        if len(rows) < FEWEST:
            continue
        x, y = course.places(rows["step"].to_numpy()).tolist(), rows["value"].to_list()
        title = meaning.title[0].upper() + meaning.title[1:]
        drawn = figures.course(x, y, meaning, axis=course.name, end=course.end)
        svg = figures.to_svg(drawn, name=f"course-{name.replace('_', '-')}", label=f"{title} over training")
        told.append({"title": title, "unit": meaning.unit, "figure": Markup(svg), "source": ""})
    return told
