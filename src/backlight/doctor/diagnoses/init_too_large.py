"""I304: weights that start too large."""

from collections.abc import Iterator

from ...signals import LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import main_weight, relative_spread

LARGE = 5.0
"""√(mean square of W · fan-in); He gives 1.4. At 5 three layers multiply the signal by more than 100."""


@diagnosis(
    "I304",
    "init-too-large",
    needs=("multiplying",),
    treatments=("init",),
    explains=(
        "exploding-gradient",
        "non-finite",
        "oscillating-loss",
        "learning-rate-too-high",
        "learning-rate-too-low",
        "stopped-too-early",
        "not-learning",
        "plateau",
        "vanishing-gradient",
    ),
    explains_above=("saturated-units", "dead-units"),
    shows=("y_std", "gradient_share"),
)
def init_too_large(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Weights start so large that outputs grow or saturate from layer to layer.

    What it sees
    √(mean square of W · fan-in) of weighted and recurrent layers that no normalisation follows, held against 5. A first
    layer whose output starts no larger than that is left out: it was scaled to its inputs, as a whitening layer is, and
    no layer lies below it for v(i) to grow into. Of embedded vectors that a layer reads as they are, the root mean
    square.

    Why it hurts
    x(i) and v(i) grow by this factor at each layer: sigmoids and tanh start in their flat ends, the first loss
    is many times that of a constant prediction, and the first steps go far astray.

    When it is wrong
    Random-feature layers that are frozen on purpose.

    Example
    `nn.init.normal_(w, std=1.0)` with 784 inputs.

    Treatment
    He initialisation for rectifiers (std √(2/fan-in)), Glorot for tanh.

    References
    Glorot, Bengio (2010). He et al. (2015).
    """
    spreads = {}
    for layer in run.multiplying:
        weight = main_weight(layer)
        normalised = any(follower.role == "normalisation" for follower in run.followers(layer.name))
        if weight is None or normalised or (layer is run.multiplying[0] and _scaled_to_its_inputs(run, layer)):
            continue
        spreads[layer.name] = relative_spread(weight)
    spreads |= {layer.name: size for layer in run.layers if (size := _vectors(run, layer)) is not None}
    large = [name for name, spread in spreads.items() if spread > LARGE]
    if not large:
        yield RuledOut(
            f"Largest √(mean square of W · fan-in): {max(spreads.values(), default=0):.2f} (limit {LARGE:g})."
        )
        return
    yield Seen(
        "error" if run.diverged or (run.finished and not run.learned) else "warning",
        f"Weights start too large in {', '.join(large[:4])}: √(mean square · fan-in) is"
        f" {spreads[large[0]]:.3g}, where 1 to 1.4 keeps the signal's size.",
        "Use He initialisation for rectifiers, Glorot for tanh; embedded vectors of about one.",
        layer=large[0],
        step=0,
        evidence={"spread": {n: spreads[n] for n in large[:20]}, "threshold": LARGE},
    )


def _scaled_to_its_inputs(run: RunFacts, layer: LayerFacts) -> bool:
    """Whether the output starts no larger than `LARGE`, for another reason than that the layer bounds it."""
    outputs = run.signals.values("y_std", layer.name)
    return layer.role not in ("recurrent", "attention") and bool(outputs) and outputs[0] <= LARGE


def _vectors(run: RunFacts, layer: LayerFacts) -> float | None:
    """Root mean square of embedded vectors that another layer reads as they are, and does not normalise."""
    weight, readers = main_weight(layer), run.followers(layer.name)
    if layer.role != "embedding" or weight is None or not readers or readers[0].role == "normalisation":
        return None
    return float(weight.std**2 + weight.mean**2) ** 0.5
