"""Unsupervised pretraining: each hidden layer first learns to undo noise in what reaches it.

Denoising autoencoders layer by layer (Vincent et al. 2010, "Stacked Denoising Autoencoders", JMLR 11): values are
struck out at random, the layer and its activation encode what is left, a linear layer that is thrown away afterwards
decodes it, and the mean squared error against the values without noise is what is learned. Targets are not looked at.
It can help where labels are few and rows many; with many labels it seldom does (Erhan et al. 2010).

Unlike there, a layer also rebuilds what reached the first of them. An encoder keeps the directions of largest variance
best; measured against the layer below alone, it is not told what that one lost, and the loss compounds: of 30 layers
that each left 1 to 10 % of the variance, the last gave little more than one direction.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..records import BacklightError
from ..records.config import TrainingConfig
from .loop import device_of, train

NOISE = 0.2
"""Share of the values that are struck out; what is left is divided by 1 − NOISE, as dropout does it."""
_TRAINING = TrainingConfig(
    optimizer="adam", learning_rate=3e-3, weight_decay=0.0, batch_size=64, schedule="cosine", warmup=0.05
)


def pretrain(
    module: nn.Module,
    x: Tensor,
    *,
    epochs: int,
    seed: int,
    device: str = "auto",
    tell: Callable[[str], None] = lambda text: None,
) -> nn.Module:
    """Pretrain the hidden linear layers of a `nn.Sequential`, from input to output, in place.

    Parameters
    ----------
    x:
        Training rows, as the network receives them.
    epochs:
        Passes over the rows for each layer.

    Raises
    ------
    BacklightError
        The network has no hidden linear layers one behind another.
    """
    layers = list(module.children()) if isinstance(module, nn.Sequential) else []
    places = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Linear)][:-1]
    if not places:
        raise BacklightError(
            "Pretraining needs a network with hidden linear layers one behind another, such as '128 relu, 64 relu'; "
            "leave --pretrain out for this one."
        )
    config = _TRAINING.model_copy(update={"epochs": epochs, "device": device})
    module.to(device_of(config))
    done = places[0]
    h = inputs = _behind(layers[:done], x.to(device_of(config)))
    for number, place in enumerate(places):
        h = _behind(layers[done:place], h)
        target = _side_by_side(inputs.flatten(1), h.flatten(1)) if number else inputs.flatten(1)
        tell(f"Pretraining {place_name(module, place)}: {_denoise(layers, place, h, target, config, seed + number)}.")
        done = place
    return module


def place_name(module: nn.Module, place: int) -> str:
    """Name of the layer at that place."""
    return [name for name, _ in module.named_children()][place]


@torch.no_grad()
def _behind(layers: list[nn.Module], h: Tensor) -> Tensor:
    """What comes out of the layers, in eval mode, by parts that fit into memory."""
    body = nn.Sequential(*layers)
    modes = [layer.training for layer in layers]
    body.eval()
    out = torch.cat([body(part) for part in h.split(4096)])
    for layer, mode in zip(layers, modes, strict=True):
        layer.train(mode)
    return out


def _side_by_side(inputs: Tensor, h: Tensor) -> Tensor:
    """(n, f) and (n, i) as one (n, f + i), the second scaled so that both have the same variance altogether."""
    return torch.cat([inputs, h * (inputs.var(0).sum() / h.var(0).sum().clamp_min(1e-12)).sqrt()], 1)


def _denoise(layers: list[nn.Module], place: int, h: Tensor, target: Tensor, config: TrainingConfig, seed: int) -> str:
    """Train the layer at that place to encode h (n, i) so that the target can be rebuilt; what its error became."""
    layer = layers[place]
    assert isinstance(layer, nn.Linear)
    decoder = nn.utils.skip_init(nn.Linear, layer.out_features, target.shape[1])  # draws no random number
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        decoder.weight.normal_(0.0, 0.1 * layer.out_features**-0.5, generator=generator)
        decoder.bias.copy_(target.mean(0))  # it begins with the mean, which leaves 100 % of the variance
    behind = layers[place + 1 : place + 2]
    activation = behind if behind and not any(True for _ in behind[0].parameters()) else []
    keeping = [one for one in activation if not isinstance(one, nn.modules.dropout._DropoutNd)]
    coder = nn.Sequential(nn.Dropout(NOISE), layer, *keeping, decoder)
    trained = train(coder, "mean-squared-error", (h, target), None, config, seed=seed)
    variance = float(target.double().var(0).mean())
    last = [row.loss for row in trained.history if row.split == "train"][-1]
    return f"its reconstruction leaves {last / max(variance, 1e-12):.0%} of the variance"
