"""Write files and folders completely or not at all.

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
"""Prefix of the names of files and folders while they are written."""


@contextmanager
def write_whole(path: str | Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file for writing that gets its name only when all of it is on disk.

    The content is written to a temporary file in the same folder, synced and renamed. If anything fails before that,
    for example because the disk is full or the process is killed, an existing file is unchanged. Links are followed,
    and the mode of an existing file is kept.

    Args:
        path: the file's name; its folder exists.
        mode: "wb" or "w".
        options: of `open`, e.g. `encoding` and `newline`.

    Raises:
        OSError: it could not be written; no partial file is left.
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
    """Write a text file in UTF-8, completely or not at all."""
    with write_whole(path, "w") as file:
        file.write(text)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file completely or not at all."""
    with write_whole(path) as file:
        file.write(data)


def put_in_place(partial: Path, place: Path) -> None:
    """Sync a finished file to the disk, then give it its name, replacing a file of that name.

    For files that a library writes by name, e.g. checkpoints; both names must be on the same file system.

    Raises:
        OSError: it could not be synced or renamed; an existing file of that name is unchanged.
    """
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(place)
    _sync_folder(place.parent)


@contextmanager
def write_whole_folder(path: Path) -> Iterator[Path]:
    """A new empty folder to write to, which gets its name at the end of the block, or is deleted after an error.

    An existing folder of that name is replaced: it is renamed first, and renamed back if the new folder cannot get the
    name. The caller must check whether it may be replaced.

    Args:
        path: the folder's name; its parent exists.

    Raises:
        OSError: it could not be made or renamed; no partial folder is left.
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
    """Sync a rename to the disk, where the system supports it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(descriptor)
    except OSError:  # not supported by the file system
        pass
    finally:
        os.close(descriptor)
