"""How an error falls with the number of training rows: e(n) = a + b·n⁻ᶜ, fitted with its uncertainty.

The form, with a floor a ≥ 0, is that of Hestness et al. 2017 ("Deep Learning Scaling is Predictable, Empirically") and
Rosenfeld et al. 2020 ("A Constructive Prediction of the Generalization Error Across Scales"); Viering and Loog 2023
("The Shape of Learning Curves: a Review") find it the best of the common ones on most sets. Points at the small end say
little of a and c, so a best fit alone is far too sure of itself: forecasts come from the posterior over (a, b, c).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXPONENT = (0.6, 0.5)
"""Prior of c: log-normal, median and spread of ln c. 0.5 to 1 is what theory gives for simple models, 0.07 to 0.35 what
Hestness et al. measured on large networks; 95 % of the prior lie between 0.23 and 1.6."""
SHORTFALL, DEPARTURE = 0.2, 0.35
"""Curves are no exact power laws, and flatten more often than they steepen, since capacity and the number of updates
set floors that small subsets do not show. Of the gain that the law foretells beyond the points, this share is missing
in the mean, with this standard deviation: 95 % of the draws lie between 0.1 and 1.5 times the law's. These two, MISFIT
and EXPONENT were set on ten synthetic problems, Beijing air quality and scikit-learn's digits, where the intervals held
97 % of the trainings on 2 to 8 times the rows; that was 98 % with intervals a quarter wider."""
MISFIT = 0.5
"""The same within the points: a point whose error lies d above that of the largest may lie off the law by this share of
d. Small subsets, where other things than the rows limit a training, then bend the forecast less."""
ROWS_SHARE = 0.5
"""Share of the variance between trainings that comes from the rows drawn, the rest from their start; about what
Bouthillier et al. 2021 ("Accounting for Variance in Machine Learning Benchmarks") found. Trainings on all the rows
there are share that part, and their mean keeps it."""
DRAWS = 4000
_EXPONENTS = np.geomspace(0.04, 2.5, 72)
_FLOORS = (np.arange(80) + 0.5) / 80
"""a as a share of the lowest error that the noise allows."""


@dataclass(frozen=True)
class PowerLaw:
    """Draws from the posterior over the curve."""

    a: np.ndarray
    """Floors (draws,)."""
    b: np.ndarray
    c: np.ndarray
    noise: np.ndarray
    """Standard deviation of one training about the curve, at `last` rows (draws,)."""
    decline: float
    """d in noise(n) = noise · (n / last)⁻ᵈ."""
    last: float
    """Rows of the largest point."""
    departures: np.ndarray
    """Standard normal, how far each draw's curve departs from the law beyond the points (draws,)."""
    luck: np.ndarray
    """Standard normal, the noise of the training that is forecast (draws,)."""

    def curve(self, rows: float) -> np.ndarray:
        """Expected error at that many rows (draws,), departures from the law included."""
        law = self.a + self.b * rows**-self.c
        if rows <= self.last:
            return law
        gain = self.a + self.b * self.last**-self.c - law
        return np.maximum(law + (SHORTFALL + DEPARTURE * self.departures) * gain, 0.0)

    def training(self, rows: float) -> np.ndarray:
        """Error of one training on that many rows (draws,). Beyond the points its noise falls no further: that of the
        start stays."""
        noise = self.noise * min(1.0, rows / self.last) ** -self.decline
        return np.maximum(self.curve(rows) + noise * self.luck, 0.0)

    def rows_for(self, error: float) -> np.ndarray:
        """Rows at which the curve reaches that error (draws,); infinity where it never does."""
        above = np.maximum(error - self.a, 0.0)
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(above > 0, (self.b / np.where(above > 0, above, 1.0)) ** (1 / self.c), np.inf)


def fit_power_law(rows: np.ndarray, errors: list[np.ndarray], *, pool: int, seed: int = 0) -> PowerLaw:
    """The posterior over the curve, from several trainings at each of at least three sizes.

    rows: training rows of each point, ascending (m,). errors: one array a point, of the error of each training. pool:
    rows that the subsets were drawn from. The noise of a training is normal, with an unknown scale and
    a known course over the sizes, so that the likelihood is Student's; b is integrated out exactly on a grid over
    (a, c), and everything is then drawn from there.
    """
    rows = np.asarray(rows, float)
    last, decline = float(rows[-1]), _decline(rows, errors)
    shape = (rows / last) ** -decline
    counts = np.array([len(part) for part in errors])
    means = np.array([np.mean(part) for part in errors])
    freedom = int((counts - 1).sum())
    within = sum(float(((part - part.mean()) ** 2).sum()) / w**2 for part, w in zip(errors, shape, strict=True))
    drawn = np.minimum(rows / pool, 1.0)
    weight = shape**2 * ((1 - ROWS_SHARE) / counts + ROWS_SHARE * ((1 - drawn) / counts + drawn))
    within = max(within, freedom * (1e-4 * float(means.mean())) ** 2)  # errors that are all alike have some noise, too
    weight = weight + (MISFIT * (means - means[-1])) ** 2 / (within / max(freedom, 1))
    rng = np.random.default_rng(seed)
    return _draw(rows, means, weight, within, freedom, rng, decline)


def pooled_spread(rows: np.ndarray, values: list[np.ndarray]) -> tuple[np.ndarray, int]:
    """Standard deviation of one training at each size (m,), pooled over the sizes, and its degrees of freedom."""
    freedom = sum(len(part) - 1 for part in values)
    shape = (rows / rows[-1]) ** -_decline(rows, values)
    within = sum(float(((part - part.mean()) ** 2).sum()) / w**2 for part, w in zip(values, shape, strict=True))
    return shape * np.sqrt(within / max(freedom, 1)), freedom


def _decline(rows: np.ndarray, errors: list[np.ndarray]) -> float:
    """How fast the spread between trainings falls with the rows: the likeliest d in [0, 1] of s(n) ∝ n⁻ᵈ."""
    candidates = np.linspace(0, 1, 21)
    freedoms = np.array([len(part) - 1 for part in errors])
    spreads = np.array([((part - part.mean()) ** 2).sum() for part in errors])
    relative = (rows / rows[-1])[None] ** (-2 * candidates[:, None])  # (d, m): variance over that of the last point
    pooled = (spreads / relative).sum(1)
    if not pooled.all():
        return 0.5
    log_likelihood = -0.5 * (freedoms.sum() * np.log(pooled) + (freedoms * np.log(relative)).sum(1))
    weights = np.exp(log_likelihood - log_likelihood.max())
    return float((weights * candidates).sum() / weights.sum())


def _draw(
    rows: np.ndarray,
    means: np.ndarray,
    weight: np.ndarray,
    within: float,
    freedom: int,
    rng: np.random.Generator,
    decline: float,
) -> PowerLaw:
    """Draws of (a, b, c, noise). weight: variance of each mean over that of one training at the largest size."""
    last, m = float(rows[-1]), len(rows)
    highest = float(means.min() + 2 * np.sqrt(within / max(freedom, 1)))
    a, c = (grid.ravel() for grid in np.meshgrid(_FLOORS * highest, _EXPONENTS, indexing="ij"))
    base = (rows / last)[None] ** -c[:, None]  # (grid, m): n⁻ᶜ with n in units of the largest size
    above = means[None] - a[:, None]
    precision = (base**2 / weight).sum(1)
    best = (base * above / weight).sum(1) / precision
    residual = ((above - best[:, None] * base) ** 2 / weight).sum(1)
    scale = (within + residual) / (freedom + m - 1)
    log_prior = -0.5 * ((np.log(c / EXPONENT[0])) / EXPONENT[1]) ** 2  # on the grid, which is even in ln c
    log_posterior = (
        log_prior
        - 0.5 * (freedom + m - 1) * np.log(within + residual)
        - 0.5 * np.log(precision)
        + np.log(_above_zero(best / np.sqrt(scale / precision)))
    )
    probability = np.exp(log_posterior - log_posterior.max())
    chosen = rng.choice(len(a), DRAWS, p=probability / probability.sum())
    variance = (within + residual[chosen]) / rng.chisquare(freedom + m - 1, DRAWS)
    spread = np.sqrt(variance / precision[chosen])
    b = best[chosen] + spread * _truncated(-best[chosen] / spread, rng)
    exponents = c[chosen] * np.exp(rng.uniform(-0.5, 0.5, DRAWS) * np.log(_EXPONENTS[1] / _EXPONENTS[0]))
    return PowerLaw(
        a=a[chosen],
        b=b * last**exponents,
        c=exponents,
        noise=np.sqrt(variance),
        decline=decline,
        last=last,
        departures=rng.standard_normal(DRAWS),
        luck=rng.standard_normal(DRAWS),
    )


def _above_zero(z: np.ndarray) -> np.ndarray:
    """P(normal > −z), kept from 0."""
    from scipy.special import ndtr

    return np.maximum(ndtr(z), 1e-300)


def _truncated(low: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Standard normal numbers that are above `low`, by the inverse of their distribution."""
    from scipy.special import ndtr, ndtri

    below = np.minimum(ndtr(low), 1 - 1e-12)
    return ndtri(below + (1 - below) * rng.uniform(1e-12, 1, len(low)))
