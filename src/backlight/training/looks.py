"""The look at held-out rows of several networks as one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from torch import Tensor

from ..backprop import Plan
from .goal import judge
from .predict import prediction_batch
from .session import Session


class Looks:
    """The rows measured at each epoch's end, of sessions whose networks have one structure, in one pass a split.

    Rows are padded to the longest session's: in eval mode rows do not see each other, and those added are cut off.

    sessions: those that `fits` accepts.
    plan: of their networks, in this order.
    """

    def __init__(self, sessions: Sequence[Session], plan: Plan) -> None:
        self.sessions, self._plan = sessions, plan
        self._rows = {
            split: _padded([session.measured[split][0] for session in sessions]) for split in sessions[0].measured
        }

    def measure(self) -> list[dict[str, tuple[float, float]]]:
        """Plain loss and total score by split, of every session; its running average predicts where there is one."""
        with ExitStack() as stack:
            for session in self.sessions:
                session.module.eval()
                if session.steps.average is not None:
                    stack.enter_context(session.steps.average.in_place())
            outputs = {split: self._plan.forward(x) for split, x in self._rows.items()}
        self._plan.release()
        return [
            {split: _judged(session, split, outputs[split][number]) for split in outputs}
            for number, session in enumerate(self.sessions)
        ]


def fits(sessions: Sequence[Session]) -> bool:
    """Whether all sessions have the same splits, of so few rows that one pass holds them."""
    if len({tuple(session.measured) for session in sessions}) > 1:
        return False
    rows = [max((len(x) for x, _ in session.measured.values()), default=0) for session in sessions]
    inputs = next(iter(sessions[0].measured.values()), (None, None))[0]
    return inputs is not None and max(rows) * len(sessions) <= prediction_batch(inputs)


def _padded(parts: Sequence[Tensor]) -> Tensor:
    """Rows (n, …) of every part, the shorter ones filled with zeros: (parts, longest n, …)."""
    whole = parts[0].new_zeros(len(parts), max(len(part) for part in parts), *parts[0].shape[1:])
    for number, part in enumerate(parts):
        whole[number, : len(part)] = part
    return whole


def _judged(session: Session, split: str, outputs: Tensor) -> tuple[float, float]:
    target = session.measured[split][1]
    return judge(session.goal, [(outputs[: len(target)], target)])
