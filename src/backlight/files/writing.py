"""Writing in one move: a crash leaves the old file or the new one, never half of it."""

import csv
import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def write(path: Path, save: Callable[[Path], object]) -> None:
    """Let `save` write to a temporary file beside `path`, then put it in place in one move."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        save(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one move."""
    write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_tensors(path: Path, tensors: "Mapping[str, Tensor]", facts: Mapping[str, str] | None = None) -> None:
    """Write tensors as safetensors, without pickle, in one move that outlives a failure of the machine.

    Raises:
        OSError: the disk is full, or the folder is not there any more.

    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}

    def save(temporary: Path) -> None:
        try:
            save_file(whole, temporary, None if facts is None else dict(facts))
        except SafetensorError as error:
            raise OSError(errno.EIO, str(error), str(path)) from error
        with temporary.open("rb") as file:
            os.fsync(file.fileno())

    write(path, save)


def write_csv(path: Path, lines: Iterable[Iterable[Any]]) -> None:
    """Write a table in one move, its headings first; None becomes an empty cell."""

    def save(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)

    write(path, save)
