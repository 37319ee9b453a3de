"""When a step ends: as soon as every watched optimizer has made its own."""


class Updates:
    """The updates of the step that is going on, by the place of the optimizer among the watched ones.

    An optimizer may call another for its step (a wrapper), and the loop for a closure.
    """

    def __init__(self) -> None:
        self.made: set[int] = set()
        """Places of those that have made their step."""
        self._running: list[int] = []

    @property
    def running(self) -> bool:
        """Whether an optimizer is making its step."""
        return bool(self._running)

    @property
    def some_made(self) -> bool:
        """Whether some have made their step, and none is making one."""
        return bool(self.made) and not self._running

    def begin(self, optimizer: int) -> None:
        """It begins its step; one that is still in it was left by an error."""
        if optimizer in self._running:
            self._running = []
        self._running.append(optimizer)

    def end(self, place: int, count: int) -> bool:
        """It has ended its step; whether all of them have."""
        self._running = self._running[:-1]
        self.made.add(place)
        return not self._running and len(self.made) == count

    def clear(self) -> None:
        """The next step begins."""
        self.made = set()
