"""Is the rate that `sweep` recommends as good as the best of a fine grid, and what does the sweep cost?

    python -m benchmarks.sweep adult.csv --target income --network "64 relu, 64 relu" [--seeds 3]
    python -m benchmarks.sweep cifar10.zip --rows 5000 --network "conv 16, norm, relu, …" [--step 2]

For each seed: one sweep; then a training at every rate of a grid, one by one, and one at the recommended rate, all with
the same start, order and split. With `--orders 4` each of these is the mean over four orders of the rows, which tells
what a rate is worth from the luck of one training. Printed: the recommended rate's final validation loss over the
lowest of the grid, and the cost of the sweep in plain runs, by rows and by time (of a training alone, at the
recommended rate).
"""

import argparse
import copy
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from backlight import read, sweep
from backlight.data import prepare
from backlight.records.config import DataConfig
from backlight.runs.assembly import assemble
from backlight.runs.options import configure
from backlight.runs.sweeps.sweep import contest_of
from backlight.training import train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--target")
    parser.add_argument("--network")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--optimizer")
    parser.add_argument("--augment")
    parser.add_argument("--rows", type=int, help="images taken of a larger set")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--orders", type=int, default=1, help="trainings of each rate, their losses averaged")
    parser.add_argument("--step", type=float, default=math.sqrt(2), help="factor between two rates of the grid")
    parser.add_argument("--low", type=float, default=1 / 8, help="lowest rate of the grid, times the default")
    parser.add_argument("--high", type=float, default=32)
    given = parser.parse_args()
    source = given.data if given.rows is None else part_of(given.data, given.rows)
    names = ("target", "network", "epochs", "optimizer", "augment")
    options = {name: getattr(given, name) for name in names} | {"ensemble": 1}
    print(
        f"{'seed':>4} {'recommended':>11} {'margin':>17} {'loss':>8} {'best of grid':>12} {'at':>8} {'above':>7} "
        f"{'rows':>5} {'time':>5} {'--lr none':>9}"
    )
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        one_seed(given, source, options, seed)


def part_of(data: str, rows: int) -> tuple[Any, Any]:
    """Rows drawn at random from a set of images."""
    prepared = prepare(read(data), DataConfig(), seed=0)
    drawn = np.random.default_rng(0).choice(len(prepared.train.y), rows, replace=False)
    return prepared.train.x[drawn], prepared.train.y[drawn]


def one_seed(given: argparse.Namespace, source: Any, options: dict[str, Any], seed: int) -> None:
    assembly = assemble(source, configure({**options, "seed": seed}))
    contest = contest_of(assembly)
    base = assembly.config.training.learning_rate or 1e-3

    def alone(rate: float) -> tuple[float, float]:
        """(final validation loss: the lowest, whose parameters are kept; seconds), means over the orders"""
        config = assembly.config.training.model_copy(update={"learning_rate": rate})
        began, finals = time.monotonic(), []
        for order in range(given.orders):
            trained = train(
                copy.deepcopy(assembly.module),
                contest.loss,
                contest.train,
                contest.validation,
                config,
                seed=seed + 1000 * order,
                unit=contest.unit,
                augmentation=contest.augmentation,
            )
            losses = [row.loss for row in trained.history if row.split == "validation" and math.isfinite(row.loss)]
            finals.append(min(losses, default=math.inf))
        return sum(finals) / given.orders, (time.monotonic() - began) / given.orders

    with tempfile.TemporaryDirectory() as folder:
        found = sweep(source, out=Path(folder) / "sweep", seed=seed, verbose=False, **options)
    loss, seconds = alone(found.recommended)
    many = round(math.log(given.high / given.low, given.step))
    grid = {rate: alone(rate)[0] for rate in (base * given.low * given.step**number for number in range(many + 1))}
    best = min(grid, key=grid.__getitem__)
    low, high = found.margin or (math.nan, math.nan)
    print(
        f"{seed:>4} {found.recommended:>11g} {f'{low:g}–{high:g}':>17} {loss:>8.4f} {grid[best]:>12.4f} {best:>8.2g} "
        f"{loss / grid[best] - 1:>+7.1%} {found.cost_in_runs:>5.2f} {found.search_seconds / seconds:>5.2f} "
        f"{alone(base)[0]:>9.4f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
