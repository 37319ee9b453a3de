"""The one base of every error that a user can mend."""


class BacklightError(Exception):
    """Something the user gave cannot be used.

    The message is one clear sentence that names the place (file, line, column, word, layer) and the
    mend. The command line prints it without a traceback and exits with status 2.
    """


class OptionError(BacklightError):
    """An option has a value that it cannot have; `option` is its name in Python and in run.toml."""

    def __init__(self, option: str, value: object, reason: str) -> None:
        super().__init__(f"{option} = {value!r} cannot be used: {reason}.")
        self.option = option
        self.reason = f"{value!r} cannot be used: {reason}."
