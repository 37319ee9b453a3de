"""The cases that were in view when treatments were made and changed."""

from __future__ import annotations

import numpy as np
from sklearn import datasets

from .case import Case, Rows


def moons(seed: int) -> Rows:
    """Two classes that no straight line parts."""
    return datasets.make_moons(1200, noise=0.15, random_state=seed)


def rings(seed: int) -> Rows:
    """One class around the other."""
    return datasets.make_circles(1200, noise=0.08, factor=0.5, random_state=seed)


def spirals(seed: int) -> Rows:
    """Two classes wound around each other once."""
    rng = np.random.default_rng(seed)
    t, y = rng.uniform(0.5, 1.6, 1200) * np.pi, rng.integers(0, 2, 1200)
    x = np.stack([t * np.cos(t + np.pi * y), t * np.sin(t + np.pi * y)], 1) + 0.2 * rng.normal(size=(1200, 2))
    return x, y


def blobs(seed: int) -> Rows:
    """Five classes in ten dimensions, in the order of their class."""
    x, y = datasets.make_classification(
        1500, 10, n_informative=6, n_classes=5, n_clusters_per_class=1, class_sep=1.2, random_state=seed
    )
    order = np.argsort(y, kind="stable")
    return x[order], y[order]


def ordered(seed: int) -> Rows:
    """Handwritten digits, in the order of their class."""
    x, y = datasets.load_digits(return_X_y=True)
    order = np.argsort(y, kind="stable")
    return x[order], y[order]


def rare(seed: int) -> Rows:
    """Two classes that overlap, one with three rows in a hundred."""
    return datasets.make_classification(
        3000, 8, n_informative=4, weights=[0.97], flip_y=0, class_sep=0.8, random_state=seed
    )


def rarer(seed: int) -> Rows:
    """Three classes, of which two are rare."""
    return datasets.make_classification(
        4000, 8, n_informative=5, n_classes=3, weights=[0.94, 0.03], flip_y=0, random_state=seed
    )


def raw(seed: int) -> Rows:
    """Features of very different sizes, as a table holds them."""
    rng = np.random.default_rng(seed)
    x, y = datasets.make_classification(1200, 8, n_informative=6, random_state=seed)
    return x * 10.0 ** rng.uniform(0, 3, 8) + rng.uniform(-500, 500, 8), y


def prices(seed: int) -> Rows:
    """A value of some hundred thousands, bent in its features."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1200, 6))
    return x, 3e5 + 1e5 * (x[:, 0] + np.abs(x[:, 1]) + 0.3 * rng.normal(size=1200))


def noisy(seed: int) -> Rows:
    """Many features, and labels of which some are wrong."""
    return datasets.make_classification(1000, 40, n_informative=6, flip_y=0.2, random_state=seed)


def hard(seed: int) -> Rows:
    """Four classes of four clumps each, in twenty dimensions: much to learn from few rows."""
    return datasets.make_classification(
        1500, 20, n_informative=15, n_classes=4, n_clusters_per_class=4, flip_y=0.02, random_state=seed
    )


def repeated(seed: int) -> Rows:
    """Rows of which a few come over and over again."""
    x, y = datasets.make_classification(1500, 10, n_informative=5, flip_y=0.3, random_state=seed)
    few = np.random.default_rng(seed).integers(0, 20, 3000)
    return np.concatenate([x, x[few]]), np.concatenate([y, y[few]])


def doubtful(seed: int) -> Rows:
    """A noisy yes or no, from a product and a sum."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2500, 8))
    return x, (rng.random(2500) < 1 / (1 + np.exp(-1.5 * (x[:, 0] * x[:, 1] + x[:, 2])))).astype(int)


def mislabelled(seed: int) -> Rows:
    """Four hundred handwritten digits, a fifth of them with a label drawn by lot."""
    rng = np.random.default_rng(seed)
    x, y = datasets.load_digits(return_X_y=True)
    rows = rng.permutation(len(x))[:400]
    return x[rows], np.where(rng.random(400) < 0.2, rng.integers(0, 10, 400), y[rows])


def noisy_friedman(seed: int) -> Rows:
    """Three hundred rows of a value that is bent in five of ten features."""
    return datasets.make_friedman1(300, noise=2.5, random_state=seed)


def quantiles(seed: int) -> Rows:
    """Four shells of a Gaussian in eight dimensions; few rows."""
    return datasets.make_gaussian_quantiles(n_samples=400, n_features=8, n_classes=4, random_state=seed)


PLAIN, DEEP = {"network": "64 relu, 64 relu", "epochs": 20}, {"epochs": 20, "schedule": "constant"}
WIDE = {"network": "256 relu, 256 relu", "epochs": 60}
SWINGING = {"epochs": 20, "schedule": "constant", "average": 0, "optimizer": "sgd", "batch_size": 32}
ONTO_TANH, ONTO_SIGMOID = "64 relu, 64 relu, 64 relu, 64 tanh", "64 relu, 64 relu, 64 relu, 64 relu, 64 sigmoid"
DIGITS, CANCER, DIABETES = "sklearn:digits", "sklearn:breast_cancer", "sklearn:diabetes"

CASES = [
    *(Case("learning-rate-too-low", s, PLAIN | {"learning_rate": 1e-6}) for s in (DIGITS, CANCER, moons)),
    Case("learning-rate-too-low", DIABETES, PLAIN | {"optimizer": "sgd", "learning_rate": 1e-6}),
    *(Case("learning-rate-too-high", s, PLAIN | {"learning_rate": 1.0}) for s in (blobs, prices)),
    *(Case("unscaled-features", s, PLAIN | {"preprocessing": "none"}) for s in (CANCER, raw, "sklearn:wine")),
    *(Case("unscaled-target", s, PLAIN | {"target_scaling": "none"}) for s in (DIABETES, prices)),
    *(Case("zero-init", s, PLAIN | {"init": "zeros"}) for s in (DIGITS, CANCER, moons, DIABETES)),
    *(Case("symmetric-init", s, PLAIN | {"init": "constant 0.1"}) for s in (DIGITS, moons, blobs)),
    *(Case("init-too-small", s, PLAIN | {"init": "normal 0.0001", "optimizer": "sgd"}) for s in (DIGITS, CANCER)),
    *(Case("init-too-large", s, PLAIN | {"init": "normal 3"}) for s in (DIGITS, blobs, moons)),
    *(Case("missing-nonlinearity", s, PLAIN | {"network": "64, 64"}) for s in (moons, rings, spirals)),
    *(Case("too-much-dropout", s, PLAIN | {"network": "64 relu, dropout 0.95"}) for s in (DIGITS, blobs, moons)),
    *(Case("capacity-too-low", s, PLAIN | {"network": "2 relu", "epochs": 60}) for s in (DIGITS, spirals, blobs)),
    *(Case("dead-units", s, DEEP | {"network": "repeat 10 (4 relu)"}) for s in (DIGITS, blobs)),
    *(
        Case("exploding-gradient", s, DEEP | {"network": "repeat 12 (32 relu)", "init": "normal 0.6"})
        for s in (DIGITS, blobs)
    ),
    *(
        Case("obfuscated-gradient", s, DEEP | {"network": "repeat 5 (32 sigmoid)", "init": "torch"})
        for s in (DIGITS, blobs, moons)
    ),
    *(Case("batch-size", s, PLAIN | {"batch_size": n}) for s, n in ((moons, 900), (blobs, 1200), (DIGITS, 1400))),
    *(Case("stopped-too-early", s, PLAIN | {"epochs": 2}) for s in (DIGITS, CANCER, moons)),
    *(Case("overfitting", s, WIDE) for s in (hard, noisy, mislabelled)),
    *(Case("overfitting", s, WIDE | {"keep": "last"}) for s in (noisy, mislabelled, noisy_friedman, DIABETES)),
    Case("overfitting", quantiles, {"network": "128 gelu, 128 gelu", "epochs": 80, "keep": "last"}),
    *(
        Case("saturated-units", DIGITS, PLAIN | {"network": n, "init": "normal 0.35"})
        for n in (ONTO_TANH, ONTO_SIGMOID)
    ),
    Case("saturated-units", blobs, PLAIN | {"network": ONTO_TANH, "init": "normal 0.5"}),
    Case("saturated-units", prices, PLAIN | {"network": ONTO_SIGMOID, "init": "normal 0.45"}),
    Case(
        "saturated-units",
        blobs,
        {"network": "64 relu, 64 sigmoid", "epochs": 20, "optimizer": "adam", "learning_rate": 0.1, "average": 0}
        | {"schedule": "constant"},
    ),
    *(
        Case("oscillating-loss", s, SWINGING | {"network": n, "learning_rate": rate, "momentum": momentum})
        for s, n, rate, momentum in (
            (DIGITS, "64 relu, 64 relu", 0.03, 0.99),
            (DIGITS, "64 relu, 64 relu", 0.02, 0.995),
            (DIGITS, "64 relu, 64 relu", 0.01, 0.995),
            (blobs, "64 relu, 64 relu", 0.1, 0.99),
            (blobs, "repeat 4 (64 relu)", 0.05, 0.99),
        )
    ),
    Case("plateau", doubtful, SWINGING | {"network": "32 relu", "epochs": 30, "learning_rate": 0.05, "batch_size": 16}),
    Case(
        "plateau",
        DIGITS,
        SWINGING | {"network": "repeat 3 (64 tanh)", "epochs": 25, "optimizer": "adam", "learning_rate": 0.05},
    ),
    *(Case("class-imbalance", s, PLAIN | {"epochs": 40}) for s in (rare, rarer)),
    *(
        Case("unshuffled-data", s, DEEP | {"network": "64 relu", "shuffle": False, "average": 0})
        for s in (blobs, ordered)
    ),
    Case("duplicate-rows", repeated, PLAIN | {"epochs": 60}),
]
