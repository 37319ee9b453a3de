"""What watching costs: `python -m benchmarks.overhead [--rounds N] [--seconds S]`.

Two trainings of the same network with the same numbers, one watched, one not, take turns: a short block of steps each,
in one process and on one thread, until the plain one has taken S seconds. Compared is the processor time of each
(`time.process_time`), which other programs on the machine disturb least. The dense first steps and everything that is
read at the end of an epoch are included; the diagnosis itself, once at the end, is told apart.

A few slow steps weigh much where a step takes half a second. So the watched PyTorch loop is told by medians, too: what
an observed step, and one that is not, takes beyond a plain one, each as often as it came.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median

import torch
from torch import nn

import backlight as bl
from backlight.records.config import TrainingConfig
from backlight.runs.checkup import Checkup
from backlight.training.loop import open_session

from .engine.networks import NETWORKS, data, network

CHOSEN = {
    "perceptron 23-64-64-2, batch 128": ("23-64-64-2, batch 128", 50),
    "4 convolutions on 3×32×32, batch 128": ("4 convolutions, 3×32×32, batch 128", 8),
}
"""Heading → (network of the engine's benchmark, steps of a block, which is an epoch of the engine)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| network | loop | plain, µs a step | watched | overhead (least of rounds) | by medians | steps | observed "
        "| diagnosis, s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for heading, (name, steps) in CHOSEN.items():
        for loop, blocks in (("engine", engine_blocks), ("PyTorch, `bl.watch`", watched_blocks)):
            if args.only and args.only not in f"{heading} {loop}":
                continue
            rounds = [measure(blocks, name, steps, args.seconds) for _ in range(args.rounds)]
            best = min(rounds, key=lambda one: one["watched"] / one["plain"])
            shares = sorted(one["watched"] / one["plain"] - 1 for one in rounds)
            told = f"{shares[0]:+.1%} ({', '.join(f'{share:+.1%}' for share in shares)})"
            medians = ", ".join(f"{one['medians']:+.1%}" for one in rounds if "medians" in one)
            print(
                f"| {heading} | {loop} | {best['plain']:.0f} | {best['watched']:.0f} | {told} | {medians or '–'} "
                f"| {best['steps']:,} | {best['observed']} | {best['diagnosis']:.2f} |",
                flush=True,
            )


def measure(blocks: Callable[..., tuple[Iterator[list[float]], Callable[[], tuple[list[int], float]]]], *given):
    """µs of a step with and without watching, from blocks that take turns; every other pair begins with the other."""
    name, steps, seconds = given
    (plain, _), (watched, closing) = blocks(name, steps, watch=False), blocks(name, steps, watch=True)
    spent: dict[str, list[float]] = {"plain": [], "watched": []}
    count = 0
    while sum(spent["plain"]) < seconds:
        order = (("plain", plain), ("watched", watched))
        for which, block in order if count % 2 else order[::-1]:
            spent[which] += next(block)
        count += 1
    observed, diagnosis = closing()
    found = {which: 1e6 * sum(times) / (count * steps) for which, times in spent.items()}
    if len(spent["plain"]) == count * steps:
        found["medians"] = _by_medians(spent["plain"], spent["watched"], set(observed))
    return {**found, "steps": count * steps, "observed": len(observed), "diagnosis": diagnosis}


def _by_medians(plain: list[float], watched: list[float], observed: set[int]) -> float:
    """Overhead from the usual step of each kind."""
    usual = median(plain)
    kinds = [[t for i, t in enumerate(watched) if (i in observed) == seen] for seen in (True, False)]
    return sum(len(times) * (median(times) / usual - 1) for times in kinds if times) / len(watched)


def watched_blocks(name: str, steps: int, *, watch: bool):
    """The usual PyTorch loop; each block answers the seconds of its steps."""
    setting = NETWORKS[name]
    torch.manual_seed(0)
    module = network(setting)
    x, y = map(torch.from_numpy, data(setting))
    optimizer = torch.optim.Adam(module.parameters(), 1e-3)
    seen = bl.watch(module, optimizer) if watch else None

    def blocks() -> Iterator[list[float]]:
        batches = endless(len(x), setting["batch"])
        if seen is not None:
            seen.__enter__()
        while True:
            times = []
            for _ in range(steps):
                begun = time.process_time()
                rows = next(batches)
                optimizer.zero_grad()
                nn.functional.cross_entropy(module(x[rows]), y[rows]).backward()
                optimizer.step()
                times.append(time.process_time() - begun)
            yield times

    def close() -> tuple[list[int], float]:
        seen.__exit__(None, None, None)
        begun = time.process_time()
        _ = seen.findings
        return seen.recorder.observed, time.process_time() - begun

    return blocks(), close


def engine_blocks(name: str, steps: int, *, watch: bool):
    """Our own engine with the doctor's observer; a block is an epoch."""
    setting = NETWORKS[name]
    torch.manual_seed(0)
    module = network(setting)
    x, y = data({**setting, "rows": steps * setting["batch"]})
    config = TrainingConfig(epochs=10_000, batch_size=setting["batch"], optimizer="adam", learning_rate=1e-3)
    config = config.model_copy(update={"schedule": "constant", "weight_decay": 0.0, "label_smoothing": 0.0})
    looking = [Checkup(module, "cross-entropy", config, len(x))] if watch else []
    session = open_session(
        module,
        "cross-entropy",
        (x, y),
        None,
        config,
        seed=0,
        unit=1.0,
        augmentation=None,
        deadline=None,
        observers=looking,
        record=False,
    )

    def blocks() -> Iterator[list[float]]:
        session.begin()
        while True:
            begun = time.process_time()
            session.run_epoch()
            yield [time.process_time() - begun]

    def close() -> tuple[list[int], float]:
        begun = time.process_time()
        looking[0].findings()
        return looking[0].recorder.observed, time.process_time() - begun

    return blocks(), close


def endless(rows: int, batch: int) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    while True:
        yield from torch.randperm(rows, generator=generator).split(batch)


if __name__ == "__main__":
    main()
