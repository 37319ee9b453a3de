"""Slips of whole scripts: what no gradient reaches, what the loss is made of, and sound scripts that look alike."""

import pytest
import torch
from torch import nn
from torch.distributions import Categorical
from torch.nn import functional as F

from backlight.watch import watch
from backlight.watch.penalty import decay_in_loss


def rows(n: int = 256):
    torch.manual_seed(0)
    x = torch.randn(n, 8)
    return x, (x[:, 0] > 0).long()


def train(model, loss, *, optimizer=None, steps: int = 40, step=None):
    optimizer = optimizer or torch.optim.Adam(model.parameters(), 3e-3)
    with watch(model, optimizer) as seen:
        for _ in range(steps):
            optimizer.zero_grad()
            loss().backward()
            (step or optimizer.step)()
    return seen


def severity(seen, name: str) -> str | None:
    return next((finding.severity for finding in seen.findings if finding.name == name), None)


# What no gradient reaches


def test_a_loss_made_anew_from_its_number_is_watched_to_its_end():
    x, y = rows()
    model = nn.Linear(8, 2)
    seen = train(model, lambda: torch.tensor(F.cross_entropy(model(x), y).item(), requires_grad=True))
    assert seen.findings[0].name == "detached-graph" and seen.findings[0].evidence["idle_steps"] == 40


class Heads(nn.Module):
    def __init__(self, *, cut: bool) -> None:
        super().__init__()
        self.body, self.act, self.cut = nn.Linear(8, 16), nn.ReLU(), cut
        self.score, self.value = nn.Linear(16, 2), nn.Linear(16, 1)

    def forward(self, x):
        h = self.act(self.body(x))
        return self.score(h.detach() if self.cut else h), self.value(h)


@pytest.mark.parametrize(("cut", "told"), [(True, "error"), (False, "warning")])
def test_a_head_that_the_loss_leaves_out_is_no_cut(cut, told):
    (x, y), model = rows(), Heads(cut=cut)
    assert severity(train(model, lambda: F.cross_entropy(model(x)[0], y)), "detached-graph") == told


class Looked(nn.Module):
    def __init__(self, *, called: bool) -> None:
        super().__init__()
        self.table, self.out, self.called = nn.Embedding(20, 8), nn.Linear(8, 2), called

    def forward(self, x):
        return self.out((self.table(x) if self.called else self.table.weight.data[x]).mean(1))


@pytest.mark.parametrize("called", [True, False])
def test_a_table_that_is_read_past_the_graph(called):
    torch.manual_seed(0)
    x, model = torch.randint(20, (256, 6)), Looked(called=called)
    y = (torch.randn(20)[x].sum(1) > 0).long()
    seen = train(model, lambda: F.cross_entropy(model(x), y))
    assert severity(seen, "detached-graph") == (None if called else "warning")


def test_a_prototype_that_is_copied_and_never_called_is_a_note_where_the_rest_fits():
    (x, y), model = rows(), nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
    model.prototype = nn.Linear(3, 3)
    model.forward = lambda x: model[2](model[1](model[0](x)))
    seen = train(model, lambda: F.cross_entropy(model(x), y), steps=200)
    assert severity(seen, "detached-graph") == "note"


@pytest.mark.parametrize("cut", [True, False])
def test_a_player_whose_optimizer_never_finds_a_gradient(cut):
    torch.manual_seed(0)
    model = nn.ModuleDict({"make": nn.Linear(4, 8), "judge": nn.Linear(8, 1)})
    making, judging = (torch.optim.Adam(part.parameters(), 1e-3) for part in model.values())
    real, one, zero = torch.randn(32, 8), torch.ones(32, 1), torch.zeros(32, 1)
    loss = F.binary_cross_entropy_with_logits
    with watch(model, [making, judging]) as seen:
        for _ in range(20):
            made = model["make"](torch.randn(32, 4))
            judging.zero_grad()
            (loss(model["judge"](real), one) + loss(model["judge"](made.detach()), zero)).backward()
            judging.step()
            making.zero_grad()
            loss(model["judge"](made.detach() if cut else made), one).backward()
            making.step()
    assert severity(seen, "detached-graph") == ("error" if cut else None)


@pytest.mark.parametrize(("early", "told"), [(True, "error"), (False, None)])
def test_gradients_set_to_zeros_before_the_step(early, told):
    (x, y), model = rows(), nn.Linear(8, 2)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)

    def step():
        if early:
            optimizer.zero_grad(set_to_none=False)
        optimizer.step()

    seen = train(model, lambda: F.cross_entropy(model(x), y), optimizer=optimizer, step=step)
    assert severity(seen, "frozen-parameters") == told


# What the loss is made of


@pytest.mark.parametrize(("held", "told"), [(False, "warning"), (True, None)])
def test_weights_of_tasks_that_no_optimizer_holds(held, told):
    (x, y), model = rows(), Heads(cut=False)
    weights = nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.Adam([*model.parameters(), weights] if held else model.parameters(), 1e-3)

    def loss():
        score, value = model(x)
        both = torch.stack([F.cross_entropy(score, y), F.mse_loss(value, x[:, :1])])
        return (both * (-weights).exp() + weights).sum()

    assert severity(train(model, loss, optimizer=optimizer), "parameters-not-in-optimizer") == told


def test_a_judge_of_several_matrices_stays_as_it_is_on_purpose():
    (x, _), model = rows(), nn.Linear(8, 8)
    judge = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    seen = train(model, lambda: F.mse_loss(judge(model(x)), judge(x).detach()), optimizer=optimizer)
    assert severity(seen, "parameters-not-in-optimizer") is None


def test_absolute_values_and_norms_of_weights_amount_to_a_decay():
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    w, output = model.weight, model(torch.randn(5, 4))
    mean, norm = float(w.detach().abs().mean()), float(w.detach().norm())
    for penalty, decay in (
        (w.abs().sum(), 1 / mean),
        (w.norm(1), 1 / mean),
        (w.norm(), 1 / norm),
        (w.norm() ** 2, 2.0),
        (w.square().sum(), 2.0),
        (model.bias.abs().sum(), 0.0),
        (output.abs().sum(), 0.0),
    ):
        assert decay_in_loss(output.sum() + 0.1 * penalty, output) == pytest.approx(0.1 * decay, rel=1e-5)


@pytest.mark.parametrize("ordered", [True, False])
def test_pairs_that_come_in_order_of_being_alike(ordered):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))
    a, b, alike = torch.randn(256, 8), torch.randn(256, 8), (torch.arange(256) < 128).float()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watch(model, optimizer) as seen:
        for _ in range(3):
            for part in (torch.arange(256) if ordered else torch.randperm(256)).split(32):
                apart, y = F.pairwise_distance(model(a[part]), model(b[part])), alike[part]
                optimizer.zero_grad()
                (y * apart.square() + (1 - y) * F.relu(1 - apart).square()).mean().backward()
                optimizer.step()
    assert severity(seen, "unshuffled-data") == ("error" if ordered else None)
    assert severity(seen, "unlearnable-target") is None  # what the network got first is one half of a pair


@pytest.mark.parametrize(("signed", "measured"), [(True, False), (False, True)])
def test_the_loss_of_a_policy_does_not_measure_it(signed, measured):
    (x, y), model = rows(), Heads(cut=False)

    def loss():
        score, value = model(x)
        weight = torch.randn(len(x)) if signed else torch.ones(len(x))
        chosen = Categorical(logits=score).log_prob(y)
        return -(chosen * weight).mean() + F.mse_loss(value.squeeze(1), x[:, 1])

    assert train(model, loss).facts.measured == measured


class Letters(nn.Module):
    def __init__(self, *, narrow: bool) -> None:
        super().__init__()
        self.embed, self.out = nn.Embedding(12, 16), nn.Linear(16, 12)
        self.down, self.up = (nn.Linear(96, 8), nn.Linear(8, 96)) if narrow else (None, None)

    def forward(self, x):
        h = self.embed(x)
        if self.down is not None:
            h = self.up(self.down(h.flatten(1))).view(len(x), 6, 16)
        return self.out(h)


@pytest.mark.parametrize(("shift", "narrow", "told"), [(0, False, "warning"), (1, False, None), (0, True, None)])
def test_codes_that_predict_themselves(shift, narrow, told):
    torch.manual_seed(0)
    x, model = torch.randint(12, (300, 7)), Letters(narrow=narrow)
    seen = train(model, lambda: F.cross_entropy(model(x[:, :6]).flatten(0, 1), x[:, shift : shift + 6].flatten()))
    assert severity(seen, "leaking-feature") == told


@pytest.mark.parametrize(("axis", "told"), [(-1, "error"), (1, None)])
def test_the_axis_of_a_softmax_over_a_map(axis, told):
    torch.manual_seed(0)
    x, model = torch.randn(64, 1, 6, 6), nn.Conv2d(1, 2, 3, padding=1)
    y = (x[:, 0] > 0).long()
    seen = train(model, lambda: F.nll_loss(F.log_softmax(model(x), axis), y))
    assert severity(seen, "output-activation") == told


@pytest.mark.parametrize(("hidden", "named"), [(2, True), (32, False)])
def test_the_state_of_a_recurrent_layer_may_be_too_narrow(hidden, named):
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = nn.GRU(8, hidden, batch_first=True), nn.Linear(hidden, 8)

        def forward(self, x):
            return self.out(self.rnn(x)[0][:, -1])

    torch.manual_seed(0)
    x, model = torch.randn(256, 4, 8), Net()
    y = x.sum(1).argmax(1)
    seen = train(model, lambda: F.cross_entropy(model(x), y), steps=60)
    assert (severity(seen, "capacity-too-low") is not None) == named


@pytest.mark.parametrize(("rate", "named"), [(1e-2, "non-finite"), (1e4, "learning-rate-too-high")])
def test_a_loss_that_falls_until_it_breaks_off_is_not_the_steps_fault(rate, named):
    x, y = rows()
    model = nn.Linear(8, 2)
    optimizer = torch.optim.Adam(model.parameters(), rate) if rate < 1 else torch.optim.SGD(model.parameters(), rate)
    count = iter(range(1000))

    def loss():
        descended = F.cross_entropy(model(x), y) if rate < 1 else F.mse_loss(model(x), x[:, :2])
        return descended + torch.log(torch.zeros(())) if rate < 1 and next(count) == 30 else descended

    seen = train(model, loss, optimizer=optimizer, steps=60)
    assert seen.findings[0].name == named
