"""Treatments by dropout: on inputs and hidden layers, never on outputs."""

from ...network.description import Description, Word
from ...network.rewrite import (
    DROPOUTS,
    NORMS,
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


@treatment("remove-dropout", safe=True, reason=REASON)
@on_network
def remove_dropout(description: Description, config: Config, case: Case) -> Description:
    """Take out dropout that stands right before a normalisation."""

    def without(words: tuple[Word, ...]) -> tuple[Word, ...]:
        following = (*words[1:], None)
        return tuple(
            word
            for word, behind in zip(words, following, strict=True)
            if not (word.name in DROPOUTS and behind is not None and behind.name in NORMS)
        )

    return each_row(description, without)
