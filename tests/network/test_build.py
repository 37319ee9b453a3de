"""Built networks have the described layers and the right output shape; misfits are named."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from backlight import BacklightError
from backlight.network import build, parse
from backlight.records import ArrayInputs, ImageInputs, Inputs, TableInputs

from .inputs import NUMBERS, SEQUENCE, TABLE, images

ROWS = 4


def batch(inputs: Inputs) -> torch.Tensor:
    """Random rows."""
    generator = torch.Generator().manual_seed(0)
    if isinstance(inputs, ImageInputs):
        return torch.randint(0, 256, (ROWS, *inputs.shape), dtype=torch.uint8, generator=generator)
    x = torch.randn(ROWS, *inputs.shape, generator=generator)
    if isinstance(inputs, TableInputs):
        for column, feature in enumerate(inputs.features):
            if feature.kind == "discrete":
                x[:, column] = torch.randint(0, feature.size, (ROWS,), generator=generator).float()
    return x


VECTOR = ["16 relu", "8", "norm", "layer norm", "dropout 0.2", "residual(norm, 6 silu)", "concat(4 | 3 tanh | )"]
VECTOR += ["scale", "prelu", "repeat 2 (8 gelu)", "leaky relu 0.2", "residual(concat(5|6), residual(3))"]
GRID = [*VECTOR, "conv 4", "conv 6 5x5 stride 2, norm", "pool 3 stride 1", "residual(conv 8, norm, gelu)", "flatten"]
GRID += ["concat(conv 3 1x1 | pool 3 stride 1, conv 2 padding 2)", "residual(conv 4 stride 2)", "channel dropout 0.1"]
GRID += ["residual(flatten)", "global pool", "global max pool", "conv 8, group norm 4"]


@settings(max_examples=60)
@given(
    inputs=st.sampled_from([NUMBERS, TABLE, SEQUENCE, images(1, 8, 8), images(3, 16, 12)]),
    words=st.lists(st.sampled_from(GRID), min_size=1, max_size=5),
    outputs=st.integers(1, 5),
)
def test_any_description_gives_one_row_of_outputs_for_each_row_or_a_named_misfit(inputs, words, outputs):
    text = ", ".join(words)
    try:
        network = build(text, inputs, outputs)
    except BacklightError as error:
        assert str(error).startswith("network description, word ")
        return
    assert network(batch(inputs)).shape == (ROWS, outputs)


@pytest.mark.parametrize("words", [words for words in VECTOR if "| )" not in words])
@pytest.mark.parametrize("inputs", [NUMBERS, TABLE, images(1, 8, 8)])
def test_words_of_vectors_take_every_input(words: str, inputs: Inputs):
    assert build(words, inputs, 2)(batch(inputs)).shape == (ROWS, 2)


@pytest.mark.parametrize(
    "front", ["plain", "piecewise 4", "piecewise 4 bins 2", "periodic", "periodic 6 frequencies 3"]
)
def test_every_front_of_a_table_trains(front: str):
    network = build(f"{front}, 8 relu", TABLE, 3)
    network(batch(TABLE)).square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_names_are_words_with_numbers():
    network = build("conv 4, norm, relu, residual(conv 4, norm), global pool, 8 leaky relu", images(), 2)
    assert [name for name, _ in network.named_children()] == [
        *("normalise", "conv1", "norm1", "relu1", "residual1", "global_pool1"),
        *("flatten1", "linear1", "leaky_relu1", "output"),
    ]
    assert "residual1.body.conv1" in dict(network.named_modules())


def test_a_bias_before_batch_norm_is_left_out():
    network = build("conv 4, pool, norm, 8, norm, 8 relu, norm", images(), 2)
    assert network.conv1.bias is None
    assert network.linear1.bias is None
    assert network.linear2.bias is not None


def test_every_layer_is_of_torch_or_of_this_room():
    network = build("piecewise, residual(8 relu), concat(4|4)", TABLE, 2)
    assert all(type(m).__module__.startswith(("torch.nn.modules", "backlight.network")) for m in network.modules())
    assert isinstance(network, nn.Sequential)


@pytest.mark.parametrize(
    ("text", "inputs", "said"),
    [
        ("conv 8", TABLE, "word 1, column 1: 'conv' needs images"),
        (
            "16 relu, pool",
            images(),
            "'pool' needs images (channels, height, width) or sequences (channels, length), but",
        ),
        ("pool, pool, pool, pool, pool", images(), "word 4, column 19: 'pool' does not fit x of shape (3, 2, 1) here"),
        ("conv 4 9x9 padding 0, conv 4 9x9 padding 0", images(), "word 2"),
        ("conv 8 groups 2", images(), "groups 2 has to divide both the 3 channels of x and the 8 filters"),
        ("group norm 8", images(), "8 groups do not divide the 3 channels"),
        ("concat(conv 8 | conv 8 stride 2)", images(), "do not fit side by side"),
        ("residual()", NUMBERS, "at least one layer"),
        ("8, piecewise", TABLE, "word 2, column 4: 'piecewise' can only be the first word"),
        ("piecewise", images(), "needs the columns of a table"),
        ("whiten", SEQUENCE, "'whiten' needs images"),
        ("conv 8 5x3", SEQUENCE, "is a sequence"),
        ("repeat 1000 (repeat 1000 (8))", NUMBERS, "more than 2,000 layers"),
        ("10000000 relu, 10000000", NUMBERS, "parameters"),
    ],
)
def test_misfits_name_word_place_and_shape(text: str, inputs: Inputs, said: str):
    with pytest.raises(BacklightError) as caught:
        build(text, inputs, 2)
    assert said in str(caught.value)


def test_a_parsed_description_builds_the_same():
    text = "16 relu, dropout 0.1"
    first, second = build(text, NUMBERS, 2), build(parse(text), NUMBERS, 2)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_the_global_random_state_is_left_alone_and_seeds_repeat():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first, second, other = (build("periodic, residual(norm, 8 relu)", TABLE, 2, seed=s) for s in (5, 5, 6))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.output.weight, other.output.weight)


def test_inputs_without_columns_or_dimensions_are_named():
    with pytest.raises(BacklightError, match="no column left"):
        build("8", TableInputs(()), 1)
    with pytest.raises(BacklightError, match="reshape"):
        build("8", ArrayInputs(()), 1)
