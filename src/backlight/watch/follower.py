"""Follows the steps of someone else's loop: forward, loss, backward, update, as they happen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..records import Step
from ..signals import LossFacts, Recorder
from ..signals.losses import LOSSES
from .hooks import Hook, harmless
from .leaves import data_not_finite, stray_parameters
from .optimizers import rate_of
from .passes import Reached, value_of
from .players import Players
from .sources import LoaderWatch
from .tail import kinds_between, leads_to, read_tail
from .taps import Taps, tensors_in
from .validation import ValidationLoss

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle


class Follower:
    """Counts the steps of a loop, and hands those that the recorder wants to it."""

    def __init__(
        self, model: nn.Module, network: nn.Module, optimizers: Sequence[Optimizer], loss_fn: Any, recorder: Recorder
    ) -> None:
        self.model, self.network, self.optimizers, self.loss_fn = model, network, optimizers, loss_fn
        self.recorder = recorder
        self.loaders = LoaderWatch()
        self.taps = Taps(model, network)
        self.called: set[str] = set()
        """Layers that an observed forward pass went through."""
        self.steps = self.backwards = self.eval_steps = self.stale = self.fresh = self.lost = self.idle = 0
        self.bad_data: int | None = None
        self.strays: tuple[str, ...] | None = None
        self.failure: Exception | None = None
        self._validation = ValidationLoss()
        self._handles: list[RemovableHandle] = []
        self._parameters = [p for p in network.parameters() if p.requires_grad]
        self._reached = Reached(self._parameters)
        held = {id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]}
        self._held = [p for p in self._parameters if id(p) in held]
        self._held_by = {id(optimizer): self._own_of(optimizer) for optimizer in optimizers}
        self.players = Players(network)
        self._stepped: set[int] = set()
        self._losses: list[Tensor] = []
        self._unscaled: tuple[Any, Any] | None = None
        self._observing = self._taken = self._backward_done = self._seen = self._updating = False
        self._clean: set[int] = set()
        self._was_clean: set[int] = set()
        self._leads_here = self._arrived = self._asked = self._in_training = False
        self._weighed: Tensor | None = None
        self._outputs: list[Tensor] = []
        self._call: tuple[LossFacts, Tensor, Tensor | None] | None = None
        self._module_target: Tensor | None = None
        self._chain: tuple[str, ...] = ()
        self._source = ""
        self._received: Tensor | None = None
        self._inputs: list[Tensor] = []
        self._since_step = 0
        self.start = perf_counter()

    # The network is called

    def await_forward(self) -> None:
        """Hang hooks on the network where this step is to be observed: on other steps it is called as if alone."""
        wanted = self.failure is None and self.recorder.wants(self.steps)
        if wanted and not self._handles:
            self._handles = [
                self.model.register_forward_pre_hook(Hook(self.before_forward), with_kwargs=True),
                self.model.register_forward_hook(Hook(self.after_forward), always_call=True),
            ]
        elif not wanted:
            self.leave_network()

    def leave_network(self) -> None:
        """Take the hooks off the network."""
        self.taps.close()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @property
    def failed(self) -> bool:
        """Whether something failed, here or in taking the calls of the layers."""
        return self.failure is not None or self.taps.failure is not None

    def stop_looking(self) -> None:
        """Something failed: the loop goes on alone."""
        self.leave_network()
        self.forget()

    @harmless
    def before_forward(self, model: nn.Module, args: Any, kwargs: Any) -> None:
        """The first pass of the step is taken; one in training mode in place of one in evaluation mode."""
        if not torch.is_grad_enabled():
            return
        self._close_step()
        again = self.model.training and not self._in_training and not self._backward_done
        if not self._handles or (self._taken and not again):
            return
        self._observing = self._taken = True
        self._inputs = tensors_in((args, kwargs))
        self._in_training = self.model.training
        self._outputs, self._call = [], None
        self.taps.open()

    @harmless
    def after_forward(self, model: nn.Module, args: Any, output: Any) -> None:
        """A generator has not yet run: its layers are taken until the backward pass begins."""
        if not self._observing or self._outputs:
            return
        self._outputs = tensors_in(output)
        if self._outputs:
            self._close_taps()
        else:
            self.taps.close_functions()

    def _close_taps(self) -> None:
        self.taps.close()
        self.called |= self.taps.called

    # The loss is computed

    @harmless
    def after_loss_module(self, module: nn.Module, args: Any, result: Any) -> None:
        """The loop's own loss module was called."""
        tensors = [a for a in args if isinstance(a, Tensor)]
        if self._observing and len(tensors) > 1:
            self._module_target = tensors[1]

    @harmless
    def after_loss(self, name: str, output: Tensor, target: Tensor, settings: dict[str, Any], loss: Tensor) -> None:
        """A loss of PyTorch was called; that of another network is none of ours."""
        if not torch.is_grad_enabled():
            self._validation.add(loss, output, target)
        elif self._observing and self._call is None and output.requires_grad and self._is_ours(output):
            kind, expects = LOSSES[name]
            plain = {k: v for k, v in settings.items() if isinstance(v, (bool, int, float, str))}
            plain["weighted"] = any(settings.get(name) is not None for name in ("weight", "pos_weight"))
            facts = LossFacts(kind, expects, name, plain, tuple(output.shape), tuple(target.shape))
            self._call = (facts, output, target)

    @harmless
    def after_scaling(self, loss: Any, scaled: Any) -> None:
        """Mixed precision: the backward pass begins at `scaled`, and the loss is `loss`."""
        self._unscaled = (scaled, loss)

    def _is_ours(self, output: Tensor) -> bool:
        return not self._outputs or any(leads_to(output, own) for own in self._outputs)

    @property
    def _output(self) -> Tensor | None:
        """What the network put out: of several tensors the first that is more than one number."""
        several = [tensor for tensor in self._outputs if tensor.dim() > 0]
        return next(iter(several or self._outputs), None)

    # Backward

    def is_own(self, inputs: Any) -> bool:
        """Whether gradients are asked for parameters of the network."""
        tensors = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        return any(isinstance(t, nn.Parameter) and any(t is p for p in self._parameters) for t in tensors)

    @harmless
    def before_backward(self, loss: Tensor, weights: Any, asked: bool) -> None:
        """A backward pass begins; whether it is one of this network is known for certain when it has ended.

        `asked`: the program asks for gradients of the network's parameters, and puts them in place by itself.
        """
        self._close_step()
        self._reached.mark()
        self.players.passed()
        self._asked = asked
        if self._unscaled is not None and loss is self._unscaled[0] and isinstance(self._unscaled[1], Tensor):
            loss = self._unscaled[1]
        self._unscaled = None
        self._weighed = value_of(loss, weights)
        if self.bad_data is None and self._weighed is not None and self._weighed.device.type == "cpu":
            self._check(loss, float(self._weighed))
        self._leads_here, self._was_clean = False, set()
        if self._observing and self.steps > 0 and len(self._clean) < len(self._held_by):
            self._was_clean = set(self._held_by) if asked else self._with_clean_gradients()
        if self._observing and not self._backward_done:
            if not self._outputs:
                self._close_taps()
            self._leads_here = self._read_loss(loss)

    def _check(self, loss: Tensor, value: float) -> None:
        """Look for the origin of the first loss that is no number: the parameters still are, and the graph is there."""
        if not math.isfinite(value):
            self.bad_data = data_not_finite(loss)

    @harmless
    def after_backward(self) -> None:
        """Count the pass if it is one of this network."""
        moved = self._reached.moved()
        if not (moved or self._leads_here or self._asked):
            return
        self._arrived = self._arrived or moved
        self.backwards += 1
        if self._weighed is not None:
            self._losses.append(self._weighed)
        if self._since_step == 0:
            self.loaders.training()
            self.eval_steps += not self.model.training
        self._since_step += 1
        self._clean |= self._was_clean
        self._backward_done = True
        if self._updating and self._observing and not self._seen:  # a closure: the update comes before the step ends
            self.observe()

    def _own_of(self, optimizer: Optimizer) -> list[nn.Parameter]:
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        return [p for p in self._parameters if id(p) in held]

    def _with_clean_gradients(self) -> set[int]:
        """Optimizers for which a backward pass begins with gradients that are zero or None.

        Gradients are left over only where none of the passes since the last step began so: the first of several adds
        to the others on purpose, and a pass of another player may go through this network before its own begins.
        """
        return {key for key, held in self._held_by.items() if _is_clean(held)}

    def _read_loss(self, loss: Tensor) -> bool:
        """Recognise the loss; whether it is one of this network's output."""
        output = self._output
        if self._call is None and output is not None:
            tail = read_tail(loss, output)
            if tail is None:
                return False
            self._chain, self._received = tail.kinds, tail.received
            target = self._module_target if self._module_target is not None else tail.target
            called = type(self.loss_fn).__name__ if isinstance(self.loss_fn, nn.Module) else ""
            shape = tuple(target.shape) if target is not None else ()
            facts = replace(tail.loss, called=called or tail.loss.called, target_shape=shape)
            self._call = (facts, output, target)
        elif self._call is not None and output is not None:
            self._chain, self._received = kinds_between(self._call[1], output), self._call[1]
        if self._call is not None and self.recorder.loss is None:
            self.recorder.loss = self._call[0]
        self._source = self.taps.source(self._seen_output())
        if not self.recorder.layers:
            self.taps.mark_branches(loss)
        self.players.read(loss, output)
        if self.strays is None and output is not None:
            self.strays = stray_parameters(self.network, output, self._inputs, self.optimizers)
        if not bool(torch.isfinite(loss).all()):
            self.taps.widen()
        return self._call is not None

    # Update

    @harmless
    def before_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Gradients are in place, parameters not yet changed."""
        if id(optimizer) in self._stepped:
            self._close_step()
        if self._validation.waiting:
            self.flush_validation()
        self._updating = True
        self.players.stepped(optimizer)
        if self._observing and self._backward_done and not self._seen:
            self.observe()

    @harmless
    def after_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """A step ends when every optimizer has made its own."""
        self._updating = False
        if not self.backwards and self._held:
            self.idle += all(p.grad is None for p in self._held)
        self._stepped.add(id(optimizer))
        if len(self._stepped) == len(self.optimizers):
            self._end_step()

    def _close_step(self) -> None:
        """Some of several optimizers sat the step out, and the next has begun."""
        if self._stepped and not self._updating:
            self._end_step()

    def _end_step(self) -> None:
        self.recorder.observe_update()
        if self._observing and self._backward_done and self.steps > 0:
            clean = self._stepped <= self._clean
            self.stale, self.fresh = self.stale + (not clean), self.fresh + clean
        self.forget()
        self._stepped.clear()
        self.steps += 1
        self._since_step = 0
        self.await_forward()

    def leave(self, *, finished: bool) -> None:
        """The loop has ended; a step without an update is still looked at."""
        self.leave_network()
        if finished and self.failure is None and self._observing and self._backward_done and not self._seen:
            self.observe()
        self.forget()

    # Reading

    def observe(self) -> None:
        """Hand the step to the recorder."""
        self._seen = True
        self.lost += self._arrived and all(p.grad is None for p in self._held)
        self.flush_losses()
        step = Step(
            step=self.steps,
            epoch=self.epoch() or 0.0,
            loss=self.recorder.losses[-1] if self.recorder.losses else float("nan"),
            learning_rate=self._learning_rate(),
            layers=self.taps.layers(),
            output=self._seen_output(),
            target=self._call[2] if self._call is not None else None,
            training=self.model.training,
            source=self._source,
        )
        if step.layers:
            self.recorder.inputs.given = _values_a_row(self._inputs) if self.taps.begin_with_data(self._inputs) else 0
            self.recorder.observe(step, chain=self._chain, received=self._received)

    def _seen_output(self) -> Tensor | None:
        output = self._output if self._call is None or self._chain else self._call[1]
        return output.detach() if output is not None else None

    def forget(self) -> None:
        """Let go of everything that belongs to one step."""
        self._backward_done = self._arrived = False
        if not self._observing:
            return
        self._observing = self._taken = self._seen = self._in_training = False
        self._clean = set()
        self._inputs, self._outputs, self._call = [], [], None
        self._module_target = self._received = None
        self._chain = ()
        self._source = ""
        self.taps.forget()

    def flush_losses(self) -> None:
        """Read the losses of the steps since the last look in one transfer."""
        if self._losses:
            for value in torch.stack(self._losses).tolist():
                self.recorder.record_loss(value)
            self._losses = []

    def flush_validation(self) -> None:
        """Close a stretch of evaluation."""
        rate = self._learning_rate()
        self._validation.flush(self.epoch(), self.steps, rate, self.start, self.recorder.epochs)

    def epoch(self) -> float | None:
        """Passes over the training data so far, where known."""
        return self.loaders.epoch(self.backwards, self.recorder.inputs, len(self.recorder.observed))

    def _learning_rate(self) -> float:
        return rate_of(self.optimizers[0].param_groups[0])


def _is_clean(parameters: Sequence[nn.Parameter]) -> bool:
    """Whether the first gradient that there is, is zero."""
    first = next((p.grad for p in parameters if p.grad is not None), None)
    if first is not None and first.layout != torch.strided:
        first = first.coalesce().values()
    return first is None or not bool((first != 0).any())


def _values_a_row(received: Sequence[Tensor]) -> float:
    """Values of each row where the network received one tensor; not known (infinite) where several."""
    if len(received) != 1 or received[0].dim() < 2 or received[0].is_nested:
        return math.inf
    return math.prod(received[0].shape[1:])
