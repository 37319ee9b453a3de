"""What a sweep of 8 learning rates costs, in single runs of the engine and of a plain PyTorch loop.

    python -m benchmarks.copies [--rounds 5]

Eight copies (`train_copies`), one engine run (`train`) and one plain loop take turns in one process; the best round of
each counts.
"""

import argparse
import time
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from backlight.records.config import TrainingConfig
from backlight.training import Copy, train, train_copies

RATES = tuple(float(rate) for rate in np.geomspace(1e-4, 1e-1, 8))
BATCH = 128
NETWORKS = {"23-64-64-2": (23, 64, 64, 2, 12_800, 2), "784-256-10": (784, 256, 10, 6_400, 1)}


def network(widths):
    torch.manual_seed(0)
    pairs = pairwise(widths)
    return nn.Sequential(*[layer for a, b in pairs for layer in (nn.Linear(a, b), nn.ReLU())][:-1])


def settings(rate, epochs):
    return TrainingConfig(
        optimizer="adam", learning_rate=rate, weight_decay=0.0, epochs=epochs, batch_size=BATCH, schedule="constant"
    )


def loop(widths, x, y, epochs, rate):
    model, rows, targets = network(widths), torch.tensor(x), torch.tensor(y)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(epochs):
        for part in torch.randperm(len(rows)).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(rows[part]), targets[part]).backward()
            optimizer.step()


def seconds(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def measure(rounds):
    for name, (*widths, rows, epochs) in NETWORKS.items():
        generator = np.random.default_rng(0)
        x = generator.normal(size=(rows, widths[0])).astype(np.float32)
        y = generator.integers(0, widths[-1], rows)
        contenders = {
            "8 copies": lambda x=x, y=y, w=widths, e=epochs: train_copies(
                [Copy(network(w), settings(rate, e)) for rate in RATES], "cross-entropy", (x, y), None, record=False
            ),
            "one engine run": lambda x=x, y=y, w=widths, e=epochs: train(
                network(w), "cross-entropy", (x, y), None, settings(1e-3, e), record=False
            ),
            "one plain loop": lambda x=x, y=y, w=widths, e=epochs: loop(w, x, y, e, 1e-3),
        }
        best = dict.fromkeys(contenders, float("inf"))
        for _ in range(rounds):
            for contender, run in contenders.items():
                best[contender] = min(best[contender], seconds(run))
        steps = epochs * rows / BATCH
        copies = best["8 copies"]
        for contender, time_taken in best.items():
            print(f"{name:12} {contender:16} {1e6 * time_taken / steps:9.0f} µs a step")
        print(f"{name:12} 8 copies cost {copies / best['one engine run']:.2f} engine runs, "
              f"{copies / best['one plain loop']:.2f} plain loops")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    measure(parser.parse_args().rounds)
