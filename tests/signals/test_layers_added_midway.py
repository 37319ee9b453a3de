"""A network that grows while it is trained: its new layers are described where they first appear."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backlight.watch import watch


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.blocks, self.head = nn.Linear(6, 16), nn.ModuleList(), nn.Linear(16, 1)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def grown(grows: bool):
    torch.manual_seed(0)
    x = torch.randn(400, 6)
    y = x[:, :1] * x[:, 1:2]
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watch(model, optimizer) as seen:
        for step in range(200):
            if grows and step == 100:
                model.blocks.extend([nn.Linear(16, 16), nn.Dropout(0.25)])
                optimizer.add_param_group({"params": model.blocks.parameters()})
            optimizer.zero_grad()
            at = torch.randint(400, (32,))
            F.mse_loss(model(x[at]), y[at]).backward()
            optimizer.step()
    return seen.facts


@pytest.mark.parametrize("grows", [True, False])
def test_every_layer_with_signals_has_facts_in_its_place(grows):
    facts = grown(grows)
    names = [layer.name for layer in facts.layers]
    assert names == (["first", "blocks.0", "blocks.1", "head"] if grows else ["first", "head"])
    assert all(facts.signals.series("update_ratio", name) for name in names if facts.by_name[name].parameters)
    assert facts.by_name["head"].source == ("blocks.1" if grows else "first")
    if grows:
        assert facts.by_name["blocks.1"].settings["p"] == 0.25
        assert facts.by_name["blocks.0"].parameters["weight"].shape == (16, 16)
