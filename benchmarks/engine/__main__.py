"""Rows a second of a whole fit, each contender in processes of its own, turn about, best of several rounds.

    python -m benchmarks.engine [--rounds 3] [--networks 23] [--contenders loop backlight] [-o table.md]

All contenders do the same arithmetic: Adam at 0.001, cross-entropy, the same batch size and number of epochs, no
evaluation; the loss of every epoch is compared first. Ratios are to the plain PyTorch loop. Lightning, Keras and
skorch come with `make bench-environments`, JAX in an environment of its own; a contender that is absent is passed over.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from .contenders import CONTENDERS, NEEDS, PERCEPTRONS_ONLY
from .fit import matmul_peak, one_fit
from .networks import NETWORKS, flops_of_a_row

SAME_LOSS = 0.1
"""Largest difference from the loop's loss of the last epoch, as a share of its loss in the first: another order of rows
and other first weights make a few percent."""


def measure(names, contenders, rounds, pythons):
    """The lines of a Markdown table."""
    peak = in_own_process(sys.executable, "--peak")
    yield f"Matrix products of 1024 × 1024 reach {peak / 1e9:,.0f} GFLOP/s on this machine, which is the peak below."
    yield "The first fit loads, and compiles where the contender does. Memory: of the fit, of the whole process."
    yield "\n| network | contender | rows/s | × loop | each round | first fit | memory | share of peak | last loss |"
    yield "|---|---|--:|--:|---|--:|--:|--:|--:|"
    for name in names:
        running = [c for c in contenders if "widths" in NETWORKS[name] or c not in PERCEPTRONS_ONLY]
        found = {c: [] for c in running}
        for _ in range(rounds):
            for c in running:
                found[c].append(in_own_process(pythons[c], "--one", c, "--network", name))
        for c in running:
            yield _row(name, c, found, peak)


def _row(name, contender, found, peak):
    mine, loops = found[contender], found.get("loop", found[contender])
    rate, loss = max(fit["rate"] for fit in mine), mine[0]["losses"][-1]
    ratios = " ".join(f"{fit['rate'] / loop['rate']:.2f}" for fit, loop in zip(mine, loops, strict=True))
    other = abs(loss - loops[0]["losses"][-1]) > SAME_LOSS * loops[0]["losses"][0]
    memory, most = min(fit["memory"] for fit in mine), min(fit["peak"] for fit in mine)
    share = rate * flops_of_a_row(NETWORKS[name]) / peak
    return (
        f"| {name} | {contender} | {rate:,.0f} | {rate / max(fit['rate'] for fit in loops):.2f} | {ratios} "
        f"| {min(fit['first'] for fit in mine):.1f} s | {memory:,.0f} of {most:,.0f} MiB "
        f"| {share:.0%} | {loss:.3f}{' (OTHER ARITHMETIC)' if other else ''} |"
    )


def in_own_process(python, *arguments):
    """What a fresh process of this module prints."""
    command = [str(python), "-m", "benchmarks.engine", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def available(contenders, bench, jax):
    """Which interpreter runs each contender; those without one are named and left out."""
    pythons = {}
    for contender in contenders:
        python = jax if contender == "jax_scan" else bench if contender in NEEDS else Path(sys.executable)
        package = NEEDS.get(contender, "numpy")
        find = f"import importlib.util as u; assert u.find_spec({package!r})"
        if not python.exists() or subprocess.run([python, "-c", find], capture_output=True).returncode:
            print(f"{contender}: passed over, {python} has no {package} (make bench-environments)", file=sys.stderr)
        else:
            pythons[contender] = python
    return pythons


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="*", default=[""], help="parts of their names")
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--bench-python", type=Path, default=Path(".venv-bench/bin/python"))
    parser.add_argument("--jax-python", type=Path, default=Path(".venv-jax/bin/python"))
    parser.add_argument("-o", "--output", type=Path, help="file for the Markdown table")
    parser.add_argument("--one", choices=CONTENDERS)
    parser.add_argument("--network", choices=NETWORKS)
    parser.add_argument("--peak", action="store_true")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one_fit(given.one, given.network)))
        return
    if given.peak:
        print(json.dumps(matmul_peak()))
        return
    pythons = available(given.contenders, given.bench_python, given.jax_python)
    names = [name for name in NETWORKS if any(part in name for part in given.networks)]
    lines = []
    for line in measure(names, list(pythons), given.rounds, pythons):
        print(line, flush=True)
        lines.append(line)
    if given.output:
        given.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
