"""A smooth line through noisy points that does not lag behind them."""

from collections.abc import Sequence

import numpy as np

SHARE = 0.015
"""Standard deviation of the kernel as a share of the whole course, unless the user says otherwise. Points that are
further apart than that, such as the epochs of a short training, are left as they are."""
_MOST = 400
"""Places that a line is drawn through; more are not seen."""


def smoothed(
    x: Sequence[float], y: Sequence[float], *, share: float = SHARE, span: float | None = None
) -> tuple[list[float], list[float]]:
    """Local linear regression with a Gaussian kernel of `share` of `span`; returns new x and y.

    Unlike a running mean it has no lag, and none of the bias at both ends where a loss falls steeply (Fan 1992,
    Design-adaptive nonparametric regression). Points that are not finite are left out, and leave a gap where they are
    many. `share` 0 returns the points as they are.
    """
    points = np.array([x, y], dtype=float)
    width = share * (np.ptp(points[0]) if span is None else span) if len(x) else 0.0
    if width <= 0 or len(x) < 3:
        return list(x), list(y)
    at = points[0] if len(x) <= _MOST else np.linspace(points[0].min(), points[0].max(), _MOST)
    known = points[:, np.isfinite(points[1])]
    away = known[0] - at[:, None]  # (places, points)
    weight = np.exp(-0.5 * (away / width) ** 2)
    total, first, second = ((weight * away**power).sum(1) for power in range(3))
    level, slope = weight @ known[1], (weight * away) @ known[1]
    spread = total * second - first**2
    with np.errstate(invalid="ignore", divide="ignore"):
        line = (second * level - first * slope) / spread
        value = np.where(spread > 1e-6 * (total * width) ** 2, line, level / total)
    value[total < 1e-3] = np.nan  # nothing within some four kernels
    return at.tolist(), value.tolist()
