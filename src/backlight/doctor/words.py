"""How a finding says a number."""

import math

MANY = 10.0
"""Times from which a share is no longer told in percent."""
MOST = 1e6


def share_of(share: float) -> str:
    """A share before what it is a share of: "84% of", "1,200 times", "more than a million times"."""
    if math.isnan(share):
        return "no telling how much of"
    if abs(share) < MANY:
        return f"{share:.0%} of"
    if abs(share) > MOST:
        return "more than a million times"
    return f"{float(f'{share:.2g}'):,.0f} times"
