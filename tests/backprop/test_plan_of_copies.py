"""Several copies of a network at once are each copy by itself, in float64."""

import copy

import cases
import pytest
import torch
from torch import nn

from backlight.backprop import CannotBatchError, CopiesObjective, Objective, Plan
from backlight.network import Concat, Residual
from backlight.records import BacklightError

COPIES = 3
UNBATCHED = {"conv2d of one example"}
NETWORKS = {
    "perceptron": (
        lambda: nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, 2)),
        (6, 5),
    ),
    "branches": (
        lambda: nn.Sequential(
            Residual(nn.Sequential(nn.Linear(5, 5), nn.Tanh())),
            Concat(nn.Linear(5, 2), nn.Linear(5, 3)),
            nn.LayerNorm(5),
        ),
        (6, 5),
    ),
    "convolutions": (
        lambda: nn.Sequential(
            *(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(0.3)),
            *(nn.Flatten(), nn.Linear(16, 3)),
        ),
        (4, 2, 6, 6),
    ),
}


def copies_of(make, training=True):
    """Networks with parameters of their own, and a second set of the same."""
    modules = []
    for i in range(COPIES):
        module = copy.deepcopy(make).double() if isinstance(make, nn.Module) else make().double()
        generator = torch.Generator().manual_seed(i)
        for p in module.parameters():
            p.data.normal_(generator=generator)
        modules.append(module.train(training))
    return modules, copy.deepcopy(modules)


def assert_same(mine, theirs):
    torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-10)


def assert_each_as_alone(make, shape, training, x=None):
    together, alone = copies_of(make, training)
    if x is None:
        x = torch.randn((COPIES, *shape), generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    plan = Plan(together, generators=[torch.Generator().manual_seed(20 + i) for i in range(COPIES)])
    y = plan.forward(x)
    v = torch.randn(y.shape, generator=torch.Generator().manual_seed(3), dtype=y.dtype)
    v_in = plan.backward(v, accumulate=False)
    for i, module in enumerate(alone):
        torch.manual_seed(20 + i)
        single = Plan(module)
        assert_same(y[i], single.forward(x[i]))
        wanted = single.backward(v[i])
        assert (v_in is None) == (wanted is None)
        if v_in is not None:
            assert_same(v_in[i], wanted)
        for mine, theirs in zip(together[i].parameters(), module.parameters(), strict=True):
            assert_same(mine.grad, theirs.grad)
        for mine, theirs in zip(together[i].buffers(), module.buffers(), strict=True):
            assert_same(mine, theirs)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", [name for name in cases.LAYERS if name not in UNBATCHED])
def test_every_rule(name, training):
    module, shape = cases.LAYERS[name]
    try:
        Plan([module, copy.deepcopy(module)])
    except CannotBatchError:
        batchable = False
    else:
        batchable = True
    assert batchable == (not any(word in name for word in ("opaque", "alpha", "tied", "shared")))
    if batchable:
        assert_each_as_alone(module, shape, training)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks(name, training):
    assert_each_as_alone(*NETWORKS[name], training)


def test_all_copies_may_share_the_rows_of_a_batch():
    x = torch.randn((6, 5), dtype=torch.float64).expand(COPIES, -1, -1)
    assert_each_as_alone(*NETWORKS["perceptron"], True, x=x)


def test_shares_of_dropout_may_differ_and_other_settings_may_not():
    def network(p, slope):
        return nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(slope), nn.Dropout(p), nn.Linear(4, 2))

    plan = Plan([network(0.0, 0.1), network(1.0, 0.1)])
    y = plan.forward(torch.randn(2, 5, 3))
    assert torch.equal(y[1], plan.modules[1][3].bias.detach().expand(5, 2))
    assert not torch.equal(y[0, 0], y[0, 1])
    with pytest.raises(CannotBatchError, match=r"layer 1 \(LeakyReLU\) has different settings"):
        Plan([network(0.1, 0.1), network(0.1, 0.2)])
    with pytest.raises(CannotBatchError, match="different layers"):
        Plan([network(0.1, 0.1), network(0.1, 0.1)[:2]])


def test_a_second_backward_adds_where_it_is_asked_to():
    modules, _ = copies_of(lambda: nn.Linear(3, 2))
    plan, x = Plan(modules), torch.randn(COPIES, 4, 3, dtype=torch.float64)
    gradients = []
    for accumulate in (False, True):
        y = plan.forward(x)
        plan.backward(torch.ones_like(y), accumulate=accumulate)
        gradients.append(modules[2].weight.grad.clone())
    assert_same(gradients[1], 2 * gradients[0])


LOSSES = {
    "cross-entropy": (nn.CrossEntropyLoss(), (4,), "codes"),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.1), (4,), "codes"),
    "weighted": (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2, 3, 4], dtype=torch.float64)), (4,), "codes"),
    "with rows left out": (nn.CrossEntropyLoss(ignore_index=2), (4,), "codes"),
    "binary": (nn.BCEWithLogitsLoss(), (1,), "shares"),
    "squared": (nn.MSELoss(), (2,), "values"),
    "huber": (nn.HuberLoss(), (2,), "values"),
    "poisson": (nn.PoissonNLLLoss(), (2,), "shares"),
    "summed": (nn.MSELoss(reduction="sum"), (2,), "values"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_of_every_copy(name):
    loss, shape, kind = LOSSES[name]
    generator = torch.Generator().manual_seed(4)
    y = torch.randn((COPIES, 7, *shape), generator=generator, dtype=torch.float64)
    target = {
        "codes": lambda: torch.randint(0, 4, (COPIES, 7), generator=generator),
        "shares": lambda: torch.rand(y.shape, generator=generator, dtype=torch.float64),
        "values": lambda: torch.randn(y.shape, generator=generator, dtype=torch.float64),
    }[kind]()
    together = CopiesObjective(loss)
    losses = together.forward(y, target)
    v = together.backward()
    for i in range(COPIES):
        single = Objective(loss)
        assert_same(losses[i], single.forward(y[i], target[i]))
        assert_same(v[i], single.backward())


def test_copies_of_one_module_begin_equal_and_learn_apart():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = torch.randn(5, 3)
    plan = Plan(module, x, copies=3)
    y = plan.forward(x.expand(3, 5, 3))
    torch.testing.assert_close(y, module(x).detach().expand(3, 5, 2))
    plan.backward(torch.stack([torch.zeros(5, 2), torch.ones(5, 2), 2 * torch.ones(5, 2)]))
    first, second, third = (net[2].bias.grad for net in plan.modules)
    assert first.abs().sum() == 0 and torch.equal(third, 2 * second) and second.abs().sum() > 0


def test_examples_whose_target_is_to_be_ignored_do_not_count_whatever_their_code():
    y, target = (
        torch.randn(2, 6, 3, requires_grad=True),
        torch.tensor([[0, 1, 2, -100, -100, 1], [0, -100, 1, 2, 0, 1]]),
    )
    objective, loss = CopiesObjective(nn.CrossEntropyLoss()), nn.CrossEntropyLoss()
    each = torch.stack([loss(*pair) for pair in zip(y, target, strict=True)])
    torch.testing.assert_close(objective.forward(y.detach(), target), each.detach())
    torch.testing.assert_close(objective.backward(), torch.autograd.grad(each.sum(), y)[0])


def test_a_softmax_over_an_axis_counted_from_behind_does_not_mix_the_copies():
    modules = [nn.Sequential(nn.Linear(4, 2), nn.Softmax(-2)) for _ in range(2)]
    x = torch.randn(2, 3, 4)
    for y, part, module in zip(Plan(modules).forward(x), x, modules, strict=True):
        torch.testing.assert_close(y, module(part).detach())


def test_jacobian_and_check_send_to_the_copies_one_by_one():
    plan = Plan(nn.Linear(3, 4), copies=2)
    for ask in (lambda: plan.jacobian(0, torch.randn(2, 5, 3)), lambda: plan.check(torch.randn(2, 5, 3))):
        with pytest.raises(BacklightError, match=r"plan\.modules\[i\]"):
            ask()
