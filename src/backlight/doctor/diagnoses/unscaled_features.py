"""D102: features of large or very different size."""

from collections.abc import Iterator

import numpy as np

from ...signals import InputFacts, LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

LARGE = 10.0
"""Root mean square of a feature, against the 1 that every initialisation and default learning rate assumes (LeCun,
Bottou, Orr & Müller, Efficient BackProp, 1998, section 4.3)."""
FATAL = 100.0
"""Above this the first layer's outputs and gradients are two orders of magnitude off: an error where nothing is
learned. Plain gradient descent, whose steps grow with the square of the size, is there at 10 already."""
SMALL = 0.01
"""Below this in all features the network answers with its biases alone at usual learning rates."""
APART = 100.0
"""Largest over smallest spread of features: the condition number of the first layer's problem is its square."""
ROUNDING = 2.0**-20
"""Spread of a feature beside the largest size of any, below which it is a constant but for rounding: sixteen steps of
32-bit numbers, of 2⁻²⁴ each."""
RANGE = 6.0
"""Range of a feature over its spread: about 6 for a thousand normal values."""


@diagnosis(
    "D102",
    "unscaled-features",
    needs=("inputs", "layers"),
    treatments=("scale-together", "standardise-features"),
    explains=(
        "dead-units",
        "saturated-units",
        "exploding-gradient",
        "learning-rate-too-high",
        "learning-rate-too-low",
        "oscillating-loss",
        "not-learning",
        "plateau",
        "init-too-large",
        "non-finite",
        "vanishing-gradient",
        "frozen-parameters",
        "redundant-units",
        "obfuscated-gradient",
    ),
    shows=("y_std",),
)
def unscaled_features(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Features reach the network far larger than one, or on very different scales.

    What it sees
    The root mean square of each feature (of each channel, for images) over the observed rows, held against 10;
    and the ratio of the largest to the smallest spread, held against 100; where nothing is learned, also whether all
    features lie below 0.01. A feature that rarely leaves its usual value
    (a rare category, the border of a picture) is no smaller for it: its spread counts as a sixth of its range at
    least, and features of which most share their smallest or largest value count as of one unit. Not looked at where
    the first layer with parameters embeds, or one before it normalises.

    Why it hurts
    The gradient of a first-layer weight is proportional to its feature: large features force tiny steps on
    everything else, saturate sigmoids and throw rectifiers onto their dead side with one update.

    When it is wrong
    When the scale carries meaning that a standardised feature would lose; trees do not mind, networks do. Where nine
    tenths of the loss went nonetheless (as with Adam and pixels from 0 to 16), it is a note.

    Example
    Pixels from 0 to 255; an income in euros beside an age in years.

    Treatment
    Subtract the mean and divide by the spread, both measured on training rows only: of each feature, or of all
    together where they have one unit (pixels, counts); take logarithms of heavy-tailed features.

    References
    LeCun, Bottou, Orr, Müller: Efficient BackProp (1998). Ioffe, Szegedy: Batch Normalization (2015).
    """
    x, first = run.inputs, _first_reader(run)
    assert x is not None
    if not x.floating or first.role in ("normalisation", "embedding"):
        yield RuledOut(f"The first layer is {first.kind}: the scale of x(0) does not matter.")
        return
    size = np.sqrt(x.column_mean**2 + x.column_std**2)
    ratio = _apart(x)
    numbers = f"largest root mean square {size.max():.3g}"
    numbers += f", largest spread {ratio:.3g} times the smallest" if ratio > 1 else ""
    small = run.failed and 0 < size.max() < SMALL
    if size.max() <= LARGE and ratio <= APART and not small:
        yield RuledOut(f"{numbers} (limits {LARGE:g} and {APART:g}).")
        return
    fatal = run.failed and (size.max() > FATAL or (size.max() > LARGE and not run.adaptive))
    yield Seen(
        run.severity(fatal=small or bool(fatal)),
        f"Features reach the network unscaled: {numbers}.",
        "Standardise each feature (pixels: divide by 255, subtract the mean) with statistics of the training rows.",
        layer=first.name,
        evidence={
            "largest_rms": float(size.max()),
            "threshold_rms": LARGE,
            "spread_ratio": ratio,
            "threshold_ratio": APART,
            "feature": int(size.argmax()),
            "one_unit": x.shared_end is not None,
        },
    )


def _first_reader(run: RunFacts) -> LayerFacts:
    """The first layer that normalises or has parameters: a cast, a reshaping or a dropout before it reads no scale."""
    return next((one for one in run.layers if one.parameters or one.role == "normalisation"), run.layers[0])


def _apart(x: InputFacts) -> float:
    """Largest over smallest spread of the features of a table; 1 where they share a unit."""
    varies = x.column_std > ROUNDING * np.sqrt(x.column_mean**2 + x.column_std**2).max()
    if not x.columns_are_features or varies.sum() < 2 or x.shared_end is not None:
        return 1.0
    least = np.maximum(x.column_std, (x.column_high - x.column_low) / RANGE)[varies]
    return float(x.column_std.max() / least.min())
