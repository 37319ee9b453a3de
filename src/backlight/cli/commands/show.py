"""backlight show: the network that would be trained, layer by layer."""

from typing import Any

from .. import options
from ..app import app
from ..output import print_json, print_table, print_text, shape


@app.command(epilog='Example:  backlight show adult.csv --target income --network "128 relu, 64 relu"')
def show(
    data: options.Data = None,
    target: options.Target = None,
    network: options.Network = None,
    task: options.Task = None,
    drop: options.Drop = None,
    images: options.Images = None,
    preprocessing: options.Preprocessing = None,
    init: options.Init = None,
    seed: options.Seed = None,
    config: options.ConfigFile = None,
    json: options.Json = False,
) -> None:
    """Print the layers that DATA and --network make, with the shape of every x(i) and the number of parameters."""
    from ... import runs

    shown = runs.show(
        data,
        target,
        network=network,
        config=config,
        task=task,
        drop=drop,
        images=images,
        preprocessing=preprocessing,
        init=init,
        seed=seed,
    )
    if json:
        print_json(shown)
        return
    print_text(f"{shown['network']}\n")
    rows = [(i, *_cells(layer)) for i, layer in enumerate(shown["layers"])]
    print_table(("i", "layer", "settings", "x(i)", "x(i+1)", "parameters"), rows, right=(0, 5))
    print_text(f"\n{shown['parameters']:,} parameters")


def _cells(layer: dict[str, Any]) -> tuple[str, ...]:
    kind = "  " * layer["depth"] + layer["kind"]
    return kind, layer["settings"], shape(layer["x_in"]), shape(layer["x_out"]), f"{layer['parameters']:,}"
