"""Files and folders that are whole or not there: everything that matters is written through here.

with write_whole(path) as file: ...             # a file that this process writes
with write_whole_folder(path) as folder: ...    # a folder of files
put_in_place(partial, path)                     # a file that something else wrote to `partial`
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PARTIAL = ".partial-"
"""How the names of files and folders begin while they are written here."""


@contextmanager
def write_whole(path: str | Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file that gets its name only when all of it is on the disk.

    The content is written to a file beside it, synced and renamed. If anything fails in between, such as a full disk
    or a killed process, a file that was there before stays as it was. A link is followed, and the mode of an existing
    file is kept.

    Args:
        path: the file's name; its folder exists.
        mode: "wb" or "w".
        options: of `open`, e.g. `encoding` and `newline`.

    Raises:
        OSError: it could not be written; nothing is left of the attempt.
    """
    if mode not in ("w", "wb"):
        raise ValueError(f"a file is written whole in mode 'w' or 'wb', not '{mode}'")
    place = Path(os.path.realpath(path))
    partial = place.with_name(f"{PARTIAL}{secrets.token_hex(8)}")
    if mode == "w":
        options = {"encoding": "utf-8"} | options
    try:
        with partial.open(mode, **options) as file:
            yield file
        if place.exists():
            partial.chmod(place.stat().st_mode & 0o7777)
        put_in_place(partial, place)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(partial)):
            error.filename = str(path)  # a full disk names no file
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all, in UTF-8."""
    with write_whole(path, "w") as file:
        file.write(text)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with write_whole(path) as file:
        file.write(data)


def put_in_place(partial: Path, place: Path) -> None:
    """Sync a finished file to the disk, then give it its name, replacing a file of that name.

    For files that a library writes by name, e.g. checkpoints; both names are on one file system.

    Raises:
        OSError: it could not be synced or renamed; a file of that name stays as it was.
    """
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(place)
    _sync_folder(place.parent)


@contextmanager
def write_whole_folder(path: Path) -> Iterator[Path]:
    """A new empty folder to write to, which gets its name when all went well, and is deleted otherwise.

    A folder that has the name by then is replaced: it is renamed first, and gets its name back if the new one cannot
    have it. Whether it may be replaced is for the caller to check.

    Args:
        path: the folder's name; its parent exists.

    Raises:
        OSError: it could not be made or renamed; nothing is left of the attempt.
    """
    folder = path.with_name(f"{PARTIAL}{secrets.token_hex(8)}")
    folder.mkdir()
    try:
        yield folder
        if path.exists():
            _replace_folder(folder, path)
        else:
            folder.rename(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _sync_folder(path.parent)


def _replace_folder(folder: Path, path: Path) -> None:
    old = folder.with_name(f"{folder.name}.old")
    path.rename(old)
    try:
        folder.rename(path)
    except BaseException:
        old.rename(path)
        raise
    shutil.rmtree(old)


def _sync_folder(folder: Path) -> None:
    """Bring a rename to the disk, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(descriptor)
    except OSError:  # a file system that cannot
        pass
    finally:
        os.close(descriptor)
