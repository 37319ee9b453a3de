"""Zip files, opened with distrust: nothing is extracted, every member is checked before it is read."""

import lzma
import stat
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from backlight.records import BacklightError

from ..bombs import most_bytes
from ..dataset import Dataset
from .arrow import is_arrow, parse_arrow
from .delimited import is_delimited, parse_delimited
from .images import ImageFile, is_image, read_images
from .litter import is_litter
from .registry import ReadOptions, source


@source(
    "zip",
    example="archive.zip (a table, or images in a folder for each class)",
    accepts=lambda given: isinstance(given, str | Path) and str(given).casefold().endswith(".zip"),
)
def read_zip(path: Any, options: ReadOptions) -> Dataset:
    """A zip file of images by class, or of one table."""
    path = Path(path)
    with open_zip(path) as archive:
        members = safe_members(archive, path)
        pictures = [member for member in members if is_image(member.filename)]
        tables = [member for member in members if is_delimited(member.filename) or is_arrow(member.filename)]
        if pictures:
            files = [ImageFile(member.filename, partial(read_member, archive, member)) for member in pictures]
            return read_images(files, str(path), options, others=len(members) - len(files))
        if len(tables) == 1:
            return _read_table(archive, tables[0], path, options)
    names = ", ".join(member.filename for member in (tables or members)[:6])
    wrong = "several tables" if tables else "neither images nor a table"
    raise BacklightError(f"{path} holds {wrong} ({names or 'nothing'}); give a zip of one table or of images by class.")


def _read_table(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, options: ReadOptions) -> Dataset:
    place = f"{path}:{member.filename}"
    if place.casefold().endswith(".gz"):
        raise BacklightError(f"{place} is packed twice; unpack it once.")
    try:
        data = read_member(archive, member)
    except OSError as error:
        raise BacklightError(f"{place} is broken ({error}); fetch or pack the archive again.") from error
    return parse_delimited(data, place, options) if is_delimited(place) else parse_arrow(data, place, options)


def open_zip(path: Path) -> zipfile.ZipFile:
    """The archive, or one sentence why it is none."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        raise BacklightError(f"{path} is no readable zip file ({error}); fetch or pack it again.") from error


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of one member, whose checksum zipfile compares; an `OSError` if it is broken."""
    try:
        return archive.read(member)
    except BROKEN as error:
        raise OSError(str(error) or type(error).__name__) from error


BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError, RuntimeError)
"""What zipfile raises for damaged members, beside OSError."""


def safe_members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """The files of an archive, litter of operating systems left out; hostile ones are an error."""
    members = archive.infolist()
    for member in members:
        flaw = _flaw(member)
        if flaw:
            raise BacklightError(f"{path}: the member {member.filename!r} {flaw}; the archive is not read.")
    unpacked = sum(member.file_size for member in members)
    if unpacked > most_bytes(path.stat().st_size):
        largest = max(members, key=lambda member: member.file_size)
        raise BacklightError(
            f"{path} would unpack to {unpacked / 1e6:,.0f} MB from {path.stat().st_size / 1e6:,.1f} MB "
            f"(largest member {largest.filename!r}), as a zip bomb does; unpack it yourself if you trust it."
        )
    return [member for member in members if not (member.is_dir() or is_litter(member.filename))]


def _flaw(member: zipfile.ZipInfo) -> str | None:
    """What makes a member hostile or unreadable, as the end of a sentence."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or (name.parts[:1] and name.parts[0].endswith(":")):
        return "has an absolute path"
    if ".." in name.parts:
        return "points outside the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.flag_bits & 1:
        return "is encrypted (pack it without a password)"
    if member.file_size > most_bytes(member.compress_size):
        return f"would grow from {member.compress_size:,} to {member.file_size:,} bytes, as a zip bomb does"
    if name.suffix.casefold() in (".zip", ".7z", ".rar", ".tar", ".tgz"):
        return "is an archive itself (unpack it once)"
    return None
