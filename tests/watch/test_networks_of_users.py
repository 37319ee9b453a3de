"""Networks of all kinds, wrapped and changed midway: no number changes, and nothing sound is called wrong."""

import copy
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from watched_loop import adam, batches, compared, convolutional, errors, learn, perceptron, usual

from backlight.records import BacklightError
from backlight.watch import watch

# Layers and tensors


def test_layers_that_work_in_place_are_seen_as_they_were():
    model, apart = convolutional(), convolutional()
    apart[3] = nn.ReLU()
    tables = []
    for network in (model, apart):
        optimizer = adam(network)
        with watch(network, optimizer) as seen:
            for x, y in batches():
                learn(network, optimizer, x, y)
        tables.append(seen.recorder.table)
    for name in ("y_mean", "y_std", "zero_share"):
        for layer in ("2", "3"):
            assert tables[0].values(name, layer) == tables[1].values(name, layer)


def test_a_layer_with_a_parametrized_weight_is_that_layer():
    def make():
        return nn.Sequential(
            spectral_norm(nn.Linear(8, 32)), nn.ReLU(), weight_norm(nn.Linear(32, 16)), nn.ReLU(),
            nn.utils.spectral_norm(nn.Linear(16, 3)),
        )  # fmt: skip

    seen = compared(make, adam, usual)
    assert [(layer.name, layer.kind) for layer in seen.facts.layers] == [
        ("0", "Linear"), ("1", "ReLU"), ("2", "Linear"), ("3", "ReLU"), ("4", "Linear"),
    ]  # fmt: skip
    assert seen.facts.loop.unused_layers == seen.facts.loop.without_gradient == seen.facts.loop.unchanged == ()


def test_parameters_that_are_added_frozen_and_replaced_midway():
    def loop(model, optimizer):
        for step, (x, y) in enumerate(batches(8)):
            if step == 20:
                layer = nn.Linear(32, 32)
                model.insert(2, layer)
                optimizer.add_param_group({"params": list(layer.parameters())})
            if step == 33:
                model.load_state_dict(copy.deepcopy(model.state_dict()), assign=True)
                optimizer.param_groups[0]["params"] = list(model.parameters())
                del optimizer.param_groups[1:]
            if step == 50:
                model[0].requires_grad_(False)
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()

    seen = compared(perceptron, lambda model: torch.optim.SGD(model.parameters(), 0.05), loop)
    assert seen.facts.loop.backwards >= 63
    assert seen.facts.loop.unused_layers == seen.facts.loop.unchanged == seen.facts.loop.without_gradient == ()
    assert seen.recorder.table.values("update_ratio", "3")


def test_other_types_and_devices_of_numbers_midway():
    def loop(model, optimizer):
        for step, (x, y) in enumerate(batches(8)):
            if step in (20, 40):
                model.to(torch.float64 if step == 20 else torch.bfloat16)
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(model[0].weight.dtype)), y).backward()
            optimizer.step()

    seen = compared(perceptron, lambda model: torch.optim.SGD(model.parameters(), 0.05), loop)
    assert seen.facts.loop.backwards == len(seen.facts.losses) == 64


def test_half_precision_and_sparse_gradients():
    model = perceptron().bfloat16()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            learn(model, optimizer, x.bfloat16(), y)
    assert errors(seen) == [] and seen.recorder.observed

    words = nn.Sequential(nn.EmbeddingBag(50, 8, sparse=True), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(words.parameters(), 0.1)
    with watch(words, optimizer) as seen:
        for _ in range(16):
            x = torch.randint(50, (32, 5))
            learn(words, optimizer, x, x[:, 0] % 3)
    assert errors(seen) == [] and seen.recorder.changed == {"0.weight", "1.weight", "1.bias"}


def test_a_network_that_yields_its_outputs():
    class Yields(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.head = nn.GRUCell(2, 16), nn.Linear(16, 3)

        def forward(self, x):
            h = None
            for part in x.split(2, 1):
                h = self.cell(part, h)
                yield self.head(h)

    model = Yields()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            optimizer.zero_grad()
            sum(F.cross_entropy(out, y) for out in model(x)).backward()
            optimizer.step()
    assert [layer.name for layer in seen.facts.layers] == ["cell", "head"]
    assert seen.facts.loop.unused_layers == ()


class RowByRow(nn.Sequential):
    """Calls its layers inside of `vmap`."""

    def forward(self, x):
        return torch.vmap(super().forward)(F.relu(x))


class Sparse(nn.Module):
    def forward(self, x):
        return x.to_sparse()


class Dense(nn.Module):
    def forward(self, x):
        return x.to_dense()


class Nested(nn.Sequential):
    """Hands sequences of different lengths from layer to layer."""

    def forward(self, x):
        parts = super().forward(torch.nested.nested_tensor([x[:3], x[3:]]))
        return torch.cat(parts.unbind())


@pytest.mark.filterwarnings("error:backlight stopped watching", "ignore:The PyTorch API of nested")
@pytest.mark.parametrize(
    "network",
    [
        lambda: RowByRow(*perceptron()),
        lambda: nn.Sequential(nn.Linear(8, 32), Sparse(), Dense(), nn.Linear(32, 3)),
        lambda: Nested(nn.Linear(8, 32), nn.Linear(32, 3)),
    ],
)
def test_tensors_without_plain_memory_are_passed_over(network):
    torch.manual_seed(4)
    model = network()
    plain = copy.deepcopy(model)
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        losses = [learn(model, optimizer, x, y) for x, y in batches()]
    optimizer = adam(plain)
    assert losses == [learn(plain, optimizer, x, y) for x, y in batches()]
    assert seen.recorder.observed and errors(seen) == []


# Wrapped, compiled, scripted, transformed


def test_a_data_parallel_network_is_looked_through():
    model = nn.DataParallel(perceptron())
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            learn(model, optimizer, x, y)
    assert [layer.name for layer in seen.facts.layers] == ["0", "1", "2"]
    assert errors(seen) == []


def test_a_compiled_network_is_seen_from_outside_and_computes_the_same():
    results = []
    for looking in (False, True):
        torch.compiler.reset()
        inner = perceptron()
        model = torch.compile(inner, backend="eager", fullgraph=True)
        optimizer = adam(model)
        seen = watch(model, optimizer)
        if looking:
            seen.__enter__()
        results.append([learn(model, optimizer, x, y) for x, y in batches()])
        if looking:
            seen.__exit__(None, None, None)
    assert results[0] == results[1]
    assert {layer.name for layer in seen.facts.layers} == {"", "0", "2"}
    assert seen.recorder.table.values("gradient_norm", "0")
    assert errors(seen) == [] and seen.facts.loop.unused_layers == ()


def test_a_network_compiled_in_place_is_seen_from_outside():
    def make():
        torch.compiler.reset()
        model = perceptron()
        model.compile(backend="eager")
        return model

    seen = compared(make, adam, usual)
    assert {layer.name for layer in seen.facts.layers} == {"", "0", "2"}
    assert seen.recorder.table.values("gradient_norm", "0")


def test_a_network_called_inside_a_transformation_is_seen_outside_of_it():
    def loop(model, optimizer):
        for x, _ in batches(8):
            optimizer.zero_grad()
            slopes = torch.func.vmap(torch.func.grad(lambda row: model(row).sum()))(x)
            (F.mse_loss(model(x)[:, :1], x[:, :1]) + 0.01 * slopes.square().sum(1).mean()).backward()
            optimizer.step()

    seen = compared(perceptron, adam, loop)
    assert [layer.name for layer in seen.facts.layers] == ["0", "1", "2"]
    assert seen.facts.loop.backwards == 64


def test_what_cannot_be_watched_is_told():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(perceptron())
    with pytest.raises(BacklightError, match=r"torch\.jit"):
        watch(scripted, adam(scripted))
    lazy = nn.Sequential(nn.LazyLinear(3))
    with pytest.raises(BacklightError, match="one batch"):
        watch(lazy, adam(lazy))
