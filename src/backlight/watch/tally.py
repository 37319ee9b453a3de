"""What is counted of a loop, and the facts that come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from ..signals import LoopFacts
from .optimizers import idle_norms, mode_matters
from .taps import layers_of

if TYPE_CHECKING:
    from .follower import Follower


class Clock:
    """For how long a loop has been watched, over all the times that it was."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """The loop is entered."""
        self._since = perf_counter()

    def stop(self) -> None:
        """And left."""
        self._before, self._since = self.seconds, None

    @property
    def seconds(self) -> float:
        """So far."""
        return self._before + (0.0 if self._since is None else perf_counter() - self._since)


@dataclass
class Tally:
    """Counts; what each means stands at the fields of `LoopFacts`."""

    steps: int = 0
    backwards: int = 0
    eval_steps: int = 0
    gradients: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Place of the optimizer → its observed steps whose gradients did, and did not, begin at zero."""
    lost: int = 0
    idle: int = 0
    unheard: dict[int, int] = field(default_factory=dict)
    """Place of the optimizer → its steps so far, where none of its parameters ever had a gradient."""
    resets: int = 0
    rewrites: int = 0
    within: int = 0
    """Steps that optimizers made inside of a backward pass, where gradients are cleared as they come."""
    strays: tuple[str, ...] | None = None
    called: set[str] = field(default_factory=set)
    """Layers that an observed forward pass went through."""
    stepped: set[int] = field(default_factory=set)
    """Identities of parameters that were observed in a step that their optimizer made."""

    def note_idle(self, place: int, *, idle: bool) -> None:
        """An optimizer makes its step, to which no gradient has ever come if `idle`."""
        self.unheard[place] = self.unheard.get(place, 0) + 1 if idle else 0

    def note_gradients(self, made: set[int], clean: set[int]) -> None:
        """Which optimizers made an observed step, and for which of them gradients began at zero."""
        for place in made:
            fresh, stale = self.gradients.get(place, (0, 0))
            self.gradients[place] = (fresh + (place in clean), stale + (place not in clean))

    def fresh_and_stale(self) -> tuple[int, int]:
        """The two counts of the optimizer that most often found gradients left over."""
        return max(self.gradients.values(), key=lambda counts: counts[1] - counts[0], default=(0, 0))


def loop_facts(follower: Follower, *, finished: bool) -> LoopFacts:
    """How the loop treated the network so far."""
    tally, seen, loaders, network = follower.tally, follower.recorder, follower.loaders, follower.network
    held = set().union(*follower.optimizers.held())
    names = {name for name, p in network.named_parameters() if p.requires_grad and id(p) in held}
    moving = {name for name, p in network.named_parameters() if id(p) in tally.stepped} & names & seen.with_gradient
    unreached = {name for name, p in network.named_parameters() if follower.parameters.is_unreached(p)}
    without = names & unreached if seen.observed and not tally.within else set()
    fresh, stale = tally.fresh_and_stale()
    layers = [name for name, module in layers_of(network) if next(module.parameters(), None) is not None]
    return LoopFacts(
        steps=tally.steps,
        backwards=tally.backwards,
        epochs=follower.epoch(),
        rows=loaders.rows(seen.inputs),
        batch_size=loaders.batch_size(seen.targets.facts(), seen.inputs, len(seen.observed)),
        stale_gradients=stale,
        fresh_gradients=fresh,
        lost_gradients=tally.lost,
        idle_steps=max(tally.idle, *tally.unheard.values(), 0),
        players=follower.optimizers.players.several,
        other_steps=follower.optimizers.other_steps,
        other_optimizers=follower.optimizers.others,
        bad_data=follower.losses.bad_data or 0,
        eval_steps=tally.eval_steps,
        idle_norms=tuple(name for name in idle_norms(network) if name in tally.called),
        resets=tally.resets,
        rewrites=tally.rewrites,
        strays=tally.strays or (),
        idle_weights=follower.optimizers.players.idle_weights(),
        mode_matters=mode_matters(network),
        without_gradient=tuple(sorted(without)),
        unused_layers=tuple(name for name in layers if tally.called and name not in tally.called),
        frozen=tuple(name for name, p in network.named_parameters() if not p.requires_grad),
        unchanged=tuple(sorted(moving - seen.changed)),
        seconds=follower.clock.seconds,
        finished=finished,
    )
