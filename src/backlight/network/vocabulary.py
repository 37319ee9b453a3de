"""The registry of words. A word is a function in a file of `words/`; its signature is its grammar.

    @word("dropout")
    def dropout(here: Here, share: Share = 0.5) -> nn.Module:
        "While training, sets this share of the values to zero, and scales the rest up."
        return nn.Dropout(share)

Parameters by position are written by position (`dropout 0.2`), all of them also by name (`dropout share 0.2`);
keyword-only ones by name alone (`conv 32 stride 2`); a `Branch` stands in parentheses.
"""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any, Literal, Protocol, get_args, get_origin, get_type_hints

from torch import nn

from ..records import Inputs
from .description import Description, Value, Word

LARGEST = 2**24
"""Bound of every whole number in a description: a typing error should not ask for terabytes."""


@dataclass(frozen=True)
class Whole:
    """A whole number within [low, high]."""

    low: int = 1
    high: int = LARGEST

    def read(self, value: Value) -> Value | None:
        """The value, or None when it does not fit."""
        return value if isinstance(value, int) and self.low <= value <= self.high else None

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high:,}"


@dataclass(frozen=True)
class Real:
    """A number within [low, high)."""

    low: float
    high: float

    def read(self, value: Value) -> Value | None:
        """The value as a float, or None when it does not fit."""
        return float(value) if not isinstance(value, tuple) and self.low <= value < self.high else None

    def __str__(self) -> str:
        return f"a number from {self.low:g} to below {self.high:g}"


@dataclass(frozen=True)
class Extent:
    """A size such as 5x3 (height, width); one number stands for a square."""

    high: int = 1024

    def read(self, value: Value) -> Value | None:
        """Height and width, or None when they do not fit."""
        sides = value if isinstance(value, tuple) else (value, value)
        if all(isinstance(side, int) and 1 <= side <= self.high for side in sides):
            return (int(sides[0]), int(sides[1]))
        return None

    def __str__(self) -> str:
        return "a size such as 3 or 3x3"


@dataclass(frozen=True)
class Group:
    """A description in parentheses."""

    def read(self, value: Value) -> Value | None:
        """No number is one."""
        return None

    def __str__(self) -> str:
        return "layers in parentheses"


Count = Annotated[int, Whole()]
Share = Annotated[float, Real(0.0, 1.0)]
Factor = Annotated[float, Real(-1e6, 1e6)]
Size = Annotated[tuple[int, int], Extent()]
Branch = Annotated[Description, Group()]


@dataclass(frozen=True)
class Inline:
    """Words that take the place of the word that gives them."""

    words: tuple[Word, ...]


class Here(Protocol):
    """What a word's function may ask about the place where its layer is to stand."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of x there, without the batch."""

    @property
    def inputs(self) -> Inputs:
        """What enters the whole network."""

    def build(self, branch: Description) -> tuple[nn.Module, tuple[int, ...]]:
        """The layers of a branch that starts here, and the shape of what leaves it."""

    def error(self, sentence: str) -> Exception:
        """An error about this word, to be raised."""


Takes = Literal["any", "vector", "grid", "start"]


@dataclass(frozen=True)
class Parameter:
    """One argument of a word."""

    name: str
    kind: Whole | Real | Extent | Group
    default: Any
    """`inspect.Parameter.empty` where the word needs the argument."""
    by_position: bool
    many: bool = False
    """Takes any number of branches."""

    @property
    def needed(self) -> bool:
        """Whether leaving it out is an error."""
        return self.default is inspect.Parameter.empty and not self.many


@dataclass(frozen=True)
class Entry:
    """One registered word."""

    name: str
    make: Callable[..., nn.Module | Inline | None]
    takes: Takes
    """any shape; vector: what has more dimensions is flattened first; grid: (channels, length) or (channels, height,
    width); start: only the first word of a description."""
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = field(default=())

    @property
    def help(self) -> str:
        """What the layer does, as documented."""
        return inspect.cleandoc(self.make.__doc__ or "")

    @property
    def values(self) -> tuple[Parameter, ...]:
        """The arguments that are numbers or sizes."""
        return tuple(p for p in self.parameters if not isinstance(p.kind, Group))

    @property
    def group(self) -> Parameter | None:
        """The argument in parentheses, if the word has one."""
        return next((p for p in self.parameters if isinstance(p.kind, Group)), None)

    @property
    def usage(self) -> str:
        """The word as it is written, such as `conv FILTERS [KERNEL] [stride N]`."""
        parts = [self.name]
        for p in self.values:
            text = p.name.upper() if p.by_position else f"{p.name} N"
            parts.append(text if p.needed else f"[{text}]")
        if self.group:
            parts.append("(… | …)" if self.group.many else "(…)")
        return " ".join(parts)


_entries: dict[str, Entry] = {}
_spellings: dict[str, str] = {}


def word(name: str, *aliases: str, takes: Takes = "any") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a function as the word `name`."""

    def register(make: Callable[..., Any]) -> Callable[..., Any]:
        _entries[name] = Entry(name, make, takes, aliases, _parameters(make))
        _spellings.update({squeeze(spelling): name for spelling in (name, *aliases)})
        return make

    return register


def vocabulary() -> dict[str, Entry]:
    """All words by name, sorted."""
    _load()
    return dict(sorted(_entries.items()))


def squeeze(spelling: str) -> str:
    """What spellings of one name share: `leaky relu`, `leaky_relu` and `LeakyReLU` are one word."""
    return re.sub(r"[\s_-]", "", spelling).lower()


def find(spelling: str) -> Entry | None:
    """The word of that name or alias, or None."""
    _load()
    name = _spellings.get(squeeze(spelling))
    return _entries[name] if name else None


def nearest(spelling: str) -> str | None:
    """The known word most like this spelling, or None when nothing is like it."""
    _load()
    close = get_close_matches(squeeze(spelling), _spellings, n=1, cutoff=0.5)
    return _spellings[close[0]] if close else None


@cache
def _load() -> None:
    """Imports every file of `words/`, which registers what they hold."""
    package = import_module(f"{__package__}.words")
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")


def _kind(hint: Any) -> "Whole | Real | Extent | Group":
    """The kind that an annotation such as `Count` or `Count | None` carries."""
    for part in (hint, *get_args(hint)):
        if get_origin(part) is Annotated:
            kind: Whole | Real | Extent | Group = part.__metadata__[0]
            return kind
    raise TypeError(f"a word's argument needs one of the types of this file, not {hint}")


def _parameters(make: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = get_type_hints(make, include_extras=True)
    signature = list(inspect.signature(make).parameters.values())[1:]
    return tuple(
        Parameter(
            name=p.name,
            kind=_kind(hints[p.name]),
            default=p.default,
            by_position=p.kind is not p.KEYWORD_ONLY,
            many=p.kind is p.VAR_POSITIONAL,
        )
        for p in signature
    )
