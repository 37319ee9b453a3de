"""Is the score at 100 % of the rows inside the interval that a quarter of them foretells?

    python -m benchmarks.learning_curve adult.csv --target income [--seeds 10] [--first-seed 100] [--network TEXT]
    python -m benchmarks.learning_curve mnist10k.csv.zip [--seeds 10]

For each seed: a learning curve from at most 25 % of the training rows, no other row looked at; then one training on
all of them, scored on the same held-out rows. Printed: what was foretold, what came, and the share inside. A 95 %
interval should hold in about 19 of 20 seeds; an interval that always holds is too wide, so its width is printed, too,
beside the gain from a quarter to all.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from backlight import learning_curve, read
from backlight.evaluation.learning_curve import to_error
from backlight.runs.learning_curves.sizes import ground, measure, passes
from backlight.runs.options import configure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--target")
    parser.add_argument("--up-to", type=float, default=0.25)
    parser.add_argument("--seeds", type=int, default=10, help="repetitions, each with another split")
    parser.add_argument("--first-seed", type=int, default=0, help="of the repetitions")
    parser.add_argument("--keep", type=Path, help="a file to which every score is appended, one line of JSON a seed")
    parser.add_argument("--trainings", type=int, default=3, help="of each size")
    parser.add_argument("--sizes", type=int, default=6)
    parser.add_argument("--network")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--metric")
    given = parser.parse_args()
    options = {"target": given.target, "network": given.network, "epochs": given.epochs}
    print(f"{'seed':>4} {'at 25 %':>8} {'foretold':>9} {'low':>8} {'high':>8} {'came':>8}  inside  seconds")
    found = [repetition(given, options, seed) for seed in range(given.first_seed, given.first_seed + given.seeds)]
    inside = sum(one[0] for one in found)
    widths, gains = np.array([one[1:] for one in found]).T
    print(
        f"inside: {inside} of {len(found)}; median width of the interval {np.median(widths):.4f}, "
        f"median gain from the largest subset to all rows {np.median(gains):.4f}"
    )


def repetition(given: argparse.Namespace, options: dict[str, object], seed: int) -> tuple[bool, float, float]:
    """(inside, width of the interval, gain) of one seed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        curve = learning_curve(
            given.data,
            up_to=given.up_to,
            seeds=given.trainings,
            most_sizes=given.sizes,
            metric=given.metric,
            augmentation_worth=False,
            out=Path(folder) / "curve",
            seed=seed,
            verbose=False,
            **options,
        )
    config = configure({**options, "seed": seed})
    whole = ground(read(given.data), given.data, config, given.network, None, 1.0)
    final = measure(whole, whole.all_rows, 1)[0].scores
    came = final[curve.metric]
    ahead = next(one for one in curve.forecast if one.rows == curve.all_rows)
    last, inside = curve.points[-1].value, ahead.low <= came <= ahead.high
    print(
        f"{seed:>4} {last:>8.4f} {ahead.value:>9.4f} {ahead.low:>8.4f} {ahead.high:>8.4f} {came:>8.4f}  "
        f"{'yes' if inside else 'NO':>6}  {time.monotonic() - began:>7.0f}",
        flush=True,
    )
    if given.keep is not None:
        scores = {rows: [one.scores for one in part] for rows, part in curve.found.items()}
        kept = {"data": given.data, "metric": curve.metric, "seed": seed, "pool": curve.pool, "rows": curve.all_rows}
        kept["epochs"] = {rows: [one.epochs for one in part] for rows, part in curve.found.items()}
        kept["passes"] = passes(whole)
        with given.keep.open("a") as file:
            file.write(json.dumps({**kept, "scores": scores, "came": final}) + "\n")
    gain = float(to_error(curve.metric, last) - to_error(curve.metric, came))
    return inside, ahead.high - ahead.low, gain


if __name__ == "__main__":
    main()
