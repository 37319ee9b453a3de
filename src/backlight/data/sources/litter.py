"""Files that no one meant as data."""

from pathlib import PurePosixPath


def is_litter(name: str) -> bool:
    """What operating systems and editors leave behind: all that is hidden, `__MACOSX`, `Thumbs.db`.

    `name` is a path inside the folder or archive, with forward slashes.
    """
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part in ("__MACOSX", "Thumbs.db", "desktop.ini") for part in parts)
