"""How a finding says a number."""

import math

ALL = 1.005
"""Times from which a share is more than all, so that it is not told in percent."""
MANY = 10.0
"""Times from which two digits are enough."""
MOST = 1e6
UNMEASURED = "The size of such a loss (of adversaries, or below zero) does not tell"
"""Of a loss that is not `measured`; what it does not tell follows."""


def share_of(share: float) -> str:
    """A share before what it is a share of: "84% of", "3.46 times", "1,200 times", "more than a million times"."""
    if math.isnan(share):
        return "no telling how much of"
    if -MANY < share < ALL:
        return f"{share:.0%} of"
    if abs(share) > MOST:
        return "more than a million times"
    return f"{share:.3g} times" if 0 < share < MANY else f"{float(f'{share:.2g}'):,.0f} times"


def layer_named(name: str) -> str:
    """A layer in a sentence: "layer 0" where its place is its whole name, "the network" where it has none."""
    if not name:
        return "the network"
    return f"layer {name}" if name.replace(".", "").isdecimal() else name


def left_of(share: float, loss: str) -> str:
    """What is left of a loss at the end: "84% of the first loss left", "the loss at 3.46 times the first loss"."""
    said = share_of(share)
    return f"{said} {loss} left" if said.endswith("of") else f"the loss at {said} {loss}"
