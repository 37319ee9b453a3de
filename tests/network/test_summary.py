"""The layer table, the default networks, the docs page."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import torch
from torch import nn

from backlight.network import build, default_network, load_description, parse, summarise, vocabulary
from backlight.network.reference import updated
from backlight.records import ArrayInputs, Feature, ImageInputs, TableInputs, Task

from .inputs import SEQUENCE, TABLE, images

PAGE = Path(__file__).parents[2] / "docs" / "network.md"
TASK = Task("binary", "y", ("no", "yes"))


def test_rows_tell_shapes_settings_and_parameters():
    network = build("conv 4 5x5 stride 2, norm, leaky relu 0.2, residual(conv 4), dropout 0.3", images(3, 16, 12), 2)
    rows = {row.name: row for row in summarise(network, images(3, 16, 12))}
    assert rows["conv1"].settings == "kernel 5×5, stride 2×2, padding 2×2, no bias"
    assert (rows["conv1"].x_in, rows["conv1"].x_out, rows["conv1"].parameters) == ((3, 16, 12), (4, 8, 6), 300)
    assert rows["leaky_relu1"].settings == "slope 0.2"
    assert rows["dropout1"].settings == "share 0.3"
    assert [rows[name].depth for name in ("residual1", "residual1.body", "residual1.body.conv1")] == [0, 1, 2]
    assert sum(row.parameters for row in rows.values() if row.depth == 0) == sum(
        p.numel() for p in network.parameters()
    )


def test_the_network_is_left_as_it_was():
    network = build("8 relu, norm, dropout 0.5", TABLE, 2)
    network.norm1.eval()
    state, random = {k: v.clone() for k, v in network.state_dict().items()}, torch.get_rng_state()
    summarise(network, TABLE)
    assert all(torch.equal(v, state[k]) for k, v in network.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    assert network.training and not network.norm1.training
    assert not any(m._forward_hooks for m in network.modules())


def test_any_module_and_any_sample():
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.unused, self.rnn = nn.Embedding(10, 4), nn.Linear(1, 1), nn.GRU(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.rnn(self.table(x))[0]

    rows = {row.name: row for row in summarise(Own(), torch.zeros(2, 5, dtype=torch.long))}
    assert rows["rnn"].x_out == (5, 3)
    assert rows["unused"].x_out == ()
    assert summarise(nn.Sequential(nn.Linear(3, 2)), (3,))[0].x_out == (2,)


SIZES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 224, 160), (1, 2, 5), (4, 9, 40)]


@pytest.mark.parametrize("rows", [150, 5000, 200_000])
@pytest.mark.parametrize("size", SIZES)
def test_default_networks_of_images(size: tuple[int, int, int], rows: int):
    inputs = ImageInputs(*size, (1.0,) * size[0], (1.0,) * size[0])
    network = build(default_network(inputs, TASK, rows), inputs, 1)
    assert network(torch.zeros(2, *size, dtype=torch.uint8)).shape == (2, 1)
    assert sum(p.numel() for p in network.parameters()) < 2_000_000


@pytest.mark.parametrize("rows", [100, 5000, 200_000])
@pytest.mark.parametrize("columns", [1, 30, 20_000])
def test_default_networks_of_tables_stay_affordable(rows: int, columns: int):
    inputs = TableInputs((*(Feature(f"c{i}", "continuous", edges=(0.0, 0.5, 1.0)) for i in range(columns)),))
    network = build(default_network(inputs, TASK, rows), inputs, 1)
    assert network(torch.zeros(2, columns)).shape == (2, 1)
    assert sum(p.numel() for p in network.parameters()) < 10_000_000


@pytest.mark.parametrize("inputs", [ArrayInputs((5,)), ArrayInputs((3, 32, 32)), SEQUENCE, ArrayInputs((3, 4)), TABLE])
def test_default_networks_of_other_inputs(inputs):
    assert build(default_network(inputs, TASK, 500), inputs, 1)(torch.zeros(2, *inputs.shape)).shape == (2, 1)


def test_the_page_has_every_word_and_is_up_to_date():
    page = PAGE.read_text(encoding="utf-8")
    assert page == updated(page), "run: python -m backlight.network.reference docs/network.md"
    assert all(entry.help for entry in vocabulary().values())


def test_the_examples_of_the_page_work(tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    blocks = [part.partition("\n") for part in page.split("```")[1::2]]
    for language, _, text in blocks:
        if language == "toml":
            (tmp_path / "network.toml").write_text(text, encoding="utf-8")
            load_description(tmp_path / "network.toml")
        elif language == "python":
            with redirect_stdout(StringIO()) as out:
                exec(text, {})
            assert "linear1 Linear" in out.getvalue()
        elif not text.startswith("network description"):
            assert all(parse(line) for line in text.splitlines())
