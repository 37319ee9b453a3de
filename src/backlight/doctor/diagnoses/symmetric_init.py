"""I302: units that start alike and stay alike."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import main_weight

ROUNDING = 1e-6
"""Spread beside the largest value up to which numbers of float32 are one."""
STILL_ALIKE = 0.5
"""Distinct over live units at or below which the layer has not been told apart."""


@diagnosis(
    "I302",
    "symmetric-init",
    needs=("layers",),
    treatments=("init",),
    explains=(
        "redundant-units",
        "not-learning",
        "plateau",
        "capacity-too-low",
        "dead-units",
        "saturated-units",
        "init-too-large",
        "init-too-small",
        "exploding-gradient",
        "vanishing-gradient",
        "learning-rate-too-high",
        "oscillating-loss",
        "obfuscated-gradient",
    ),
    shows=("gradient_norm",),
)
def symmetric_init(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """All units of a layer start with the same weights and remain copies of each other.

    What it sees
    Hidden layers of two or more units whose rows of W were equal before the first step, and whose units still
    put out the same, up to scale, at the last observation. In networks without dropout also matrices of one number
    each, all of them, where the hidden biases part no units either: then units stay alike by arithmetic.

    Why it hurts
    Units that compute the same receive the same gradient when the weights above them are the same too: a layer
    of a thousand units works as one.

    When it is wrong
    When the layer above starts at random, units part by themselves: then nothing is said.

    Example
    `nn.init.constant_(layer.weight, 0.1)`

    Treatment
    Initialise weights at random.

    References
    Goodfellow, Bengio, Courville: Deep Learning (2016), section 8.4.
    """
    alike = []
    for layer in run.hidden:
        weight = main_weight(layer)
        if weight is None or not weight.equal_units or weight.largest == 0:
            continue
        units = [run.units[f.name] for f in (layer, *run.followers(layer.name)) if f.name in run.units]
        if any(u.distinct <= max(1, STILL_ALIKE * (u.units - len(u.dead))) for u in units):
            alike.append(layer.name)
    constant = _of_one_number(run) if not alike else []
    if constant:
        yield Seen(
            "error",
            f"Every matrix started as one number ({', '.join(constant[:4])}): the units of a layer receive the same"
            " gradient and stay alike.",
            "Initialise weights at random (He for rectifiers, Glorot for tanh).",
            step=0,
            evidence={"parameters": constant[:20]},
        )
        return
    if not alike:
        yield RuledOut("No hidden layer has units that start and stay alike.")
        return
    yield Seen(
        "error",
        f"All units of {', '.join(alike[:4])} started with the same weights and still put out the same.",
        "Initialise weights at random (He for rectifiers, Glorot for tanh).",
        layer=alike[0],
        step=0,
        evidence={"layers": alike, "distinct_units": {n: run.units[n].distinct for n in alike if n in run.units}},
    )


def _of_one_number(run: RunFacts) -> list[str]:
    """Names of the matrices, where there are several, all are one number other than 0, and neither dropout nor the
    biases below the last layer part units."""
    if any(layer.role == "dropout" and layer.settings.get("p", 0) > 0 for layer in run.layers):
        return []
    biases = [p for layer in run.multiplying[:-1] for p in layer.parameters.values() if len(p.shape) == 1]
    if any(p.std > ROUNDING * p.largest for p in biases):
        return []
    matrices = {
        f"{layer.name}.{name}".lstrip("."): parameter
        for layer in run.multiplying
        for name, parameter in layer.parameters.items()
        if len(parameter.shape) > 1
    }
    same = all(p.largest > 0 and p.std <= ROUNDING * p.largest for p in matrices.values())
    return list(matrices) if len(matrices) > 1 and same else []
