"""Files that are whole or not there: everything that matters is written through here."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def write_whole(path: str | Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """A file to write to, which takes its place only when all of it is on the disk.

    The content is written beside the place, synced and renamed. Whatever happens in between, a full disk or a kill,
    what was there before stays as it was. A link is followed, and the mode of an existing file is kept.

    Args:
        path: where the file shall be; its folder exists.
        mode: "wb" or "w".
        options: of `open`, e.g. `encoding` and `newline`.

    Raises:
        OSError: it could not be written; nothing is left of the attempt.
    """
    if mode not in ("w", "wb"):
        raise ValueError(f"a file is written whole in mode 'w' or 'wb', not '{mode}'")
    place = Path(os.path.realpath(path))
    partial = place.with_name(f".partial-{secrets.token_hex(8)}")
    if mode == "w":
        options = {"encoding": "utf-8"} | options
    try:
        with partial.open(mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if place.exists():
            partial.chmod(place.stat().st_mode & 0o7777)
        partial.replace(place)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, str(partial)):
            error.filename = str(path)  # a full disk names no file
        raise
    _sync_folder(place.parent)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all, in UTF-8."""
    with write_whole(path, "w") as file:
        file.write(text)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with write_whole(path) as file:
        file.write(data)


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
