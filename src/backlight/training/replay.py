"""The pass of a batch, from rows to loss and gradients, recorded once for each shape of batch and then replayed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from ..backprop.capture import CapturedGraph, capture
from ..backprop.recording import Recording, record

Found = tuple[Tensor, Tensor]
"""The loss, and the outputs of the network."""
Pass = Callable[[Tensor, Tensor], Found]
"""x (n, …) and target (n, …) → loss and outputs; the gradients go where they belong."""


@dataclass
class _Shape:
    """What is known of batches of one shape."""

    seen: int = 0
    x: Tensor | None = None
    target: Tensor | None = None
    recording: Recording | CapturedGraph | None = None


class ReplayedPass:
    """A pass that is run as it is for the first batch of a shape, recorded on the second, and replayed on the others.

    A recording holds for one state of the network and its loss: which parameters are trained, train or eval mode,
    settings such as a dropout's share. `look` compares them; training calls it at the beginning of every epoch and
    after every observed step.

    What a replay returns is overwritten by the next.

    modules: All that the pass goes through, the loss among them.
    capture: On a GPU, record a CUDA graph; without it, passes on a GPU run as they are.
    """

    def __init__(self, modules: Sequence[nn.Module], run: Pass, *, capture: bool = False) -> None:
        self.modules = nn.ModuleList(modules)
        self._capture = capture
        self._run = run
        self._shapes: dict[Hashable, _Shape] = {}
        self._state: Hashable = None

    def look(self) -> None:
        """Forget the recordings where the network is not in the state that they were made in."""
        if self._shapes and _state_of(self.modules) != self._state:
            self._shapes.clear()

    def __call__(self, x: Tensor, target: Tensor) -> Found:
        """Loss and outputs of the batch; its gradients."""
        shape = self._shapes.get((x.shape, target.shape))
        if shape is None:
            if not self._shapes:
                self._state = _state_of(self.modules)
            shape = self._shapes[x.shape, target.shape] = _Shape()
        if shape.recording is not None:
            shape.x.copy_(x)  # type: ignore[union-attr]
            shape.target.copy_(target)  # type: ignore[union-attr]
            found: Found = shape.recording.replay()
            return found
        shape.seen += 1
        return self._record(shape, x, target) if shape.seen == 2 else self._run(x, target)

    def _record(self, shape: _Shape, x: Tensor, target: Tensor) -> Found:
        mine, my_target = x.clone(), target.clone()
        found: Found
        if not x.is_cuda:
            found, shape.recording = record(lambda: self._run(mine, my_target))
        elif self._capture:
            found, shape.recording = capture(lambda: self._run(mine, my_target), list(self.modules.buffers()))
        else:
            found = self._run(mine, my_target)
        if shape.recording is not None:
            shape.x, shape.target = mine, my_target
        return found


_SETTING = (bool, int, float, str)


def _state_of(module: nn.Module) -> Hashable:
    """All of a network that a recorded pass takes for granted; after every observed step, so no slower than needed."""
    layers = list(module.modules())
    kinds = tuple(map(type, layers))
    settings = tuple(item for layer in layers for item in vars(layer).items() if isinstance(item[1], _SETTING))
    tensors = tuple(
        (p.requires_grad, p.data_ptr()) for layer in layers for p in layer._parameters.values() if p is not None
    )
    buffers = tuple(b.data_ptr() for layer in layers for b in layer._buffers.values() if b is not None)
    hooks = tuple(len(layer._forward_hooks) + len(layer._forward_pre_hooks) for layer in layers)
    return kinds, settings, tensors, buffers, hooks
