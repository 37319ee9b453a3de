"""Treatments by dropout: on inputs and hidden layers, never on outputs."""

from itertools import pairwise

from ...network.description import Description, Word
from ...network.rewrite import (
    DROPOUTS,
    all_words,
    blocks,
    each_row,
    each_word,
    first_number,
    is_activation,
    joined,
    starts,
    with_first,
)
from ...records.config import Config
from ..treatment import CannotTreatError, Case, on_network, treatment

HIDDEN, WIDE, INPUT = 0.2, 0.5, 0.1
"""Shares for hidden layers, for wide ones, and for inputs; Srivastava et al. (2014) drop 0.5 of wide hidden layers."""
MANY_UNITS = 64
"""From which a layer is wide."""
KEPT = 0.5
"""Share of the signal that all dropout layers together let through."""
BATCH_NORM = "norm"
REASON = "it acts in training only"


@treatment("dropout", safe=True, reason=REASON)
@on_network
def dropout(description: Description, config: Config, case: Case) -> Description:
    """Drop a fifth of the values behind every hidden activation, half of those of 64 units and more."""

    def dropped(part: tuple[Word, ...]) -> tuple[Word, ...]:
        places = [i for i, word in enumerate(part) if is_activation(word)]
        if not places or any(word.name in DROPOUTS for word in part):
            return part
        share = WIDE if part[0].name == "linear" and first_number(part[0]) >= MANY_UNITS else HIDDEN
        return (*part[: places[-1] + 1], Word("dropout", (share,)), *part[places[-1] + 1 :])

    return each_row(description, lambda words: joined([dropped(part) for part in blocks(words)]))


@treatment("input-dropout", safe=True, reason=REASON)
@on_network
def input_dropout(description: Description, config: Config, case: Case) -> Description:
    """Drop a tenth of the inputs."""
    words = description.words
    first = 1 if words and starts(words[0]) else 0
    if len(words) > first and words[first].name in DROPOUTS:
        raise CannotTreatError("input-dropout: some of the inputs are dropped already.")
    return Description((*words[:first], Word("dropout", (INPUT,)), *words[first:]))


@treatment("less-dropout", safe=True, reason=REASON)
@on_network
def less_dropout(description: Description, config: Config, case: Case) -> Description:
    """Lower each share, so that all layers together let through half of the signal at least, and each four fifths."""
    layers = sum(word.name in DROPOUTS for word in all_words(description))
    share = round(min(HIDDEN, 1 - KEPT ** (1 / max(1, layers))), 3)

    def lowered(word: Word) -> tuple[Word, ...]:
        strong = word.name in DROPOUTS and first_number(word, 0.5) > share
        return (with_first(word, share),) if strong else (word,)

    return each_word(description, lowered)


@treatment("move-dropout", safe=True, reason=REASON)
@on_network
def move_dropout(description: Description, config: Config, case: Case) -> Description:
    """Move dropout that stands right before a batch normalisation behind the last one (and its activation)."""

    def moved(words: tuple[Word, ...]) -> tuple[Word, ...]:
        misplaced = _before_norms(words)
        if not misplaced:
            return words
        share = max(first_number(words[i], 0.5) for i in misplaced)
        end = max(i for i, word in enumerate(words) if word.name == BATCH_NORM) + 1
        while end < len(words) and is_activation(words[end]):
            end += 1
        before = tuple(word for i, word in enumerate(words[:end]) if i not in misplaced)
        return (*before, Word("dropout", (share,)), *words[end:])

    return each_row(description, moved)


@treatment("remove-dropout", safe=True, reason=REASON)
@on_network
def remove_dropout(description: Description, config: Config, case: Case) -> Description:
    """Take out dropout that stands right before a batch normalisation."""

    def without(words: tuple[Word, ...]) -> tuple[Word, ...]:
        misplaced = _before_norms(words)
        return tuple(word for i, word in enumerate(words) if i not in misplaced)

    return each_row(description, without)


def _before_norms(words: tuple[Word, ...]) -> set[int]:
    """Places of dropout right before a batch normalisation.

    Before a norm within each row it does no harm: that has no statistics of the training that it would use later.
    """
    names = [word.name for word in words]
    return {i for i, two in enumerate(pairwise(names)) if two[0] in DROPOUTS and two[1] == BATCH_NORM}
