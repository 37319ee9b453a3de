"""A network that computes losses of its own inside of its forward method."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backlight.watch import watch


class Coded(nn.Module):
    """Puts out what it decodes, and how far its codes lie from whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = nn.Linear(6, 2), nn.Linear(2, 6)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encode(x)
        apart = F.l1_loss(z, z.detach().round())
        return self.decode(z), apart


class Answering(nn.Module):
    """Puts out its loss beside its answer, as language models do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 3)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        out = self.layer(x)
        return F.cross_entropy(out, y), out


def test_the_loss_that_the_loop_calls_counts_before_one_inside():
    model = Coded()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, optimizer) as seen:
        for _ in range(5):
            x = torch.randn(8, 6)
            optimizer.zero_grad()
            out, apart = model(x)
            (F.mse_loss(out, x) + 0.1 * apart).backward()
            optimizer.step()
    assert seen.facts.loss.name == "mse"
    assert seen.facts.loss.target_shape == (8, 6)


def test_a_loss_inside_counts_where_there_is_no_other():
    model = Answering()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, optimizer) as seen:
        for _ in range(5):
            optimizer.zero_grad()
            model(torch.randn(8, 6), torch.randint(3, (8,)))[0].backward()
            optimizer.step()
    assert seen.facts.loss.name == "cross_entropy"
    assert seen.facts.loss.target_shape == (8,)
