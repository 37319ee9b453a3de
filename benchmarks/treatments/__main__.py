"""Does the treatment of each finding help? Sick runs of our own engine, treated, untreated and randomly changed.

    python -m benchmarks.treatments [NAME…] [--cases fresh] [--seeds 2] [-o results.jsonl]
    python -m benchmarks.treatments --table results.jsonl

Each case is treated as `backlight diagnose RUN --treat --unsafe` would, on rows that decide nothing else; "better" is a
95 % interval of the paired held-out difference that lies below zero. Prints a Markdown table. The cases of `tuned` were
in view when treatments were made; those of `fresh` were written down before any of their outcomes had been seen; those
of `later` came after that run, for findings that it had not shown. Those of `fresh_two`, and later `fresh_three` and
`fresh_four`, were written down and frozen before any of theirs had been seen.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch

from . import fresh, fresh_four, fresh_three, fresh_two, later, tuned
from .case import Result, treated
from .table import line, table

SETS = {
    "fresh": fresh.CASES,
    "fresh_two": fresh_two.CASES,
    "fresh_three": fresh_three.CASES,
    "fresh_four": fresh_four.CASES,
    "later": later.CASES,
    "tuned": tuned.CASES,
}
FIRST_SEED = {"fresh": 100, "fresh_two": 500, "fresh_three": 900, "fresh_four": 1300, "later": 100, "tuned": 0}


def main() -> None:
    """Run the cases, seed by seed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="findings; all if none is given")
    parser.add_argument("--cases", choices=sorted(SETS), default="fresh")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("-o", "--out", type=Path, help="file to which each result is added, a JSON object a line")
    parser.add_argument("--table", type=Path, nargs="*", help="print the table of such files, and run nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.table:
        print(table([Result(**json.loads(text)) for file in options.table for text in file.read_text().splitlines()]))
        return
    cases = [case for case in SETS[options.cases] if not options.names or case.finding in options.names]
    results = []
    for seed in range(FIRST_SEED[options.cases], FIRST_SEED[options.cases] + options.seeds):
        for case in cases:
            results.append(treated(case, seed))
            print(line(results[-1]), flush=True)
            if options.out:
                with options.out.open("a") as file:
                    print(json.dumps(asdict(results[-1])), file=file)
    print(table(sorted(results, key=lambda one: [case.finding for case in cases].index(one.finding))))


if __name__ == "__main__":
    main()
