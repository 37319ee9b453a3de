"""Watch someone else's training loop: the loop stays as it is, and so does every number in it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.optim import Optimizer

from ..doctor import Diagnosis, RunFacts, diagnose
from ..records import BacklightError, Considered, Epoch, Finding
from ..signals import Recorder
from ..signals.recorder import OVERHEAD
from .follower import Follower
from .hooks import Hook
from .network import Watchable, as_one, is_several, network_of
from .optimizers import Optimizers
from .patches import AFTER_UPDATE, BACKWARD, BEFORE_UPDATE, GRAD, LOADER, LOSS, SAVE, SCALE, STATE, Patches
from .store import save_run
from .tally import loop_facts

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
        model: Watchable,
        optimizer: Optimizer | Sequence[Optimizer] | None = None,
        loss_fn: Any = None,
        *,
        metrics: tuple[str, ...] = (),
        overhead: float | None = OVERHEAD,
        folder: str | Path | None = None,
    ) -> None:
        self.model, self.loss_fn = as_one(model), loss_fn
        self.network = network_of(self.model)
        self.recorder = Recorder(self.network, budget=overhead)
        self.recorder.metrics = tuple(metrics)
        self._optimizers = Optimizers(optimizer, self.network)
        self._follower = Follower(self.model, self._optimizers, loss_fn, self.recorder)
        self._folder = None if folder is None else Path(folder)
        self._patches = Patches()
        self._handle: RemovableHandle | None = None
        self._open = False
        self._finished = False
        self._read: tuple[tuple[int, int, bool], Diagnosis] | None = None

    def __repr__(self) -> str:
        tally, seen = self._follower.tally, len(self.recorder.observed)
        network = "several networks" if is_several(self.model) else type(self.network).__name__
        return f"<watch of {network}: {tally.steps} steps, {seen} of them observed>"

    def __str__(self) -> str:
        """What was found, one finding a paragraph."""
        found = [
            f"{finding.severity}: {finding.name}{f' in {finding.layer}' if finding.layer else ''}\n"
            f"  {finding.message}\n  {finding.prescription}"
            for finding in self.findings
        ]
        return "\n".join([f"{self!r}", *found]) if found else f"{self!r}\nNo findings."

    # What was seen

    @property
    def facts(self) -> RunFacts:
        """Everything the doctor is told."""
        self._follower.losses.read()
        self._follower.flush_validation()
        now = self._optimizers.facts()
        if now is not None:
            self.recorder.optimizer = replace(self.recorder.optimizer or now, missing=now.missing)
        self.recorder.loop = loop_facts(self._follower, finished=self._finished)
        return RunFacts.of(self.recorder)

    @property
    def diagnosis(self) -> Diagnosis:
        """Findings and what was considered, as of now."""
        tally = self._follower.tally
        key = (tally.steps, tally.backwards, self._finished)
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
        if self._open:
            raise BacklightError("This watch is open already: leave it first, or make another with bl.watch(…).")
        follower = self._follower
        self._open, self._finished = True, False
        self.recorder.optimizer = self._optimizers.facts()
        if isinstance(self.loss_fn, nn.Module):
            self._handle = self.loss_fn.register_forward_hook(Hook(follower.after_loss_module))
        self._patches.listen(BACKWARD, follower)
        self._patches.listen(GRAD, follower)
        self._patches.listen(SCALE, follower.after_scaling)
        self._patches.listen(LOADER, follower.loaders.began)
        self._patches.listen(BEFORE_UPDATE, follower.meet_optimizer)
        self._patches.listen(AFTER_UPDATE, follower.after_update)
        self._patches.listen(STATE, follower)
        self._patches.listen(SAVE, follower)
        for point in LOSS:
            self._patches.listen(point, follower.after_loss)
        follower.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._patches.undo()
        if self._handle is not None:
            self._handle.remove()
        self._open = False
        self._follower.leave(finished=kind is None)
        self._finished = kind is None
        amiss = self._what_is_amiss() if kind is None else ""
        if amiss:
            warnings.warn(amiss, RuntimeWarning, stacklevel=2)
        if self._folder is not None:
            self._save_at_the_end(self._folder)

    def _save_at_the_end(self, folder: Path) -> None:
        """An error of ours here must not take the place of the loop's own, nor end the program."""
        try:
            self.save(folder)
        except Exception as failure:  # noqa: BLE001 - whatever fails here, the program must go on
            warnings.warn(f"backlight could not save the run in {folder}: {failure}", RuntimeWarning, stacklevel=3)

    def _what_is_amiss(self) -> str:
        """A sentence where the block trained something, but not as what `watch` was given."""
        steps, backwards = self._follower.tally.steps, self._follower.tally.backwards
        if not steps and self._optimizers.others:
            return "The optimizer given to watch made no step, another one did: give watch that one, or both in a list."
        if steps and not backwards:
            return (
                f"The optimizer made {steps} steps, but no backward pass reached the network given to watch "
                "(gradients of torch.func are not seen)."
            )
        failed = self._follower.failure or self._follower.taps.failure
        if steps and not self.recorder.observed and failed is None:
            return (
                f"The network given to watch was never called in {steps} steps: give watch what the loop calls (a "
                "wrapper, what torch.compile returned). Inside of a compiled function it cannot be seen."
            )
        return ""


def watch(
    model: Watchable,
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    loss_fn: Any = None,
    *,
    metrics: Sequence[str] = (),
    overhead: float | None = OVERHEAD,
    folder: str | Path | None = None,
) -> Watch:
    """Watch a training loop: `with watch(model, optimizer, loss_fn=loss_fn) as seen: …`.

    `model` is what the loop calls: a wrapped or compiled one is looked through (of a compiled one parameters,
    gradients, input and output are seen, not what flows between its layers). Where the loop calls parts of it
    (`model.encoder(x)`), these are seen from the second step on. Networks that are trained as one, such as an encoder
    and its decoder, are given as a list or dict. So may be players against each other, such as a generator and its
    critic; watched apart, `with watch(g, for_g) as a, watch(d, for_d) as b: …`, each has losses of its own.

    Several optimizers are given as a list; left out, those are watched that step on the model. `loss_fn` is needed only
    for a loss module of one's own whose target cannot be read otherwise. `metrics` names the scores by which the loop
    is judged ("accuracy"), if any. `overhead` is the share of the loop's time that watching may take after the first
    steps, estimated from the shapes of the network and the batch, so that the same loop is looked at in the same steps
    each time; None sets no limit. `folder` is a run folder, written when the block is left, also by an error.

    Raises:
        BacklightError: the model or an optimizer is none, or the network cannot be watched.

    """
    return Watch(model, optimizer, loss_fn, metrics=tuple(metrics), overhead=overhead, folder=folder)
