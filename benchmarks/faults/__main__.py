"""Print recall, ranks and false alarms: `python -m benchmarks.faults [--seeds N] [--only TEXT] [--cases FILE]`."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

from .bench import Outcome, examine, table
from .cases import read_cases, report_cases
from .engine import examine_by_engine
from .programs import Collection, Entry
from .sets import DESCRIPTIONS, FAULTY, HEALTHY_ONES, NAMELESS

SOURCES: dict[str, Callable[[Entry, int], Outcome | None]] = {"watch": examine, "engine": examine_by_engine}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a program's name")
    parser.add_argument("--source", choices=tuple(SOURCES), action="append", help="default: both")
    parser.add_argument("--cases", default=os.environ.get("BACKLIGHT_FAULTS"), help="descriptions of real programs")
    parser.add_argument("--skip", choices=("programs", "cases"), default=None)
    args = parser.parse_args()
    torch.set_num_threads(1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for source in args.source or SOURCES if args.skip != "programs" else ():
        report_programs(source, args.seeds, args.only)
    if args.skip != "cases":
        for name, described in DESCRIPTIONS.items():
            print(f"## {name}, watch\n")
            report_cases(described, args.only)
            print()
        if args.cases:
            print("## real programs, watch\n")
            report_cases(read_cases(Path(args.cases)), args.only)


def report_programs(source: str, seeds: int, only: str) -> None:
    """Faulty and healthy programs under one source: misses, recall by kind, alarms, processor time."""
    spent = 0.0
    for name, collection in FAULTY.items():
        print(f"## {name} faults, {source}, {seeds} seeds\n")
        sick = _outcomes(source, collection, seeds, only)
        for outcome in sick:
            if outcome.rank != 1:
                print(f"rank {outcome.rank}: {outcome.name} {outcome.causes} -> {_said(outcome)}")
        if sick:
            print(table(sick), end="\n\n")
        spent += sum(outcome.seconds for outcome in sick)
    for name, collection in NAMELESS.items():
        print(f"## {name} faults without a name of their own, {source}, {seeds} seeds\n")
        nameless = _outcomes(source, collection, seeds, only)
        print("\n".join(f"{outcome.name}: {_said(outcome)}" for outcome in nameless), end="\n\n")
        spent += sum(outcome.seconds for outcome in nameless)
    for name, collection in HEALTHY_ONES.items():
        print(f"## {name} healthy programs, {source}, {seeds} seeds\n")
        healthy = _outcomes(source, collection, seeds, only)
        for outcome in healthy:
            if any(f.severity != "note" for f in outcome.findings):
                print(f"{outcome.name}: {_said(outcome)}")
        print(_alarms(healthy), end="\n\n")
        spent += sum(outcome.seconds for outcome in healthy)
    print(f"processor seconds: {spent:.1f}", end="\n\n")


def _alarms(healthy: list[Outcome]) -> str:
    errors = sum(bool(outcome.false_errors) for outcome in healthy)
    warnings = sum(any(f.severity == "warning" for f in outcome.findings) for outcome in healthy)
    by_name = Counter(name for o in healthy for name in {f.name for f in o.findings if f.severity == "warning"})
    return f"healthy runs: {len(healthy)}, with an error: {errors}, with a warning: {warnings} {dict(by_name)}"


def _outcomes(source: str, collection: Collection, seeds: int, only: str) -> list[Outcome]:
    chosen = [entry for entry in collection.entries if only in entry.name]
    outcomes = [SOURCES[source](entry, seed) for entry in chosen for seed in range(seeds)]
    return [outcome for outcome in outcomes if outcome is not None]


def _said(outcome: Outcome) -> str:
    return ", ".join(f"{f.severity[0].upper()} {f.name}" for f in outcome.findings) or "nothing"


if __name__ == "__main__":
    main()
