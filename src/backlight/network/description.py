"""A parsed description: a frozen tree of words, each with its arguments and its place in the text."""

from dataclasses import dataclass, field

from ..records import BacklightError

Value = int | float | tuple[int, int]
"""An argument: a number, or a size such as 3x3 (height, width)."""


@dataclass(frozen=True)
class Place:
    """Where a word stands in the text that was read."""

    text: str
    start: int
    """Offset of the first character."""
    end: int
    """Offset behind the last character."""
    number: int
    """1 for the first word of the text."""

    @property
    def line(self) -> int:
        """From 1."""
        return self.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """From 1."""
        return self.start - self.text.rfind("\n", 0, self.start)

    def __str__(self) -> str:
        line = f"line {self.line}, " if "\n" in self.text.strip() else ""
        return f"word {self.number}, {line}column {self.column}"

    def error(self, sentence: str) -> BacklightError:
        """An error that names this place and shows the line with the word marked."""
        return BacklightError(f"network description, {self}: {sentence}\n{self._marked()}")

    def _marked(self, margin: int = 45) -> str:
        begin = self.start - self.column + 1
        end = self.text.find("\n", self.start)
        end = len(self.text) if end < 0 else end
        first, last = max(begin, self.start - margin), min(end, self.start + margin)
        before = "…" if first > begin else ""
        after = "…" if last < end else ""
        marks = "^" * max(1, min(self.end, last) - self.start)
        indent = " " * (len(before) + self.start - first)
        return f"  {before}{self.text[first:last]}{after}\n  {indent}{marks}".replace("\t", " ")


@dataclass(frozen=True)
class Word:
    """One word of a description, such as `conv 32 5x5 stride 2` or `residual(…)`."""

    name: str
    """The registered name, whatever spelling the text used."""
    arguments: tuple[Value, ...] = ()
    """By position."""
    options: tuple[tuple[str, Value], ...] = ()
    """By name, in the order of the word's signature."""
    branches: "tuple[Description, ...]" = ()
    """What stands in parentheses, separated by |."""
    place: Place | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        parts = [self.name, *map(_shown, self.arguments)]
        parts += [f"{name} {_shown(value)}" for name, value in self.options]
        text = " ".join(parts)
        if not self.branches:
            return text
        gap = " " if self.arguments or self.options else ""
        return f"{text}{gap}({' | '.join(map(str, self.branches))})"

    def error(self, sentence: str) -> BacklightError:
        """An error about this word."""
        if self.place is None:
            return BacklightError(f"network description, '{self}': {sentence}")
        return self.place.error(sentence)


@dataclass(frozen=True)
class Description:
    """Words in order. `str` gives the canonical text, and parsing that gives the same description again."""

    words: tuple[Word, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.words))


def _shown(value: Value) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else repr(value)
