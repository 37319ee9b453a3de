"""How often `compare` calls equal configurations different, and whether it sees real differences.

    python -m benchmarks.comparison adult.csv --target income [--pairs 20] [--epochs 3]

Pairs of trainings of one configuration with other seeds (rows split alike) should be "no-difference"; a network
trained on half the rows, and one without a hidden layer, should be "worse" each time.
"""

import argparse
import tempfile
from pathlib import Path

import polars as pl

import backlight as bl
from backlight.data import prepare, read
from backlight.records.config import DataConfig

QUIET = {"verbose": False, "diagnose": False}


def measure(source, target, pairs, options):
    with tempfile.TemporaryDirectory() as home:
        data = _parts(source, target, Path(home))
        settings = {"target": target, "test_fraction": 0.0, **QUIET, **options}

        def train(name, rows="whole", **more):
            return bl.train(data[rows], out=Path(home) / name, **settings, **more)

        held_out, words = data["test"], {"same configuration": [], "half the rows": [], "no hidden layer": []}
        before = train("seed-0", init_seed=0)
        for pair in range(pairs):
            run = train(f"seed-{pair + 1}", init_seed=pair + 1)
            found = bl.compare(before, run, data=held_out)
            words["same configuration"].append(found.verdict)
            print(f"{pair + 1}/{pairs} same configuration: {found.verdict}", flush=True)
            if pair < pairs // 4:
                for kind, more in (("half the rows", {"rows": "half"}), ("no hidden layer", {"network": "plain"})):
                    other = train(f"{kind}-{pair}", init_seed=pair + 1, **more)
                    words[kind].append(bl.compare(run, other, data=held_out).verdict)
                    print(f"{pair + 1}/{pairs} {kind}: {words[kind][-1]}", flush=True)
            before = run
    print("\n| pairs | better | no difference | worse |\n|---|---|---|---|")
    for kind, said in words.items():
        print(f"| {kind} | {said.count('better')} | {said.count('no-difference')} | {said.count('worse')} |")


def _parts(source, target, home):
    """Files of the rows held out, of all others, and of half of those."""
    dataset = read(source)
    test = prepare(dataset, DataConfig(target=target), seed=0).test.rows
    rest = dataset.frame.with_row_index("_row").filter(~pl.col("_row").is_in(test.tolist())).drop("_row")
    frames = {"test": dataset.frame[test], "whole": rest, "half": rest.sample(fraction=0.5, seed=0)}
    for name, frame in frames.items():
        frame.write_csv(home / f"{name}.csv")
    return {name: str(home / f"{name}.csv") for name in frames}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--target", required=True)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--epochs", type=int)
    given = parser.parse_args()
    measure(given.source, given.target, given.pairs, {"epochs": given.epochs} if given.epochs else {})
