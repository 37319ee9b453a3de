"""A run's network as an ONNX file, for use without Python or PyTorch."""

from __future__ import annotations

import copy
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ... import files
from ..._version import __version__
from ...data import Preprocessing
from ...network.layers import PiecewiseLinear
from ...records import BacklightError, Feature, ImageInputs, TableInputs, Task
from ..extras import extra

FORMAT = 1
"""Of the metadata."""
TOLERANCE = 1e-5
"""Largest difference between ONNX Runtime and PyTorch: of probabilities; of values as a share of their own size, or of
the target's standard deviation where that is larger."""
CHECKED_ROWS = 256
INPUT = "x"
_PURPOSE = "Writing an ONNX file"
_CLIPS = {"smooth": ", then z / sqrt(1 + (z / 3)^2)", "unit": ", then clipped to 0 and 1", "none": ""}


@dataclass(frozen=True)
class OnnxFile:
    """What was written, and how it was checked."""

    file: str
    opset: int
    input: dict[str, Any]
    output: dict[str, Any]
    checked_rows: int
    largest_difference: float
    """Between ONNX Runtime and PyTorch on made-up rows."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


class Served(nn.Module):
    """The network with what follows it: probabilities of all classes, or values in the target's own units.

    flips: whether the logits are the mean over an image and its mirror image, as `predict` has it.
    """

    def __init__(self, network: nn.Module, task: Task, centre: float, spread: float, *, flips: bool) -> None:
        super().__init__()
        self.network = one_rounding(network)
        self.task, self.centre, self.spread, self.flips = task, centre, spread, flips

    def forward(self, x: Tensor) -> Tensor:
        """x (n, …) → probabilities (n, classes), or values (n,)."""
        z = self.network(x)
        if self.flips:
            z = (z + self.network(x.flip(-1))) / 2
        if not self.task.classes:
            return z[:, 0] * self.spread + self.centre
        if z.shape[1] == 1:  # one logit of two classes
            z = torch.cat((torch.zeros_like(z), z), dim=1)
        return z.softmax(1)


def one_rounding(network: nn.Module) -> nn.Module:
    """A copy whose piecewise-linear embeddings give the same numbers in ONNX.

    Within PyTorch slope · x + shift is rounded once (a fused multiply-add). ONNX has the product and the sum only, each
    rounded: in a bin as narrow as 1/25,000 that made probabilities differ by 1.5e-5 on census income. In double
    precision the two roundings are as good as one.
    """

    def encode(self: PiecewiseLinear, x: Tensor) -> Tensor:
        z = x.t()[:, :, None].double() * self.slope.double() + self.shift.double()
        return z.float().clamp(self.low, self.high)

    network = copy.deepcopy(network)
    for layer in network.modules():
        if isinstance(layer, PiecewiseLinear):
            layer.encode = MethodType(encode, layer)  # type: ignore[method-assign]
    return network


def write_onnx(module: nn.Module, preprocessing: Preprocessing, path: Path, *, flips: bool = False) -> OnnxFile:
    """Write a trained network, check it with ONNX Runtime, and say what it takes and gives.

    The metadata `backlight` holds, as JSON, what each input is and how it is made of the user's columns, what the
    output means, and the whole preprocessing.

    Raises:
        BacklightError: the packages are missing, the network has a layer that ONNX lacks, or the file gives other
            numbers than the network.

    """
    for name in ("onnx", "onnxscript", "onnxruntime"):
        extra(name, "onnx", _PURPOSE)
    if not path.parent.is_dir():
        raise BacklightError(f"There is no folder {path.parent} for {path.name}; make it first.")
    task = preprocessing.task
    served = Served(module, task, preprocessing.centre, preprocessing.spread, flips=flips).cpu().eval()
    x = made_up_rows(preprocessing, CHECKED_ROWS)
    model = _converted(served, torch.as_tensor(x), "probabilities" if task.classes else "value")
    told = describe(preprocessing)
    entry = model.metadata_props.add()
    entry.key, entry.value = "backlight", json.dumps(files.plain(told), ensure_ascii=False)
    difference = _difference(model, served, x)
    try:
        files.write(path, lambda temporary: temporary.write_bytes(model.SerializeToString()))
    except OSError as error:
        raise BacklightError(f"{path} cannot be written: {error.strerror}.") from error
    opset = next(one.version for one in model.opset_import if one.domain == "")
    brief = {key: value for key, value in told["input"].items() if key != "columns"}
    return OnnxFile(str(path), opset, brief, told["output"], len(x), difference)


def describe(preprocessing: Preprocessing) -> dict[str, Any]:
    """What the file's metadata says."""
    task, inputs = preprocessing.task, preprocessing.inputs
    image = isinstance(inputs, ImageInputs)
    told: dict[str, Any] = {"name": INPUT, "type": "uint8" if image else "float32", "shape": ["rows", *inputs.shape]}
    if isinstance(inputs, TableInputs):
        told |= {"meaning": "one row a line; columns as below, in this order", "columns": _columns(preprocessing)}
    elif image:
        told["meaning"] = "images (channels, height, width) with values 0 to 255; the network normalises them itself"
    else:
        told["meaning"] = "as it was given to the training"
    if task.classes:
        output = {"name": "probabilities", "shape": ["rows", len(task.classes)], "classes": list(task.classes)}
    else:
        output = {"name": "value", "shape": ["rows"], "meaning": f"{task.target}, in its own units"}
    return {
        "format": FORMAT,
        "backlight": __version__,
        "task": task.kind,
        "target": task.target,
        "input": told,
        "output": output,
        "preprocessing": preprocessing.to_dict(),
    }


def _columns(preprocessing: Preprocessing) -> list[dict[str, Any]]:
    """How each column of x is made of the user's."""
    derived = {name: f"column {d.column!r}" for d in preprocessing.dates for name in d.names}
    if preprocessing.joined:
        derived |= dict.fromkeys(preprocessing.joined.names, f"columns {', '.join(preprocessing.joined.columns)}")
    found: list[dict[str, Any]] = []
    for one in preprocessing.numbers:
        clip = "smooth" if one.smooth else "none" if one.kind == "continuous" else "unit"
        found.append(
            {
                "name": one.name,
                "from": derived.get(one.name, f"column {one.name!r}"),
                "rule": f"z = (value - centre) * factor{_CLIPS[clip]}; a missing value counts as fill",
                "centre": one.centre,
                "factor": one.factor,
                "fill": one.fill,
                "clip": clip,
            }
        )
    found += [
        {"name": f"{one.name} missing", "rule": "1 where the value is missing, else 0"}
        for one in preprocessing.numbers
        if one.indicator
    ]
    for category in preprocessing.categories:
        codes = [[value, code] for code, value in enumerate(category.values, 1)]
        rule = "the code of the text (null: of a missing value); 0 for any other"
        found.append({"name": category.column, "from": f"column {category.column!r}", "rule": rule, "codes": codes})
    return found


def made_up_rows(preprocessing: Preprocessing, rows: int) -> np.ndarray:
    """Rows of x as the network may meet them: scaled values, flags, codes; or images of noise."""
    random, inputs = np.random.default_rng(0), preprocessing.inputs
    if isinstance(inputs, ImageInputs):
        return random.integers(0, 256, (rows, *inputs.shape), dtype=np.uint8)
    if not isinstance(inputs, TableInputs):
        return random.normal(size=(rows, *inputs.shape)).astype(np.float32)
    return np.stack([_made_up(feature, random, rows) for feature in inputs.features], axis=1).astype(np.float32)


def _made_up(feature: Feature, random: np.random.Generator, rows: int) -> np.ndarray:
    """One column (rows,)."""
    if feature.kind in ("discrete", "flag"):
        return random.integers(0, 2 if feature.kind == "flag" else feature.size, rows)
    if feature.kind == "time":
        return random.uniform(0, 1, rows)
    if feature.edges:  # where the narrow bins are
        return random.choice(feature.edges, rows) + random.normal(0, 0.01, rows)
    return random.normal(size=rows)


def _converted(served: Served, x: Tensor, output: str) -> Any:
    """The model in ONNX's own form, for any number of rows."""
    try:
        with _quiet():
            program = torch.onnx.export(
                served,
                (x[:3],),
                dynamo=True,
                verbose=False,
                input_names=[INPUT],
                output_names=[output],
                dynamic_shapes=({0: "rows"},),
            )
    except torch.onnx.OnnxExporterError as error:
        first = str(error.__cause__ or error).strip().splitlines()[0]
        raise BacklightError(f"The network cannot be written as ONNX: {first}") from error
    assert program is not None
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what PyTorch's exporter says of itself: deprecations of its own parts, packages it did not find."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        log.setLevel(level)


def _difference(model: Any, served: Served, x: np.ndarray) -> float:
    """Largest difference between ONNX Runtime and PyTorch, measured as `TOLERANCE` says."""
    runtime = extra("onnxruntime", "onnx", _PURPOSE)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {INPUT: x})[0].astype(np.float64)
    with torch.inference_mode():
        expected = served(torch.as_tensor(x)).numpy().astype(np.float64)
    size = 1.0 if served.task.classes else np.maximum(served.spread, np.abs(expected))
    difference = float(np.max(np.abs(found - expected) / size))
    if not difference <= TOLERANCE:
        raise BacklightError(
            f"ONNX Runtime gives other numbers than the network (by up to {difference:.2g}); no file was written."
        )
    return difference
