"""Turns observed steps into rows of signals and into facts of the run."""

from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter

import torch
from torch import Tensor, nn

from ..records import Epoch, Layer, Signal, Step
from .agreement import LIKE_EVERY, GradientAgreement, like_agreement
from .described import describe_layers, settings_by_name, with_added
from .facts import LayerFacts, LoopFacts, LossFacts, OptimizerFacts, OutputFacts
from .inputs import InputStatistics
from .losses import ignored_by
from .numbers import numbers_of, to_floats, with_numbers
from .registry import MEANINGS, Meaning, SignalRule, all_signals
from .roles import role_of
from .sampling import GRACE, Budget, is_due, is_landmark, next_chosen
from .table import SignalTable
from .targets import TargetStatistics
from .thinning import thin
from .topology import chain_to
from .units import UnitStatistics

OVERHEAD = 0.015
"""Share of the run's time that observing may take after the first steps."""

MEANINGS["update_ratio"] = Meaning(
    "update-to-weight ratio",
    unit="change of the weight in one step, × its size",
    low=1e-4,
    high=0.3,
    usual=1e-3,
    ends=(1e-6, 1),
    source="About 0.001 is usual (Karpathy, CS231n); from 0.3 on a third of the weight is replaced in one step, below "
    "0.0001 it hardly moves.",
)


_Kept = tuple[Tensor, Tensor, float]
"""A parameter, a copy of it from before the update, and the norm of that copy."""

FLOORED = 0.05
"""How far the sum of probabilities may lie from one where they came out of a logarithm that was kept finite."""


class Recorder:
    """Decides at which steps to look, and keeps what was seen.

    A source calls, for every optimiser step, `record_loss`; and where `wants(step)` says so, `observe` with the
    gradients in place and `observe_update` after the parameters have changed. Facts that only the source knows
    (loss, optimiser, loop) are set as attributes. No tensor of the training is kept beyond the step.
    """

    def __init__(
        self, model: nn.Module | None = None, *, budget: float | None = OVERHEAD, grace: float = GRACE
    ) -> None:
        self.table = SignalTable()
        self.steps: int | None = None
        """Steps that are planned, where the source knows; set before the first."""
        self.losses: list[float] = []
        self.epochs: list[Epoch] = []
        self.layers: tuple[LayerFacts, ...] = ()
        self.output: OutputFacts | None = None
        self.loss: LossFacts | None = None
        self.optimizer: OptimizerFacts | None = None
        self.loop = LoopFacts()
        self.metrics: tuple[str, ...] = ()
        self.inputs = InputStatistics()
        self.targets = TargetStatistics()
        self.units = UnitStatistics()
        self.observed: list[int] = []
        self.changed: set[str] = set()
        self.with_gradient: set[str] = set()
        self._sizes: dict[str, float] = {}
        """‖parameter‖ at the latest observation: a step in between, of another player's, may have changed it."""
        self._agreement = GradientAgreement()
        self._model, self._settings = model, settings_by_name(model)
        self._budget = Budget(budget, grace)
        self._idle = range(0)
        """Steps, one after the other, of which none is to be observed."""
        self._rules = tuple(all_signals().values())
        self._before: tuple[int, dict[str, dict[str, _Kept]]] | None = None

    def wants(self, step: int) -> bool:
        """Whether this optimiser step should be observed."""
        if step in self._idle:
            return False
        self._idle = range(step + 1, next_chosen(step, self.steps))
        due = is_due(step) and self._budget.allows(step)
        return due or is_landmark(step, self.steps)

    def record_loss(self, loss: float) -> None:
        """Append the training loss of one step."""
        self.losses.append(loss)

    def observe(self, step: Step, *, chain: tuple[str, ...] = (), received: Tensor | None = None) -> None:
        """Read every signal that is due; gradients in place, parameters not yet changed.

        `chain` holds the kinds of functions that the program applied between the network's output and the loss,
        `received` what came out of them.
        """
        begun = perf_counter()
        with torch.no_grad():
            self._describe(step.layers)
            self._observe_data(step, chain, received)
            expects = "" if chain or self.loss is None else self.loss.expects
            seen = thin(step)
            seen = replace(seen, expects=expects, layers=with_numbers(seen.layers))
            for layer in seen.layers:
                self.units.update(layer, step.step)
            self._read(seen)
            self._agree(step)
            self._keep_parameters(seen)
        self.observed.append(step.step)
        self._budget.charge(step, perf_counter() - begun)

    def observe_update(self) -> None:
        """Read how far the parameters moved; call it after the optimiser step that `observe` preceded."""
        if self._before is None:
            return
        step, layers = self._before
        self._before = None
        with torch.no_grad():
            self._read_updates(step, layers)

    def _describe(self, layers: tuple[Layer, ...]) -> None:
        """Facts of the layers at the first observed step; later of those with parameters that the network has got
        since, each described where it first appears."""
        if not self.layers:
            self.layers = describe_layers(layers, self._settings)
            return
        known = {layer.name for layer in self.layers} | self._settings.keys()
        if any(layer.parameters and layer.name not in known for layer in layers):
            self._settings = settings_by_name(self._model) | self._settings
            self.layers = with_added(self.layers, describe_layers(layers, self._settings))

    def _observe_data(self, step: Step, chain: tuple[str, ...], received: Tensor | None) -> None:
        first = next((layer.x for layer in step.layers if layer.x is not None), None)
        target = None if step.target is None or _is_place(step.target) else step.target
        if first is not None and first.dim() > 0:
            self.inputs.update(first, target)
        if target is not None and not _lost(step.output, target):
            self.targets.ignored = ignored_by(self.loss)
            self.targets.update(target)
        if step.output is not None and not step.output.is_complex():
            self.output = describe_output(step, chain, received, self.output)

    def _read(self, step: Step) -> None:
        turn = len(self.observed)
        names: list[tuple[str, str]] = []
        values: list[Tensor | float] = []
        for rule in self._rules:
            if turn % rule.every:
                continue
            for layer, value in _read_rule(rule, step):
                names.append((layer, rule.name))
                values.append(value)
        for layer, value in self.units.dead_shares():
            names.append((layer, "dead_share"))
            values.append(value)
        for layer, value in like_agreement(step) if turn % LIKE_EVERY == 0 else ():
            names.append((layer, "like_agreement"))
            values.append(value)
        for (layer, name), value in zip(names, to_floats(values), strict=True):
            self.table.add(Signal(step.step, layer, name, value))

    def _agree(self, step: Step) -> None:
        agreement = self._agreement.update(step)
        if agreement is not None:
            self.table.add(Signal(step.step, "", "gradient_agreement", agreement))

    def _keep_parameters(self, step: Step) -> None:
        kept: dict[str, dict[str, _Kept]] = {}
        for layer in step.layers:
            for name in layer.gradients:
                self.with_gradient.add(f"{layer.name}.{name}".lstrip("."))
            own, norms = layer.parameters, numbers_of(layer).parameters
            if layer.gradients:
                kept[layer.name] = {name: (own[name], own[name].clone(), norms[name]) for name in layer.gradients}
        self._before = (step.step, kept)

    def _read_updates(self, step: int, layers: dict[str, dict[str, _Kept]]) -> None:
        pairs = [(now, before) for own in layers.values() for now, before, _ in own.values()]
        changes = iter(to_floats([torch.linalg.vector_norm(now - before) for now, before in pairs]))
        for layer, parameters in layers.items():
            moved, size = 0.0, 0.0
            for name, (now, _, whole) in parameters.items():
                change, known = next(changes), f"{layer}.{name}".lstrip(".")
                if change != 0 or self._sizes.get(known, whole) != whole:  # not-a-number, too, is a change
                    self.changed.add(known)
                self._sizes[known] = whole
                if now.dim() > 1 or len(parameters) == 1:
                    moved, size = moved + change**2, size + whole**2
            if size > 0:
                self.table.add(Signal(step, layer, "update_ratio", (moved / size) ** 0.5))


def _lost(output: Tensor | None, target: Tensor) -> bool:
    """Whether neither output nor target holds a finite number any more: the network itself may have made such a target
    (a value of the next state, the answer of its average), which then is no bad data."""
    return output is not None and not any(bool(torch.isfinite(values).any()) for values in (target, output))


def _is_place(target: Tensor) -> bool:
    """Whether the target of each row is its place in the batch: a pair to be found there, and no class of the data."""
    if target.dim() != 1 or len(target) < 3 or target.is_floating_point():
        return False
    return bool((target == torch.arange(len(target), device=target.device)).all())


def describe_output(
    step: Step, tail: tuple[str, ...], received: Tensor | None, before: OutputFacts | None
) -> OutputFacts:
    """What the loss received; extremes are kept over all observed steps."""
    output = received.detach() if received is not None else step.output
    assert output is not None
    chain, layer = _activations_before(step)
    low, high = (float(v) for v in torch.aminmax(output.detach().float())) if output.numel() else (0.0, 0.0)
    sums, over_rows = _sums_to_one(output, _axis_of_units(output)), _columns_sum_to_one(output)
    if before is not None:
        low, high, sums = min(low, before.minimum), max(high, before.maximum), sums and before.rows_sum_to_one
        over_rows = over_rows and before.columns_sum_to_one
    return OutputFacts(chain + tail, tuple(output.shape[1:]), layer, low, high, sums, over_rows)


def _axis_of_units(output: Tensor) -> int:
    """That of channels for pictures, else the last."""
    return 1 if output.dim() == 4 else -1


def _columns_sum_to_one(output: Tensor) -> bool:
    """Whether a softmax went over the rows of the batch instead of over the outputs."""
    return output.dim() == 2 and bool((output >= 0).all() or (output <= 0).all()) and _sums_to_one(output, 0)


def _sums_to_one(output: Tensor, axis: int) -> bool:
    """Whether values, or the exponentials of log-probabilities (which a floor may have moved a little), sum to one."""
    if output.dim() < 2 or output.shape[axis] < 2 or not output.is_floating_point():
        return False
    logarithms = bool((output <= 0).all())
    sums = (output.exp() if logarithms else output).sum(axis)
    return bool(((sums - 1).abs() < (FLOORED if logarithms else 1e-3)).all())


def _activations_before(step: Step) -> tuple[tuple[str, ...], str]:
    kinds: list[str] = []
    for layer in chain_to(step):
        role = role_of(layer.kind)
        if role == "activation":
            kinds.append(layer.kind)
        elif role not in ("shape", "dropout"):
            return tuple(reversed(kinds)), layer.name
    return tuple(reversed(kinds)), ""


def _read_rule(rule: SignalRule, step: Step) -> Iterable[tuple[str, Tensor | float]]:
    if rule.scope == "step":
        if all(getattr(step, need) is not None for need in rule.needs):
            value = rule.read(step)
            if value is not None:
                yield "", value
        return
    for layer in step.layers:
        value = rule.read(layer)
        if value is not None:
            yield layer.name, value
