"""The one base of every error that a user can mend."""


class BacklightError(Exception):
    """Something the user gave cannot be used.

    The message is one clear sentence that names the place (file, line, column, word, layer) and the
    mend. The command line prints it without a traceback and exits with status 2.
    """
