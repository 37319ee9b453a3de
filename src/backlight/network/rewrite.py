"""Changes of a description, word by word: what a treatment of a network is made of."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from .description import Description, Value, Word
from .vocabulary import vocabulary

WEIGHTED = ("linear", "conv")
"""Words of layers that multiply; their first argument is the number of units or filters."""
NORMS = ("norm", "layer norm", "group norm")
DROPOUTS = ("dropout", "channel dropout")
POOLING = ("pool", "avg pool", "global pool", "global max pool", "flatten")


def is_activation(word: Word) -> bool:
    """Whether the word is one of the activations, the identity aside."""
    return vocabulary()[word.name].make.__module__.endswith(".activations") and word.name != "identity"


def starts(word: Word) -> bool:
    """Whether the word says how the inputs enter the network."""
    return vocabulary()[word.name].takes == "start"


def each_word(description: Description, change: Callable[[Word], tuple[Word, ...]]) -> Description:
    """Every word replaced by those that `change` gives for it; words in parentheses first."""
    words: list[Word] = []
    for word in description.words:
        branches = tuple(each_word(branch, change) for branch in word.branches)
        words += change(replace(word, branches=branches))
    return Description(tuple(words))


def each_row(description: Description, change: Callable[[tuple[Word, ...]], tuple[Word, ...]]) -> Description:
    """Every row of words, that of the whole description and those in parentheses, replaced by what `change` gives."""
    words = tuple(
        replace(word, branches=tuple(each_row(branch, change) for branch in word.branches))
        for word in description.words
    )
    return Description(change(words))


def all_words(description: Description) -> Iterator[Word]:
    """Every word, those in parentheses included, as often as it is written."""
    for word in description.words:
        yield word
        for branch in word.branches:
            yield from all_words(branch)


def first_number(word: Word, default: float = 0.0) -> float:
    """The first argument: units, filters, or a share."""
    return float(word.arguments[0]) if word.arguments and not isinstance(word.arguments[0], tuple) else default


def with_first(word: Word, value: Value) -> Word:
    """The word with another first argument."""
    return replace(word, arguments=(value, *word.arguments[1:]))


def blocks(words: tuple[Word, ...]) -> list[tuple[Word, ...]]:
    """Words in groups, each beginning with a layer that multiplies; those before the first such layer come first."""
    found: list[tuple[Word, ...]] = [()]
    for word in words:
        if word.name in WEIGHTED:
            found.append((word,))
        else:
            found[-1] += (word,)
    return found


def joined(parts: list[tuple[Word, ...]]) -> tuple[Word, ...]:
    """The words of all groups, one behind another."""
    return tuple(word for part in parts for word in part)
