"""I301: weights that start at zero."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import main_weight

EARLY = 10
"""First observations in which a gradient must show."""


@diagnosis(
    "I301",
    "zero-init",
    needs=("multiplying",),
    treatments=("init",),
    explains=(
        "symmetric-init",
        "init-too-small",
        "vanishing-gradient",
        "dead-units",
        "redundant-units",
        "not-learning",
        "plateau",
        "learning-rate-too-low",
        "learning-rate-too-high",
        "frozen-parameters",
        "obfuscated-gradient",
        "capacity-too-low",
    ),
    certain=True,
    shows=("gradient_norm",),
)
def zero_init(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Weights start at zero, and so does every gradient behind them.

    What it sees
    Weight matrices that were all zero before the first step, and whose gradient stayed zero in the first
    observed steps.

    Why it hurts
    v(i) = v(i+1) W: a zero weight passes no gradient down, and its own gradient is zero when the layer below puts
    out zero. Only the last bias learns: the network predicts the mean.

    When it is wrong
    The last layer of a residual branch or of the whole network may start at zero: its own gradient is not zero,
    and nothing is said.

    Example
    `for p in model.parameters(): nn.init.zeros_(p)`

    Treatment
    He or Glorot initialisation for weights; zero for biases only.

    References
    He et al.: Delving Deep into Rectifiers (2015). Glorot, Bengio (2010).
    """
    zero = [layer.name for layer in run.multiplying if (w := main_weight(layer)) is not None and w.largest == 0]
    silent = [name for name in zero if not any(run.signals.values("gradient_norm", name)[:EARLY])]
    if not silent or not run.signals.values("gradient_norm", silent[0]):
        yield RuledOut(f"{len(zero)} weights start at zero, {len(silent)} of them without a gradient.")
        return
    yield Seen(
        "error",
        f"{len(zero)} of {len(run.multiplying)} weights start at zero, and {', '.join(silent[:4])} received no"
        " gradient.",
        "Initialise weights at random (He for rectifiers, Glorot for tanh); leave only biases at zero.",
        layer=silent[0],
        step=0,
        evidence={"layers": zero, "without_gradient": silent},
    )
