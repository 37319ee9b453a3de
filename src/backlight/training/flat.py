"""All parameters of a module in one flat buffer, and their gradients in another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from ..records import BacklightError


class FlatParameters:
    """Trained parameters as views into one buffer, so that an update is a few calls whatever the depth.

    Parameters that are decayed come first: those with at least two axes, that is weights and not biases or the scales
    of normalising layers (as Goyal et al. 2017, arXiv:1706.02677, section 5.3).

    Building one moves the data of each trained parameter into the buffer and points its `.grad` into the other.

    Parameters
    ----------
    module:
        The network; its trained parameters must share one dtype and device.
    buffers:
        Where parameters and gradients shall lie, one number each; new ones where None.
    layers:
        Parameters whose gradients are wanted at one time. Those of all layers then lie in one place, as large as the
        largest layer: each is overwritten by the next.

    Attributes
    ----------
    places, gradient_places:
        Where each parameter lies in `values`, and its gradient in `gradients`.
    """

    def __init__(
        self,
        module: nn.Module,
        buffers: tuple[Tensor, Tensor] | None = None,
        layers: Sequence[Collection[nn.Parameter]] | None = None,
    ) -> None:
        named = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        named.sort(key=lambda pair: pair[1].dim() < 2)
        self.names = [name for name, _ in named]
        self.parameters = trained = [p for _, p in named]
        self.places = _in_a_row(trained)
        self.gradient_places = self.places if layers is None else _over_each_other(trained, layers)
        size = max((place.stop for place in self.gradient_places), default=0)
        self.values, self.gradients = buffers or (_flat_like(trained), _flat_like(trained, size))
        self.gradients.zero_()
        self._homes = [
            (p, _view_as(self.values[place], p), _view_as(self.gradients[gradient_place], p))
            for p, place, gradient_place in zip(trained, self.places, self.gradient_places, strict=True)
        ]
        self._module = module
        self._frozen = [(name, p) for name, p in module.named_parameters() if not p.requires_grad]
        self.gather()
        stored = module.state_dict(keep_vars=True)  # without the constants that a module keeps as buffers
        self.buffers = [b for name, b in module.named_buffers() if name in stored and b.is_floating_point()]

    def gather(self) -> None:
        """Put parameters and gradients back into the buffers where someone else moved them.

        `module.zero_grad()`, `module.to(…)` and `vector_to_parameters` do. Raises BacklightError where other parameters
        are to be trained than at the beginning.
        """
        changed = [name for name, p in zip(self.names, self.parameters, strict=True) if not p.requires_grad]
        changed += [name for name, p in self._frozen if p.requires_grad]
        if changed:
            raise BacklightError(
                f"{', '.join(changed[:3])}: frozen or unfrozen while it trains. Which parameters are trained is "
                "settled when a training begins: set requires_grad before it, and train the same module again to go on "
                "with others (to unfreeze layer by layer: one training for each stage)."
            )
        for p, value, gradient in self._homes:
            if p.data_ptr() != value.data_ptr():
                value.copy_(p.data)
                p.data = value
            p.grad = gradient

    def require_same(self) -> None:
        """Raise BacklightError where the module's trained parameters are other ones than at the beginning."""
        mine = {id(p): name for name, p in zip(self.names, self.parameters, strict=True)}
        now = {id(p): name for name, p in self._module.named_parameters() if p.requires_grad}
        changed = sorted({name for i, name in (mine | now).items() if (i in mine) != (i in now)})
        if changed:
            raise BacklightError(
                f"{', '.join(changed[:3])}: replaced, added or removed while it trains. The parameters are settled "
                "when a training begins: change the module before it, and train it again to go on with others."
            )

    def detach(self) -> None:
        """Give every parameter storage of its own again and drop the gradients."""
        for p in self.parameters:
            p.grad = None
            p.data = p.data.clone()

    def copy(self) -> list[Tensor]:
        """A snapshot of parameters and floating-point buffers."""
        return [self.values.clone(), *(b.clone() for b in self.buffers)]

    @torch.no_grad()
    def load(self, snapshot: list[Tensor]) -> None:
        """Set parameters and floating-point buffers back to a snapshot."""
        for mine, theirs in zip([self.values, *self.buffers], snapshot, strict=True):
            mine.copy_(theirs)


def _in_a_row(parameters: Iterable[nn.Parameter]) -> list[slice]:
    ends = list(accumulate((p.numel() for p in parameters), initial=0))
    return [slice(start, end) for start, end in pairwise(ends)]


def _over_each_other(trained: list[nn.Parameter], layers: Sequence[Collection[nn.Parameter]]) -> list[slice]:
    places: dict[int, slice] = {id(p): place for p, place in zip(trained, map(_alone, trained), strict=True)}
    for layer in layers:
        mine = [p for p in layer if p.requires_grad]
        places |= {id(p): place for p, place in zip(mine, _in_a_row(mine), strict=True)}
    return [places[id(p)] for p in trained]


def _alone(p: nn.Parameter) -> slice:
    return slice(0, p.numel())


def require_one_kind(parameters: Sequence[nn.Parameter]) -> None:
    """Raise BacklightError where these parameters have several dtypes or devices."""
    kinds = sorted({f"{p.dtype} on {p.device}" for p in parameters})
    if len(kinds) > 1:
        raise BacklightError(
            f"the trained parameters are {', '.join(kinds)}; training needs one dtype and device: module.float()."
        )


def _flat_like(parameters: list[nn.Parameter], size: int | None = None) -> Tensor:
    if not parameters:
        return torch.zeros(0)
    require_one_kind(parameters)
    first = parameters[0]
    size = sum(p.numel() for p in parameters) if size is None else size
    return torch.empty(size, dtype=first.dtype, device=first.device)


def _view_as(part: Tensor, p: nn.Parameter) -> Tensor:
    """The part in the parameter's shape and memory order (channels-last weights stay so)."""
    if p.dim() == 4 and p.is_contiguous(memory_format=torch.channels_last) and not p.is_contiguous():
        n, c, h, w = p.shape
        return part.view(n, h, w, c).permute(0, 3, 1, 2)
    return part.view(p.shape)
