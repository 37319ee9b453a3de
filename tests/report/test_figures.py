"""Figures: every kind of input is drawn, and leaves as a file or as markup."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from backlight.records import BacklightError, Epoch
from backlight.report import figures
from backlight.report.figures import theme
from backlight.report.figures.curves_of_runs import style
from backlight.report.figures.smoothing import smoothed


def history(epochs: int = 8, *, accuracy: bool = True, scale: float = 1.0) -> list[Epoch]:
    return [
        Epoch(epoch, epoch * 10, split, scale / epoch, 1 - 1 / epoch if accuracy else None, 0.5, 0.1, float(epoch))
        for epoch in range(1, epochs + 1)
        for split in ("train", "validation")
    ]


def texts(figure) -> str:
    return figures.to_svg(figure, name="test", label="test")


def test_accuracy_is_grey_on_the_right_axis_and_splits_differ_by_dashes():
    figure = figures.curves({"run": history()}, best_epoch=8)
    loss, score, rate = figure.axes
    assert loss.get_ylabel() == "loss"
    assert score.get_ylabel() == "accuracy"
    assert score.yaxis.get_label_position() == "right"
    colours = {line.get_color() for line in score.lines}
    assert colours == {figures.theme.GREY}
    assert len({line.get_linestyle() for line in loss.lines[:2]}) == 2
    assert "learning rate" in [text.get_text() for text in rate.texts]


def test_regression_shows_its_error_in_grey():
    assert figures.curves({"run": history(accuracy=False)}).axes[1].get_ylabel() == "RMSE, in the target's units"


@pytest.mark.parametrize("many", [2, 8, 16])
def test_several_runs_are_told_apart_without_colour(many):
    figure = figures.curves({f"run {place}": history(scale=1 + place) for place in range(many)})
    loss, accuracy, _ = figure.axes
    looks = {(str(one["linestyle"]), one["marker"]) for one in map(style, range(many))}
    assert len(looks) == many
    assert [line.get_marker() for line in figure.legends[0].get_lines()][1] == style(1)["marker"]
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss", "accuracy")
    assert len(loss.lines) == 2 * many
    assert "run 1" in texts(figure)


def test_a_run_that_diverged_leaves_the_others_to_be_seen():
    runs = {"a": history(), "b": history(scale=2), "wild": history(scale=1e6)}
    figure = figures.curves(runs)
    assert figure.axes[0].get_ylim()[1] < 100
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b", "wild (above)"]


def test_within_epochs_the_raw_loss_stands_behind_a_smooth_line():
    noise = np.random.default_rng(0).normal(size=400)
    within = [
        Epoch(step / 50, step, "batches", 2 / (1 + step / 40) + 0.2 * noise[step], None, None, 0.1, 0.0)
        for step in range(400)
    ]
    figure = figures.curves({"run": [*within, *history()]})
    raw, smooth = figure.axes[0].lines[:2]
    assert raw.get_zorder() < smooth.get_zorder()
    assert np.abs(np.diff(smooth.get_ydata())).mean() < 0.3 * np.abs(np.diff(raw.get_ydata())).mean()
    figure = figures.curves({"run": [*within, *history()]}, smooth=0)
    assert list(figure.axes[0].lines[1].get_ydata()) == list(raw.get_ydata())


def test_smoothing_neither_lags_nor_bends_a_straight_line():
    x = np.linspace(0, 9, 100).tolist()
    straight = [3 - 2 * place for place in x]
    assert smoothed(x, straight)[1] == pytest.approx(straight, abs=1e-9)
    broken = [math.nan if 30 <= place < 60 else value for place, value in enumerate(straight)]
    values = smoothed(x, broken)[1]
    assert math.isnan(values[45])
    assert values[:25] == pytest.approx(straight[:25])
    assert smoothed([1, 2, 3], [1, 5, 2])[1] == pytest.approx([1, 5, 2])  # further apart than the kernel is wide


def test_a_loop_whose_epochs_are_unknown_is_drawn_by_step():
    rows = [Epoch(0, step, "validation", 1 / step, None, None, math.nan, 0.0) for step in (10, 20, 30)]
    figure = figures.curves({"watched": rows})
    assert len(figure.axes) == 1  # neither a score nor a learning rate
    assert figure.axes[0].get_xlabel() == "step"


@pytest.mark.parametrize("epochs", [1, 2])
def test_short_histories_are_visible(epochs):
    assert "epoch" in texts(figures.curves({"run": history(epochs)}, best_epoch=1))


def test_a_wide_range_of_losses_is_logarithmic():
    figure = figures.curves({"run": history(200)})
    assert figure.axes[0].get_yscale() == "log"
    assert figures.curves({"run": history(8)}).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("classes", [2, 3, 10, 30, 60])
def test_confusion_of_any_number_of_classes(classes):
    counts = np.eye(classes, dtype=int) * 20 + 1
    counts[0] = 0
    markup = texts(figures.confusion(counts.tolist(), [f"class {place} $x$" for place in range(classes)]))
    assert ("class 1 $x$" in markup) == (classes <= 40)


def test_constant_predictions_are_drawn():
    assert texts(figures.scatter([[1.0, 1.0], [1.0, 1.0]], target="price"))
    bins = [{"low": 0.5, "high": 0.5, "rows": 9, "predicted": 0.5, "observed": 0.4}]
    assert texts(figures.calibration(bins))


def test_markup_of_two_figures_shares_no_id():
    figure = figures.curves({"run": history()})
    first, second = (figures.to_svg(figure, name=name, label="x") for name in ("one", "two"))
    assert first.replace("one-", "") == second.replace("two-", "") or 'id="one-' in first
    assert 'id="two-' not in first
    assert "<text" in first  # text stays text


def test_files(tmp_path):
    figure = figures.curves({"run": history()})
    assert figures.save(figure, tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in figures.save(figure, tmp_path / "curves.svg").read_text(encoding="utf-8")
    with pytest.raises(BacklightError, match=r"\.png or \.svg"):
        figures.save(figure, tmp_path / "curves.bmp")


def test_a_file_follows_a_browser_that_prefers_dark_with_the_colours_of_the_page(tmp_path):
    markup = figures.save(figures.curves({"run": history()}), tmp_path / "curves.svg").read_text(encoding="utf-8")
    rules = re.findall(r'\[fill="(#\w{6})"\]\{fill:(#\w{6})!important\}', markup)
    assert dict(rules) == theme.DARK
    style = Path(theme.__file__).parents[1].joinpath("templates", "page.css").read_text(encoding="utf-8")
    dark = dict(re.findall(r"--([\w-]+): (#\w{6});", style[style.index("prefers-color-scheme: dark") :]))
    names = {value: name for name, value in theme.COLOURS.items()}
    for colour, other in theme.DARK.items():
        assert other == dark.get(f"figure-{names[colour]}", dark.get(names[colour])), names[colour]


def test_a_comparison_names_its_two_sides():
    change, curve = np.array([-0.2, 0.1, 0.4]), ([0.1, 0.9], [0.2, 0.8])
    markup = texts(figures.pair(change, [curve, curve], names=("small", "large")))
    assert "large minus small" in markup and "as often as said" in markup
    assert "of price" in texts(figures.pair(change, axis="absolute error of price"))


def test_drawing_leaves_the_users_matplotlib_alone(monkeypatch):
    import matplotlib as mpl

    monkeypatch.setitem(mpl.rcParams, "font.size", 23)
    figures.curves({"run": history()})
    assert mpl.rcParams["font.size"] == 23
    assert mpl.rcParams["svg.fonttype"] != "none"


def walked(**changes):
    layer = {"label": "Linear 4", "x_norm": 2.0, "v_norm": 0.1, "parameter_gradient_norm": 0.5}
    return layer | {"largest": 3.0, "smallest": 0.2} | changes


def test_a_passage_shows_sizes_and_singular_values_by_layer():
    layers = [
        walked(label="Normalise", largest=1e-5, smallest=1e-5),
        walked(label="ReLU", parameter_gradient_norm=None, largest=1.0, smallest=0.0),
        walked(label="Conv2d", smallest=None),
        walked(label="Embedding", v_norm=None, largest=None, smallest=None),
        walked(label="<Own>", v_norm="inf"),
    ]
    figure = figures.passage(layers, {"label": "output", "x_norm": 1.0, "v_norm": 0.3})
    sizes, sigmas, _ = figure.axes
    assert [label.get_text() for label in sizes.get_yticklabels()] == [*(one["label"] for one in layers), "output"]
    x, v, gradient = (line.get_xdata() for line in sizes.lines)
    assert list(x) == [2.0] * 5 + [1.0]
    assert [math.isnan(value) for value in v] == [False, False, False, True, True, False]
    assert math.isnan(gradient[1]) and gradient[0] == 0.5
    assert sigmas.get_xlim()[0] < 1e-5
    assert "&lt;Own&gt;" in texts(figure)


def test_a_passage_without_singular_values_says_so():
    layers = [walked(largest=None, smallest=None)]
    figure = figures.passage(layers, {"label": "output", "x_norm": 0.0, "v_norm": None}, width=360, wide=False)
    assert "not found" in texts(figure)
