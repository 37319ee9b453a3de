"""How an error falls with the number of training rows: e(n) = a + b·(D(n) + d)⁻ᶜ, fitted with its uncertainty.

The form, with a floor a ≥ 0, is that of Hestness et al. 2017 ("Deep Learning Scaling is Predictable, Empirically") and
Rosenfeld et al. 2020 ("A Constructive Prediction of the Generalization Error Across Scales"); Viering and Loog 2023
("The Shape of Learning Curves: a Review") find it, and it with a delay d, the best of the common ones on most sets.

D(n) are the rows that n rows are worth. A subset gets about as many updates as all rows do, so it sees its rows more
often; what further rows bring is the smaller the fewer passes are left to replace (`effective_rows`). Points at the
small end say little of a, c and d, so a best fit alone is far too sure of itself: forecasts come from the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXPONENT = (0.6, 0.5)
"""Prior of c: log-normal, median and spread of ln c. 0.5 to 1 is what theory gives for simple models, 0.07 to 0.35 what
Hestness et al. measured on large networks; 95 % of the prior lie between 0.23 and 1.6."""
REUSE = (15.0, 1.0)
"""Prior of R, log-normal in the same way: Muennighoff et al. 2023 fitted 15.4 to language models; how far small
networks differ is not known, so that 95 % lie between 2 and 110."""
DELAYED = {0.0: 0.90, 0.3: 0.05, 1.0: 0.05}
"""Prior of the delay d over the largest D: a curve without one falls fastest at its beginning, one with a delay is flat
until about d. Few are, but on those a law without it is sure and wrong."""
TURNED = 0.1
"""Prior odds that a score gets worse with more rows; even for one that need not get better (see `fit_power_law`)."""
WANDERING = 0.35
"""A score that need not get better also follows no law: it may depart from it, over a factor 4 of the rows, by this
share of what the last factor 4 brought (standard deviation)."""
MISFIT = 0.5
"""Curves are no exact power laws: a point whose error lies d above that of the largest may lie off the law by this
share of d. Small subsets, where other things than the rows limit a training, then bend the forecast less."""
ROWS_SHARE = 0.5
"""Share of the variance between trainings that comes from the rows drawn, the rest from their start; about what
Bouthillier et al. 2021 ("Accounting for Variance in Machine Learning Benchmarks") found. Trainings on all the rows
there are share that part, and their mean keeps it."""
DRAWS = 4000
_EXPONENTS = np.geomspace(0.04, 2.5, 24)
_FLOORS = (np.arange(80) + 0.5) / 40
"""a as a share of the lowest error that the noise allows; above 1 for a score that gets worse."""
_REUSES = np.geomspace(1.5, 150, 5)


def effective_rows(rows: np.ndarray | float, seen: np.ndarray | float, reuse: np.ndarray | float) -> np.ndarray:
    """D = n·(1 + R·(1 − exp(−(T/n − 1)/R))): the fresh rows that `rows` rows are worth which were seen T/n times.

    Muennighoff et al. 2023 ("Scaling Data-Constrained Language Models"), equation 5. For T = n it is n, and it never
    exceeds n·(1 + R) or T: a row that was seen R times has about told what it can.

    rows: n. seen: T, rows times passes. reuse: R.
    """
    again = np.maximum(np.asarray(seen) / rows - 1, 0.0)
    return np.asarray(rows * (1 + reuse * (1 - np.exp(-again / reuse))))


@dataclass(frozen=True)
class PowerLaw:
    """Draws from the posterior over the curve."""

    a: np.ndarray
    """Floors (draws,); where b < 0, what the error rises to."""
    b: np.ndarray
    c: np.ndarray
    reuse: np.ndarray
    """R of `effective_rows` (draws,)."""
    delay: np.ndarray
    """d, in effective rows (draws,)."""
    noise: np.ndarray
    """Standard deviation of one training about the curve, at the largest size (draws,)."""
    decline: float
    """How noise(n) falls: noise · (n / last)⁻ᵏ with this k."""
    rows: np.ndarray
    """Of the points, ascending (m,)."""
    seen: np.ndarray
    """Rows times passes of the trainings there (m,)."""
    passes: float
    """Over rows beyond the points."""
    wandering: np.ndarray
    """How far each draw's curve departs from the law over a factor 4 of rows beyond the points, over what the last
    factor 4 brought (draws,)."""
    luck: np.ndarray
    """Standard normal, the noise of the training that is forecast (draws,)."""

    @property
    def last(self) -> float:
        """Rows of the largest point."""
        return float(self.rows[-1])

    def curve(self, rows: float) -> np.ndarray:
        """Expected error at that many rows (draws,)."""
        law = self._law(rows)
        if rows <= self.last:
            return law
        recent = self._law(self.last) - self._law(self.last / 4)
        return np.maximum(law + self.wandering * np.log(rows / self.last) / np.log(4) * np.abs(recent), 0.0)

    def training(self, rows: float) -> np.ndarray:
        """Error of one training on that many rows (draws,). Beyond the points its noise falls no further: that of the
        start stays."""
        noise = self.noise * min(1.0, rows / self.last) ** -self.decline
        return np.maximum(self.curve(rows) + noise * self.luck, 0.0)

    def rows_for(self, error: np.ndarray) -> np.ndarray:
        """Rows at which the law of each draw reaches its error (draws,); infinity where it never does."""
        away = (error - self.a) / self.b
        with np.errstate(divide="ignore", over="ignore"):
            wanted = np.where(away > 0, np.where(away > 0, away, 1.0) ** (-1 / self.c) - self.delay, np.inf)
        grid = np.geomspace(1, 1000 * self.last, 400)
        seen = self._seen(grid)
        found = np.empty_like(wanted)
        for reuse in np.unique(self.reuse):
            mine = self.reuse == reuse
            found[mine] = np.interp(wanted[mine], effective_rows(grid, seen, reuse), grid, right=np.inf)
        return found

    def _law(self, rows: float) -> np.ndarray:
        return self.a + self.b * (effective_rows(rows, self._seen(rows), self.reuse) + self.delay) ** -self.c

    def _seen(self, rows: np.ndarray | float) -> np.ndarray:
        """Rows times passes of a training on `rows` rows: as many in all as at the points, and `passes` at least."""
        between = np.exp(np.interp(np.log(rows), np.log(self.rows), np.log(self.seen)))
        return np.where(np.asarray(rows) <= self.last, between, np.maximum(between, self.passes * np.asarray(rows)))


def fit_power_law(
    rows: np.ndarray,
    errors: list[np.ndarray],
    *,
    pool: int,
    seen: np.ndarray | None = None,
    passes: float | None = None,
    lawful: bool = True,
    seed: int = 0,
) -> PowerLaw:
    """The posterior over the curve, from several trainings at each of at least three sizes.

    The noise of a training is normal, with an unknown scale and a known course over the sizes, so that the likelihood
    is Student's; b is integrated out exactly on a grid over (a, c, R, d), and everything is then drawn from there.

    Parameters
    ----------
    rows:
        Training rows of each point, ascending (m,).
    errors:
        One array a point, of the error of each training.
    pool:
        Rows that the subsets were drawn from.
    seen:
        Rows times passes of the trainings at each point (m,); as if each row was seen once if None.
    passes:
        Over all rows and more, as far as they are more than `seen` says; those of the largest point if None.
    lawful:
        Whether more rows should make the error less, as they do for a proper score. The probability of the right class
        is none: networks that are too sure of few rows score well in it.
    """
    rows = np.asarray(rows, float)
    seen = rows if seen is None else np.asarray(seen, float)
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
    draws = _draw(rows, seen, means, weight, within, freedom, rng, TURNED if lawful else 1.0)
    return PowerLaw(
        **draws,
        decline=decline,
        rows=rows,
        seen=seen,
        passes=float(seen[-1] / last) if passes is None else passes,
        wandering=(0.0 if lawful else WANDERING) * rng.standard_normal(DRAWS),
        luck=rng.standard_normal(DRAWS),
    )


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
    seen: np.ndarray,
    means: np.ndarray,
    weight: np.ndarray,
    within: float,
    freedom: int,
    rng: np.random.Generator,
    turned: float,
) -> dict[str, np.ndarray]:
    """Draws of (a, b, c, R, d, noise). weight: variance of each mean over that of one training at the largest size."""
    m, delays = len(rows), np.array(list(DELAYED))
    highest = float(means.min() + 2 * np.sqrt(within / max(freedom, 1)))
    worth = np.stack([effective_rows(rows, seen, reuse) for reuse in _REUSES])  # (R, m)
    late = delays * worth[:, -1:]  # (R, d)
    axes = _FLOORS * highest, _EXPONENTS, np.arange(len(_REUSES)), np.arange(len(delays))
    a, c, reuse, delay = (grid.ravel() for grid in np.meshgrid(*axes, indexing="ij"))
    ahead = np.log(worth[:, None] + late[:, :, None])  # (R, d, m)
    base = np.exp(-c[:, None] * (ahead - ahead[..., -1:])[reuse, delay])  # (grid, m): 1 at the largest size
    above = means[None] - a[:, None]
    precision = (base**2 / weight).sum(1)
    best = (base * above / weight).sum(1) / precision
    residual = ((above - best[:, None] * base) ** 2 / weight).sum(1)
    certainty = best / np.sqrt((within + residual) / (freedom + m - 1) / precision)
    falls, rises = (a <= highest) * _above_zero(certainty), turned * _above_zero(-certainty)
    log_prior = (  # on the grid, which is even in ln c and ln R
        -0.5 * (np.log(c / EXPONENT[0]) / EXPONENT[1]) ** 2
        - 0.5 * (np.log(_REUSES[reuse] / REUSE[0]) / REUSE[1]) ** 2
        + np.log(np.array(list(DELAYED.values()))[delay])
    )
    log_posterior = (
        log_prior
        - 0.5 * (freedom + m - 1) * np.log(within + residual)
        - 0.5 * np.log(precision)
        + np.log(falls + rises)
    )
    probability = np.exp(log_posterior - log_posterior.max())
    chosen = rng.choice(len(a), DRAWS, p=probability / probability.sum())
    variance = (within + residual[chosen]) / rng.chisquare(freedom + m - 1, DRAWS)
    spread = np.sqrt(variance / precision[chosen])
    sign = np.where(rng.uniform(size=DRAWS) * (falls + rises)[chosen] < falls[chosen], 1.0, -1.0)
    b = best[chosen] + spread * sign * _truncated(-sign * best[chosen] / spread, rng)
    exponents = c[chosen] * np.exp(rng.uniform(-0.5, 0.5, DRAWS) * np.log(_EXPONENTS[1] / _EXPONENTS[0]))
    at_last = np.exp(ahead[..., -1])[reuse, delay][chosen]
    return {
        "a": a[chosen],
        "b": b * at_last**exponents,
        "c": exponents,
        "reuse": _REUSES[reuse[chosen]],
        "delay": late[reuse, delay][chosen],
        "noise": np.sqrt(variance),
    }


def _above_zero(z: np.ndarray) -> np.ndarray:
    """P(normal > −z), kept from 0."""
    from scipy.special import ndtr

    return np.maximum(ndtr(z), 1e-300)


def _truncated(low: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Standard normal numbers that are above `low`, by the inverse of their distribution."""
    from scipy.special import ndtr, ndtri

    below = np.minimum(ndtr(low), 1 - 1e-12)
    return ndtri(below + (1 - below) * rng.uniform(1e-12, 1, len(low)))
