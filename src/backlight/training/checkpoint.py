"""Checkpoints: everything a training needs to go on exactly, in files that are whole or not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..files import write_tensors

T = TypeVar("T")

KEEP = 2
"""Checkpoints kept: the newest, and one before it in case the machine fails while the disk writes."""


def save_checkpoint(folder: Path, step: int, tensors: dict[str, Tensor], facts: dict[str, Any]) -> Path:
    """Write `step-N.safetensors`; older ones beyond two are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step}.safetensors"
    write_tensors(path, tensors, {"facts": json.dumps(facts)})
    for old in checkpoints(folder)[KEEP:]:
        old.unlink()
    return path


def load_newest_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and facts of the newest checkpoint that can be read whole; None where there is none."""
    return _newest(folder, lambda file: ({name: file.get_tensor(name) for name in file.keys()}, _facts(file)))  # noqa: SIM118


def newest_checkpoint_facts(folder: Path) -> dict[str, Any] | None:
    """Its facts alone: a file whose header does not fit its length is no whole one."""
    return _newest(folder, _facts)


def _newest(folder: Path, read: Callable[[Any], T]) -> T | None:
    for path in checkpoints(folder):
        try:
            with safe_open(path, framework="pt") as file:
                return read(file)
        except (SafetensorError, OSError, ValueError, KeyError):
            continue  # a torn or foreign file: the one before it is tried
    return None


def _facts(file: Any) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(file.metadata()["facts"])
    return facts


def random_state() -> dict[str, Tensor]:
    """State of PyTorch's generators, by device."""
    states = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def set_random_state(tensors: dict[str, Tensor]) -> None:
    """Go on drawing where `random_state` was taken."""
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoint files, newest first."""
    found = [p for p in folder.glob("step-*.safetensors") if p.stem.removeprefix("step-").isdigit()]
    return sorted(found, key=lambda p: int(p.stem.removeprefix("step-")), reverse=True)
