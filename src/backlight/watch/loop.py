"""Watch someone else's training loop: the loop stays as it is, and so does every number in it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from ..doctor import Diagnosis, RunFacts, diagnose
from ..records import BacklightError, Considered, Epoch, Finding
from ..signals import LoopFacts, Recorder
from ..signals.recorder import OVERHEAD
from .follower import Follower
from .hooks import Hook
from .network import is_compiled, network_of, refuse_unwatchable
from .optimizers import mode_matters, optimizer_facts
from .patches import Patches, watch_backward, watch_loaders, watch_losses, watch_scaling
from .store import save_run
from .taps import layers_of

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle


class Watch:
    """A watched loop. Use as a context manager around the loop; read `findings` in it or after it.

    It may be entered again, one time after the other, and goes on where it was. An error inside of the block passes
    through, and what was seen up to it stays readable::

        with watch(model, optimizer, loss_fn=loss_fn) as seen:
            for x, y in loader:
                optimizer.zero_grad(); loss_fn(model(x), y).backward(); optimizer.step()
        for finding in seen.findings: ...
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer | Sequence[Optimizer],
        loss_fn: Any = None,
        *,
        metrics: tuple[str, ...] = (),
        overhead: float | None = OVERHEAD,
    ) -> None:
        optimizers = tuple(optimizer) if isinstance(optimizer, (list, tuple)) else (optimizer,)
        if not isinstance(model, nn.Module) or not optimizers or not all(isinstance(o, Optimizer) for o in optimizers):
            raise BacklightError(
                "watch(model, optimizer) takes a torch.nn.Module and a torch.optim.Optimizer, or a list of optimizers."
            )
        refuse_unwatchable(model)
        self.model, self.network, self.optimizers, self.loss_fn = model, network_of(model), optimizers, loss_fn
        self.recorder = Recorder(self.network, budget=overhead)
        self.recorder.metrics = tuple(metrics)
        self._follower = Follower(model, self.network, optimizers, loss_fn, self.recorder)
        self._others: dict[frozenset[int], Optimizer] = {}
        self._other_steps = self._other_optimizers = 0
        self._patches = Patches()
        self._handles: list[RemovableHandle] = []
        self._finished = False
        self._read: tuple[tuple[int, int, bool], Diagnosis] | None = None

    def __repr__(self) -> str:
        seen = f"{self._follower.steps} steps, {len(self.recorder.observed)} of them observed"
        return f"<watch of {type(self.network).__name__}: {seen}>"

    # What was seen

    @property
    def facts(self) -> RunFacts:
        """Everything the doctor is told."""
        self._follower.flush_losses()
        self._follower.flush_validation()
        if self.recorder.optimizer is not None and self._others:
            now = optimizer_facts((*self.optimizers, *self._others.values()), self.network)
            self.recorder.optimizer = replace(self.recorder.optimizer, missing=now.missing)
        self.recorder.loop = self._loop_facts()
        return RunFacts.of(self.recorder)

    @property
    def diagnosis(self) -> Diagnosis:
        """Findings and what was considered, as of now."""
        key = (self._follower.steps, self._follower.backwards, self._finished)
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
        if self._handles:
            raise BacklightError("This watch is open already: leave it first, or make another with bl.watch(…).")
        follower = self._follower
        follower.start = perf_counter()
        self._finished = False
        self.recorder.optimizer = optimizer_facts(self.optimizers, self.network)
        for optimizer in self.optimizers:
            self._handles.append(optimizer.register_step_pre_hook(Hook(follower.before_update)))
            self._handles.append(optimizer.register_step_post_hook(Hook(follower.after_update)))
        self._handles.append(register_optimizer_step_post_hook(self._after_any_update))
        if isinstance(self.loss_fn, nn.Module):
            self._handles.append(self.loss_fn.register_forward_hook(Hook(follower.after_loss_module)))
        watch_backward(self._patches, follower.before_backward, follower.after_backward, follower.is_own)
        watch_losses(self._patches, follower.after_loss)
        watch_scaling(self._patches, follower.after_scaling)
        watch_loaders(self._patches, follower.loaders.began)
        follower.await_forward()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patches.undo()
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._follower.leave(finished=kind is None)
        self._finished = kind is None
        nothing = self._why_nothing_was_seen() if kind is None else ""
        if nothing:
            warnings.warn(nothing, RuntimeWarning, stacklevel=2)

    def _after_any_update(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Another optimizer of the loop may hold parameters of the network, too: the latest of those with the same
        ones is kept, for a loop may create one in every step."""
        if optimizer in self.optimizers:
            return
        if self._follower.players.plays(id(p) for group in optimizer.param_groups for p in group["params"]):
            self._follower.players.stepped(optimizer)
        if not any(optimizer is other for other in self._others.values()):
            own = {id(p) for p in self.network.parameters()}
            held = frozenset(id(p) for group in optimizer.param_groups for p in group["params"]) & own
            if not held:
                return
            self._others[held] = optimizer
            self._other_optimizers += 1
        self._other_steps += 1

    def _why_nothing_was_seen(self) -> str:
        """A sentence where the block trained something, but not with what `watch` was given."""
        steps, backwards = self._follower.steps, self._follower.backwards
        if not steps and self._others:
            return "The optimizer given to watch made no step, another one did: give watch that one, or both in a list."
        if steps and not backwards:
            return f"The optimizer made {steps} steps, but no backward pass reached the network given to watch."
        if steps and not self.recorder.observed and not self._follower.failed:
            compiled = is_compiled(self.model) and self.network is self.model
            mend = "torch.compile(model)" if compiled else "what the loop calls (a wrapper, a compiled model)"
            return f"The network given to watch was never called in {steps} steps: give watch {mend}."
        return ""

    def _loop_facts(self) -> LoopFacts:
        seen, follower, inputs = self.recorder, self._follower, self.recorder.inputs
        held = {id(p) for o in self.optimizers for group in o.param_groups for p in group["params"]}
        names = {name for name, p in self.network.named_parameters() if p.requires_grad and id(p) in held}
        without = names - seen.with_gradient if seen.observed else set()
        layers = [name for name, module in layers_of(self.network) if next(module.parameters(), None) is not None]
        return LoopFacts(
            steps=follower.steps,
            backwards=follower.backwards,
            epochs=follower.epoch(),
            rows=follower.loaders.rows(inputs),
            batch_size=follower.loaders.batch_size(seen.targets.facts(), inputs, len(seen.observed)),
            shuffled=follower.loaders.shuffled,
            stale_gradients=follower.stale,
            fresh_gradients=follower.fresh,
            lost_gradients=follower.lost,
            idle_steps=follower.idle,
            players=follower.players.several,
            other_steps=self._other_steps,
            other_optimizers=self._other_optimizers,
            bad_data=follower.bad_data or 0,
            eval_steps=follower.eval_steps,
            strays=follower.strays or (),
            mode_matters=mode_matters(self.network),
            without_gradient=tuple(sorted(without)),
            unused_layers=tuple(name for name in layers if follower.called and name not in follower.called),
            frozen=tuple(name for name, p in self.network.named_parameters() if not p.requires_grad),
            unchanged=tuple(sorted((names & seen.with_gradient) - seen.changed)) if follower.steps else (),
            seconds=perf_counter() - follower.start,
            finished=self._finished,
        )


def watch(
    model: nn.Module,
    optimizer: Optimizer | Sequence[Optimizer],
    loss_fn: Any = None,
    *,
    metrics: Sequence[str] = (),
    overhead: float | None = OVERHEAD,
) -> Watch:
    """Watch a training loop: `with watch(model, optimizer, loss_fn=loss_fn) as seen: …`.

    `model` is what the loop calls: a wrapped or compiled one is looked through (of a compiled one parameters,
    gradients, input and output are seen, not what flows between its layers). Several optimizers are given as a list.
    `loss_fn` is needed only for a loss module of one's own whose target cannot be read otherwise. `metrics` names the
    scores by which the loop is judged ("accuracy"), if any. `overhead` is the share of the loop's time that watching
    may take after the first steps, estimated from the shapes of the network and the batch, so that the same loop is
    looked at in the same steps each time; None sets no limit.

    Raises:
        BacklightError: the model or an optimizer is none, or the network cannot be watched.

    """
    return Watch(model, optimizer, loss_fn, metrics=tuple(metrics), overhead=overhead)
