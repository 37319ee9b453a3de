"""The application: finds the commands, runs one, and turns errors into one sentence and an exit status."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from .._version import __version__
from ..records.errors import BacklightError, OptionError
from . import INTERRUPTED_STATUS, commands

BAD_INPUT = 2

app = typer.Typer(
    name="backlight",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

_registered = app.registered_commands
"""In the order of --help."""

_NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""How PyTorch says that the GPU's memory, or that of the machine, is used up; its errors are plain RuntimeErrors."""
_SMALLER = "take a smaller network, smaller batches (--batch-size) or fewer rows"

_PLAINER = {
    "Input should be a valid integer, unable to parse string as an integer": "this is not a whole number",
    "Input should be a valid number, unable to parse string as a number": "this is not a number",
}
"""What the parser says of a value, and how it is said here."""

_FLAGS = {"learning_rate": "--lr"}
"""Options whose flag is not their name."""

_UsageError: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for a wrong command line (click's ClickException), whichever click it stands on."""


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"backlight {__version__}\n")
        raise typer.Exit


@app.callback(epilog="Start with:  backlight train DATA --target COLUMN")
def backlight(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Train neural networks with the lights on."""


def load_commands() -> None:
    """Import every file of `commands`; each registers itself with `@app.command()`."""
    for module in sorted(iter_modules(commands.__path__), key=lambda module: module.name):
        import_module(f"{commands.__name__}.{module.name}")
    _registered.sort(key=lambda one: str(one.name or getattr(one.callback, "__name__", "")))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    load_commands()
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    try:
        status = app(arguments, standalone_mode=False, prog_name="backlight")
    except OptionError as error:
        return _refuse(_as_typed(error, arguments))
    except BacklightError as error:
        return _refuse(str(error))
    except _UsageError as error:
        return _refuse(_usage_sentence(error))
    except typer.Abort:
        return INTERRUPTED_STATUS
    except BrokenPipeError:  # the reader of our output (head, less) closed it
        sys.stderr.close()
        return 0
    except MemoryError as error:
        return _refuse(f"There is not enough memory ({str(error) or 'none is left'}); {_SMALLER}.")
    except OSError as error:
        place = "A file" if error.filename is None else error.filename
        return _refuse(f"{place} cannot be read or written: {error.strerror or error}.")
    except RuntimeError as error:
        if not any(words in str(error).lower() for words in _NO_MEMORY):
            raise
        return _refuse(f"There is not enough memory ({str(error).strip().splitlines()[0]}); {_SMALLER}.")
    return status if isinstance(status, int) else 0


def _usage_sentence(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    message = getattr(error, "format_message", error.__str__)().rstrip(".")
    for said, plain in _PLAINER.items():
        message = message.replace(said, plain)
    see = f"see `{context.command_path if context else 'backlight'} --help`."
    return f"{message} {see.capitalize()}" if message.endswith("?") else f"{message}; {see}"


def _as_typed(error: OptionError, arguments: Sequence[str]) -> str:
    """The sentence with the option as it was typed, unless it comes from a file."""
    flag = _FLAGS.get(error.option, "--" + error.option.replace("_", "-"))
    typed = any(one.split("=")[0] == flag for one in arguments)
    return f"{flag} {error.reason}" if typed else str(error)


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"backlight: {sentence}\n")
    return BAD_INPUT
