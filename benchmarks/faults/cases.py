"""Real programs that did not learn, rebuilt from their descriptions, and their mended versions."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backlight.records import Finding
from backlight.watch import watch

from . import case_data, keras_layers
from .healthy import mlp
from .keras_losses import Loss, loss_of

SECONDS = 8.0
"""Time of the processor for one program."""
RATES = {"Adam": 1e-3, "Nadam": 1e-3, "RMSprop": 1e-3, "SGD": 0.01, "Adagrad": 1e-3, "Adadelta": 1e-3, "Adamax": 1e-3}


@dataclass
class Case:
    """One fit of one program, ready to run."""

    model: nn.Module
    x: Tensor
    y: Tensor
    loss: Loss
    optimizer: torch.optim.Optimizer
    batch: int
    epochs: int
    metrics: tuple[str, ...] = ()
    clip: float | None = None
    shuffle: bool = True
    decay: float = 0.0
    """The step size is divided by 1 + decay × (steps so far)."""
    penalty: float = 0.0
    """λ of λ Σ w² over all kernels, added to the loss."""

    def run(self, seconds: float = SECONDS) -> None:
        """The plain loop, cut after `seconds`."""
        stop = time.process_time() + seconds
        generator = torch.Generator().manual_seed(0)
        rate = self.optimizer.param_groups[0]["lr"]
        kernels = [p for p in self.model.parameters() if p.dim() > 1] if self.penalty else []
        steps = 0
        for _ in range(self.epochs):
            self.model.train()
            order = torch.randperm(len(self.x), generator=generator) if self.shuffle else torch.arange(len(self.x))
            for rows in order.split(self.batch):
                self.optimizer.zero_grad()
                loss = self.loss(self.model(self.x[rows]), self.y[rows])
                if kernels:
                    loss = loss + self.penalty * sum((kernel**2).sum() for kernel in kernels)
                loss.backward()
                if self.clip:
                    nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
                self.optimizer.param_groups[0]["lr"] = rate / (1 + self.decay * steps)
                self.optimizer.step()
                steps += 1
                if time.process_time() > stop:
                    return


def rebuild(case: dict[str, Any], seed: int = 0) -> Case:
    """The program as it was posted."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    fit = case["fits"][0]
    x = case_data.features(fit["x"], generator)
    learnable = "unlearnable-target" not in case["accepted_names"]
    y = case_data.target(fit["y"], x, learnable, generator)
    if "prepare" in fit:
        x, y = fit["prepare"](x, y)
    model = keras_layers.build(fit["layers"], tuple(x.shape[1:]))
    y = _as_keras_does(y, model(x[:2]).detach(), fit["loss"])
    epochs = min(fit.get("epochs_asked") or 20, 20)
    return Case(
        model,
        x,
        y,
        loss_of(fit["loss"]),
        _optimizer(fit["optimizer"], model),
        fit.get("batch_size") or 32,
        epochs,
        tuple(m for m in fit.get("metrics") or () if isinstance(m, str)),
        fit["optimizer"].get("clipnorm"),
        fit.get("shuffle", True),
        fit["optimizer"].get("decay", 0.0),
        fit.get("l2", 0.0),
    )


def mend(case: dict[str, Any], seed: int = 0) -> Case:
    """A version with every fault mended: as described, or else scaled data, rectifiers, fitting outputs, more steps."""
    if "mended" in case:
        return rebuild({**case, "fits": [case["mended"]], "accepted_names": []}, seed)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    fit = case["fits"][0]
    facts = {**fit["x"], "shape": [max(600, fit["x"]["shape"][0]), *fit["x"]["shape"][1:]]}
    x = case_data.features(facts, generator)
    y = case_data.target(fit["y"], x, True, generator)
    x = (x - x.mean()) / x.std() if x.dim() > 2 else (x - x.mean(0)) / x.std(0).clamp_min(1e-6)
    classes = len(fit["y"].get("values") or ()) or (y.shape[-1] if y.dim() == 2 else 0)
    if case["task"] == "binary" and classes <= 2:
        y = (y.argmax(1).float() if y.dim() == 2 and y.shape[1] == 2 else y.reshape(len(y))).unsqueeze(1)
        outputs, loss = 1, F.binary_cross_entropy_with_logits
    elif case["task"] == "multiclass":
        codes = y.argmax(1) if y.dim() == 2 and y.shape[1] > 1 else y.reshape(len(y)).long()
        y, outputs, loss = codes - codes.min(), int(codes.max() - codes.min()) + 1, F.cross_entropy
    else:
        y = y.reshape(len(y), -1)
        y = (y - y.mean(0)) / y.std(0).clamp_min(1e-6)
        outputs, loss = y.shape[1], F.mse_loss
    model = _mended_network(fit["layers"], tuple(x.shape[1:]), outputs)
    return Case(model, x, y, loss, torch.optim.Adam(model.parameters(), 1e-3), 32, 20)


def _mended_network(layers: list[dict[str, Any]], shape: tuple[int, ...], outputs: int) -> nn.Module:
    """The same kinds of layers, with rectifiers between them and a linear last layer."""
    if len(shape) == 1:
        return mlp(shape[0], 64, 32, outputs)
    if len(shape) == 3:
        convolutions = [
            {"class": "Conv2D", "filters": f, "kernel_size": [3, 3], "padding": "same", "activation": "relu",
             "kernel_initializer": {"class": "HeUniform"}}
            for f in (16, 32)
        ]  # fmt: skip
        pool = {"class": "MaxPooling2D", "pool_size": [2, 2]}
        parts = [convolutions[0], pool, convolutions[1], pool, {"class": "Flatten"}]
        return keras_layers.build([*parts, {"class": "Dense", "units": outputs}], shape)
    flat = {"class": "Flatten"}
    return keras_layers.build(
        [{"class": "LSTM", "units": 32}, {"class": "Dense", "units": outputs}]
        if shape[1] > 1
        else [flat, {"class": "Dense", "units": 64, "activation": "relu"}, {"class": "Dense", "units": outputs}],
        shape,
    )


def _as_keras_does(y: Tensor, output: Tensor, loss: Any) -> Tensor:
    """Keras gives a target of one axis a second one when the output has two."""
    name = str(loss["class"] if isinstance(loss, dict) else loss).lower()
    if "sparse" in name:
        return y
    return y.unsqueeze(1) if y.dim() == 1 and output.dim() == 2 else y


def _optimizer(facts: dict[str, Any], model: nn.Module) -> torch.optim.Optimizer:
    kind = facts["class"]
    rate = facts.get("learning_rate") or RATES.get(kind, 1e-3)
    rate = rate if isinstance(rate, float) else RATES.get(kind, 1e-3)
    if kind == "SGD":
        return torch.optim.SGD(
            model.parameters(), rate, momentum=facts.get("momentum") or 0.0, nesterov=bool(facts.get("nesterov"))
        )
    kinds = {"RMSprop": torch.optim.RMSprop, "Nadam": torch.optim.NAdam, "Adagrad": torch.optim.Adagrad,
             "Adadelta": torch.optim.Adadelta, "Adamax": torch.optim.Adamax}  # fmt: skip
    return kinds.get(kind, torch.optim.Adam)(model.parameters(), rate)


def examine(case: Case) -> list[Finding]:
    """Train, watch, ask."""
    with watch(case.model, case.optimizer, metrics=case.metrics) as seen:
        case.run()
    return seen.findings


def read_cases(path: Path) -> dict[str, Any]:
    """Descriptions by name; none, with a word, where there is no such file."""
    if not path.exists():
        print(f"no descriptions of real programs at {path}: skipped")
        return {}
    return json.loads(path.read_text())


def report_cases(described: dict[str, Any], only: str) -> None:
    """Print what is said of each case, recall by kind, and errors on mended versions."""
    cases = {name: case for name, case in described.items() if only in name}
    hits: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    accepted, said_in_all = 0, 0
    for name, case in cases.items():
        findings = examine(rebuild(case))
        names = list(dict.fromkeys(f.name for f in findings))
        primary = case["primary"]["names"]
        rank = next((i for i, n in enumerate(names, 1) if n in primary), None)
        if primary:
            hits[case["primary"]["kind"]].append((rank == 1, rank is not None and rank <= 3, rank is not None))
        loud = [f.name for f in findings if f.severity != "note"]
        accepted += sum(n in case["accepted_names"] for n in dict.fromkeys(loud))
        said_in_all += len(dict.fromkeys(loud))
        words = ", ".join(
            dict.fromkeys(
                f"{f.severity[0].upper()} {f.name}" + ("" if f.name in case["accepted_names"] else "?")
                for f in findings
            )
        )
        print(f"{name} {case['primary']['kind']} rank {rank}: {words}")
    rows = {kind: [sum(h[i] for h in found) / len(found) for i in range(3)] for kind, found in sorted(hits.items())}
    print("| kind | programs | first | in first 3 | named |\n|---|---|---|---|---|")
    for kind, shares in rows.items():
        print(f"| {kind} | {len(hits[kind])} | " + " | ".join(f"{s:.2f}" for s in shares) + " |")
    if rows:
        means = [sum(shares[i] for shares in rows.values()) / len(rows) for i in range(3)]
        print(
            f"| **mean over kinds** | {sum(map(len, hits.values()))} | " + " | ".join(f"{m:.2f}" for m in means) + " |"
        )
    print(f"warnings and errors that a reader accepted: {accepted} of {said_in_all}")
    wrong = 0
    for name, case in cases.items():
        findings = examine(mend(case))
        errors = [f for f in findings if f.severity == "error"]
        kept = [f.name for f in findings if f.name in case["primary"]["names"]]
        wrong += bool(errors)
        if errors or kept:
            print(f"mended {name}: errors {[f.name for f in errors]}, primary still named {kept}")
    print(f"mended versions: {len(cases)}, with an error: {wrong}")
