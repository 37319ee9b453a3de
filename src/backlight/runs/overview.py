"""`show`: the network that would be trained on some data, layer by layer."""

from pathlib import Path
from typing import Any

from torch import nn

from . import settings
from .assembly import assemble
from .options import configure
from .outcome import layers


def show(
    source: Any = None,
    target: str | None = None,
    *,
    network: str | nn.Module | None = None,
    config: str | Path | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The layers with the shapes of x(i) and x(i+1) and their parameters; the arguments are those of `train`.

    Keys: `network` (its description), `task`, `inputs` (shape of x(0)), `parameters` (their number), `layers`.
    """
    module = network if isinstance(network, nn.Module) else None
    base = settings.base(config, network)
    named = {} if module is not None else {"network": network}
    assembly = assemble(source, configure({"target": target, **named, **options}, base), network=module)
    return {
        "network": assembly.config.network.description or type(assembly.module).__name__,
        "task": assembly.task.kind,
        "inputs": list(assembly.prepared.inputs.shape),
        "parameters": sum(parameter.numel() for parameter in assembly.module.parameters()),
        "layers": layers(assembly),
    }
