"""backlight walk: one example forward and backward through the network of a run."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from .. import options
from ..app import app
from ..output import print_json, print_table, print_text, shape

_SHOWN = 12
"""Values of the example that are printed."""

_WIDTH = 100
"""Characters of a row of the table of layers."""
_LONG = 16
"""Characters of a layer's path that are always shown."""

_PIXELS = 100
"""Columns beyond which the values of one example say nothing to a reader."""

_FORWARD = """Forward, read down:   layer i maps its input x(i) to f(x(i), θ(i)), which is x(i+1) in a chain; where ways
                      part and meet again, x(i) is what layer i itself reads. The last one is the output x(n)."""
_BACKWARD = (
    "Backward, read up:    v(n) = ∂L/∂x(n), then v(i) = v(i+1) · ∂x(i+1)/∂x(i) and ∂L/∂θ(i) = v(i+1) · ∂x(i+1)/∂θ(i)."
)
_LEGEND = """
|·|         Euclidean norm over all elements.
σ           singular values of the layer's Jacobian ∂x(i+1)/∂x(i): a change of x(i) grows by at most the largest σ on
            its way forward, and v(i+1) by at most the largest σ on its way back. Where layer after layer has σ
            well below 1, gradients vanish; well above 1, they explode.
effective   Σσ² / σ₁²: of all directions about so many pass like the best one. For a ReLU, the units that are on."""

_SUM = """sum         where a residual block ends: x(i) is what its body gives, x(i+1) that and what went round it; v(i)
            passes unchanged to both ways. σ are those of the whole block."""

_CONSTANT = """σ = 0       the layer's output stays as it is under a small change of x(i) (as a one-hot code does), so
            nothing comes back through it: v(i) = 0."""


@app.command(epilog="Example:  backlight walk runs/adult-20260101-120000 --row 17")
def walk(
    run: options.RunFolder,
    row: Annotated[int, typer.Option(help="Which example, counted from 0.", metavar="N")],
    data: Annotated[
        str | None, typer.Option(help="Take the row from other data than that of the training.", metavar="DATA")
    ] = None,
    member: Annotated[int, typer.Option(help="Which network of an ensemble, counted from 1.", metavar="K")] = 1,
    all_singular_values: Annotated[
        bool,
        typer.Option(
            "--all-singular-values", help="Find those of large layers, too, which can take minutes for a layer."
        ),
    ] = False,
    json: options.Json = False,
) -> None:
    """Walk one example through the network of RUN, forward and backward, layer by layer."""
    from ... import runs

    found = runs.Run(run).walk(row, data, member=member, all_singular_values=all_singular_values).to_dict()
    if json:
        print_json(found)
        return
    _print_example(found)
    print_text(f"\n{_FORWARD}\n{_BACKWARD}\n")
    _print_layers(found)
    print_text(_LEGEND)
    if any(layer["kind"] == "sum" for layer in found["layers"]):
        print_text(_SUM)
    if any(layer["largest"] == 0 for layer in found["layers"]):
        print_text(_CONSTANT)
    for line in _methods(found["layers"]):
        print_text(line)
    if not all_singular_values and (left := _incomplete(found["layers"])):
        print_text(f"Not all σ of layer {', '.join(left)} were looked for; --all-singular-values does, in minutes.")


def _print_example(found: Mapping[str, Any]) -> None:
    example = found["example"]
    shown = [f"{name} {'–' if value is None else value}" for name, value in list(example.items())[:_SHOWN]]
    more = f" … and {len(example) - _SHOWN:,} more columns" if len(example) > _SHOWN else ""
    told = f"{len(example):,} columns" if len(example) > _PIXELS else f"{', '.join(shown)}{more}"
    print_text(f"Row {found['row']} of {found['source']}:  {told}\n")
    probability = found["probability_of_right_class"]
    right = "" if probability is None else f"; probability of the right class {_number(probability)}"
    if found["members"] > 1:
        print_text(f"Network {found['member']} of the {found['members']} of the ensemble; it answers for itself alone.")
    print_text(f"{found['target']}:  truth {_value(found['truth'])}, predicted {_value(found['prediction'])}{right}")
    print_text(f"loss L ({found['loss_name'].replace('-', ' ')}):  {_number(found['loss'])}")
    if len(found["output"]) <= _SHOWN:
        print_text(f"x(n) = ({_numbers(found['output'])})\nv(n) = ∂L/∂x(n) = ({_numbers(found['output_v'])})")


def _print_layers(found: Mapping[str, Any]) -> None:
    headings = ("i", "layer", "kind", "x(i)", "|x(i)|", "|v(i)|", "|∂L/∂θ|", "σ max", "σ min", "effective")
    paths = [layer["layer"] for layer in found["layers"]]
    names = [_name(path, before) for path, before in zip(paths, ["", *paths], strict=False)]
    rows = [(i, name, *_cells(layer)) for i, (name, layer) in enumerate(zip(names, found["layers"], strict=True))]
    width = len(found["output"])
    sizes = _short(found["output_norm"]), _short(found["output_v_norm"])
    rows.append((len(rows), "", "output", str(width), *sizes, *[""] * 4))
    print_table(headings, rows, right=(0, 3, 4, 5, 6, 7, 8, 9), whole=(1,), most=_WIDTH)


def _name(path: str, before: str) -> str:
    """A long path without the beginning that it shares with the row above."""
    parts, above = path.split("."), before.split(".")
    shared = 0
    while shared < min(len(parts) - 1, len(above)) and parts[shared] == above[shared]:
        shared += 1
    return path if len(path) <= _LONG or not shared else "….".join(("", ".".join(parts[shared:])))


def _cells(layer: Mapping[str, Any]) -> tuple[str, ...]:
    gradient, exact = layer["parameter_gradient_norm"], layer["smallest"] is not None
    effective = "–" if layer["effective"] is None else f"{'' if exact else '≈ '}{_count(layer['effective'])}"
    return (
        layer["kind"],
        shape(layer["shape"]),
        _short(layer["x_norm"]),
        _short(layer["v_norm"]),
        "" if gradient is None else _short(gradient),
        _short(layer["largest"]),
        _short(layer["smallest"]),
        effective,
    )


def _methods(layers: list[dict[str, Any]]) -> list[str]:
    """How the singular values were found, a line each with the numbers of the layers."""
    found: dict[str, list[str]] = {}
    for i, layer in enumerate(layers):
        found.setdefault(layer["jacobian_method"] or "not found (no forward derivative)", []).append(str(i))
    return ["", "How σ was found:", *(f"  {method}: layer {', '.join(places)}" for method, places in found.items())]


def _incomplete(layers: list[dict[str, Any]]) -> list[str]:
    """Numbers of the layers of which σ were left out to save time."""
    return [str(i) for i, layer in enumerate(layers) if layer["jacobian_method"] and layer["smallest"] is None]


def _number(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}g}"


def _short(value: float | None) -> str:
    """Three digits, for the table."""
    return "–" if value is None else f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(map(_number, values))


def _value(value: Any) -> str:
    return _number(value) if isinstance(value, float) else str(value)
