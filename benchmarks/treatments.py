"""Does the treatment of each finding help? Sick runs of our own engine, treated, untreated and randomly changed.

    python -m benchmarks.treatments [NAME…] [--seeds 3]

Every case is a training that has the finding. It is treated as `backlight diagnose RUN --treat --unsafe` would, on rows
that decide nothing else; "better" is a 95 % interval of the paired held-out difference that lies below zero. Prints a
Markdown table. Findings that only follow from others (saturated units, a vanishing gradient, an oscillating loss, a
plateau) come with their causes, which are treated.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn import datasets

from backlight.records import Finding
from backlight.records.config import Config
from backlight.runs.assembly import Assembly, assemble
from backlight.runs.checkup import Checkup
from backlight.runs.module import count_outputs, loss_name
from backlight.runs.options import configure
from backlight.runs.proof import Prover
from backlight.runs.proof_bench import Bench
from backlight.training import train

Rows = tuple[np.ndarray, np.ndarray]
Source = str | Callable[[int], Rows]


@dataclass(frozen=True)
class Case:
    """A training with one fault."""

    finding: str
    source: Source
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Source and settings."""
        source = self.source if isinstance(self.source, str) else self.source.__name__
        return f"{source.removeprefix('sklearn:')}: {', '.join(f'{k} {v}' for k, v in self.options.items())}"


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


PLAIN, DEEP = {"network": "64 relu, 64 relu", "epochs": 20}, {"epochs": 20, "schedule": "constant"}
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
    *(Case("overfitting", s, {"network": "256 relu, 256 relu", "epochs": 60}) for s in (hard, noisy)),
    *(Case("class-imbalance", s, PLAIN | {"epochs": 40}) for s in (rare, rarer)),
    *(
        Case("unshuffled-data", s, DEEP | {"network": "64 relu", "shuffle": False, "average": 0})
        for s in (blobs, ordered)
    ),
    Case("duplicate-rows", repeated, PLAIN | {"epochs": 60}),
]


def diagnosed(case: Case, seed: int) -> tuple[Assembly, list[Finding], float]:
    """The untreated training, what was found in it, and the seconds it took."""
    source = case.source if isinstance(case.source, str) else case.source(seed)
    config: Config = configure({"target": None, "seed": seed, **case.options})
    assembly = assemble(source, config)
    parts, config = assembly.prepared, assembly.config
    loss = loss_name(assembly.task, count_outputs(assembly.module, assembly.task, parts.train.x))
    checkup = Checkup(assembly.module, loss, config.training, len(parts.train.rows))
    began = time.monotonic()
    validation = (parts.validation.x, parts.validation.y)
    settings: Any = {"seed": seed, "unit": assembly.unit, "observers": [checkup]}
    train(assembly.module, loss, (parts.train.x, parts.train.y), validation, config.training, **settings)
    return assembly, checkup.findings(), time.monotonic() - began


def treated(case: Case, seed: int) -> tuple[Finding | None, list[str]]:
    """The finding with its verdict, None where it was not found or has no treatment; names of all findings."""
    assembly, findings, _ = diagnosed(case, seed)
    wanted = [one for one in findings if one.name == case.finding][:1]
    rows = np.setdiff1d(np.arange(assembly.dataset.rows), assembly.prepared.test.rows)
    prover = Prover(Bench(assembly.dataset, rows, assembly.config, None, None), assembly.config, unsafe=True)
    if wanted:
        prover.prove(wanted, notes=True, most=1)
    return (prover.proof.findings or [None])[0], [one.name for one in findings]


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="findings; all if none is given")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    outcomes: dict[str, list[Finding]] = defaultdict(list)
    runs: dict[str, int] = defaultdict(int)
    for case in CASES:
        if options.names and case.finding not in options.names:
            continue
        for seed in range(options.seeds):
            began = time.monotonic()
            finding, names = treated(case, seed)
            runs[case.finding] += 1
            if finding is not None:
                outcomes[case.finding].append(finding)
            print(f"{time.monotonic() - began:5.1f} s  {_line(case, seed, finding, names)}", flush=True)
    print("\n| finding | treatments | found | better | difference, mean over runs | a random change brought |")
    print("|---|---|---|---|---|---|")
    for name, count in runs.items():
        print(_row(name, count, outcomes[name]))


def _line(case: Case, seed: int, finding: Finding | None, names: list[str]) -> str:
    if finding is None or finding.verdict is None:
        found = ", ".join(names) or "nothing"
        return f"{case.finding}: {case.name}, seed {seed}: not found or not treatable; found {found}"
    v = finding.verdict
    numbers = f"{v.metric} {v.difference:+.3g} [{v.low:+.3g}, {v.high:+.3g}], random {v.random_change or 0:+.3g}"
    return f"{case.finding}: {case.name}, seed {seed}: {finding.treatment} {v.word}, {numbers}"


def _row(name: str, count: int, found: list[Finding]) -> str:
    verdicts = [one.verdict for one in found if one.verdict is not None]
    if not verdicts:
        return f"| {name} | – | 0 of {count} | – | – | – |"
    treatments = ", ".join(sorted({str(one.treatment) for one in found}))
    better = sum(v.word == "better" for v in verdicts)
    cells = []
    for metric in sorted({v.metric for v in verdicts}):
        these = [v for v in verdicts if v.metric == metric]
        mean = np.mean([(v.difference, v.low, v.high, v.random_change or 0.0) for v in these], axis=0)
        cells.append((f"{metric} {mean[0]:+.3g} [{mean[1]:+.3g}, {mean[2]:+.3g}]", f"{metric} {mean[3]:+.3g}"))
    return (
        f"| {name} | {treatments} | {len(verdicts)} of {count} | {better} of {len(verdicts)} | "
        f"{'; '.join(cell[0] for cell in cells)} | {'; '.join(cell[1] for cell in cells)} |"
    )


if __name__ == "__main__":
    main()
