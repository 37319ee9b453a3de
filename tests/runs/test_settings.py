"""run.toml repeats a run, and says what is wrong with itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlight import BacklightError
from backlight.runs import settings
from backlight.runs.options import configure


@given(
    st.text(min_size=1, max_size=20),
    st.floats(1e-6, 10),
    st.lists(st.text(min_size=1, max_size=5), max_size=3),
)
def test_settings_survive_the_file(tmp_path_factory, target, rate, drop):
    path = tmp_path_factory.mktemp("run") / "run.toml"
    config = configure({"target": target, "learning_rate": rate, "drop": drop, "seed": 3, "network": "8 relu"})
    settings.save(path, config, name="x")
    assert settings.load(path) == config
    assert settings.facts(path)["versions"].keys() >= {"backlight", "python", "torch"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[training\n", "cannot be read as TOML"),
        ("[training]\nepoch = 3\n", "There is no option 'epoch'; did you mean 'epochs'?"),
        ("epochs = 3\n", "'epochs' stands in the wrong place: it belongs into the section [training]."),
        ("[training]\nseed = 3\n", "'seed' stands in the wrong place: it belongs to the top of the file"),
        ("network = '8 relu'\n", "network is a section: write [network], and its settings in the lines below."),
        ("format = 99\n", "has format 99; this version of Backlight reads format 1"),
        ("seed = 'x'\n", "seed = 'x' cannot be used"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "run.toml"
    path.write_text(text)
    with pytest.raises(BacklightError) as error:
        settings.load(path)
    assert sentence in str(error.value)
    assert "run.toml" in str(error.value)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(BacklightError, match="There is no settings file"):
        settings.load(tmp_path / "run.toml")
