"""A layer's poor state hides the signal from all others: `python -m benchmarks.obfuscation [-o NAME]`.

A plain network of 30 layers of 64 rectifiers (PyTorch's own initialisation) on scikit-learn's digits does not learn.
The doctor is asked why; then the same network is trained after each of three treatments: a good initial estimate
(orthogonal, or each layer first trained to undo noise), normalised layers, residual paths. Same rows, order,
optimiser (Adam, 3e-4), and 20 epochs for all. The table tells what v(i) says before training, at the first layer and at
the last hidden one: how much more it agrees among like examples (0: noise), and in how many directions the rows pull.
The picture shows, before training, how much the gradients of like examples agree by depth, how far rows can still be
told apart, and the loss by epoch. The last column of the table is the processor time of the pretraining beside that of
the training.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor, nn

from backlight.doctor.treatments.start import PRETRAINING_EPOCHS
from backlight.network import Residual
from backlight.training.pretraining import pretrain
from backlight.watch import Watch, watch

DEPTH, WIDTH, CLASSES = 30, 64, 10
EPOCHS, BATCH, RATE = 20, 64, 3e-4
STYLES = {
    "plain": ("#d1495b", "-", "o"),
    "pretrained layer by layer": ("#2e86ab", (0, (5, 2)), "s"),
    "orthogonal start": ("#2e86ab", (0, (1, 1.3)), "^"),
    "layer norm": ("#6a994e", (0, (6, 2, 1, 2)), "D"),
    "residual": ("#222222", "-", "x"),
}
"""Dashes and markers tell them apart in grey, too."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/obfuscation"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    x, y = digits()
    results = {}
    print(
        "| network | loss at the end | accuracy | errors found | agreement of v(i), bottom and top | rank of v(i) "
        "| rank of x(i), bottom and top | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in STYLES:
        began = time.process_time()
        module = network(name, x)
        made = time.process_time()
        seen, losses, accuracy = trained(module, x, y)
        seconds = f"{made - began:.1f} + {time.process_time() - made:.1f}"
        agreement, spread = by_depth(seen, "like_agreement"), rows_apart(seen)
        results[name] = (agreement, spread, losses)
        told = ", ".join(dict.fromkeys(one.name for one in seen.findings if one.severity == "error")) or "none"
        print(
            f"| {name} | {losses[-1]:.3f} | {accuracy:.3f} | {told} | {agreement[0]:.3f}, {agreement[-2]:.2f} "
            f"| {ends(seen, 'v_rank')} | {ends(seen, 'y_rank')} | {seconds} |",
            flush=True,
        )
    for ending in (".svg", ".png"):
        draw(results).savefig(args.output.with_suffix(ending), dpi=150)


def digits() -> tuple[Tensor, Tensor]:
    """Standardised pixels (n, 64) and classes (n,)."""
    x, y = load_digits(return_X_y=True)
    x = torch.tensor(x, dtype=torch.float32)
    return (x - x.mean(0)) / x.std(0).clamp_min(0.5), torch.tensor(y)


def network(name: str, x: Tensor) -> nn.Sequential:
    """30 hidden layers; the treatment by name."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for place in range(DEPTH):
        linear = nn.Linear(x.shape[1] if place == 0 else WIDTH, WIDTH)
        if name == "orthogonal start":
            nn.init.orthogonal_(linear.weight, 2**0.5)
            nn.init.zeros_(linear.bias)
        if name == "residual" and place:
            layers.append(Residual(nn.Sequential(nn.LayerNorm(WIDTH), linear, nn.ReLU())))
        else:
            layers += [linear, nn.LayerNorm(WIDTH), nn.ReLU()] if name == "layer norm" else [linear, nn.ReLU()]
    module = nn.Sequential(*layers, nn.Linear(WIDTH, CLASSES))
    return pretrain(module, x, epochs=PRETRAINING_EPOCHS, seed=0) if name.startswith("pretrained") else module


def trained(module: nn.Sequential, x: Tensor, y: Tensor) -> tuple[Watch, list[float], float]:
    """The watch, the mean loss of each epoch, and the accuracy on the rows of training."""
    optimizer = torch.optim.Adam(module.parameters(), RATE)
    generator = torch.Generator().manual_seed(0)
    losses = []
    with watch(module, optimizer, overhead=None) as seen:
        for _ in range(EPOCHS):
            total = 0.0
            for rows in torch.randperm(len(x), generator=generator).split(BATCH):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(module(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
                total += float(loss.detach()) * len(rows)
            losses.append(total / len(x))
    with torch.no_grad():
        accuracy = float((module(x).argmax(1) == y).float().mean())
    return seen, losses, accuracy


def by_depth(seen: Watch, signal: str) -> list[float]:
    """The first value of a signal at each linear layer, from input to output."""
    table = seen.recorder.table
    return [table.first(signal, one.name) for one in seen.recorder.layers if one.kind == "Linear"]


def ends(seen: Watch, signal: str) -> str:
    """Its first value at the first layer and at the last hidden one."""
    values = by_depth(seen, signal)
    return f"{values[0]:.2g}, {values[-2]:.2g}"


def rows_apart(seen: Watch) -> list[float]:
    """Spread of x(i+1) over rows beside its root mean square, at each linear layer."""
    sizes = zip(by_depth(seen, "y_mean"), by_depth(seen, "y_std"), strict=True)
    return [
        rows / (mean**2 + std**2) ** 0.5 for rows, (mean, std) in zip(by_depth(seen, "row_std"), sizes, strict=True)
    ]


def draw(results: dict[str, tuple[list[float], list[float], list[float]]]) -> Figure:
    """Three panels over one legend."""
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    figure.set_facecolor("white")
    panels = figure.subplots(1, 3)
    titles = (
        "How much more v(i) agrees among like examples",
        "How far x(i) still tells rows apart",
        "Loss in training",
    )
    for number, (axes, title) in enumerate(zip(panels, titles, strict=True)):
        for name, values in results.items():
            colour, line, mark = STYLES[name]
            places = np.arange(1, len(values[number]) + 1)
            look = {"color": colour, "linestyle": line, "marker": mark, "markersize": 5, "markevery": 4}
            axes.plot(places, values[number], **look, label=name)
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("layer, from the input" if number < 2 else "epoch")
        axes.spines[["top", "right"]].set_visible(False)
    panels[1].set_yscale("log")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return figure


if __name__ == "__main__":
    main()
