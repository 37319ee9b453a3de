"""Descriptions are read, printed and read again; what is wrong is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlight import BacklightError
from backlight.network import Description, Word, load_description, parse, vocabulary
from backlight.network.vocabulary import Entry, Extent, Parameter, Real, Whole


def value(parameter: Parameter) -> st.SearchStrategy:
    match parameter.kind:
        case Whole(low, high):
            return st.integers(low, high)
        case Real(low, high):
            return st.floats(low, high, exclude_max=True, allow_nan=False)
        case Extent(high):
            return st.tuples(st.integers(1, high), st.integers(1, high))
    raise AssertionError(parameter)


@st.composite
def words(draw: st.DrawFn, entry: Entry, branch: st.SearchStrategy[Description]) -> Word:
    """Any canonical use of a word: arguments by position without a gap, the others by name."""
    given_by_position, options, gap = [], [], False
    for parameter in entry.values:
        if not parameter.needed and draw(st.booleans()):
            gap = True
        elif parameter.by_position and not gap:
            given_by_position.append(draw(value(parameter)))
        else:
            options.append((parameter.name, draw(value(parameter))))
    most = 0 if entry.group is None else 3 if entry.group.many else 1
    branches = draw(st.lists(branch, min_size=min(most, 1), max_size=most))
    return Word(entry.name, tuple(given_by_position), tuple(options), tuple(branches))


def descriptions() -> st.SearchStrategy[Description]:
    entries = list(vocabulary().values())
    simple = st.sampled_from([e for e in entries if e.group is None]).flatmap(lambda e: words(e, st.nothing()))
    flat = st.lists(simple, min_size=1, max_size=4).map(lambda w: Description(tuple(w)))
    nested = st.sampled_from([e for e in entries if e.group]).flatmap(lambda e: words(e, flat))
    return st.lists(simple | nested, min_size=1, max_size=4).map(lambda w: Description(tuple(w)))


@given(descriptions())
def test_the_printed_form_reads_as_the_same_description(description: Description):
    assert parse(str(description)) == description


FRAGMENTS = [*"(),|;=#\n x%", "residual(", "conv", "relu", "32", "0.2", "3x3", "1e9", "-4", "stride", "leaky", "norm"]


@given(st.text(max_size=30) | st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(" ".join))
def test_nonsense_gives_a_description_or_a_clear_error(text: str):
    try:
        assert parse(str(parse(text))) == parse(text)
    except BacklightError as error:
        assert str(error).startswith("network description, word ")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("128 relu, dropout 0.2", "linear 128, relu, dropout 0.2"),
        ("128 RELU\nDropout share=0.2 # half\n", "linear 128, relu, dropout 0.2"),
        ("64 LeakyReLU slope 0.1; batch_norm", "linear 64, leaky relu 0.1, norm"),
        ("conv 32 5 stride 2", "conv 32 5x5 stride 2"),
        ("conv stride=2 filters=32", "conv 32 stride 2"),
        ("residual(conv 8|)", None),
        ("concat(8 | 4 tanh | )", "concat(linear 8 | linear 4, tanh | )"),
        ("repeat 3 (8 relu)", "repeat 3 (linear 8, relu)"),
        ("Global Max-Pool, max pool 3", "global max pool, pool 3x3"),
    ],
)
def test_spellings(text: str, canonical: str | None):
    if canonical is None:
        with pytest.raises(BacklightError, match="takes one description"):
            parse(text)
    else:
        assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("128 rellu", "word 2, column 5: unknown word 'rellu'; did you mean 'relu'?\n  128 rellu\n      ^^^^^"),
        ("128 relu,\n\n  drpout 0.2", "word 3, line 3, column 3: unknown word 'drpout'; did you mean 'dropout'?"),
        ("zzzzz", "word 1, column 1: unknown word 'zzzzz'; docs/network.md lists all words"),
        ("", "names no layer"),
        ("128 64", "column 5: 'linear' takes no further number here"),
        ("dropout 2", "'dropout' takes as share a number from 0 to below 1, not '2'"),
        ("conv relu", "'conv' needs its filters, a whole number from 1"),
        ("100000000", "a whole number from 1 to 16,777,216, not '100000000'"),
        ("conv 3.5", "takes as filters a whole number from 1 to 16,777,216, not '3.5'"),
        ("pool stride", "takes as stride a whole number from 1 to 16,777,216, which is missing"),
        ("residual 3", "takes no further number"),
        ("residual", "needs its layers in parentheses"),
        ("residual(3", "not closed"),
        ("3)", "no opening parenthesis"),
        ("relu(3)", "takes no layers in parentheses"),
        ("3x3", "a layer cannot start with '3x3'"),
        ("residual(relu) 5", "a comma is missing before '5'"),
        ("relu = 5", "'=' has no meaning here"),
        ("128 §", "character '§' has no meaning"),
        ("residual(" * 60, "more than 50 parentheses"),
    ],
)
def test_errors_name_word_place_and_mend(text: str, said: str):
    with pytest.raises(BacklightError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_a_long_line_is_shown_around_the_word():
    with pytest.raises(BacklightError) as caught:
        parse("128 relu, " * 30 + "rulu" + ", 64 relu" * 30)
    line, marks = str(caught.value).splitlines()[1:]
    assert len(line) < 110
    assert line[marks.index("^") :].startswith("rulu")


def test_toml_with_text_or_tables(tmp_path):
    file = tmp_path / "network.toml"
    file.write_text('network = """128 relu\ndropout 0.2"""')
    assert str(load_description(file)) == "linear 128, relu, dropout 0.2"
    file.write_text(
        '[[layer]]\nword = "conv"\nfilters = 32\nkernel = "5x5"\nstride = 2\n'
        '[[layer]]\nword = "repeat"\nbody = "8 relu"\ntimes = 2\n'
        '[[layer]]\nword = "concat"\nbranches = ["8", ""]\n'
    )
    assert load_description(file) == parse("conv 32 5x5 stride 2, repeat 2 (8 relu), concat(8 | )")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[layer]\n", "is not a TOML file"),
        ("other = 1", 'either one key network = "…" or tables'),
        ("network = '128 rulu'", "did you mean 'relu'?"),
        ("[[layer]]\nfilters = 3", "layer 1 names no word"),
        ("[[layer]]\nword = 'cnov'", "layer 1: unknown word 'cnov'; did you mean 'conv'?"),
        ("[[layer]]\nword = 'conv'\nfilter = 3", "layer 1: 'conv' has no argument 'filter'; it knows filters, kernel"),
        ("[[layer]]\nword = 'conv'\nfilters = true", "layer 1: filters of 'conv' has to be a number"),
        ("[[layer]]\nword = 'residual'\nbody = 3", "layer 1: body of 'residual' has to be text"),
        ("[[layer]]\nword = 'relu'\n[[layer]]\nword = 'conv'\nfilters = -1", "line 2"),
    ],
)
def test_wrong_toml_is_named(tmp_path, text: str, said: str):
    file = tmp_path / "network.toml"
    file.write_text(text)
    with pytest.raises(BacklightError) as caught:
        load_description(file)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BacklightError, match=r"nothing\.toml cannot be read"):
        load_description(tmp_path / "nothing.toml")
