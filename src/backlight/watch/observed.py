"""One forward pass of the watched network that is looked at, and the loss that was made of it."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from ..signals import LossFacts
from ..signals.losses import LOSSES
from .functions import tensors_in
from .losses import LossLog, is_read_late
from .penalty import decay_in_loss
from .tail import is_of_a_policy, kinds_between, leads_to, read_tail, steps_between
from .taps import Taps

MOST_WEIGHTS = 100
"""Weights of classes kept from the settings of a loss."""


class ObservedPass:
    """What went in and came out, and what the loss was told of it.

    A pass may be made of several calls, of one part of the network after the other; the last one's output counts.
    """

    def __init__(self, taps: Taps, inputs: list[Tensor], training: bool, in_parts: bool) -> None:
        self.training = training
        self.inputs = inputs
        self.outputs: list[Tensor] = []
        self.loss: LossFacts | None = None
        self.received: Tensor | None = None
        """What the loss was called with, or what came out of the last activation before it."""
        self.target: Tensor | None = None
        self.chain: tuple[str, ...] = ()
        """Activations that the program applied between the output and the loss."""
        self.source = ""
        """The layer that `seen_output` came out of."""
        self.scale: Tensor | None = None
        """By what the loss was multiplied for its backward pass."""
        self._taps, self._in_parts = taps, in_parts
        self._argument: Tensor | None = None
        self._told: Tensor | None = None
        self._told_inside = False
        self._named: Tensor | None = None
        taps.open()

    def enter(self, inputs: list[Tensor]) -> None:
        """The network is called again, which counts where it is called in parts."""
        if self._in_parts:
            self.inputs = [*self.inputs, *inputs]
            self._taps.open_functions()

    def leave(self, args: Any, output: Any) -> None:
        """The call has ended. A generator has not yet run, and parts may follow: layers are taken until `close`."""
        if self.outputs and not self._in_parts:
            return
        self._taps.take_whole(args, output)
        self.outputs = tensors_in(output) or self.outputs
        if self.outputs and not self._in_parts:
            self.close()
        else:
            self._taps.close_functions()

    def close(self) -> None:
        """A backward pass begins: what is called from now on is none of this pass."""
        self._taps.close()

    @property
    def output(self) -> Tensor | None:
        """What the network put out: of several tensors that of which the loss is made in the fewest steps, or else the
        first that is more than one number."""
        several = [tensor for tensor in self.outputs if tensor.dim() > 0]
        argument = self._argument
        if argument is not None and len(several) > 1:
            return min(several, key=lambda own: steps_between(argument, own))
        return next(iter(several or self.outputs), None)

    @property
    def seen_output(self) -> Tensor | None:
        """The output as the loss was told of it."""
        output = self.output if self._argument is None or self.chain else self._argument
        return output.detach() if output is not None and output.numel() else None

    def tell_target(self, given: list[Tensor]) -> None:
        """What the loop's own loss module was called with beside the output: what needs a gradient is no target."""
        self._told = next((tensor for tensor in given if not tensor.requires_grad), self._told)

    @property
    def values_a_row(self) -> float:
        """Values of each row of the one tensor that the network received; not known (infinite) where it received
        several, 0 where its first call works on what it computed of them before, or on a state that it carries on."""
        if self._taps.step_through(self.inputs):
            return 0
        if len(self.inputs) != 1 or self.inputs[0].dim() < 2 or self.inputs[0].is_nested:
            return math.inf if self._taps.begin_with_data(self.inputs) else 0
        return math.prod(self.inputs[0].shape[1:])

    @property
    def received_one(self) -> bool:
        """Whether the network was handed one tensor of data: masks, and what it computed before, are none."""
        data = [x for x in self.inputs if x.dim() > 0 and not x.requires_grad and x.dtype != torch.bool]
        return len(data) < 2

    def loss_called(self, name: str, output: Tensor, target: Tensor, settings: dict[str, Any], loss: Tensor) -> None:
        """A loss of PyTorch was called; the first that was called with an output of this pass counts.

        One that the network calls by itself (on its codes, its routes) counts where the loop calls none.
        """
        inside = not self.outputs
        if self.loss is not None and (inside or not self._told_inside):
            return
        if not output.requires_grad or not self._is_ours(output):
            return
        self._told_inside = inside
        kind, expects = LOSSES[name]
        plain: dict[str, Any] = {k: v for k, v in settings.items() if isinstance(v, (bool, int, float, str))}
        if isinstance(settings.get("weight"), Tensor):
            plain["weights"] = tuple(settings["weight"].flatten()[:MOST_WEIGHTS].tolist())
        plain["weighted"] = any(settings.get(name) is not None for name in ("weight", "pos_weight"))
        self.loss = LossFacts(kind, expects, name, plain, tuple(output.shape), tuple(target.shape))
        self._argument, self.target, self._named = output, target, loss.detach()

    def read_loss(self, loss: Tensor, loss_fn: Any) -> bool:
        """Recognise the loss at which a backward pass begins; whether it is one of this pass."""
        leads_here = self._recognise(loss, loss_fn)
        if self.loss is not None and self.output is not None and (decay := decay_in_loss(loss, self.output)) > 0:
            self.loss = replace(self.loss, settings={**self.loss.settings, "decay": decay})
        if self.loss is not None and self.output is not None and is_of_a_policy(loss, self.output):
            self.loss = replace(self.loss, settings={**self.loss.settings, "policy": True})
        if self.loss is not None and self._named is not None and self._named.numel() == loss.numel() == 1:
            beside = float(loss.detach()) - float(self._named)
            self.loss = replace(self.loss, beside=beside if math.isfinite(beside) else 0.0)
        self.source = self._taps.source(self.seen_output)
        self._taps.mark_branches(loss)
        if not bool(torch.isfinite(loss).all()):
            self._taps.widen()
        return leads_here

    def _recognise(self, loss: Tensor, loss_fn: Any) -> bool:
        output = self.output
        if output is None or self._argument is not None:
            if output is not None and self._argument is not None:
                self.chain, self.received = kinds_between(self._argument, output), self._argument
            return self._argument is not None
        tail = read_tail(loss, output)
        if tail is None:
            return False
        self.chain, self.received = tail.kinds, tail.received
        self.target = self._told if self._told is not None else tail.target
        called = type(loss_fn).__name__ if isinstance(loss_fn, nn.Module) else ""
        shape = tuple(self.target.shape) if self.target is not None else ()
        self.loss = replace(tail.loss, called=called or tail.loss.called, target_shape=shape)
        self._argument = output
        return True

    def _is_ours(self, output: Tensor) -> bool:
        return not self.outputs or any(leads_to(output, own) for own in self.outputs)


@dataclass
class Turn:
    """What has happened since the last update of the network."""

    passed: ObservedPass | None = None
    backwards: int = 0
    """Backward passes that reached the network."""
    arrived: bool = False
    """Whether one of them was seen to change its gradients."""
    filled: bool = False
    """Whether the last of them left gradients that are not zero; asked where the turn is looked at."""
    clean: set[int] = field(default_factory=set)
    """Places of the optimizers for which one of them began with gradients that are zero or None."""
    seen: bool = False
    """Whether the recorder has seen this turn."""
    data: list[Tensor] = field(default_factory=list)
    """Inputs and targets that are checked on their device."""

    asked: list[Backward] = field(default_factory=list)
    """Passes by which the program asked for gradients, since the last that had them put in place: their losses are
    those of the step, unless such a pass follows. Then they served a step within it, or a penalty of the slope."""

    def hand_over_asked(self, losses: LossLog) -> None:
        """The update comes: it was these gradients that the program put in place."""
        for backward in self.asked:
            losses.add(backward.descended, backward.bad_data)
        self.asked.clear()

    def note_data(self, tensors: list[Tensor]) -> None:
        """Keep those that may hold values that are no number, where such are noticed late."""
        if torch.is_grad_enabled():
            self.data += [t for t in tensors if is_read_late(t) and t.is_floating_point() and not t.requires_grad]


@dataclass
class Backward:
    """One backward pass, from its begin to its end."""

    asked: bool
    """Whether the program asked for gradients of the network's parameters, and puts them in place by itself."""
    descended: Tensor | None
    """The number whose gradient is taken."""
    running: bool = False
    updates: int = 0
    """Steps that optimizers made before it ended."""
    leads_here: bool = False
    """Whether it begins at a loss of the observed pass."""
    clean: Collection[int] = ()
    """Places of the optimizers for which it began with gradients that are zero or None."""
    bad_data: Tensor | int | None = None
    """Values in the data behind it that are infinite or not a number, where that was looked at."""
