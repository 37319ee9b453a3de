"""I303: weights that start too small."""

from collections.abc import Iterator

from ...signals import LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import main_weight, relative_spread

SMALL = 0.1
"""√(mean square of W · fan-in); PyTorch's default gives 0.58, Glorot about 1. Below 0.1 each layer shrinks what it
passes on to less than a tenth."""
PRODUCT = 1e-3
"""The same multiplied over all hidden layers that nothing normalises."""


@diagnosis(
    "I303",
    "init-too-small",
    needs=("multiplying",),
    treatments=("init",),
    explains=(
        "vanishing-gradient",
        "not-learning",
        "plateau",
        "learning-rate-too-low",
        "obfuscated-gradient",
        "dead-units",
        "redundant-units",
    ),
    shows=("y_std", "gradient_share"),
)
def init_too_small(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Hidden weights start so small that signal and gradient fade from layer to layer.

    What it sees
    √(mean square of W · fan-in) of hidden layers that no normalisation follows: single layers below 0.1, and the
    product over the depth below 0.001. In a run that learned nothing also of layers of one's own with a matrix.

    Why it hurts
    x(i) and v(i) shrink by this factor at each layer: outputs do not depend on inputs, lower layers get no
    gradient, and the loss stands still at that of a constant.

    When it is wrong
    In residual networks, where branches may start small; before a normalisation, which restores the size.

    Example
    `nn.init.normal_(w, std=0.001)` in a network of six layers.

    Treatment
    He initialisation for rectifiers (std √(2/fan-in)), Glorot for tanh.

    References
    Glorot, Bengio (2010). He et al. (2015).
    """
    spreads = {}
    for layer in (*run.hidden, *_own_matrices(run)):
        weight = main_weight(layer)
        if weight is None or weight.largest == 0 or any(f.role == "normalisation" for f in run.followers(layer.name)):
            continue
        spreads[layer.name] = relative_spread(weight)
    product = 1.0
    for spread in spreads.values():
        product *= min(1.0, spread)
    small = [name for name, spread in spreads.items() if spread < SMALL]
    numbers = f"product over {len(spreads)} hidden layers {product:.2g}"
    if not small or product > PRODUCT:
        yield RuledOut(f"{len(small)} hidden weights start below {SMALL:g}; {numbers} (limit {PRODUCT:g}).")
        return
    yield Seen(
        "error" if run.finished and not run.learned else "warning",
        f"Weights start too small in {', '.join(small[:4])}: √(mean square · fan-in) is"
        f" {spreads[small[0]]:.2g} where about 1 keeps the signal's size; {numbers}.",
        "Use He initialisation for rectifiers, Glorot for tanh, or put a normalisation between the layers.",
        layer=small[0],
        step=0,
        evidence={"spread": {n: spreads[n] for n in small[:20]}, "threshold": SMALL, "product": product},
    )


def _own_matrices(run: RunFacts) -> list[LayerFacts]:
    """Layers of the program's own whose matrix leads from the features of x(i) to those of x(i+1), but the last.

    What they do beside it (a residual path) is not known: only in a run that failed.
    """
    if not run.failed:
        return []
    found = [
        layer
        for layer in run.multiplying
        if layer.role == "other"
        and (weight := main_weight(layer)) is not None
        and layer.x_shape
        and layer.y_shape
        and sorted(weight.shape) == sorted((layer.x_shape[-1], layer.y_shape[-1]))
    ]
    last = run.multiplying[-1] if run.multiplying else None
    return [layer for layer in found if layer is not last]
