"""Optimisers on flat buffers: each update is one or two of PyTorch's fused kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from ..backprop import graphless
from ..records import BacklightError
from ..records.config import TrainingConfig
from .flat import FlatParameters

BETAS = (0.9, 0.999)
EPSILON = 1e-8
"""Kingma, Ba 2015 (arXiv:1412.6980), section 2."""

_One = list[Tensor]
"""One tensor, in the list that the fused kernels take."""


@dataclass
class _Part:
    """A stretch of the flat buffers with one rate and decay."""

    update: partial[object]
    """The fused kernel on its tensors, which wants the learning rate only (`lr`)."""
    step: Tensor
    """Updates so far, as the kernel wants it."""
    count: np.ndarray | Tensor
    """The same number; on a CPU NumPy's view of it, which counts in 0.2 µs where the tensor takes 5."""
    rate: float
    """Factor on the learning rate."""
    decay: float
    """Of the weights."""


class Optimizer:
    """SGD with momentum, Adam, or AdamW (Loshchilov, Hutter 2019, arXiv:1711.05101) on flat parameters.

    The arithmetic is `torch.optim`'s. Weight decay touches weights only, not biases and norm scales. Factors on rate
    and decay make parameter groups; neighbours with the same ones are updated as one.

    Parameters
    ----------
    flat:
        Where parameters and gradients lie.
    config:
        `optimizer`, `momentum`, `nesterov`, `weight_decay`, `clip`, `rate_factors`, `decay_factors`; resolved.
    """

    def __init__(self, flat: FlatParameters, config: TrainingConfig) -> None:
        self.flat = flat
        self.config = config
        names = {"sgd": ("momentum",), "adam": ("mean", "square"), "adamw": ("mean", "square")}[str(config.optimizer)]
        self.state: dict[str, Tensor] = {name: torch.zeros_like(flat.values) for name in names}
        self._parts = [self._part(*stretch) for stretch in _stretches(flat, config)]
        self._numbers = {id(p): i for i, p in enumerate(flat.parameters)}
        self.steps = [part.step for part in self._parts]

    def _part(self, place: slice, gradient_place: slice, rate: float, decay: float) -> _Part:
        count: np.ndarray | Tensor = np.zeros((), dtype=np.float32)
        step = torch.as_tensor(count)
        if self.flat.values.device.type != "cpu":
            count = step = step.to(self.flat.values.device)
        state = {name: [tensor[place]] for name, tensor in self.state.items()}
        update = self._sgd(**state) if self.config.optimizer == "sgd" else self._adam(**state, step=[step])
        tensors = [self.flat.values[place]], [self.flat.gradients[gradient_place]]
        return _Part(partial(update, *tensors, weight_decay=decay, maximize=False), step, count, rate, decay)

    @graphless
    def step(self, learning_rate: float, without: Sequence[nn.Parameter] = ()) -> None:
        """One update of the parameters from the gradients that lie in the flat buffer.

        without: parameters that no gradient came to. They keep value and state, as those whose `.grad` is None do in
        PyTorch; but for Adam's count of steps, which neighbours in the buffer share.
        """
        kept = [(view, view.clone()) for p in without for view in self._views(p)]
        if self.config.clip is not None:
            self._clip(self.config.clip)
        for part in self._parts:
            part.count += 1
            part.update(lr=learning_rate * part.rate)
        for view, before in kept:
            view.copy_(before)

    @graphless
    def step_layer(self, parameters: Iterable[nn.Parameter], learning_rate: float) -> None:
        """One update of these parameters alone; only with `layerwise`, where each has a part of its own."""
        for p in parameters:
            if p.requires_grad:
                part = self._parts[self._numbers[id(p)]]
                part.count += 1
                part.update(lr=learning_rate * part.rate)

    def _views(self, p: nn.Parameter) -> list[Tensor]:
        """Where its value and state lie."""
        place = self.flat.places[self._numbers[id(p)]]
        return [tensor[place] for tensor in (self.flat.values, *self.state.values())]

    def _sgd(self, momentum: _One) -> Callable[..., object]:
        return partial(
            torch._fused_sgd_,
            momentum_buffer_list=momentum if self.config.momentum else [],
            momentum=self.config.momentum,
            dampening=0.0,
            nesterov=self.config.nesterov and self.config.momentum > 0,
            is_first_step=False,  # the momentum begins at zero, which gives the same first step
        )

    def _adam(self, mean: _One, square: _One, step: _One) -> Callable[..., object]:
        kernel = torch._fused_adamw_ if self.config.optimizer == "adamw" else torch._fused_adam_
        state = {"exp_avgs": mean, "exp_avg_sqs": square, "max_exp_avg_sqs": [], "state_steps": step}
        return partial(kernel, **state, beta1=BETAS[0], beta2=BETAS[1], eps=EPSILON, amsgrad=False)

    def _clip(self, bound: float) -> None:
        norm = self.flat.gradients.norm()
        self.flat.gradients.mul_((bound / (norm + 1e-6)).clamp_(max=1.0))

    def state_tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold to go on exactly."""
        steps = {f"step.{i}": step for i, step in enumerate(self.steps)}
        return {**self.state, **steps}

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state_tensors` gave."""
        mine = self.state_tensors()
        if mine.keys() != tensors.keys():
            raise BacklightError(
                f"the checkpoint holds optimiser state {sorted(tensors)}, and {self.config.optimizer} needs "
                f"{sorted(mine)}: resume with the optimiser that the run began with"
            )
        for name, tensor in mine.items():
            tensor.copy_(tensors[name])


def joined(optimizers: Sequence[Optimizer]) -> Callable[[float], None] | None:
    """`step` of several optimisers at one learning rate, each kernel called once for all; None where they differ.

    The arithmetic is that of one after the other, to the last bit.
    """
    if any(one.config.clip is not None or one.config.layerwise for one in optimizers):
        return None
    if len({(one.config.optimizer, one.config.momentum, one.config.nesterov) for one in optimizers}) > 1:
        return None
    if len({tuple((part.rate, part.decay) for part in one._parts) for one in optimizers}) > 1:
        return None
    alike = list(zip(*(one._parts for one in optimizers), strict=True))
    updates = [(_joined_updates([part.update for part in parts]), parts[0].rate) for parts in alike]
    counts = [part.count for parts in alike for part in parts]

    def step(learning_rate: float) -> None:
        for count in counts:
            count += 1
        for update, rate in updates:
            update(lr=learning_rate * rate)

    return step


def _joined_updates(updates: Sequence[partial[object]]) -> Callable[..., object]:
    """One call of the kernel on the tensors of all; settings are the first one's."""
    args = [list(chain(*tensors)) for tensors in zip(*(update.args for update in updates), strict=True)]
    settings = dict(updates[0].keywords)
    for name, value in settings.items():
        if isinstance(value, list):
            settings[name] = list(chain.from_iterable(update.keywords[name] for update in updates))
    return partial(updates[0].func, *args, **settings)


def _stretches(flat: FlatParameters, config: TrainingConfig) -> Iterator[tuple[slice, slice, float, float]]:
    """Places of values and gradients, factor on the rate, and decay of neighbours that share the last two."""
    for factors in (config.rate_factors, config.decay_factors):
        for pattern in factors:
            if not any(fnmatchcase(name, pattern) for name in flat.names):
                raise BacklightError(
                    f"the pattern {pattern!r} matches no trained parameter; their names are like "
                    f"{', '.join(flat.names[:3])}."
                )
    stretch: tuple[slice, slice, float, float] | None = None
    for name, p, place, gradient in zip(flat.names, flat.parameters, flat.places, flat.gradient_places, strict=True):
        decay = (config.weight_decay or 0.0) * _factor(config.decay_factors, name) if p.dim() >= 2 else 0.0
        rates = _factor(config.rate_factors, name), decay
        if stretch is not None and (config.layerwise or rates != stretch[2:]):
            yield stretch
            stretch = None
        if stretch is not None:
            place, gradient = slice(stretch[0].start, place.stop), slice(stretch[1].start, gradient.stop)
        stretch = place, gradient, *rates
    if stretch is not None:
        yield stretch


def _factor(factors: Mapping[str, float], name: str) -> float:
    return next((factor for pattern, factor in factors.items() if fnmatchcase(name, pattern)), 1.0)
