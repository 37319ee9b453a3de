"""Slips in whole scripts: modes of single layers, axes, weights of classes, order and choice of rows; sound twins."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from watched_loop import found, perceptron, rows, trained

from backlight.watch import watch


def adam(model, rate=3e-3):
    return torch.optim.Adam(model.parameters(), rate)


# Modes and what is frozen


def normed():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 3))


def test_a_norm_in_evaluation_mode_that_never_saw_a_batch_is_named():
    model = normed()
    model[1].eval()
    finding = found(trained(model, adam(model)), "eval-mode-training")
    assert finding.layer == "1" and "nothing is normalised" in finding.message


def test_a_norm_in_training_mode_that_keeps_its_first_statistics_is_not_said_to_be_in_the_other():
    model = normed()
    model[1].momentum = 0.0
    assert found(trained(model, adam(model)), "eval-mode-training") is None


def test_a_norm_frozen_with_statistics_of_its_own_is_meant():
    model = normed()
    model(rows()[0])
    model[1].eval()
    assert found(trained(model, adam(model)), "eval-mode-training") is None
    model[1].train()
    assert found(trained(model, adam(model)), "eval-mode-training") is None


def frozen_body(pretrained):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
    if pretrained:
        trained(model, adam(model), epochs=20)
        nn.init.xavier_uniform_(model[4].weight)
    for p in model[:4].parameters():
        p.requires_grad = False
    return model


@pytest.mark.parametrize(("pretrained", "severity"), [(False, "warning"), (True, "note")])
def test_a_frozen_body_is_told_from_a_pretrained_one_by_its_numbers(pretrained, severity):
    model = frozen_body(pretrained)
    finding = found(trained(model, adam(model[4], 1e-2), epochs=8), "frozen-parameters")
    assert finding.severity == severity
    assert ("drawn at random" in finding.message) == (not pretrained)


@pytest.mark.parametrize(("back", "named"), [(True, True), (False, False)])
def test_parameters_set_back_to_the_start_again_and_again_are_named(back, named):
    model = perceptron()
    first, optimizer, (x, y) = copy.deepcopy(model.state_dict()), torch.optim.SGD(model.parameters(), 1e-3), rows()
    with watch(model, optimizer) as seen:
        for _ in range(8):
            if back:
                model.load_state_dict(first)
            for part, labels in zip(x.split(32), y.split(32), strict=True):
                optimizer.zero_grad()
                F.cross_entropy(model(part), labels).backward()
                optimizer.step()
    finding = found(seen, "frozen-parameters")
    assert (finding is not None and "set back" in finding.message) == named


# Axes


class Attention(nn.Module):
    """Attention by hand, or PyTorch's, over sequences of four."""

    def __init__(self, *, axis=-1, layer=None):
        super().__init__()
        torch.manual_seed(3)
        self.embed, self.q, self.k, self.out = nn.Linear(2, 16), nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 3)
        self.axis, self.layer = axis, layer

    def forward(self, x):
        h = self.embed(x.view(len(x), 4, 2))
        if self.layer is not None:
            return self.out(self.layer(h, h, h)[0].mean(1))
        scores = self.q(h) @ self.k(h).transpose(1, 2) / 4
        return self.out((torch.softmax(scores, dim=self.axis) @ h).mean(1))


@pytest.mark.parametrize(("axis", "named"), [(0, True), (-1, False)])
def test_attention_over_the_batch_is_named(axis, named):
    model = Attention(axis=axis)
    assert (found(trained(model, adam(model)), "mixed-rows") is not None) == named


@pytest.mark.parametrize("batch_first", [False, True])
def test_attention_that_takes_rows_for_places_is_named(batch_first):
    model = Attention(layer=nn.MultiheadAttention(16, 2, batch_first=batch_first))
    finding = found(trained(model, adam(model)), "mixed-rows")
    assert (finding is None) == batch_first
    assert batch_first or "attends to the others" in finding.message


def test_dropout_inside_a_recurrent_layer_counts():
    class Recurrent(nn.Module):
        def __init__(self, share):
            super().__init__()
            self.rnn, self.out = nn.GRU(2, 16, num_layers=3, dropout=share, batch_first=True), nn.Linear(16, 3)

        def forward(self, x):
            return self.out(self.rnn(x.view(len(x), 4, 2))[0][:, -1])

    for share, kept in ((0.9, 0.01), (0.1, None)):
        model = Recurrent(share)
        finding = found(trained(model, adam(model)), "too-much-dropout")
        assert (finding and finding.evidence["kept"]) == (kept and pytest.approx(kept))


# First parameters


class Own(nn.Module):
    """A network of matrices of its own."""

    def __init__(self, second):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.full((8, 16), 0.2)), nn.Parameter(second)

    def forward(self, x):
        return F.relu(x @ self.a) @ self.b


def test_matrices_of_one_number_each_are_named_and_a_random_one_parts_the_units():
    torch.manual_seed(3)
    model = Own(torch.full((16, 3), 0.2))
    assert "one number" in found(trained(model, adam(model)), "symmetric-init").message
    model = Own(torch.randn(16, 3) / 4)
    assert found(trained(model, adam(model)), "symmetric-init") is None


# Losses


def test_weights_that_grow_with_the_classes_are_named():
    x, y = rows(1600)
    few = torch.cat([(y == 0).nonzero(), (y == 1).nonzero()[:80], (y == 2).nonzero()[:80]]).squeeze(1)
    few = few[torch.randperm(len(few), generator=torch.Generator().manual_seed(1))]
    counts = torch.bincount(y[few]).float()
    for weights, named in ((counts, True), (1 / counts, False)):
        model = perceptron()
        optimizer = adam(model)
        with watch(model, optimizer) as seen:
            for part in few.split(32) * 4:
                optimizer.zero_grad()
                F.cross_entropy(model(x[part]), y[part], weight=weights).backward()
                optimizer.step()
        assert (found(seen, "class-imbalance") is not None) == named


def likelihood(scores, y):
    return F.log_softmax(scores, 1).gather(1, y.unsqueeze(1)).mean()


def test_a_likelihood_without_its_minus_is_named():
    model = perceptron()
    assert "minus" in found(trained(model, adam(model), loss=likelihood), "loss-mismatch").prescription
    model = perceptron()
    seen = trained(model, adam(model), loss=lambda scores, y: -likelihood(scores, y))
    assert found(seen, "loss-mismatch") is None
    model = perceptron()
    climbing = torch.optim.SGD(model.parameters(), 0.1, maximize=True)
    assert found(trained(model, climbing, loss=likelihood), "loss-mismatch") is None


@pytest.mark.parametrize("step", [3, 61])
def test_a_target_that_is_no_number_is_found_behind_a_loss_written_out(step):
    """A difference keeps no operand: what it came from is read from what it left."""
    model, (x, y) = perceptron(), rows(3200)
    values = y.float().unsqueeze(1).repeat(1, 3)
    values[32 * step + 5] = float("nan")
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for part, wanted in zip(x.split(32), values.split(32), strict=True):
            optimizer.zero_grad()
            ((model(part) - wanted) ** 2).mean().backward()
            optimizer.step()
    assert found(seen, "bad-values") is not None


def test_a_network_that_overflows_is_no_fault_of_the_data():
    model, (x, y) = perceptron(), rows()
    optimizer = torch.optim.SGD(model.parameters(), 1e12)
    with watch(model, optimizer) as seen:
        for part, labels in zip(x.split(32), y.split(32), strict=True):
            optimizer.zero_grad()
            ((model(part) - labels.float().unsqueeze(1)) ** 2).mean().backward()
            optimizer.step()
    assert found(seen, "bad-values") is None


def masks(n=256):
    x = torch.randn(n, 1, 6, 6, generator=torch.Generator().manual_seed(2))
    return x, (x > 0.3).float()


@pytest.mark.parametrize("last", [nn.Identity(), nn.Sigmoid()], ids=["raw", "sigmoid"])
def test_an_overlap_of_raw_scores_is_named(last):
    torch.manual_seed(3)
    x, y = masks()
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for part, mask in zip(x.split(16), y.split(16), strict=True):
            optimizer.zero_grad()
            said = last(model(part))
            (1 - (2 * (said * mask).sum() + 1) / (said.sum() + mask.sum() + 1)).backward()
            optimizer.step()
    finding = found(seen, "output-activation")
    assert (finding is not None and "overlap" in finding.message) == isinstance(last, nn.Identity)


# Rows


def values(n=512):
    x, _ = rows(n)
    return x, x[:, :1] + 0.3 * torch.sin(3 * x[:, 1:2])


@pytest.mark.parametrize("in_order", [True, False])
def test_rows_sorted_by_a_measured_target_are_named(in_order):
    x, y = values()
    order = y.squeeze(1).argsort() if in_order else torch.arange(len(y))
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for part in order.split(32) * 4:
            optimizer.zero_grad()
            F.mse_loss(model(x[part]), y[part]).backward()
            optimizer.step()
    assert (found(seen, "unshuffled-data") is not None) == in_order


@pytest.mark.parametrize(("seeded", "batches", "named"), [(True, 3, True), (False, 3, False), (True, 16, False)])
def test_passes_that_all_begin_with_the_same_rows_are_named(seeded, batches, named):
    loader = DataLoader(TensorDataset(*rows()), batch_size=32, shuffle=True)
    model = perceptron()
    optimizer = adam(model)
    torch.manual_seed(0)
    with watch(model, optimizer) as seen:
        for _ in range(12):
            if seeded:
                torch.manual_seed(0)
            for _, (x, y) in zip(range(batches), loader, strict=False):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
    assert (found(seen, "duplicate-rows") is not None) == named


def test_the_next_character_is_no_leak_of_the_one_before():
    """Of targets with a class for each place, the first is the second of the inputs; and each place is an answer."""
    torch.manual_seed(2)
    codes = torch.randint(12, (200, 9))
    model = nn.Sequential(nn.Embedding(12, 16), nn.Linear(16, 12))
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for part in codes.split(20) * 3:
            optimizer.zero_grad()
            F.cross_entropy(model(part[:, :-1]).transpose(1, 2), part[:, 1:]).backward()
            optimizer.step()
    assert found(seen, "leaking-feature") is None
    assert found(seen, "too-little-data") is None
