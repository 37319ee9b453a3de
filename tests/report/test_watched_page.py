"""The page of someone's own loop: what is known of it, its course by step, and what its units say."""

from pathlib import Path

import pytest
import torch
from torch import nn

from backlight.cli.app import run
from backlight.report import write_report
from backlight.report.courses import network_courses
from backlight.report.folder import RunFolder, read_folder
from backlight.report.units import unit_rows
from backlight.watch import watch


def watched(folder):
    """Sixty steps of a network of which units 0 to 2 are dead from the start and unit 3 repeats unit 4."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 10), nn.ReLU(), nn.Linear(10, 3))
    with torch.no_grad():
        model[0].weight[:3], model[0].bias[:3] = 0.0, -1.0
        model[0].weight[3], model[0].bias[3] = 2 * model[0].weight[4], 2 * model[0].bias[4]
        model[2].weight[:, 3] = 0.5 * model[2].weight[:, 4]
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with watch(model, optimizer) as seen:
        for _ in range(60):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(torch.randn(32, 6)), torch.randint(3, (32,))).backward()
            optimizer.step()
    return seen.save(folder)


def test_a_loop_is_told_by_its_steps(tmp_path):
    folder = watched(tmp_path / "loop")
    words = " ".join(write_report(folder).read_text(encoding="utf-8").split())
    assert "60 steps of SGD, learning rate 0, in batches of 32, cross_entropy." in words
    history = read_folder(folder).history
    assert [row.step for row in history] == list(range(1, 61)) and {row.epoch for row in history} == {0.0}
    assert "in grey, belongs to the right axis" not in words and "dashed lines" not in words
    assert "Not tried" not in words and "--treat" not in words


def test_the_page_can_be_made_by_the_command_that_it_names(tmp_path, capsys):
    folder = watched(tmp_path / "loop")
    assert run(["report", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    assert run(["report", str(tmp_path)]) == 2


def test_the_network_as_a_whole_is_drawn_over_its_course(tmp_path):
    told = network_courses(read_folder(watched(tmp_path / "loop")))
    titles = [one["title"] for one in told]
    assert {
        "Norm of the whole gradient",
        "P(right class) on the batch",
        "Agreement of the gradients of two batches",
    } <= set(titles)
    assert all(one["figure"].startswith("<svg") and ">step<" in one["figure"] for one in told)


def test_units_are_counted_behind_their_activation(tmp_path):
    (row,) = unit_rows(read_folder(watched(tmp_path / "loop")))
    assert (row["layer"], row["units"], row["dead"], row["alike"], row["distinct"]) == (
        "1",
        "10",
        "3 (from the start)",
        "1",
        "6",
    )
    assert (row["dead_ones"], row["alike_ones"]) == ("0, 1, 2", "3=4")


@pytest.mark.parametrize(
    ("spoke", "said"),
    [((1234, 20480), "after step 1,230 to 20,500"), ((1500, 1500), "after step 1,500"),
     ((-1, 900), "1 from the start, the others after step 900")],
)  # fmt: skip
def test_late_steps_are_told_as_whole_numbers(spoke, said):
    unit = {"layer": "relu", "kind": "ReLU", "units": 8, "rows": 768, "dead": [0, 1], "saturated": [], "distinct": 6}
    layer = {"name": "relu", "source": "linear", "role": "activation"}
    (row,) = unit_rows(RunFolder(Path(), facts={"units": {"relu": unit | {"last_spoke": spoke}}, "layers": [layer]}))
    assert row["dead"] == f"2 ({said})"
