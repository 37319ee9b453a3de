"""Options as users write them, and the settings they make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlight import BacklightError
from backlight.records.config import Config
from backlight.runs.options import configure, option_places, parse_duration


def test_flat_options_reach_their_section():
    config = configure({"epochs": 3, "target": "y", "network": "8 relu", "seed": 5, "drop": "a, b"})
    assert (config.training.epochs, config.data.target, config.network.description) == (3, "y", "8 relu")
    assert (config.seed, config.data.drop) == (5, ("a", "b"))


def test_none_was_not_given():
    base = configure({"epochs": 3})
    assert configure({"epochs": None}, base) == base
    assert configure({}) == Config()


def test_every_setting_has_one_flat_name():
    places = option_places()
    assert len(set(places.values())) == len(places)
    assert {"network", "learning_rate", "target", "seed", "time_limit", "init"} <= places.keys()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"epoch": 3}, "There is no option 'epoch'; did you mean 'epochs'?"),
        ({"epochs": 0}, "epochs = 0 cannot be used"),
        ({"optimizer": "adamm"}, "optimizer = 'adamm' cannot be used: input should be 'adamw', 'adam' or 'sgd'"),
        ({"time_limit": "soon"}, "time_limit = 'soon' cannot be used: it is not a duration like 90s, 10m or 1h30m."),
    ],
)
def test_what_cannot_be_used_is_named(options, sentence):
    with pytest.raises(BacklightError) as error:
        configure(options)
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("45", 45),
        (12.5, 12.5),
        ("1h 30m".replace(" ", ""), 5400),
    ],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "0s", "-5", "inf", "nan", "1d", "5m5"])
def test_what_is_no_duration(text):
    with pytest.raises(BacklightError, match="not a duration"):
        parse_duration(text)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(1, 59))
def test_every_duration_is_read_back(hours, minutes, seconds):
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds
