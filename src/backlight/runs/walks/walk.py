"""One example's way through a trained network: forward to the loss and back again, layer by layer."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ...backprop import Plan, gradient_size, norm
from ...data import Dataset
from ...records import BacklightError, Layer, Task
from ...training.goal import make_goal
from ..ensembles.ensemble import members_of
from ..module import loss_name
from ..prediction import Restore, predictions
from .effort import ANSWER, THOROUGH, Effort, Found, spectra
from .layer import WalkedLayer
from .sums import with_sums

if TYPE_CHECKING:
    from ..run import Run


@dataclass(frozen=True)
class Walk:
    """What one example met in the network, forward and backward, in eval mode."""

    row: int
    """Counted from 0, as in the report."""
    source: str
    example: dict[str, Any]
    """In the user's own columns; of a picture, its file."""
    target: str
    truth: Any
    """In the user's own labels or units."""
    prediction: Any
    probability_of_right_class: float | None
    loss: float
    loss_name: str
    layers: tuple[WalkedLayer, ...]
    output_norm: float
    """|x(n)|."""
    output_v_norm: float
    """|v(n)|, with which the way back begins."""
    output: tuple[float, ...] = field(default=())
    """x(n) itself."""
    output_v: tuple[float, ...] = field(default=())
    """v(n) itself: for classes, predicted minus wanted probabilities."""
    member: int = 1
    """Which network of an ensemble it is, counted from 1; what it predicts is not what the ensemble does."""
    members: int = 1

    def named(self, row: int, source: str, example: dict[str, Any], *, member: int = 1, members: int = 1) -> Walk:
        """The same, with what the example is, and which of the networks of an ensemble it went through."""
        return replace(self, row=row, source=source, example=example, member=member, members=members)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `backlight walk --json` prints them."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """The same without the lists of singular values, as walk.json keeps it."""
        return replace(self, layers=tuple(replace(one, jacobian_singular_values=()) for one in self.layers)).to_dict()


def walk(run: Run, row: int, data: Any = None, *, member: int = 1, all_singular_values: bool = False) -> Walk:
    """See `Run.walk`."""
    dataset = run.read_again(data)
    if not 0 <= row < dataset.rows:
        last = f"rows 0 to {dataset.rows - 1:,}" if dataset.rows else "no rows"
        raise BacklightError(f"{dataset.name} has {last}, and --row {row} is none of them.")
    target = run.task.target
    if dataset.column(target, "target")[row] is None:
        raise BacklightError(f"Row {row} of {dataset.name} has no {target!r}, so it has no loss; choose another --row.")
    members = members_of(run.module)
    if not 1 <= member <= len(members):
        raise BacklightError(
            f"{run.folder} is an ensemble of {len(members)} networks; --member {member} is none of them."
            if len(members) > 1
            else f"{run.folder} is one network, not an ensemble; leave --member {member} out."
        )
    one = replace(dataset.take(np.array([row])), name=f"{dataset.name} (row {row})")
    x, y = run.preprocessing.transform(one), run.preprocessing.encode_target(one)
    restore = run.preprocessing.restore_target
    effort = THOROUGH if all_singular_values else ANSWER
    found = walk_through(members[member - 1], run.task, x, y, restore, effort=effort)
    return found.named(row, dataset.name, example_of(one, target), member=member, members=len(members))


def walk_through(
    module: nn.Module, task: Task, x: np.ndarray, y: np.ndarray, restore: Restore, *, effort: Effort = ANSWER
) -> Walk:
    """The way of one prepared example x (1, …) with its target y (1,), in eval mode; the module is left as it was.

    Two thirds of the effort's seconds are for the layers, the rest is for the sums of residual blocks.
    """
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    training = module.training
    module.eval()
    try:
        plan = Plan(module)
        placed = torch.as_tensor(x).to(device)  # the plain layout: any forward works on it
        outputs = plan.forward(placed)
        if not bool(torch.isfinite(outputs).all()):
            raise BacklightError("The network gives no finite numbers for this row: its training diverged.")
        name = loss_name(task, outputs.reshape(1, -1).shape[1])
        goal = make_goal(name)
        trace = plan.trace(placed, goal.prepare(torch.as_tensor(y).to(device)), loss=goal.plain)
        found = spectra(plan, trace, replace(effort, seconds=effort.seconds * 2 / 3))
        layers = tuple(_walked(seen, spectrum) for seen, spectrum in zip(trace.layers, found, strict=True))
        layers = with_sums(layers, plan, trace, placed, effort=replace(effort, seconds=effort.seconds / 3))
    finally:
        module.train(training)
    v = trace.layers[-1].v_out if trace.layers else None
    answer = predictions(task, outputs.float().cpu().numpy(), restore)
    truth = restore(y)[0]
    return Walk(
        row=0,
        source="",
        example={},
        target=task.target,
        truth=task.classes[int(y[0])] if task.classes else float(truth),
        prediction=task.classes[int(answer[0].argmax())] if task.classes else float(answer[0]),
        probability_of_right_class=float(answer[0, int(y[0])]) if task.classes else None,
        loss=float(trace.loss or 0.0),
        loss_name=name,
        layers=layers,
        output_norm=norm(trace.output) or 0.0,
        output_v_norm=norm(v) or 0.0,
        output=_numbers(trace.output),
        output_v=_numbers(v),
    )


def _walked(seen: Layer, spectrum: Found) -> WalkedLayer:
    return WalkedLayer(
        layer=seen.name,
        kind=seen.kind,
        shape=_shape(seen.x),
        x_norm=norm(seen.x),
        v_norm=norm(seen.v_in),
        parameter_gradient_norm=gradient_size(seen),
    ).with_singular_values(spectrum)


def _shape(x: Any) -> tuple[int, ...]:
    """Of one example; of several inputs, that of the first."""
    first = x[0] if isinstance(x, tuple) else x
    return tuple(first.shape[1:])


def _numbers(value: Tensor | None) -> tuple[float, ...]:
    return () if value is None else tuple(value.reshape(-1).double().tolist())


def example_of(one: Dataset, target: str) -> dict[str, Any]:
    """A dataset's only row in the user's own columns, without the target."""
    values = one.frame.row(0, named=True)
    values.pop(target, None)
    missing = {name for name, value in values.items() if isinstance(value, float) and math.isnan(value)}
    return {name: None if name in missing else value for name, value in values.items()}
