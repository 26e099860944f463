"""Folders for results: a check whether one can be made, and a new one with a number if the name is taken."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def check_folder(setting: str, path: Path) -> None:
    """Refuse a path that neither is a folder nor can become one. Nothing is left behind.

    Args:
        setting: its name and value, for the message, e.g. `out=results`.

    Raises:
        ValueError: it is a file or below one, or nothing can be written there.
    """
    existing = next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))
    if not existing.is_dir():
        what = setting if existing == path else f"{setting}: {existing}"
        raise ValueError(f"{what} is a file; it must be a folder")
    try:
        with tempfile.TemporaryDirectory(dir=existing):
            pass
    except OSError as error:
        raise ValueError(f"{setting}: nothing can be written in {existing} ({error.strerror})") from error


def numbered(path: Path) -> Iterator[Path]:
    """`path`, `path_2`, `path_3`, ..."""
    return (path if n == 1 else path.with_name(f"{path.name}_{n}") for n in itertools.count(1))


def make_new_folder(path: Path) -> Path:
    """Make a folder of this name, with a number after it if the name is taken, and its parents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in numbered(path):
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("there is always another number")
