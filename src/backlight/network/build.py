"""Description to module: shapes are inferred word by word on PyTorch's meta device, which holds no numbers."""

import math
from collections import Counter, OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..records import BacklightError, ImageInputs, Inputs
from .description import Description, Word
from .initial import initialise
from .layers import Normalise
from .parse import parse
from .storage import from_json, to_json
from .vocabulary import Entry, Inline, vocabulary

MOST_LAYERS = 2_000
MOST_PARAMETERS = 2**31

Shape = tuple[int, ...]


def build(
    description: str | Description, inputs: Inputs, outputs: int, *, init: str = "auto", seed: int = 0
) -> nn.Sequential:
    """An ordinary module: input layers, the described body, and a linear layer named "output".

    Args:
        description: text, or what `parse` made of it.
        inputs: what x(0) looks like.
        outputs: width of the output layer, as in `Task.outputs`.
        init: scheme of `initialise`.
        seed: of the initial parameters. The global random state is left as it is.

    Raises:
        BacklightError: names the word, its place and the shape of x that it met.
    """
    read = parse(description) if isinstance(description, str) else description
    network = from_json(_layers(read, inputs, outputs))
    initialise(network, init, seed=seed)
    return network


@lru_cache(maxsize=4)
def _layers(read: Description, inputs: Inputs, outputs: int) -> dict[str, Any]:
    """The network as in network.json; worked out once for all members of an ensemble."""
    with torch.device("meta"):
        plan = _network(read, inputs, outputs)
    size = sum(p.numel() for p in plan.parameters())
    if size > MOST_PARAMETERS:
        raise BacklightError(
            f"the network would have {size:,} parameters ({size * 4 / 1e9:,.0f} GB); "
            "make its layers smaller, or pool before the first linear layer"
        )
    return to_json(plan)


def _network(description: Description, inputs: Inputs, outputs: int) -> nn.Sequential:
    if not inputs.shape:
        raise BacklightError("each example is a single number without a dimension; reshape x to (n, 1)")
    words = description.words
    stack = _Stack(inputs, inputs.shape, [0])
    if isinstance(inputs, ImageInputs):
        stack.add("normalise", Normalise(inputs.mean, inputs.std))
    starts = bool(words) and _entry(words[0]).takes == "start"
    front = _call(words[0] if starts else Word("plain"), stack)
    if isinstance(front, nn.Module):
        stack.add("input", front)
    stack.extend(words[1:] if starts else words)
    stack.flatten()
    stack.add("output", nn.Linear(stack.shape[0], outputs))
    return stack.module()


class _Stack:
    """Layers put one behind another, and the shape of x behind the last."""

    def __init__(self, inputs: Inputs, shape: Shape, total: list[int]) -> None:
        self.inputs = inputs
        self.shape = shape
        self.total = total  # one count for all stacks of a network
        self.children: OrderedDict[str, nn.Module] = OrderedDict()
        self.numbers: Counter[str] = Counter()

    def module(self) -> nn.Sequential:
        network = nn.Sequential(self.children)
        drop_useless_biases(network)
        return network

    def extend(self, words: tuple[Word, ...]) -> None:
        for word in words:
            entry = _entry(word)
            self.prepare(word, entry)
            layer = _call(word, self)
            if isinstance(layer, Inline):
                self.extend(layer.words)
            elif layer is not None:
                self.add_numbered(word.name, layer, word)

    def prepare(self, word: Word, entry: Entry) -> None:
        """Brings x to the form that the word takes."""
        if entry.takes == "start":
            raise word.error(f"'{word.name}' can only be the first word of a description")
        if entry.takes == "vector":
            self.flatten()
        if entry.takes == "grid" and len(self.shape) not in (2, 3):
            raise word.error(
                f"'{word.name}' needs images (channels, height, width) or sequences (channels, length), "
                f"but x has shape {self.shape} here"
            )

    def flatten(self) -> None:
        if len(self.shape) > 1:
            self.add_numbered("flatten", nn.Flatten())

    def add_numbered(self, kind: str, layer: nn.Module, word: Word | None = None) -> None:
        self.numbers[kind] += 1
        self.add(f"{kind.replace(' ', '_')}{self.numbers[kind]}", layer, word)

    def add(self, name: str, layer: nn.Module, word: Word | None = None) -> None:
        self.total[0] += 1
        if self.total[0] > MOST_LAYERS:
            raise BacklightError(f"the description has more than {MOST_LAYERS:,} layers; repeat less")
        try:
            shape = _shape_behind(layer, self.shape)
        except RuntimeError as error:
            if word is None:
                raise
            raise word.error(
                f"'{word}' does not fit x of shape {self.shape} here; make it smaller, or shrink x less before it"
            ) from error
        self.children[name], self.shape = layer, shape


@dataclass(frozen=True)
class _Spot:
    """The `Here` of one word."""

    word: Word
    stack: _Stack

    @property
    def shape(self) -> Shape:
        return self.stack.shape

    @property
    def inputs(self) -> Inputs:
        return self.stack.inputs

    def build(self, branch: Description) -> tuple[nn.Module, Shape]:
        stack = _Stack(self.inputs, self.shape, self.stack.total)
        stack.extend(branch.words)
        return (stack.module() if branch.words else nn.Identity()), stack.shape

    def error(self, sentence: str) -> BacklightError:
        return self.word.error(sentence)


SMALL = 20_000_000
"""Numbers of a layer and of its input that are held for a moment without a thought."""


def drop_useless_biases(network: nn.Sequential) -> None:
    """Takes the bias off a linear layer or convolution before a batch norm, whose mean would swallow it.

    Pooling in between makes no difference, since it moves with a shift of its input.
    """
    layers = list(network)
    for layer, *behind in (layers[i:] for i in range(len(layers))):
        following = next((other for other in behind if "pooling" not in type(other).__module__), None)
        if isinstance(following, _BatchNorm) and isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            layer.register_parameter("bias", None)


def _entry(word: Word) -> Entry:
    entry = vocabulary().get(word.name)
    if entry is None:
        raise word.error(f"unknown word '{word.name}'")
    return entry


def _call(word: Word, stack: _Stack) -> nn.Module | Inline | None:
    """What the word's function makes at the end of the stack."""
    return _entry(word).make(_Spot(word, stack), *word.arguments, *word.branches, **dict(word.options))


def _shape_behind(layer: nn.Module, shape: Shape) -> Shape:
    """Of one example, found by a run of two rows of zeros through a copy of the layer with numbers.

    Large ones run on the meta device instead; PyTorch imports its compiler for that, which takes 3 s.
    """
    small = sum(p.numel() for p in layer.parameters()) + 2 * math.prod(shape) < SMALL
    device = "cpu" if small else "meta"
    with torch.device(device), torch.no_grad():
        run = from_json(to_json(layer)) if small else layer
        y = run.eval()(torch.zeros(2, *shape))
    layer.train()
    if 0 in y.shape:
        raise RuntimeError(f"nothing is left of x: {tuple(y.shape)}")
    return tuple(y.shape[1:])
