"""Print recall, ranks and false alarms: `python -m benchmarks.faults [--seeds N] [--only TEXT] [--cases FILE]`."""

import argparse
import os
from pathlib import Path

import torch

from .bench import Outcome, examine, table
from .cases import report_cases
from .healthy import HEALTHY
from .programs import Entry
from .sick import SICK


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="part of a program's name")
    parser.add_argument("--cases", default=os.environ.get("BACKLIGHT_FAULTS", "../shared/faults/cases.json"))
    parser.add_argument("--skip", choices=("programs", "cases"), default=None)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.skip != "programs":
        report_programs(args.seeds, args.only)
    if args.skip != "cases":
        report_cases(Path(args.cases), args.only)


def report_programs(seeds: int, only: str) -> None:
    sick = [examine(entry, seed) for entry in _chosen(SICK.entries, only) for seed in range(seeds)]
    for outcome in sick:
        if outcome.rank != 1:
            print(f"rank {outcome.rank}: {outcome.name} {outcome.causes} -> {_said(outcome)}")
    if sick:
        print(table(sick), end="\n\n")
    healthy = [examine(entry, seed) for entry in _chosen(HEALTHY.entries, only) for seed in range(seeds)]
    for outcome in healthy:
        if any(f.severity != "note" for f in outcome.findings):
            print(f"healthy {outcome.name}: {_said(outcome)}")
    errors = sum(bool(outcome.false_errors) for outcome in healthy)
    warnings = sum(any(f.severity == "warning" for f in o.findings) for o in healthy)
    print(f"healthy runs: {len(healthy)}, with an error: {errors}, with a warning: {warnings}")
    print(f"seconds: {sum(o.seconds for o in sick + healthy):.1f}", end="\n\n")


def _chosen(entries: list[Entry], only: str) -> list[Entry]:
    return [entry for entry in entries if only in entry.name]


def _said(outcome: Outcome) -> str:
    return ", ".join(f"{f.severity[0].upper()} {f.name}" for f in outcome.findings) or "nothing"


if __name__ == "__main__":
    main()
