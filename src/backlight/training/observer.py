"""Those who look on while a network trains."""

from __future__ import annotations

from typing import Any

from ..records import Epoch, Step


class Observer:
    """Looks on while a network trains; override what is of interest.

    Every hook takes `**kwargs`, so that a later version may say more without breaking anyone.
    """

    def on_start(self, **kwargs: Any) -> None:
        """Before the first step: `module`, `config`, `epochs`, `rows`."""

    def wants_step(self, step: int, **kwargs: Any) -> bool:
        """Whether `on_step` is to be called for this step. Observed steps cost a little more than others."""
        return False

    def on_step(self, step: Step, **kwargs: Any) -> None:
        """After the backward pass and before the update of an observed step."""

    def on_update(self, step: int, **kwargs: Any) -> None:
        """After the update of an observed step."""

    def on_progress(self, **kwargs: Any) -> None:
        """About twice a second: `epoch`, `step`, `progress` in [0, 1], `loss`, `learning_rate`, `rows_per_second`,
        `seconds_left`."""

    def on_epoch(self, rows: tuple[Epoch, ...], **kwargs: Any) -> None:
        """After each epoch, with its rows of history: `losses` (of every step of it), `epochs` (planned),
        `rows_per_second`, `seconds_left`."""

    def on_end(self, **kwargs: Any) -> None:
        """After the last step: `stopped`, why."""
