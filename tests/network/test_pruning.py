"""Dead and redundant units: counted exactly, taken out or begun anew, and the function stays."""

import copy

import pytest
import torch
from torch import nn

from backlight.network import Residual, from_json, to_json
from backlight.network.pruning import prune_, revive_
from backlight.network.units import chains, survey


def perceptron():
    return nn.Sequential(
        *(nn.Linear(6, 40), nn.BatchNorm1d(40), nn.ReLU(), nn.Dropout(0.2)),
        *(nn.Linear(40, 20), nn.Tanh(), nn.Linear(20, 3)),
    ), (6,)


def convolutions():
    return nn.Sequential(
        *(nn.Conv2d(2, 20, 3, padding=1), nn.BatchNorm2d(20), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(20, 10, 3), nn.ReLU(), nn.Flatten(), nn.Linear(40, 20), nn.ReLU(), nn.Linear(20, 4)),
    ), (2, 8, 8)


def spoil(network, layer, dead, doubles):
    """Make units of a layer zero for all inputs, and others multiples of unit 0 .. where the activation allows it."""
    producer, norm = network[layer], network[layer + 1]
    rectified = any(isinstance(m, nn.ReLU) for m in network[layer + 1 : layer + 3])
    with torch.no_grad():
        for unit in dead:
            producer.weight[unit] = 0
            producer.bias[unit] = -1.0 if rectified else 0.0
            if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
                norm.weight[unit], norm.bias[unit] = 0, -0.5
        for unit, (original, factor) in doubles.items():
            producer.weight[unit] = producer.weight[original] * factor
            producer.bias[unit] = producer.bias[original] * factor
            if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):  # undoes the factor; its own scale brings one back
                norm.running_mean[unit] = norm.running_mean[original] * factor
                norm.running_var[unit] = norm.running_var[original] * factor**2
                norm.weight[unit], norm.bias[unit] = norm.weight[original], norm.bias[original]


def trained(make):
    """A network with other than initial statistics, and inputs."""
    torch.manual_seed(0)
    network, shape = make()
    x = torch.randn(700, *shape)
    with torch.no_grad():
        network.train()(x[:200] * 2 + 1)
    return network.eval(), x


@pytest.mark.parametrize("make", [perceptron, convolutions])
def test_thirty_percent_dead_and_twenty_percent_doubled_are_counted_exactly_and_pruned(make):
    network, x = trained(make)
    units = network[0].weight.shape[0]
    dead = list(range(1, 1 + 3 * units // 10))
    doubles = {units - 1 - i: (0 if i % 2 else dead[-1] + 1, 2.0 if i % 3 else 0.5) for i in range(units // 5)}
    spoil(network, 0, dead, doubles)
    before = network(x).detach()
    found = survey(network, x.split(256))
    first = next(one for one in found if one.layer == "0")
    assert first.rows == 700
    assert first.dead == tuple(dead)
    assert set(first.redundant) == set(doubles)
    assert first.distinct == units - len(dead) - len(doubles)
    assert prune_(network, [first]) == len(dead) + len(doubles)
    assert network[0].weight.shape[0] == first.distinct
    torch.testing.assert_close(network(x), before, rtol=0, atol=1e-5)
    again = from_json(to_json(network))
    again.load_state_dict(network.state_dict())
    torch.testing.assert_close(again.eval()(x), before, rtol=0, atol=1e-5)
    again = next(one for one in survey(network, [x]) if one.layer == "0")
    assert (again.dead, again.factors) == ((), {})


def test_a_layer_behind_a_flattened_convolution():
    network, x = trained(convolutions)
    spoil(network, 4, [2, 5], {})
    before = network(x).detach()
    found = survey(network, [x])
    assert {one.layer: one.dead for one in found}["4"] == (2, 5)
    prune_(network, found)
    assert network[7].in_features == 32
    torch.testing.assert_close(network(x), before, rtol=0, atol=1e-5)


def test_units_with_a_negative_factor_are_one_behind_tanh():
    network, x = trained(perceptron)
    spoil(network, 4, [3], {7: (0, -1.0)})
    before = network(x).detach()
    found = next(one for one in survey(network, [x]) if one.layer == "4")
    assert (found.dead, found.groups, found.factors[7]) == ((3,), ((0, 7),), pytest.approx(-1))
    prune_(network, [found])
    torch.testing.assert_close(network(x), before, rtol=0, atol=1e-5)


def test_revived_units_leave_the_function_and_get_a_gradient():
    network, x = trained(perceptron)
    spoil(network, 0, [1, 2], {9: (0, 2.0)})
    before = network(x).detach()
    assert revive_(network, survey(network, [x])) == 3
    torch.testing.assert_close(network(x), before, rtol=0, atol=1e-5)
    network(x).square().sum().backward()
    assert (network[4].weight.grad[:, [1, 2, 9]].abs().sum(0) > 0).all()
    assert not survey(network, [x])[0].dead


def test_what_others_share_or_add_to_is_left_alone():
    tied = nn.Linear(6, 6)
    network = nn.Sequential(
        nn.Linear(4, 6),
        *(nn.ReLU(), Residual(nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 6)))),
        *(nn.Linear(6, 6), nn.LayerNorm(6), tied, nn.ReLU(), tied, nn.ReLU(), nn.Linear(6, 2)),
    )
    assert [chain.name for chain in chains(network)] == ["2.body.0"]


def test_the_survey_leaves_the_module_as_it_was():
    network, x = trained(perceptron)
    network.train()
    kept = copy.deepcopy(network.state_dict())
    survey(network, [x])
    assert network.training and not network[4]._forward_pre_hooks
    assert all(torch.equal(kept[name], value) for name, value in network.state_dict().items())


def test_a_layer_that_is_dead_as_a_whole_keeps_one_unit():
    network = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
    with torch.no_grad():
        network[0].weight.zero_()
        network[0].bias.fill_(-1)
    x = torch.randn(20, 3)
    before = network(x).detach()
    assert prune_(network, survey(network, [x])) == 4
    torch.testing.assert_close(network(x), before)
