"""Treatments of which layers a network has, and how wide they are."""

from dataclasses import replace

from ...network.description import Description, Word
from ...network.rewrite import NORMS, POOLING, WEIGHTED, blocks, each_row, each_word, first_number, joined, with_first
from ...records.config import Config
from ..treatment import CannotTreatError, Case, on_network, set_data, set_network, treatment

FEWEST_ROWS = 16
"""Rows of a batch below which its mean and variance are too rough to normalise by (Wu and He 2018, Group
Normalization); each row is then normalised by itself."""
LEAST_UNITS, LEAST_FILTERS = 32, 16


@treatment("normalisation", safe=True, reason="it keeps the scale of x(i) in every layer, and adds two numbers a unit")
@on_network
def normalisation(description: Description, config: Config, case: Case) -> Description:
    """Normalise behind every layer that multiplies: over the batch, or within each row where batches are small."""
    norm = Word("norm" if (config.training.batch_size or 128) >= FEWEST_ROWS else "layer norm")

    def normed(part: tuple[Word, ...]) -> tuple[Word, ...]:
        plain = part and part[0].name in WEIGHTED and not any(word.name in NORMS for word in part)
        return (part[0], norm, *part[1:]) if plain else part

    return each_row(description, lambda words: joined([normed(part) for part in blocks(words)]))


@treatment("row-normalisation", safe=True, reason="it normalises in training as it does in use, however few the rows")
@on_network
def row_normalisation(description: Description, config: Config, case: Case) -> Description:
    """Normalise within each row instead of over the batch."""
    return each_word(description, lambda word: (Word("layer norm"),) if word.name == "norm" else (word,))


@treatment("residual", safe=True, reason="each layer then adds to what is there, so that the depth costs no signal")
@on_network
def residual(description: Description, config: Config, case: Case) -> Description:
    """Let x pass beside each layer but the first: y = x + layer(x)."""
    return Description(_residual(description.words))


@treatment("wider", safe=True, reason="what the network could say before it can still say", dearer=True)
@on_network
def wider(description: Description, config: Config, case: Case) -> Description:
    """Four times the units of every layer, 32 at least; twice the filters, 16 at least."""
    return each_word(description, lambda word: (_scaled(word, 4, 2),))


@treatment("narrower", safe=True, reason="units that repeat others say nothing of their own")
@on_network
def narrower(description: Description, config: Config, case: Case) -> Description:
    """Half the units and filters of every layer, four at least."""

    def halved(word: Word) -> tuple[Word, ...]:
        if word.name not in WEIGHTED:
            return (word,)
        width = int(first_number(word))
        return (with_first(word, max(min(4, width), width // 2)),)

    return each_word(description, halved)


@treatment("linear-ending", safe=True, reason="the loss has the activation that suits the task inside")
def linear_ending(config: Config, case: Case) -> Config:
    """Leave out what stands behind the last layer of a network passed in Python: softmax, sigmoid, dropout."""
    if config.network.description is not None:
        raise CannotTreatError("linear-ending: a described network ends in a linear layer already.")
    return set_network(config, ending="linear")


@treatment(
    "loss-for-task",
    safe=False,
    reason="it changes what is predicted: a class instead of a number",
    judged_by="wrong-answers",
)
def loss_for_task(config: Config, case: Case) -> Config:
    """Take the target for the classes that it names; the loss follows from that."""
    classes = case.evidence("classes", 0.0)
    if config.data.task != "regression" or classes < 2:
        raise CannotTreatError("loss-for-task: the loss is that of the task already.")
    return set_data(config, task="binary" if classes == 2 else "multiclass")


def _scaled(word: Word, units: int, filters: int) -> Word:
    if word.name not in WEIGHTED:
        return word
    factor, least = (units, LEAST_UNITS) if word.name == "linear" else (filters, LEAST_FILTERS)
    return with_first(word, max(factor * int(first_number(word)), least))


def _residual(words: tuple[Word, ...]) -> tuple[Word, ...]:
    parts = blocks(tuple(_repeated(word) for word in words))
    return joined([*parts[:2], *((_beside(part) if _keeps_size(part) else part) for part in parts[2:])])


def _beside(part: tuple[Word, ...]) -> tuple[Word, ...]:
    return (Word("residual", branches=(Description(part),)),)


def _repeated(word: Word) -> Word:
    """A repeated row of layers, each time with x beside it."""
    if word.name != "repeat":
        return word
    bodies = (Description(_beside(body.words)) if _keeps_size(body.words) else body for body in word.branches)
    return replace(word, branches=tuple(bodies))


def _keeps_size(part: tuple[Word, ...]) -> bool:
    """Whether x can pass beside these layers: they multiply, pool nothing, and hold no such path yet."""
    names = {word.name for word in part}
    strides = any(dict(word.options).get("stride", 1) != 1 for word in part)
    return bool(names & set(WEIGHTED)) and not names & {*POOLING, "residual", "concat", "repeat"} and not strides
