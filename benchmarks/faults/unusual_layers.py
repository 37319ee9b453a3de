"""Sound scripts with layers of their own: norms of weights, sines, fifty layers, gates, bits and masks."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from . import data as made
from . import posted_data as data
from .forum_output import ConvNet, rows_of_digits
from .loops import UNUSUAL_SOUND, Loop, batches, fit, learn


@UNUSUAL_SOUND.add()
def sines_for_a_picture() -> Loop:
    class Sine(nn.Module):
        def __init__(self, inputs: int, outputs: int, first: bool = False) -> None:
            super().__init__()
            self.fc = nn.Linear(inputs, outputs)
            bound = 1 / inputs if first else math.sqrt(6 / inputs) / 30
            nn.init.uniform_(self.fc.weight, -bound, bound)

        def forward(self, x: Tensor) -> Tensor:
            return torch.sin(30 * self.fc(x))

    side = torch.linspace(-1, 1, 32)
    place = torch.cartesian_prod(side, side)
    picture = (torch.sin(9 * place[:, :1]) * torch.cos(7 * place[:, 1:]) + (place.norm(dim=1, keepdim=True) < 0.5)) / 2
    model = nn.Sequential(Sine(2, 48, True), Sine(48, 48), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def train() -> None:
        for _ in range(300):
            optimizer.zero_grad()
            F.mse_loss(model(place), picture).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def fifty_layers_with_gates_at_zero() -> Loop:
    class Gated(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.fc, self.gate = nn.Linear(width, width), nn.Parameter(torch.zeros(()))

        def forward(self, x: Tensor) -> Tensor:
            return x + self.gate * F.relu(self.fc(x))

    model = nn.Sequential(nn.Linear(64, 32), *(Gated(32) for _ in range(48)), nn.Linear(32, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits(), size=64), nn.CrossEntropyLoss(), 6)


@UNUSUAL_SOUND.add()
def fifty_residual_layers_whose_last_norm_starts_at_zero() -> Loop:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.Conv2d(8, 8, 3, padding=1, bias=False)
            self.norm_a, self.norm_b = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
            nn.init.zeros_(self.norm_b.weight)

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(x + self.norm_b(self.b(F.relu(self.norm_a(self.a(x))))))

    x, y = data.pictures(500)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), *(Block() for _ in range(24)),
                          nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 10))  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)
    return fit(model, optimizer, batches(x, y), nn.CrossEntropyLoss(), 6)


@UNUSUAL_SOUND.add()
def selu_with_dropout_of_its_own() -> Loop:
    layers: list[nn.Module] = []
    for inputs in (64, 64, 64, 64):
        layer = nn.Linear(inputs, 64)
        nn.init.normal_(layer.weight, std=inputs**-0.5)
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.SELU(), nn.AlphaDropout(0.05)]
    model = nn.Sequential(*layers, nn.Linear(64, 10))
    x, y = data.digits()
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9)
    return fit(model, optimizer, batches((x - x.mean()) / x.std(), y), nn.CrossEntropyLoss(), 12)


@UNUSUAL_SOUND.add()
def half_of_the_units_dropped() -> Loop:
    model = nn.Sequential(
        nn.Dropout(0.2), nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, 256), nn.ReLU(),
        nn.Dropout(0.5), nn.Linear(256, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 12)


@UNUSUAL_SOUND.add()
def spectral_norm_and_groups() -> Loop:
    model = nn.Sequential(
        parametrizations.spectral_norm(nn.Conv2d(1, 16, 3, padding=1)), nn.GroupNorm(4, 16), nn.SiLU(),
        nn.Conv2d(16, 16, 3, padding=1, stride=2), nn.GroupNorm(4, 16), nn.SiLU(), nn.Flatten(),
        parametrizations.spectral_norm(nn.Linear(256, 10)),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*data.pictures(800), size=16), nn.CrossEntropyLoss(), 8)


@UNUSUAL_SOUND.add()
def eight_bit_weights_on_the_way() -> Loop:
    class Rounded(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            scale = self.weight.abs().amax().detach() / 7
            rounded = (self.weight / scale).round().clamp(-8, 7) * scale
            return F.linear(x, self.weight + (rounded - self.weight).detach(), self.bias)

    model = nn.Sequential(Rounded(64, 64), nn.Hardtanh(0, 6), Rounded(64, 64), nn.Hardtanh(0, 6), Rounded(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 10)


@UNUSUAL_SOUND.add()
def signs_as_activations() -> Loop:
    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return torch.where(x >= 0, 1.0, -1.0)

        @staticmethod
        def backward(ctx: torch.autograd.function.FunctionCtx, g: Tensor) -> Tensor:
            (x,) = ctx.saved_tensors  # type: ignore[attr-defined]
            return g * (x.abs() <= 1)

    class Bits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.norm, self.b = nn.Linear(64, 128), nn.BatchNorm1d(128), nn.Linear(128, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.b(Sign.apply(self.norm(self.a(x))))

    model = Bits()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@UNUSUAL_SOUND.add()
def half_of_the_weights_cut_off() -> Loop:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 10))
    for layer in (model[0], model[2]):
        prune.random_unstructured(layer, "weight", 0.5)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y), nn.CrossEntropyLoss(), 10)


@UNUSUAL_SOUND.add()
def one_expert_for_each_row() -> Loop:
    class Switch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Linear(16, 4)
            self.experts = nn.ModuleList(
                nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 4)) for _ in range(4)
            )

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            share = self.gate(x).softmax(1)
            weight, chosen = share.max(1, keepdim=True)
            out = torch.zeros(len(x), 4)
            for k, expert in enumerate(self.experts):
                rows = (chosen.squeeze(1) == k).nonzero().flatten()
                if len(rows):
                    out = out.index_add(0, rows, expert(x[rows]) * weight[rows])
            used = F.one_hot(chosen.squeeze(1), 4).float().mean(0)
            return out, 4 * (used * share.mean(0)).sum()

    model = Switch()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        out, balance = model(x)
        return F.cross_entropy(out, y) + 0.02 * balance

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*made.classes()), loss, 15))


@UNUSUAL_SOUND.add()
def sets_in_any_order() -> Loop:
    class Sets(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.each = nn.Sequential(nn.Linear(2, 48), nn.ELU(), nn.Linear(48, 24))
            self.all = nn.Sequential(nn.Linear(48, 48), nn.ELU(), nn.Linear(48, 1))

        def forward(self, x: Tensor) -> Tensor:
            h = self.each(x)
            return self.all(torch.cat([h.mean(1), h.amax(1)], 1))

    x = torch.randn(1200, 10, 2)
    y = x.var(1).sum(1, keepdim=True)
    model = Sets()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, (y - y.mean()) / y.std()), nn.MSELoss(), 12)


@UNUSUAL_SOUND.add()
def distances_to_centres() -> Loop:
    class Centres(nn.Module):
        def __init__(self, x: Tensor) -> None:
            super().__init__()
            self.centre, self.width = nn.Parameter(x[:40].clone()), nn.Parameter(torch.zeros(40))
            self.out = nn.Linear(40, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(torch.exp(-(torch.cdist(x, self.centre) ** 2) / 16 * self.width.exp()))

    x, y = made.classes()
    model = Centres(x)
    optimizer = torch.optim.Adam(model.parameters(), 2e-2)
    return fit(model, optimizer, batches(x, y), nn.CrossEntropyLoss(), 12)


@UNUSUAL_SOUND.add()
def channels_weighed_by_a_sigmoid() -> Loop:
    class Squeeze(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(width, width, 3, padding=1)
            self.gate = nn.Sequential(nn.Linear(width, 4), nn.ReLU(), nn.Linear(4, width), nn.Sigmoid())

        def forward(self, x: Tensor) -> Tensor:
            h = F.hardswish(self.conv(x))
            return x + h * self.gate(h.mean((2, 3)))[:, :, None, None]

    model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), Squeeze(16), nn.MaxPool2d(2), Squeeze(16),
                          nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(64, 10))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*data.pictures(800)), nn.CrossEntropyLoss(), 8)


@UNUSUAL_SOUND.add()
def rectifiers_with_an_identity_for_memory() -> Loop:
    model = nn.Module()
    model.rnn = nn.RNN(8, 48, batch_first=True, nonlinearity="relu")
    model.fc = nn.Linear(48, 10)
    nn.init.eye_(model.rnn.weight_hh_l0)
    model.forward = lambda x: model.fc(model.rnn(x)[0][:, -1])  # type: ignore[method-assign]
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(*rows_of_digits())

    def train() -> None:
        for _ in range(10):
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                nn.utils.clip_grad_value_(model.parameters(), 0.5)
                optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def branches_dropped_by_chance() -> Loop:
    class Branch(nn.Module):
        def __init__(self, kept: float) -> None:
            super().__init__()
            self.norm, self.fc, self.kept = nn.LayerNorm(48), nn.Linear(48, 48), kept

        def forward(self, x: Tensor) -> Tensor:
            if self.training and torch.rand(()) > self.kept:
                return x
            return x + F.gelu(self.fc(self.norm(x))) / (self.kept if self.training else 1.0)

    model = nn.Sequential(nn.Linear(64, 48), *(Branch(1 - 0.04 * i) for i in range(8)), nn.Linear(48, 10))
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@UNUSUAL_SOUND.add()
def convolutions_in_brain_floats_with_a_last_layer_at_zero() -> Loop:
    model = ConvNet()
    nn.init.zeros_(model.fc2.weight)
    nn.init.zeros_(model.fc2.bias)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.05)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = model(x)
        return F.cross_entropy(out.float(), y)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*data.pictures(1000)), loss, 10))
