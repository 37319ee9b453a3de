"""Sessions of one structure, whose passes run as one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..backprop import CannotBatchError, CopiesObjective, Plan, graphless, leaves_out
from .checkpoint import random_state
from .looks import Looks, fits
from .observer import Observer
from .optimizer import joined
from .replay import ReplayedPass
from .session import Session
from .threads import suitable_threads

MOST_WORK = 300_000_000
"""Multiply-adds of one copy's forward pass beyond which copies take turns: arithmetic then outweighs all else, and the
activations of all copies at once would fill the memory."""


class Together:
    """Sessions whose networks have one structure; each batch goes through all of them at once.

    Everything else stays each session's own: order of the rows, learning rate, optimiser, average, history, best epoch.
    Where an observer makes a network unlike the others (a hook, another layer), each goes through its batch by itself.

    Parameters
    ----------
    sessions:
        Those that were resumed each go on from their own epoch.

    Raises
    ------
    CannotBatchError
        The sessions cannot run as one; the message says why.
    """

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.sessions = list(sessions)
        first = self.sessions[0]
        for session in self.sessions:
            _check(first, session)
        self._generators = [_generator(session) for session in self.sessions]
        self._smooth = first.goal.smoothed
        self._unlike = False
        self._looks: Looks | None = None
        self._prepare()

    def keep(self, numbers: Sequence[int]) -> None:
        """Go on with these of `sessions`, by their place in it; the others have ended."""
        self.sessions = [self.sessions[i] for i in numbers]
        self._generators = [self._generators[i] for i in numbers]
        if self.sessions:
            self._renew()

    @graphless
    def run_epoch(self) -> None:
        """One pass over the training rows of every session, and the look at the held-out ones."""
        first = self.sessions[0]
        for session in self.sessions:
            session.begin_epoch()
        self._follow()
        with suitable_threads(first.work * len(self.sessions)):
            for x, target in self._batches():
                if self._unlike:
                    self._step_each(x, target)
                else:
                    self._step(x, target)
                if first.course.out_of_time:
                    break
            began = time.monotonic()
            measured = self._looks.measure() if self._looks is not None else [None] * len(self.sessions)
            looked = time.monotonic() - began
            for session, found, generator in zip(self.sessions, measured, self._generators, strict=True):
                if session.checkpoints.folder is not None:
                    session.random = random_state() | {f"random.{generator.device.type}": generator.get_state()}
                session.end_epoch(found, looked)

    def _step(self, x: Tensor, target: Tensor) -> None:
        """A batch x (copies, n, …) through all networks as one."""
        before = self._watched()
        losses, outputs = self._replayed(x, target)
        moved = not before and self._updated()
        for number, (session, loss) in enumerate(zip(self.sessions, losses.unbind(), strict=True)):
            if number in before:
                before[number].step(x[number], target[number])
            else:
                seen = (outputs[number], target[number]) if session.history.tells_next else None
                session.update(loss, seen, moved=moved)
        if before:
            self._follow()

    def _updated(self) -> bool:
        """Whether all parameters have followed their gradients as one, as they can where all have one learning rate."""
        if self._joined is None or not all(session.steps.plain for session in self.sessions):
            return False
        rates = {session.course.learning_rate for session in self.sessions}
        if len(rates) > 1:
            return False
        self._joined(rates.pop())
        for session in self.sessions:
            if session.steps.average is not None:
                session.steps.average.update()
        return True

    def _step_each(self, x: Tensor, target: Tensor) -> None:
        """The same through one network after the other, with the random numbers that are each one's own."""
        for number, (session, generator) in enumerate(zip(self.sessions, self._generators, strict=True)):
            with _drawing(generator.get_state(), generator.device):
                session.step(x[number], target[number])
                generator.set_state(random_state()[f"random.{generator.device.type}"])

    def _watched(self) -> dict[int, _Before]:
        """Sessions whose next step someone wants to see, by their place."""
        wanted = [session.watching() for session in self.sessions]
        return {i: _Before(self.sessions[i], self._generators[i], those) for i, those in enumerate(wanted) if those}

    def _follow(self) -> None:
        """Take in what observers may have done to the networks."""
        if not self._unlike and self._plan.outdated:
            self._renew()
        for one in [session.steps for session in self.sessions] if self._unlike else [self._replayed]:
            one.look()

    def _renew(self) -> None:
        try:
            self._prepare()
        except CannotBatchError:
            self._unlike, self._looks = True, None
        else:
            self._unlike = False

    def _prepare(self) -> None:
        modules = [session.module for session in self.sessions]
        self._plan = Plan(modules, generators=self._generators)
        loss = self.sessions[0].goal.loss
        whole = not any(leaves_out(loss, session.batches.y) for session in self.sessions)
        self._objective = CopiesObjective(loss, whole=whole)
        self._replayed = ReplayedPass((self._plan.module, self._objective.loss), self._pass)
        self._joined = joined([session.steps.optimizer for session in self.sessions])
        self._looks = Looks(self.sessions, self._plan) if fits(self.sessions) else None

    def _pass(self, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self._plan.forward(x)
        losses = self._objective.forward(outputs, self._smooth(target))
        self._plan.backward(self._objective.backward(), wants_x=False, accumulate=False)
        return losses, outputs

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """x (copies, n, …) and target (copies, n, …); views of one batch where all sessions read the same rows."""
        first, count = self.sessions[0], len(self.sessions)
        if all(_same_rows(first, session) for session in self.sessions):
            for x, target in first.batches.epoch(first.epoch):
                yield x.expand(count, *x.shape), target.expand(count, *target.shape)
            return
        for parts in zip(*(session.batches.epoch(session.epoch) for session in self.sessions), strict=True):
            yield torch.stack([x for x, _ in parts]), torch.stack([target for _, target in parts])


class _Before:
    """A session before a step that is watched, which its own plan repeats for those who watch.

    The pass of all copies as one keeps no x(i) and v(i) of a single one. Random numbers and buffers are put back, so
    that the repeated pass gives the same gradients, in the same place.
    """

    def __init__(self, session: Session, generator: torch.Generator, watching: list[Observer]) -> None:
        self._session, self._watching = session, watching
        self._random, self._device = generator.get_state(), generator.device
        self._buffers = [(b, b.clone()) for b in session.module.buffers()]

    def step(self, x: Tensor, target: Tensor) -> None:
        """The step of the batch x (n, …), shown; the parameters follow."""
        session = self._session
        for buffer, value in self._buffers:
            buffer.copy_(value)
        with _drawing(self._random, self._device):
            seen = session.observed(self._watching, x, target)
        session.update(seen[0], (seen[1], target) if session.history.tells_next else None)
        session.updated(self._watching)


@contextmanager
def _drawing(state: Tensor, device: torch.device) -> Iterator[None]:
    """PyTorch's own source of random numbers goes on from this state, and is afterwards as it was."""
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_gpu else []):
        torch.cuda.set_rng_state(state, device) if on_gpu else torch.set_rng_state(state)
        yield


def grouped(sessions: Sequence[Session]) -> list[list[Session]]:
    """The sessions, those together that can run as one."""
    groups: list[list[Session]] = []
    for session in sessions:
        for group in groups:
            try:
                _check(group[0], session)
                Plan([group[0].module, session.module])
            except CannotBatchError:
                continue
            group.append(session)
            break
        else:
            groups.append([session])
    return groups


def _check(first: Session, other: Session) -> None:
    mine, theirs = first.batches, other.batches
    if first.work > MOST_WORK:
        raise CannotBatchError("each copy is work enough by itself")
    if any(s.config.accumulate > 1 or s.config.layerwise or s.steps.scaling.lowers for s in (first, other)):
        raise CannotBatchError("a copy accumulates gradients, updates by layer or works in low precision")
    if (mine.rows, mine.size, mine.x.shape[1:]) != (theirs.rows, theirs.size, theirs.x.shape[1:]):
        raise CannotBatchError("the copies see batches of different shapes")
    if first.goal.smoothing != other.goal.smoothing or not _same_loss(first.goal.loss, other.goal.loss):
        raise CannotBatchError("the copies have different losses")


def _same_loss(mine: nn.Module, theirs: nn.Module) -> bool:
    """Settings and weights of the classes alike."""
    weights = [dict(loss.named_buffers()) for loss in (mine, theirs)]
    if weights[0].keys() != weights[1].keys() or repr(mine) != repr(theirs):
        return False
    if any(not torch.equal(weight, weights[1][name]) for name, weight in weights[0].items()):
        return False
    bare = [{key: value for key, value in vars(loss).items() if key != "_buffers"} for loss in (mine, theirs)]
    return bare[0] == bare[1]


def _same_rows(first: Session, other: Session) -> bool:
    mine, theirs = first.batches, other.batches
    return (
        mine.shuffle == theirs.shuffle
        and mine.seed == theirs.seed
        and first.epoch == other.epoch
        and mine.x.data_ptr() == theirs.x.data_ptr()
    )


def _generator(session: Session) -> torch.Generator:
    """Random numbers as the session alone would draw them, from its start or where its checkpoint was taken."""
    generator = torch.Generator(session.steps.flat.values.device).manual_seed(session.batches.seed)
    left = (session.random or {}).get(f"random.{generator.device.type}")
    if left is not None:
        generator.set_state(left)
    return generator
