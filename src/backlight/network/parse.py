"""Text to `Description`.

    description = item {("," | ";" | newline) item}
    item        = [NUMBER] {word [arguments] ["(" description {"|" description} ")"]}
    arguments   = {NUMBER | SIZE | option ["="] (NUMBER | SIZE)}

A number at the start of an item stands for `linear NUMBER`. `#` starts a comment.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .description import Description, Place, Value, Word
from .vocabulary import Entry, Parameter, find, nearest

DEEPEST = 50
"""Parentheses within parentheses."""

_TOKEN = re.compile(
    r"""(?P<blank>[^\S\n]+|\#[^\n]*)
      | (?P<size>\d+x\d+(?!\w))
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)
      | (?P<name>[a-z]\w*(?:-\w+)*)
      | (?P<separator>[,;\n])
      | (?P<symbol>[()|=])
      | (?P<wrong>.)""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def parse(text: str) -> Description:
    """Reads a description.

    Raises:
        BacklightError: names the word, its place and, for an unknown word, the nearest known one.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [*_tokens(text), _Token("end", "", len(text))]
        self.at = 0
        self.depth = 0
        self.words = 0  # begun so far

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.next
        self.at += token.kind != "end"
        return token

    def place(self, first: _Token, last: _Token | None = None) -> Place:
        return Place(self.text, first.start, (last or first).end, max(1, self.words))

    def whole(self) -> Description:
        description = self.sequence()
        if self.next.kind != "end":
            raise self.place(self.next).error(f"'{self.next.text}' has no opening parenthesis; take it out")
        if not description.words:
            sentence = "the description names no layer; write for example '128 relu', or 'plain' for a linear model"
            raise self.place(self.next).error(sentence)
        return description

    def sequence(self) -> Description:
        """Items up to the end, a closing parenthesis or a bar."""
        words: list[Word] = []
        while self.next.kind != "end" and self.next.text not in (")", "|"):
            if self.next.kind == "separator":
                self.take()
                continue
            fresh = (
                self.at == 0 or self.tokens[self.at - 1].kind == "separator" or self.tokens[self.at - 1].text in "(|"
            )
            words.append(self.word(fresh))
        return Description(tuple(words))

    def word(self, fresh: bool) -> Word:
        """One word with its arguments; `fresh` where an item starts, so that a number means a linear layer."""
        first = self.next
        self.words += 1
        if first.kind == "number" and fresh:
            entry, last = find("linear"), first
            assert entry is not None
        elif first.kind == "name":
            entry, last = self.named()
        else:
            raise self.place(first).error(_unexpected(first, fresh))
        place = self.place(first, last)
        arguments, options = self.values(entry)
        return Word(entry.name, arguments, options, self.branches(entry, place), place)

    def named(self) -> tuple[Entry, _Token]:
        """The word of the longest run of names that is known, and its last token."""
        run: list[_Token] = []
        for token in self.tokens[self.at : self.at + 3]:
            if token.kind != "name":
                break
            run.append(token)
        for length in range(len(run), 0, -1):
            entry = find(" ".join(token.text for token in run[:length]))
            if entry:
                self.at += length
                return entry, run[length - 1]
        guess = nearest(run[0].text)
        hint = f"did you mean '{guess}'?" if guess else "docs/network.md lists all words"
        raise self.place(run[0]).error(f"unknown word '{run[0].text}'; {hint}")

    def values(self, entry: Entry) -> tuple[tuple[Value, ...], tuple[tuple[str, Value], ...]]:
        """The numbers and sizes that follow a word, checked against its signature."""
        given: dict[str, Value] = {}
        parameters = {p.name: p for p in entry.values}
        while True:
            token = self.next
            if token.kind in ("number", "size"):
                free = [p for p in entry.values if p.by_position and p.name not in given]
                if not free:
                    raise self.place(token).error(
                        f"'{entry.name}' takes no further number here ({entry.usage}); "
                        "a comma in front would start a linear layer"
                    )
                given[free[0].name] = self.value(entry, free[0])
            elif token.kind == "name" and token.text.lower() in parameters:
                parameter = parameters[self.take().text.lower()]
                if self.next.text == "=":
                    self.take()
                given[parameter.name] = self.value(entry, parameter)
            else:
                break
        for p in entry.values:
            if p.needed and p.name not in given:
                raise self.place(self.tokens[self.at - 1] if self.at else token).error(
                    f"'{entry.name}' needs its {p.name}, {p.kind} ({entry.usage})"
                )
        return _arranged(entry, given)

    def value(self, entry: Entry, parameter: Parameter) -> Value:
        token = self.take()
        number = _number(token)
        value = None if number is None else parameter.kind.read(number)
        if value is None:
            met = f"not '{token.text.strip()}'" if token.text.strip() else "which is missing"
            raise self.place(token).error(f"'{entry.name}' takes as {parameter.name} {parameter.kind}, {met}")
        return value

    def branches(self, entry: Entry, place: Place) -> tuple[Description, ...]:
        """What stands in parentheses after a word that takes layers."""
        opening = self.next
        if entry.group is None:
            if opening.text == "(":
                raise self.place(opening).error(f"'{entry.name}' takes no layers in parentheses ({entry.usage})")
            return ()
        if opening.text != "(":
            raise place.error(f"'{entry.name}' needs its layers in parentheses ({entry.usage})")
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.place(opening).error(f"more than {DEEPEST} parentheses within each other")
        found: list[Description] = []
        while not found or self.next.text == "|":
            self.take()
            found.append(self.sequence())
        if self.next.text != ")":
            raise self.place(opening).error(f"the parenthesis of '{entry.name}' is not closed; add ')'")
        self.take()
        self.depth -= 1
        if len(found) > 1 and not entry.group.many:
            raise place.error(f"'{entry.name}' takes one description, without '|'; 'concat' takes several")
        return tuple(found)


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "wrong":
            place = Place(text, match.start(), match.end(), 1 + len(text[: match.start()].split()))
            raise place.error(f"the character {match.group()!r} has no meaning here; take it out")
        if kind != "blank":
            yield _Token(kind, match.group(), match.start())


def _number(token: _Token) -> Value | None:
    if token.kind == "size":
        height, width = token.text.lower().split("x")
        return (int(height[:9]), int(width[:9]))
    if token.kind != "number" or len(token.text) > 30:
        return None
    return int(token.text) if re.fullmatch(r"[+-]?\d+", token.text) else float(token.text)


def _arranged(entry: Entry, given: dict[str, Value]) -> tuple[tuple[Value, ...], tuple[tuple[str, Value], ...]]:
    """Canonical form: by position as far as there is no gap, the rest by name."""
    arguments: list[Value] = []
    options: list[tuple[str, Value]] = []
    gap = False
    for p in entry.values:
        if p.name not in given:
            gap = True
        elif p.by_position and not gap:
            arguments.append(given[p.name])
        else:
            options.append((p.name, given[p.name]))
    return tuple(arguments), tuple(options)


def _unexpected(token: _Token, fresh: bool) -> str:
    if token.kind in ("number", "size"):
        if fresh:
            return f"a layer cannot start with '{token.text}'; write the word first, such as 'conv 32 {token.text}'"
        return f"a comma is missing before '{token.text}'"
    return f"'{token.text}' has no meaning here; a layer's word is expected"
