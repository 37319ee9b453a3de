"""Watch someone else's training loop: the loop stays as it is, and so does every number in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..doctor import Diagnosis, RunFacts, diagnose
from ..records import BacklightError, Considered, Epoch, Finding, Step
from ..signals import LoopFacts, LossFacts, Recorder
from ..signals.losses import LOSSES
from ..signals.recorder import OVERHEAD
from .optimizers import mode_matters, optimizer_facts
from .patches import Patches, watch_backward, watch_loaders, watch_losses
from .sources import LoaderWatch
from .store import save_run
from .tail import kinds_between, read_tail
from .taps import Taps, first_tensor, layers_of
from .validation import ValidationLoss

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle


class Watch:
    """A watched loop. Use as a context manager around the loop; read `findings` in it or after it.

    >>> with watch(model, optimizer, loss_fn=loss_fn) as seen:      # doctest: +SKIP
    ...     for x, y in loader:
    ...         optimizer.zero_grad(); loss_fn(model(x), y).backward(); optimizer.step()
    >>> for finding in seen.findings: ...                           # doctest: +SKIP
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        loss_fn: Any = None,
        *,
        metrics: tuple[str, ...] = (),
        overhead: float | None = OVERHEAD,
    ) -> None:
        if not isinstance(model, nn.Module) or not isinstance(optimizer, Optimizer):
            raise BacklightError("watch(model, optimizer) takes a torch.nn.Module and a torch.optim.Optimizer.")
        self.model, self.optimizer, self.loss_fn = model, optimizer, loss_fn
        self.recorder = Recorder(model, budget=overhead)
        self.recorder.metrics = tuple(metrics)
        self._taps = Taps(model)
        self._loaders = LoaderWatch()
        self._validation = ValidationLoss()
        self._patches = Patches()
        self._handles: list[RemovableHandle] = []
        self._model_handles: list[RemovableHandle] = []
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        self._held = [p for p in model.parameters() if p.requires_grad and id(p) in held]
        self._losses: list[Tensor] = []
        self._called: set[str] = set()
        self._observing = self._taken = self._backward_done = self._seen = self._clean = self._updating = False
        self._output: Tensor | None = None
        self._call: tuple[LossFacts, Tensor, Tensor | None] | None = None
        self._module_target: Tensor | None = None
        self._chain: tuple[str, ...] = ()
        self._source = ""
        self._received: Tensor | None = None
        self._step = self._backwards = self._since_step = self._eval_steps = 0
        self._stale = self._fresh = 0
        self._start = perf_counter()
        self._finished = False
        self._read: tuple[tuple[int, int, bool], Diagnosis] | None = None

    # What was seen

    @property
    def facts(self) -> RunFacts:
        """Everything the doctor is told."""
        self._flush_losses()
        self._flush_validation()
        self.recorder.loop = self._loop_facts()
        return RunFacts.of(self.recorder)

    @property
    def diagnosis(self) -> Diagnosis:
        """Findings and what was considered, as of now."""
        key = (self._step, self._backwards, self._finished)
        if self._read is None or self._read[0] != key:
            self._read = (key, diagnose(self.facts))
        return self._read[1]

    @property
    def findings(self) -> list[Finding]:
        """Ranked findings: the one that explains most comes first."""
        return list(self.diagnosis.findings)

    @property
    def considered(self) -> list[Considered]:
        """What was looked for and ruled out, with its numbers."""
        return list(self.diagnosis.considered)

    @property
    def history(self) -> list[Epoch]:
        """Rows of training (mean loss by epoch) and validation, in the order of steps."""
        return self.facts.history

    def save(self, folder: str | Path) -> Path:
        """Write history.csv, signals.parquet, findings.json and considered.json into `folder`."""
        return save_run(Path(folder), self.facts, self.diagnosis)

    # Entering and leaving

    def __enter__(self) -> Watch:
        self._start = perf_counter()
        self._finished = False
        self.recorder.optimizer = optimizer_facts(self.optimizer, self.model)
        self._handles = [
            self.optimizer.register_step_pre_hook(self._before_update),
            self.optimizer.register_step_post_hook(self._after_update),
        ]
        if isinstance(self.loss_fn, nn.Module):
            self._handles.append(self.loss_fn.register_forward_hook(self._after_loss_module))
        watch_backward(self._patches, self._before_backward, self._after_backward)
        watch_losses(self._patches, self._after_loss)
        watch_loaders(self._patches, self._loaders.began)
        self._await_forward()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._taps.close()
        self._patches.undo()
        for handle in (*self._handles, *self._model_handles):
            handle.remove()
        self._handles, self._model_handles = [], []
        if kind is None and self._observing and self._backward_done and not self._seen:
            self._observe()
        self._forget()
        self._finished = kind is None

    # One step of the loop

    def _await_forward(self) -> None:
        """Hang hooks on the network where this step is to be observed: on other steps it is called as if alone."""
        wanted = self.recorder.wants(self._step)
        if wanted and not self._model_handles:
            self._model_handles = [
                self.model.register_forward_pre_hook(self._before_forward),
                self.model.register_forward_hook(self._after_forward, always_call=True),
            ]
        elif not wanted:
            for handle in self._model_handles:
                handle.remove()
            self._model_handles = []

    def _before_forward(self, model: nn.Module, args: Any) -> None:
        if not torch.is_grad_enabled() or self._taken:
            return
        self._observing = self._taken = True
        self._taps.open()

    def _after_forward(self, model: nn.Module, args: Any, output: Any) -> None:
        if not self._observing:
            return
        self._taps.close()
        if self._output is None:
            self._output = first_tensor(output)
            self._called.update(call.name for call in self._taps.calls)

    def _after_loss_module(self, module: nn.Module, args: Any, result: Any) -> None:
        tensors = [a for a in args if isinstance(a, Tensor)]
        if self._observing and len(tensors) > 1:
            self._module_target = tensors[1]

    def _after_loss(self, name: str, output: Tensor, target: Tensor, settings: dict[str, Any], loss: Tensor) -> None:
        if not torch.is_grad_enabled():
            self._validation.add(loss, output, target)
        elif self._observing and self._call is None and output.requires_grad:
            kind, expects = LOSSES[name]
            plain = {k: v for k, v in settings.items() if isinstance(v, (bool, int, float, str))}
            plain["weighted"] = settings.get("weight") is not None
            facts = LossFacts(kind, expects, name, plain, tuple(output.shape), tuple(target.shape))
            self._call = (facts, output, target)

    def _before_backward(self, loss: Tensor) -> None:
        self._backwards += 1
        if loss.numel() == 1:
            self._losses.append(loss.detach() if loss.dim() == 0 else loss.detach().reshape(()))
        if self._since_step == 0:
            self._loaders.training()
        self._since_step += 1
        if self._observing and self._step > 0 and not self._clean:
            self._clean = self._gradients_are_clean()
        if self._observing and not self._backward_done:
            self._read_loss(loss)

    def _after_backward(self) -> None:
        self._backward_done = True
        if self._updating and self._observing and not self._seen:  # a closure: the update comes before the step ends
            self._observe()

    def _before_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self._validation.waiting:
            self._flush_validation()
        self._updating = True
        if self._observing and self._backward_done:
            self._observe()

    def _after_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self._updating = False
        self.recorder.observe_update()
        if self._observing and self._step > 0:
            self._stale, self._fresh = self._stale + (not self._clean), self._fresh + self._clean
        self._forget()
        self._step += 1
        self._since_step = 0
        self._await_forward()

    # Reading

    def _gradients_are_clean(self) -> bool:
        """Whether a backward pass begins with gradients that are zero or None.

        Gradients are left over only where none of the passes since the last step began so: the first of several adds
        to the others on purpose, and a pass of another player may go through this network before its own begins.
        """
        first = next((p.grad for p in self._held if p.grad is not None), None)
        return first is None or not bool((first != 0).any())

    def _read_loss(self, loss: Tensor) -> None:
        output = self._output
        if self._call is None and output is not None:
            tail = read_tail(loss, output)
            if tail is not None:
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
        self._source = self._taps.source(self._seen_output())
        if not bool(torch.isfinite(loss).all()):
            self._taps.widen()

    def _observe(self) -> None:
        self._seen = True
        if not self.model.training:
            self._eval_steps += 1
        self._flush_losses()
        target = self._call[2] if self._call is not None else None
        step = Step(
            step=self._step,
            epoch=self._epoch() or 0.0,
            loss=self.recorder.losses[-1] if self.recorder.losses else float("nan"),
            learning_rate=self._learning_rate(),
            layers=self._taps.layers(),
            output=self._seen_output(),
            target=target,
            training=self.model.training,
            source=self._source,
        )
        if step.layers:
            self.recorder.observe(step, chain=self._chain, received=self._received)

    def _seen_output(self) -> Tensor | None:
        output = self._output if self._call is None or self._chain else self._call[1]
        return output.detach() if output is not None else None

    def _forget(self) -> None:
        if not self._observing:
            self._backward_done = False
            return
        self._observing = self._taken = self._backward_done = self._seen = self._clean = False
        self._output = self._call = None
        self._module_target = self._received = None
        self._chain = ()
        self._source = ""
        self._taps.forget()

    def _flush_losses(self) -> None:
        if self._losses:
            for value in torch.stack(self._losses).tolist():
                self.recorder.record_loss(value)
            self._losses = []

    def _flush_validation(self) -> None:
        self._validation.flush(self._epoch(), self._step, self._learning_rate(), self._start, self.recorder.epochs)

    def _learning_rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def _epoch(self) -> float | None:
        return self._loaders.epoch(self._backwards, self.recorder.inputs, len(self.recorder.observed))

    def _loop_facts(self) -> LoopFacts:
        inputs = self.recorder.inputs
        held = {id(p) for group in self.optimizer.param_groups for p in group["params"]}
        seen = self.recorder
        names = {name for name, p in self.model.named_parameters() if p.requires_grad and id(p) in held}
        without = names - seen.with_gradient if seen.observed else set()
        layers = [name for name, module in layers_of(self.model) if next(module.parameters(), None) is not None]
        return LoopFacts(
            steps=self._step,
            backwards=self._backwards,
            epochs=self._epoch(),
            rows=self._loaders.rows(inputs),
            batch_size=self._loaders.batch_size(seen.targets.facts(), inputs, len(seen.observed)),
            shuffled=self._loaders.shuffled,
            stale_gradients=self._stale,
            fresh_gradients=self._fresh,
            eval_steps=self._eval_steps,
            mode_matters=mode_matters(self.model),
            without_gradient=tuple(sorted(without)),
            unused_layers=tuple(name for name in layers if self._called and name not in self._called),
            frozen=tuple(name for name, p in self.model.named_parameters() if not p.requires_grad),
            unchanged=tuple(sorted((names & seen.with_gradient) - seen.changed)) if self._step else (),
            seconds=perf_counter() - self._start,
            finished=self._finished,
        )


def watch(
    model: nn.Module,
    optimizer: Optimizer,
    loss_fn: Any = None,
    *,
    metrics: Sequence[str] = (),
    overhead: float | None = OVERHEAD,
) -> Watch:
    """Watch a training loop: `with watch(model, optimizer, loss_fn=loss_fn) as seen: …`.

    `loss_fn` is needed only for a loss module of one's own whose target cannot be read otherwise. `metrics` names the
    scores by which the loop is judged ("accuracy"), if any. `overhead` is the share of the run's time that watching
    may take after the first steps; None sets no limit.
    """
    return Watch(model, optimizer, loss_fn, metrics=tuple(metrics), overhead=overhead)
