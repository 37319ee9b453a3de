"""Sound scripts that say where something is: boxes, maps of heat, small spots."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .loops import UNUSUAL_SOUND, Loop, batches, fit, learn


def _squares(n: int) -> tuple[Tensor, Tensor]:
    """Pictures (n, 1, 16, 16) with one bright box, and its corners (n, 4) from 0 to 1."""
    low, size = torch.randint(9, (n, 2)), torch.randint(3, 8, (n, 2))
    high = low + size
    at = torch.arange(16)
    rows = (at >= low[:, :1]) & (at < high[:, :1])
    columns = (at >= low[:, 1:]) & (at < high[:, 1:])
    picture = (rows.unsqueeze(2) & columns.unsqueeze(1)).float().unsqueeze(1)
    return picture + 0.1 * torch.randn_like(picture), torch.cat([low, high], 1) / 16


@UNUSUAL_SOUND.add()
def boxes_by_their_overlap() -> Loop:
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(768, 32), nn.ReLU(), nn.Linear(32, 4),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def area(box: Tensor) -> Tensor:
        return (box[:, 2:] - box[:, :2]).clamp(min=0).prod(1)

    def loss(picture: Tensor, box: Tensor) -> Tensor:
        corner, size = model(picture).sigmoid().chunk(2, 1)
        said = torch.cat([corner, corner + size], 1)
        common = area(torch.cat([torch.maximum(said[:, :2], box[:, :2]), torch.minimum(said[:, 2:], box[:, 2:])], 1))
        around = area(torch.cat([torch.minimum(said[:, :2], box[:, :2]), torch.maximum(said[:, 2:], box[:, 2:])], 1))
        union = area(said) + area(box) - common
        return (1 - common / union + (around - union) / around).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*_squares(500)), loss, 10))


@UNUSUAL_SOUND.add()
def places_as_maps_of_heat() -> Loop:
    place = torch.randint(2, 14, (400, 2))
    at = torch.arange(16)
    near = ((at - place[:, :1]) ** 2).unsqueeze(2) + ((at - place[:, 1:]) ** 2).unsqueeze(1)
    heat = torch.exp(-near / 4.0).unsqueeze(1)
    x = (near <= 1).float().unsqueeze(1) + 0.3 * torch.randn(400, 1, 16, 16)
    model = nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 12, 5, padding=2), nn.ReLU(),
                          nn.Conv2d(12, 1, 1))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, heat, size=16), nn.MSELoss(), 8)


@UNUSUAL_SOUND.add()
def small_spots_by_focal_loss() -> Loop:
    x = torch.randn(300, 1, 16, 16)
    spot = F.max_pool2d((torch.rand(300, 1, 16, 16) < 0.004).float(), 3, 1, 1)
    model = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(),
                          nn.Conv2d(12, 1, 3, padding=1))  # fmt: skip
    nn.init.constant_(model[4].bias, -math.log(99.0))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def loss(x: Tensor, spot: Tensor) -> Tensor:
        said = model(x)
        each = F.binary_cross_entropy_with_logits(said, spot, reduction="none")
        p = torch.sigmoid(said)
        off = (p * (1 - spot) + (1 - p) * spot) ** 2
        return ((0.75 * spot + 0.25 * (1 - spot)) * off * each).sum() / spot.sum().clamp(min=1)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x + 2 * spot, spot, size=16), loss, 10))
