"""Rows of the report's tables, ready to be shown."""

from dataclasses import dataclass
from typing import Any

from .folder import RunFolder
from .words import cell, duration, interval_text, number, percent, score_text, shape, spaced, wording

MOST_CONFUSED = 8
WALK_VALUES = 12
"""Values of the walked example that are shown."""

WALK_PIXELS = 100
"""Columns beyond which none is shown: they are pixels or the like."""

LONG_TABLE = 40
"""Rows beyond which a table is folded up."""


@dataclass(frozen=True)
class ScoreRow:
    """One metric: the network beside its references, as text."""

    title: str
    meaning: str
    better: str
    """higher or lower."""
    value: str
    interval: str
    linear: str
    constant: str


def score_rows(run: RunFolder) -> list[ScoreRow]:
    """The held-out scores. Calibration of a constant says nothing and is left out."""
    metrics, linear, baseline = (run.evaluation.get(key) or {} for key in ("metrics", "linear", "baseline"))
    return [
        ScoreRow(
            title=wording(name).title,
            meaning=wording(name).meaning,
            better="higher" if wording(name).higher_is_better else "lower",
            value=score_text(name, metric["value"], metric),
            interval=interval_text(name, metric),
            linear=score_text(name, linear.get(name), metric),
            constant="–" if name == "calibration_error" else score_text(name, baseline.get(name), metric),
        )
        for name, metric in metrics.items()
    ]


def confused_pairs(run: RunFolder) -> list[dict[str, str]]:
    """The commonest mistakes among more than two classes: true, predicted, rows, share of the true class."""
    counts = run.evaluation.get("confusion") or []
    if len(run.classes) < 3:
        return []
    pairs = [
        (count, true, predicted)
        for true, row in enumerate(counts)
        for predicted, count in enumerate(row)
        if count and true != predicted
    ]
    return [
        {
            "true": str(run.classes[true]),
            "predicted": str(run.classes[predicted]),
            "rows": f"{count:,}",
            "share": percent(count / sum(counts[true])),
        }
        for count, true, predicted in sorted(pairs, key=lambda pair: (-pair[0], pair[1:]))[:MOST_CONFUSED]
    ]


def residual_sentences(run: RunFolder) -> list[str]:
    """Where the errors of a regression lie, from the quantiles of predicted − true."""
    quantiles = run.evaluation.get("residuals") or {}
    return [
        f"{share} of the predictions lie between {_off(quantiles[low])} and {_off(quantiles[high])}."
        for share, low, high in (("Half", "0.25", "0.75"), ("Nine in ten", "0.05", "0.95"))
        if low in quantiles and high in quantiles
    ]


def worst_rows(run: RunFolder) -> list[dict[str, Any]]:
    """The examples that the network got most wrong."""
    return [
        {
            "row": cell(one.get("row")),
            "truth": _outcome(one.get("truth")),
            "predicted": _outcome(one.get("predicted")),
            "probability": percent(one["probability"]) if one.get("probability") is not None else None,
            "values": [
                {"text": cell(value), "numeric": isinstance(value, int | float)}
                for value in (one.get("values") or {}).values()
            ],
            "image": one.get("image") if str(one.get("image") or "").startswith("data:image/") else None,
        }
        for one in run.evaluation.get("worst") or []
    ]


def worst_columns(run: RunFolder) -> list[str]:
    """Names of the values that are shown with the worst examples."""
    worst = run.evaluation.get("worst") or [{}]
    return [str(name) for name in worst[0].get("values") or {}]


def column_rows(run: RunFolder) -> list[dict[str, str]]:
    """What became of each column of the data; all pixels of a picture are one line."""
    columns = run.evaluation.get("columns") or []
    pixels = [column for column in columns if column.get("kind") == "pixel"]
    others = [_column_row(column) for column in columns if column.get("kind") != "pixel"]
    return [*others, _picture_row(pixels)] if pixels else others


def _column_row(column: dict[str, Any]) -> dict[str, str]:
    return {
        "name": str(column.get("name", "")),
        "kind": str(column.get("kind", "")),
        "note": str(column.get("note") or ""),
        "missing": number(column.get("missing") or 0),
        "distinct": number(column.get("distinct")),
    }


def _picture_row(pixels: list[dict[str, Any]]) -> dict[str, str]:
    """Missing values of all pixels together, distinct ones of the pixel that has most."""
    return {
        "name": f"{pixels[0].get('name', '')} to {pixels[-1].get('name', '')}",
        "kind": f"{len(pixels):,} pixels of a picture",
        "note": "",
        "missing": number(sum(column.get("missing") or 0 for column in pixels)),
        "distinct": number(max((column.get("distinct") or 0 for column in pixels), default=0)),
    }


def walk_facts(run: RunFolder) -> dict[str, Any] | None:
    """What is said of the one example whose way through the network is shown."""
    walk = run.walk
    if not walk.get("layers"):
        return None
    probability = walk.get("probability_of_right_class")
    right = "" if probability is None else f", probability of the right class {percent(probability)}"
    loss = f"{walk['loss_name'].replace('-', ' ')} loss {number(walk['loss'])}"
    values = list((walk.get("example") or {}).items())
    more = f" … and {len(values) - WALK_VALUES:,} more columns" if len(values) > WALK_VALUES else ""
    members = walk.get("members") or 1
    partial = any(one["largest"] is not None and one["smallest"] is None for one in walk["layers"])
    return {
        "row": walk["row"],
        "member": f"network {walk['member']} of the {members} of the ensemble" if members > 1 else "",
        "sums": any(one["kind"] == "sum" for one in walk["layers"]),
        "said": f"{walk['target']} {_outcome(walk['truth'])}, predicted {_outcome(walk['prediction'])}{right}, {loss}",
        "example": f"{len(values):,} columns" if len(values) > WALK_PIXELS else _told(values[:WALK_VALUES]) + more,
        "caption": "Dotted bars: only the largest σ were found." if partial else "",
        "layers": [_walk_row(one) for one in walk["layers"]],
    }


def _told(values: list[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} {cell(value)}" for name, value in values)


def _walk_row(one: dict[str, Any]) -> dict[str, Any]:
    names = ("x_norm", "v_norm", "parameter_gradient_norm", "largest", "smallest")
    effective = ""
    if isinstance(one["effective"], int | float):
        about = "" if one["smallest"] is not None else "≈ "
        count = one["effective"]
        effective = f"{about}{count:{',.0f' if count >= 100 else '.3g'}} of {min(one['jacobian_shape']):,}"
    sizes = ["–" if one[name] is None else number(one[name]) for name in names]
    return {"name": one["layer"], "kind": one["kind"], "cells": [shape(one["shape"]), *sizes, effective]}


def layer_rows(run: RunFolder) -> list[dict[str, Any]]:
    """The layers from input to output: what each maps, and with how many parameters."""
    return [
        {
            "name": str(layer.get("name") or ""),
            "kind": str(layer.get("kind") or ""),
            "settings": _settings_text(layer.get("settings")),
            "depth": int(layer.get("depth") or 0),
            "x_in": shape(layer.get("x_in")),
            "x_out": shape(layer.get("x_out")),
            "parameters": number(layer.get("parameters") or 0),
        }
        for layer in run.evaluation.get("layers") or []
    ]


def parameters_total(run: RunFolder) -> str:
    """Parameters of all networks that predict."""
    return f"{max(1, sum(one['predicts'] for one in members(run))) * _parameters_of_one(run):,}"


def parameters_each(run: RunFolder) -> str:
    """Parameters of each network of an ensemble; empty for a single network."""
    return f"{_parameters_of_one(run):,}" if len(members(run)) > 1 else ""


def _parameters_of_one(run: RunFolder) -> int:
    """Parameters of the outermost layers: those of a container include the layers in it."""
    layers = run.evaluation.get("layers") or []
    outermost = min((layer.get("depth") or 0 for layer in layers), default=0)
    return sum(layer.get("parameters") or 0 for layer in layers if (layer.get("depth") or 0) == outermost)


def members(run: RunFolder) -> list[dict[str, Any]]:
    """The networks of an ensemble, as ensemble.json tells of them; none for a single network."""
    return list(run.ensemble.get("trained") or [])


def _each_member(run: RunFolder, name: str) -> str:
    """A number of the members: one where all have the same, else from the least to the largest."""
    numbers = [one[name] for one in members(run) if one.get(name) is not None]
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def facts(run: RunFolder) -> dict[str, str]:
    """The run in a few numbers, for the line under the headline."""
    found = run.evaluation
    rows = found.get("rows") or {}
    each = parameters_each(run)
    parameters = parameters_total(run) + (f" ({each} in each network)" if each else "")
    train: str | None = number(rows.get("train") or None)
    if run.ensemble.get("folds"):
        train = f"{train} ({_each_member(run, 'rows')} in each network, whose other rows chose its epoch)"
    shown = {
        "networks": number(len(members(run))) if len(members(run)) > 1 else None,
        "training rows": train,
        "validation rows": number(rows.get("validation") or None),
        "test rows": number(rows.get("test") or None),
        "parameters": parameters if found.get("layers") else None,
        "epochs": _epochs(found, run),
        "time": duration(found.get("seconds")) if found.get("seconds") is not None else None,
    }
    return {name: value for name, value in shown.items() if value and value != "–"}


def settings_tables(run: RunFolder) -> dict[str, dict[str, str]]:
    """The sections of run.toml; what stands above them is "run"."""
    top = {name: value for name, value in run.settings.items() if not isinstance(value, dict)}
    sections = {"run": top} | {name: value for name, value in run.settings.items() if isinstance(value, dict)}
    return {
        name: {spaced(key): _plain(value) for key, value in section.items()}
        for name, section in sections.items()
        if section
    }


def _epochs(found: dict[str, Any], run: RunFolder) -> str | None:
    done = found.get("epochs") or (max(row.epoch for row in run.history) if run.history else None)
    if not done:
        return None
    if len(members(run)) > 1:
        each = _each_member(run, "best_epoch")
        return _each_member(run, "epochs") + (f" (kept of each network: {each})" if each else "")
    best = found.get("best_epoch")
    return number(done) + (f" (kept: {number(best)})" if best else "")


def _outcome(value: Any) -> str:
    """A class label as it is, a value of a regression rounded."""
    return number(value) if isinstance(value, float) else cell(value)


def _off(error: float) -> str:
    return f"{number(float(f'{abs(error):.3g}'))} too {'high' if error > 0 else 'low'}"


def _settings_text(settings: Any) -> str:
    if isinstance(settings, dict):
        return ", ".join(f"{key} {_plain(value)}" for key, value in settings.items())
    return str(settings or "")


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
