"""Follows the steps of someone else's loop: forward, loss, backward, update, as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel

from ..records import Step
from .entrances import Entrances
from .functions import tensors_in
from .hooks import Threads, harmless, harmless_anywhere
from .leaves import stray_parameters
from .losses import LossLog, is_read_late, value_of
from .network import in_training, inside_transform, is_compiled, is_several, network_of
from .observed import Backward, ObservedPass, Turn
from .parameters import First, Parameters
from .patches import PassListener
from .scaling import Scale, Scaling, unscaled
from .sources import LoaderWatch
from .tally import Clock, Tally
from .taps import Taps
from .updates import Updates
from .validation import ValidationLoss

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from ..signals import Recorder
    from .optimizers import Optimizers


class Follower(PassListener):
    """Sequences what a loop does into steps, and hands those that the recorder wants to it."""

    def __init__(self, model: nn.Module, optimizers: Optimizers, loss_fn: Any, recorder: Recorder) -> None:
        self.model, self.network, self.optimizers, self.loss_fn = model, network_of(model), optimizers, loss_fn
        self.recorder = recorder
        self.threads = Threads()
        self.loaders = LoaderWatch()
        self.losses = LossLog(recorder.record_loss)
        self.tally = Tally()
        anywhere = Threads() if isinstance(model, DataParallel) else self.threads  # its copies run in threads
        self.taps = Taps(self.network, anywhere, whole=model if is_compiled(model) else None)
        in_parts = is_several(model)
        self.entrances = Entrances(model, self.network, self.before_forward, self.after_forward, in_parts=in_parts)
        self.failure: Exception | None = None
        self.clock = Clock()
        self._validation = ValidationLoss()
        self.parameters = Parameters(self.network)
        self.updates = Updates()
        self._first: First | None = None
        self._turn, self._backward = Turn(), Backward(False, None)
        self._scaling = Scaling()
        self._wanted = self._called_whole = False

    def enter(self) -> None:
        """The loop begins, or goes on."""
        self.clock.start()
        self.threads.bind()
        self.await_forward()

    # The network is called

    def await_forward(self) -> None:
        """Hang hooks on the network where this step is to be observed: on other steps it is called as if alone."""
        self._wanted = self.failure is None and self.recorder.wants(self.tally.steps)
        if self._wanted:
            self.parameters.find(self.optimizers.held())
        late = any(is_read_late(p) for p in self.parameters.trained[:1])  # then its inputs are looked at in every step
        if self._wanted or (late and self.failure is None and not self.entrances.in_parts):
            self.entrances.open()
        else:
            self.leave_network()

    def leave_network(self) -> None:
        """Take the hooks off the network."""
        self.taps.close()
        self.entrances.close()

    def stop_looking(self) -> None:
        """Something failed: the loop goes on alone."""
        self.forget()
        self.leave_network()

    @harmless_anywhere
    def before_forward(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        """The first pass of the step is taken; one in training mode in place of one in evaluation mode."""
        if not self.tally.backwards:
            self.threads.bind()
        self._called_whole = True
        if not torch.is_grad_enabled() or inside_transform() or not self.threads.here():
            return
        self._close_step()
        turn, inputs, training = self._turn, tensors_in((args, kwargs)), in_training(self.model)
        turn.note_data(inputs[:1])
        if not self._wanted or turn.backwards:
            return
        if turn.passed is None or (training and not turn.passed.training):
            turn.passed = ObservedPass(self.taps, inputs, training, self.entrances.in_parts)
        else:
            turn.passed.enter(inputs)

    @harmless
    def after_forward(self, module: nn.Module, args: Any, output: Any) -> None:
        """The call has ended."""
        self._called_whole = True
        turn = self._turn
        if turn.passed is not None and not turn.backwards and torch.is_grad_enabled() and not inside_transform():
            turn.passed.leave(args, output)

    # The loss is computed

    @harmless
    def after_loss_module(self, module: nn.Module, args: Any, result: Any) -> None:
        """The loop's own loss module was called."""
        if self._turn.passed is not None:
            self._turn.passed.tell_target([a for a in args if isinstance(a, Tensor)][1:2])

    @harmless
    def after_loss(self, name: str, output: Tensor, target: Tensor, settings: dict[str, Any], loss: Tensor) -> None:
        """A loss of PyTorch was called."""
        if inside_transform():
            return
        self._turn.note_data([target])
        if not torch.is_grad_enabled():
            self._validation.add(loss, output, target)
        elif self._turn.passed is not None:
            self._turn.passed.loss_called(name, output, target, settings, loss)

    @harmless
    def after_scaling(self, loss: Any, scaled: Any, scale: Scale) -> None:
        """Mixed precision: the backward pass begins at `scaled`, and the loss is `loss`."""
        self._scaling.scaled(loss, scaled, scale)

    # Backward

    def is_own(self, inputs: Any) -> bool:
        """Whether gradients are asked for parameters of the network."""
        return self.threads.here() and self.parameters.among(inputs)

    @harmless
    def before_backward(self, loss: Tensor, weights: Any, asked: bool) -> None:
        """A backward pass begins; whether it is one of this network is known for certain when it has ended."""
        self._close_step()
        self.parameters.mark()
        self.optimizers.players.passed()
        loss, scale = self._scaling.of(loss)
        turn, backward = self._turn, Backward(asked, value_of(loss, weights), running=True)
        self._backward = backward
        backward.bad_data = self.losses.look_behind(loss, backward.descended, turn.data)
        if turn.passed is None:
            return
        if self.tally.steps > 0 and len(turn.clean) < len(self.optimizers.watched):
            backward.clean = range(len(self.optimizers.watched)) if asked else self.parameters.clean()
        if not turn.backwards:
            turn.passed.close()
            turn.passed.scale = scale
            self.tally.called |= self.taps.called
            backward.leads_here = self._read_loss(turn.passed, loss)

    def _read_loss(self, passed: ObservedPass, loss: Tensor) -> bool:
        leads_here = passed.read_loss(loss, self.loss_fn)
        if self.recorder.loss is None:
            self.recorder.loss = passed.loss
        self.optimizers.players.read(loss, passed.output, passed.inputs)
        if self.tally.strays is None and passed.output is not None:
            self.tally.strays = stray_parameters(self.network, passed.output, passed.inputs, self.optimizers.watched)
        return leads_here

    @harmless
    def after_backward(self) -> None:
        """Count the pass if it is one of this network."""
        turn, backward = self._turn, self._backward
        self.parameters.note_gradients()
        moved = self.parameters.moved() or backward.updates > 0
        if not (moved or backward.leads_here or backward.asked):
            return
        turn.arrived = turn.arrived or moved
        turn.filled = turn.passed is not None and not turn.seen and self.parameters.filled()
        turn.clean.update(backward.clean)
        turn.backwards += 1
        self.tally.backwards += 1
        if backward.asked:
            turn.asked.append(backward)
        else:
            turn.asked.clear()
            self.losses.add(backward.descended, backward.bad_data)
        if turn.backwards == 1:
            self.loaders.training()
            self.tally.eval_steps += not in_training(self.model)
        if not self._called_whole and not self.entrances.in_parts:
            self.entrances.take_parts()
            self.await_forward()
        if backward.updates:  # made as the gradients came, and cleared them: x(i) and v(i) are left
            self.tally.within += 1
            self.observe(gradients=False)
            self._end_step()
        elif self.updates.running:  # a closure: the update comes before the step ends
            self.observe()

    def backward_left(self) -> None:
        """It has ended, or failed."""
        if self.threads.here():
            self._backward.running = False

    # Update

    @harmless_anywhere
    def meet_optimizer(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Any optimizer begins a step."""
        if self.optimizers.hear(optimizer, self.before_update):
            self.recorder.optimizer = self.recorder.optimizer or self.optimizers.facts()
            self.parameters.find(self.optimizers.held())

    @harmless_anywhere
    def before_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Gradients are in place, parameters not yet changed."""
        place = self.optimizers.place_of(optimizer)
        if place is None:
            return
        if self._backward.running:
            self._backward.updates += 1
            return
        self.optimizers.stepped(place)
        if place in self.updates.made:
            self._close_step()
        if not self.updates.made:
            self._look_for_reset()
        self.updates.begin(id(optimizer))
        self._turn.hand_over_asked(self.losses)
        if self._validation.waiting:
            self.flush_validation()
        if not self._turn.backwards:
            self.parameters.find(self.optimizers.held())
        self.parameters.note_gradients()
        self.tally.note_idle(place, idle=self.parameters.none_reached(place))
        self.observe(scaled_by=getattr(optimizer, "grad_scale", None))  # one that undoes the scaling by itself

    @harmless_anywhere
    def after_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """A step ends when every optimizer has made its own."""
        place = self.optimizers.place_of(optimizer)
        if place is None:
            if self.optimizers.note_other(optimizer) and self._turn.backwards:
                self.forget()  # the pass through this network was that of another player
                self.await_forward()
        elif not self._backward.running:
            if not self.tally.backwards:
                self.tally.idle += self.parameters.without_gradient()
            if self.updates.end(place, len(self.optimizers.watched)):
                self._end_step()
            elif self.recorder.wants(self.tally.steps + 1):  # the others may sit this step out
                self.entrances.open()

    def _look_for_reset(self) -> None:
        """Whether the parameters stand where they stood before the first update."""
        if self._first is None and self.parameters.held and not is_read_late(self.parameters.held[0]):
            self._first = First(self.parameters.held[0])
        elif self._first is not None:
            self.tally.resets += self._first.is_back()
            self.tally.rewrites += self._first.is_rewritten()

    def _close_step(self) -> None:
        """Some of several optimizers sat the step out, and the next has begun."""
        if self.updates.some_made:
            self._end_step()

    def _end_step(self) -> None:
        self.recorder.observe_update()
        if self._turn.passed is not None and self._turn.backwards and self.tally.steps > 0:
            self.tally.note_gradients(self.updates.made, self._turn.clean)
        if self._turn.seen:
            held = self.optimizers.held()
            self.tally.stepped |= self.taps.parameters() & set().union(*(held[place] for place in self.updates.made))
        self.forget()
        self.updates.clear()
        if self._first is not None:
            self._first.moved()
        self.tally.steps += 1
        self.await_forward()

    def leave(self, *, finished: bool) -> None:
        """The loop has ended; a step without an update is still looked at."""
        self.clock.stop()
        self.leave_network()
        self.optimizers.leave()
        if finished:
            self._look_again()
        self.forget()

    @harmless_anywhere
    def _look_again(self) -> None:
        self.observe()

    # Reading

    def observe(self, *, gradients: bool = True, scaled_by: Tensor | None = None) -> None:
        """Hand the step to the recorder, once, where its forward and backward pass were taken."""
        turn, passed = self._turn, self._turn.passed
        if passed is None or turn.seen or not turn.backwards:
            return
        turn.seen = True
        if gradients and turn.arrived:
            self.tally.lost += self.parameters.without_gradient() or (turn.filled and self.parameters.emptied())
        self.losses.read()
        passes = turn.backwards if gradients else 0
        step = Step(
            step=self.tally.steps,
            epoch=self.epoch() or 0.0,
            loss=self.recorder.losses[-1] if self.recorder.losses else float("nan"),
            learning_rate=self.optimizers.learning_rate(),
            layers=unscaled(self.taps.layers(passed.inputs, passes), passed.scale, scaled_by),
            output=passed.seen_output,
            target=passed.target,
            training=in_training(self.model),
            source=passed.source,
        )
        if step.layers:
            self.recorder.inputs.given = passed.values_a_row
            self.recorder.inputs.alone = passed.received_one
            self.recorder.observe(step, chain=passed.chain, received=passed.received)

    def forget(self) -> None:
        """Let go of everything that belongs to one step."""
        if self._turn.passed is not None:
            self.taps.forget()
        self._turn = Turn()

    def flush_validation(self) -> None:
        """Close a stretch of evaluation."""
        rate = self.optimizers.learning_rate()
        self._validation.flush(self.epoch(), self.tally.steps, rate, self.clock.seconds, self.recorder.epochs)

    def epoch(self) -> float | None:
        """Passes over the training data so far, where known."""
        return self.loaders.epoch(self.tally.backwards, self.recorder.inputs, len(self.recorder.observed))
