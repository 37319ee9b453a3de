"""What a treatment brought, in words and as a figure: the interval, and the random change beside it."""

import pytest

from backlight.report import figures, verdict_sentence

BETTER = {"word": "better", "metric": "log_loss", "difference": -0.561, "low": -0.6, "high": -0.522, "seeds": 8}


def test_a_verdict_tells_its_interval_and_what_chance_brings():
    said = verdict_sentence(BETTER | {"random_change": -0.0717})
    assert said == (
        "it helped: with it, the log-loss is 0.56 lower (95 % interval of the difference −0.60 to −0.52, 8 seeds, "
        "held-out rows of the training data). For comparison, other treatments drawn at random brought −0.07."
    )
    assert "random" not in verdict_sentence(BETTER)
    assert "RMSE is 1,235 higher" in verdict_sentence(
        {"word": "worse", "metric": "rmse", "difference": 1234.6, "low": 1000, "high": 1500, "seeds": 2}
    )


@pytest.mark.parametrize(("drawn", "lines"), [(-0.07, 2), (None, 1)])
def test_a_verdict_is_drawn_beside_no_change(drawn, lines):
    figure = figures.verdict(BETTER | {"random_change": drawn})
    (axes,) = figure.axes
    assert len(axes.get_yticks()) == lines
    assert axes.get_xlim()[0] < -0.6 and axes.get_xlim()[1] > 0
    assert "log-loss" in axes.get_xlabel()
