"""The tables of docs/network.md, written from the registries.

`python -m backlight.network.reference docs/network.md` brings the page up to date; a test compares them.
"""

import inspect
import sys
from importlib import import_module
from itertools import groupby
from pathlib import Path

from .initial import schemes
from .vocabulary import Entry, vocabulary

_START, _END = "<!-- words: written by backlight.network.reference -->", "<!-- end of words -->"


def reference() -> str:
    """All words by family, then the initialisation schemes, as Markdown tables."""
    by_family = sorted(vocabulary().values(), key=lambda entry: (entry.takes != "start", entry.make.__module__))
    parts = [_family(family, list(entries)) for family, entries in groupby(by_family, lambda e: e.make.__module__)]
    return "\n".join([*parts, _schemes()])


def updated(page: str) -> str:
    """The page with its tables written anew."""
    before, _, rest = page.partition(_START)
    return f"{before}{_START}\n\n{reference()}\n{_END}{rest.partition(_END)[2]}"


def _family(module: str, entries: list[Entry]) -> str:
    heading = (import_module(module).__doc__ or "").splitlines()[0].rstrip(".")
    rows = [f"| {_code(entry.usage)} | {_joined(entry.help)}{_also(entry)} |" for entry in entries]
    return "\n".join([f"### {heading}\n", "| word | meaning |", "|---|---|", *rows, ""])


def _schemes() -> str:
    rows = [f"| `{name}` | {_joined(inspect.cleandoc(fill.__doc__ or ''))} |" for name, fill in schemes().items()]
    return "\n".join(
        ["### Initialisation schemes (`--init`)\n", "| scheme | start of the weights |", "|---|---|", *rows, ""]
    )


def _also(entry: Entry) -> str:
    return f" Also: {', '.join(f'`{alias}`' for alias in entry.aliases)}." if entry.aliases else ""


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _joined(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
