"""Rows a second of a whole fit, each contender in a process of its own, turn about, best of several rounds.

    python -m benchmarks.engine [--rounds 3]

All contenders do the same arithmetic: Adam at 0.001, cross-entropy, the same batch size and number of epochs, no
evaluation. Ratios are to the plain PyTorch loop of the same round; the best round counts.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np

NETWORKS = {
    "23-64-64-2, batch 128": {"widths": (23, 64, 64, 2), "batch": 128, "rows": 40_000, "epochs": 4},
    "23-64-64-2, batch 32": {"widths": (23, 64, 64, 2), "batch": 32, "rows": 20_000, "epochs": 2},
    "784-512-512-10, batch 128": {"widths": (784, 512, 512, 10), "batch": 128, "rows": 20_000, "epochs": 2},
    "4 convolutions, 3×32×32, batch 128": {"widths": None, "batch": 128, "rows": 2_000, "epochs": 1},
}
CONTENDERS = ("loop", "backlight", "scikit-learn")


def data(setting):
    generator = np.random.default_rng(0)
    shape = (3, 32, 32) if setting["widths"] is None else (setting["widths"][0],)
    classes = 10 if setting["widths"] is None else setting["widths"][-1]
    x = generator.normal(size=(setting["rows"], *shape)).astype(np.float32)
    return x, generator.integers(0, classes, setting["rows"])


def network(setting):
    from torch import nn

    if setting["widths"] is None:
        convolutions = [nn.Conv2d(a, b, 3, padding=1) for a, b in ((3, 32), (32, 32), (32, 64), (64, 64))]
        first, second, third, fourth = convolutions
        return nn.Sequential(
            *(first, nn.ReLU(), second, nn.ReLU(), nn.MaxPool2d(2), third, nn.ReLU(), fourth, nn.ReLU()),
            *(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64 * 8 * 8, 10)),
        )
    pairs = list(zip(setting["widths"], setting["widths"][1:], strict=False))
    layers = [layer for a, b in pairs for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def fit_loop(setting, x, y):
    import torch
    from torch.nn import functional as F

    model, rows, targets = network(setting), torch.tensor(x), torch.tensor(y)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(setting["epochs"]):
        for part in torch.randperm(len(rows)).split(setting["batch"]):
            optimizer.zero_grad()
            F.cross_entropy(model(rows[part]), targets[part]).backward()
            optimizer.step()


def fit_backlight(setting, x, y):
    import backlight as bl

    bl.Classifier(
        network(setting),
        preprocessing="none",
        epochs=setting["epochs"],
        batch_size=setting["batch"],
        optimizer="adam",
        learning_rate=1e-3,
        schedule="constant",
        weight_decay=0.0,
        validation_fraction=0.0,
        diagnose=False,
    ).fit(x, y)


def fit_scikit_learn(setting, x, y):
    import warnings

    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    MLPClassifier(
        setting["widths"][1:-1], batch_size=setting["batch"], max_iter=setting["epochs"], alpha=0.0, tol=0.0
    ).fit(x, y)


def one_fit(contender, name):
    """Rows a second of one fit, after one smaller fit that loads everything."""
    setting = NETWORKS[name]
    fit = {"loop": fit_loop, "backlight": fit_backlight, "scikit-learn": fit_scikit_learn}[contender]
    x, y = data(setting)
    warm = setting["batch"] * 4
    fit(setting, x[:warm], y[:warm])
    began = time.perf_counter()
    fit(setting, x, y)
    return setting["rows"] * setting["epochs"] / (time.perf_counter() - began)


def measure(rounds):
    for name, setting in NETWORKS.items():
        contenders = [c for c in CONTENDERS if c != "scikit-learn" or setting["widths"]]
        best = dict.fromkeys(contenders, 0.0)
        ratios = {c: [] for c in contenders}
        for _ in range(rounds):
            rates = {c: _in_own_process(c, name) for c in contenders}
            for c, rate in rates.items():
                best[c] = max(best[c], rate)
                ratios[c].append(rate / rates["loop"])
        for c in contenders:
            print(
                f"{name:36} {c:14} {best[c]:12,.0f} rows/s  {best[c] / best['loop']:5.2f} × loop  rounds "
                + " ".join(f"{ratio:.2f}" for ratio in ratios[c]),
                flush=True,
            )


def _in_own_process(contender, name):
    command = [sys.executable, "-m", "benchmarks.engine", "--one", contender, "--network", name]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=CONTENDERS)
    parser.add_argument("--network", choices=NETWORKS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one_fit(given.one, given.network)))
    else:
        measure(given.rounds)
