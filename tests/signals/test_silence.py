"""Dead units are those that are zero for every row of the data, not of a batch."""

import torch
from torch import nn

from backlight.signals.silence import silent_units


def network():
    """Unit i of 6 speaks only for inputs above its threshold; two never do."""
    linear = nn.Linear(1, 6)
    with torch.no_grad():
        linear.weight[:] = 1.0
        linear.bias[:] = torch.tensor([0.0, -5.0, -99.0, 0.5, -1000.0, -2000.0])
    return nn.Sequential(linear, nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 1))


def heard(module, x, size=10, most=10**9):
    read = []

    def call(m, part):
        assert not m.training
        read.append(len(part))
        return m(part)

    found = silent_units(module, x.split(size), call=call, go_on=lambda: len(read) < most)
    return found, sum(read)


def test_one_rare_row_is_enough_to_be_alive():
    module, x = network(), torch.rand(1000, 1)
    x[777] = 100.0
    found, read = heard(module, x)
    assert (found["1"].dead, found["1"].rows, found["1"].whole) == ((4, 5), 1000, True)
    assert read == 1000
    assert module.training and not any(m._forward_hooks for m in module.modules())


def test_the_pass_ends_when_every_unit_has_spoken():
    module, x = network()[:2], torch.full((1000, 1), 3000.0)
    found, read = heard(module, x)
    assert found["1"].dead == () and found["1"].whole
    assert read == 10


def test_a_part_of_the_data_is_called_a_part():
    found, read = heard(network(), torch.rand(1000, 1), most=3)
    assert read == found["1"].rows == 30
    assert not found["1"].whole
    assert found["1"].dead == (1, 2, 4, 5)


def test_units_of_pictures_are_heard_at_every_place():
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU())
    with torch.no_grad():
        module[0].weight[:] = 1.0
        module[0].bias[:] = torch.tensor([-0.5, -2.0])
    x = torch.zeros(20, 1, 4, 4)
    x[13, 0, 2, 3] = 1.0
    found, _ = heard(module, x)
    assert (found["1"].dead, found["1"].rows) == ((1,), 20 * 16)


def test_a_layer_that_is_called_at_several_places_is_left_out():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.narrow, self.relu, self.last = nn.Linear(1, 6), nn.Linear(6, 3), nn.ReLU(), nn.ReLU()
            self.wide.load_state_dict(network()[0].state_dict())

        def forward(self, x):
            return self.last(self.relu(self.narrow(self.relu(self.wide(x)))))

    for dead in (True, False):
        module = Shared()
        if not dead:
            nn.init.ones_(module.wide.bias)
        found, _ = heard(module, torch.rand(100, 1))
        assert list(found) == ["last"]
        assert not any(m._forward_hooks for m in module.modules())
