"""Treatments of the functions between the layers."""

from ...network.description import Description, Word
from ...network.rewrite import NORMS, WEIGHTED, blocks, each_row, each_word, first_number, is_activation, joined
from ...records.config import Config
from ..treatment import Case, on_network, treatment

SATURATING = ("sigmoid", "tanh", "hard sigmoid", "hard tanh", "softsign", "log sigmoid")
REASON = "the layers stay, with another function between them"


@treatment("activation", safe=True, reason="two layers without a function between them are no more than one")
@on_network
def activation(description: Description, config: Config, case: Case) -> Description:
    """Put a rectifier behind every layer that has no activation; a bottleneck stays linear."""
    return each_row(description, _with_relu)


@treatment("relu", safe=True, reason=REASON)
@on_network
def relu(description: Description, config: Config, case: Case) -> Description:
    """Replace functions with flat ends (sigmoid, tanh) by the rectifier."""
    return each_word(description, lambda word: (Word("relu"),) if word.name in SATURATING else (word,))


@treatment("leaky-relu", safe=True, reason=REASON)
@on_network
def leaky_relu(description: Description, config: Config, case: Case) -> Description:
    """Replace rectifiers by leaky ones, which have no dead side."""
    return each_word(description, lambda word: (Word("leaky relu"),) if word.name in ("relu", "relu6") else (word,))


def _with_relu(words: tuple[Word, ...]) -> tuple[Word, ...]:
    parts = blocks(words)
    widths = [first_number(part[0]) if part and part[0].name in WEIGHTED else 0.0 for part in parts]
    for i in range(1, len(parts)):
        bottleneck = 0 < i < len(parts) - 1 and widths[i] < min(widths[i - 1] or 1e9, widths[i + 1])
        if not bottleneck and not any(is_activation(word) for word in parts[i]):
            place = max(j for j, word in enumerate(parts[i]) if j == 0 or word.name in NORMS)
            parts[i] = (*parts[i][: place + 1], Word("relu"), *parts[i][place + 1 :])
    return joined(parts)
