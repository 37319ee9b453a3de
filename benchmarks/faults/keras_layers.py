"""Layers of Keras, as told in a description, rebuilt as PyTorch modules (channels first)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softmax": lambda: nn.Softmax(-1),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "softplus": nn.Softplus,
    "leaky_relu": nn.LeakyReLU,
}
WIDEST = 2048
"""Units beyond this are cut: the fault does not depend on them, the time does."""

Shape = tuple[int, ...]


class LastAxis(nn.Module):
    """A Dense layer on pictures: acts on the channels of each place."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, units)

    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1)."""
        return self.linear(x.movedim(1, -1)).movedim(-1, 1)


class Recurrent(nn.Module):
    """LSTM, GRU or simple recurrence that hands on the whole sequence or its last step."""

    def __init__(self, kind: str, inputs: int, units: int, sequences: bool, both_ways: bool = False) -> None:
        super().__init__()
        kinds = {"LSTM": nn.LSTM, "GRU": nn.GRU, "SimpleRNN": nn.RNN, "rectified": partial(nn.RNN, nonlinearity="relu")}
        self.rnn = kinds[kind](inputs, units, batch_first=True, bidirectional=both_ways)
        if kinds[kind] not in (nn.LSTM, nn.GRU):  # as Keras starts it
            nn.init.xavier_uniform_(self.rnn.weight_ih_l0)
            nn.init.orthogonal_(self.rnn.weight_hh_l0)
        self.units, self.sequences = units, sequences

    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1); each way ends at its own end of the sequence."""
        y = self.rnn(x)[0]
        return y if self.sequences else torch.cat([y[:, -1, : self.units], y[:, 0, self.units :]], 1)


class EachStep(nn.Module):
    """Layers for one step on every step of a sequence: (n, steps, …) → (n, steps, …)."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.modules_of_a_step = nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1)."""
        return self.modules_of_a_step(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class WrittenLSTM(nn.Module):
    """An LSTM whose candidate and output go through another activation than tanh, or through none."""

    def __init__(self, inputs: int, units: int, sequences: bool, activation: str) -> None:
        super().__init__()
        self.activation = {"relu": torch.relu, "linear": nn.Identity()}[activation]
        self.x, self.h = nn.Linear(inputs, 4 * units), nn.Linear(units, 4 * units, bias=False)
        nn.init.orthogonal_(self.h.weight)
        self.units, self.sequences = units, sequences

    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1)."""
        h = c = x.new_zeros(len(x), self.units)
        steps = []
        for t in range(x.shape[1]):
            i, f, g, o = (self.x(x[:, t]) + self.h(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * self.activation(g)
            h = torch.sigmoid(o) * self.activation(c)
            steps.append(h)
        return torch.stack(steps, 1) if self.sequences else h


def build(layers: list[dict[str, Any]], shape: Shape) -> nn.Sequential:
    """The network for examples of `shape` (channels first)."""
    modules: list[nn.Module] = []
    for layer in layers:
        made, shape = _layer(layer, shape)
        if layer.get("trainable") is False:
            for module in made:
                module.requires_grad_(False)
        modules += made
    return nn.Sequential(*modules)


def _layer(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    kind = layer["class"]
    if kind not in _BUILDERS:
        raise KeyError(f"no layer is known by the name {kind!r}")
    modules, shape = _BUILDERS[kind](layer, shape)
    for module in modules:
        _initialise(module, layer)
    activation = layer.get("activation", "linear")
    if activation in ACTIVATIONS and kind not in ("LSTM", "GRU", "SimpleRNN"):
        modules.append(_activation(activation, shape))
    return modules, shape


def _activation(name: str, shape: Shape) -> nn.Module:
    return nn.Softmax(1) if name == "softmax" and len(shape) == 3 else ACTIVATIONS[name]()


def _initialise(module: nn.Module, layer: dict[str, Any]) -> None:
    """Keras's defaults: Glorot uniform and zero biases, or what the description says."""
    wanted = layer.get("kernel_initializer", {"class": "GlorotUniform"})
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
    if isinstance(module, LastAxis):
        weight, bias = module.linear.weight, module.linear.bias
    if weight is None or weight.dim() < 2 or isinstance(module, nn.Embedding):
        return
    kind = wanted.get("class", "") if isinstance(wanted, dict) else str(wanted)
    if kind == "RandomUniform":
        nn.init.uniform_(weight, wanted.get("minval", -0.05), wanted.get("maxval", 0.05))
    elif kind == "RandomNormal":
        nn.init.normal_(weight, wanted.get("mean", 0.0), wanted.get("stddev", 0.05))
    elif kind in ("Zeros", "Ones", "Constant"):
        nn.init.constant_(weight, {"Zeros": 0.0, "Ones": 1.0}.get(kind, wanted.get("value", 0.0)))
    elif kind.startswith("He"):
        nn.init.kaiming_uniform_(weight, nonlinearity="relu")
    else:
        nn.init.xavier_uniform_(weight)
    if bias is not None:
        nn.init.zeros_(bias)


def _dense(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    units = min(WIDEST, layer["units"])
    if len(shape) == 3:
        return [LastAxis(shape[0], units)], (units, *shape[1:])
    return [nn.Linear(shape[-1], units)], (*shape[:-1], units)


def _conv2d(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    kernel = tuple(min(k, s) for k, s in zip(layer["kernel_size"], shape[1:], strict=True))
    same = layer.get("padding") == "same"
    stride = tuple(layer.get("strides") or (1, 1))
    padding = tuple((k - 1) // 2 for k in kernel) if same else (0, 0)
    filters = min(128, layer["filters"])
    module = nn.Conv2d(shape[0], filters, kernel, stride, padding)
    size = tuple((s + 2 * p - k) // t + 1 for s, p, k, t in zip(shape[1:], padding, kernel, stride, strict=True))
    return [module], (filters, *size)


def _conv1d(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    kernel, same = layer["kernel_size"][0], layer.get("padding") == "same"
    steps, channels = shape
    module = nn.Conv1d(channels, layer["filters"], kernel, padding="same" if same else 0)
    return [_Transposed(module)], (steps if same else steps - kernel + 1, layer["filters"])


class _Transposed(nn.Module):
    """A module for (n, channels, steps) on (n, steps, channels)."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1)."""
        return self.module(x.transpose(1, 2)).transpose(1, 2)


def _pool2d(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    size = layer.get("pool_size", [2, 2])[0]
    if min(shape[1:]) < size:
        return [], shape
    kind = nn.MaxPool2d if layer["class"].startswith("Max") else nn.AvgPool2d
    same = layer.get("padding") == "same"
    sides = tuple(-(-s // size) if same else s // size for s in shape[1:])
    return [kind(size, ceil_mode=same)], (shape[0], *sides)


def _pool1d(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    size = layer.get("pool_size", [2])[0]
    return [_Transposed(nn.MaxPool1d(size))], (shape[0] // size, shape[1])


def _norm(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    if len(shape) == 3:
        return [nn.BatchNorm2d(shape[0])], shape
    return ([nn.BatchNorm1d(shape[0])], shape) if len(shape) == 1 else ([_Transposed(nn.BatchNorm1d(shape[1]))], shape)


def _flatten(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    return [nn.Flatten()], (int(torch.tensor(shape).prod()),)


def _recurrent(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    units, sequences = min(256, layer["units"]), bool(layer.get("return_sequences"))
    kind, activation = layer["class"], layer.get("activation", "tanh")
    if kind == "LSTM" and activation in ("relu", "linear"):
        module: nn.Module = WrittenLSTM(shape[-1], units, sequences, activation)
    else:
        rectified = kind == "SimpleRNN" and activation == "relu"
        module = Recurrent("rectified" if rectified else kind, shape[-1], units, sequences)
    return [module], (shape[0], units) if sequences else (units,)


def _both_ways(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    inner = layer["layer"]
    units, sequences = min(256, inner["units"]), bool(inner.get("return_sequences"))
    module = Recurrent(inner["class"], shape[-1], units, sequences, both_ways=True)
    return [module], (shape[0], 2 * units) if sequences else (2 * units,)


def _each_step(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    made, inner = _layer(layer["layer"], shape[1:])
    return [EachStep(*made)], (shape[0], *inner)


def _larger(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    height, width = layer["size"]
    return [nn.Upsample(scale_factor=(height, width))], (shape[0], height * shape[1], width * shape[2])


class _Repeated(nn.Module):
    """A row handed on at each of n steps: (rows, units) → (rows, n, units)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1)."""
        return x.unsqueeze(1).expand(-1, self.n, -1)


class _MeanOfSteps(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1)."""
        return x.mean(1)


def _embedding(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    return [_Codes(), nn.Embedding(layer["input_dim"], min(128, layer["output_dim"]))], (
        *shape,
        min(128, layer["output_dim"]),
    )


def _global_pool(layer: dict[str, Any], shape: Shape) -> tuple[list[nn.Module], Shape]:
    kind = nn.AdaptiveMaxPool2d if "Max" in layer["class"] else nn.AdaptiveAvgPool2d
    return [kind(1), nn.Flatten()], (shape[0],)


def _of(kind: Callable[[], nn.Module]) -> Callable[[dict[str, Any], Shape], tuple[list[nn.Module], Shape]]:
    return lambda layer, shape: ([kind()], shape)


class _Codes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """x(i) → x(i+1)."""
        return x.long().clamp_min(0)


_BUILDERS: dict[str, Callable[[dict[str, Any], Shape], tuple[list[nn.Module], Shape]]] = {
    "Dense": _dense,
    "Conv2D": _conv2d,
    "Conv1D": _conv1d,
    "MaxPooling2D": _pool2d,
    "AveragePooling2D": _pool2d,
    "MaxPooling1D": _pool1d,
    "BatchNormalization": _norm,
    "Flatten": _flatten,
    "Dropout": lambda layer, shape: ([nn.Dropout(layer["rate"])], shape),
    "Activation": lambda layer, shape: ([], shape),
    "InputLayer": lambda layer, shape: ([], shape),
    "GlobalAveragePooling2D": _global_pool,
    "GlobalMaxPooling2D": _global_pool,
    "ReLU": _of(nn.ReLU),
    "LeakyReLU": _of(lambda: nn.LeakyReLU(0.3)),
    "ELU": _of(nn.ELU),
    "Softmax": lambda layer, shape: ([nn.Softmax(layer.get("axis", -1))], shape),
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "SimpleRNN": _recurrent,
    "Bidirectional": _both_ways,
    "TimeDistributed": _each_step,
    "UpSampling2D": _larger,
    "RepeatVector": lambda layer, shape: ([_Repeated(layer["n"])], (layer["n"], *shape)),
    "GlobalAveragePooling1D": lambda layer, shape: ([_MeanOfSteps()], shape[-1:]),
    "Embedding": _embedding,
}
