"""The photos of a folder that are to be labelled, and the journal of those that are done. It does not import torch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hairgan.files import write_text
from hairgan.photos.listing import Listing, is_hidden, list_photos
from hairgan.photos.names import printable

JOURNAL = "journal.jsonl"
LOCK = "lock"
FIRST_CHARACTERS = '{"settings": '
"""Every journal begins with these."""


def photos_to_label(folder: Path, out: Path) -> Listing:
    """The photos of a folder, without the results of labelling inside it.

    Raises:
        ValueError: there is no such folder or no photo in it, or `out` cannot take the results: it is the folder
            itself, a parent of it, a file, or a folder with other files.
    """
    listing = list_photos(folder, leave_out=lambda below: _is_same(below, out) or (below / JOURNAL).is_file())
    if _is_same(folder, out) or Path(os.path.realpath(out)) in Path(os.path.realpath(folder)).parents:
        raise ValueError(
            f"{printable(folder)} cannot be labelled into {printable(out)}: choose another folder for --out"
        )
    if os.path.lexists(out) and not out.is_dir():
        raise ValueError(f"{printable(out)} is a file or a broken link: choose a folder for the results")
    if out.is_dir() and not (out / JOURNAL).exists():
        others = sorted(
            printable(path.name) for path in out.iterdir() if not is_hidden(path.name) and path.name != LOCK
        )
        if others:
            names = ", ".join(others[:3])
            raise ValueError(f"{printable(out)} holds other files ({names}): choose a new folder for the results")
    return listing


class Journal:
    """A line of settings, then a line per photo that is done, in the order of reading.

    A last line that an interruption cut short is removed.

    Args:
        path: the file; it is made if it does not exist.
        settings: everything that decides how photos are labelled.
        kinds: name -> type of further values in the line of a labelled photo, each of which may also be None.

    Attributes:
        rows: lines of labelled photos, in the order of their `id`.
        skipped: lines of photos that could not be used.

    Raises:
        ValueError: it has other settings, is damaged, or is not a journal of labelling.
    """

    def __init__(self, path: Path, settings: dict[str, Any], kinds: Mapping[str, type] | None = None) -> None:
        self.path, self.kinds = path, dict(kinds or {})
        self.rows: list[dict[str, Any]] = []
        self.skipped: list[dict[str, Any]] = []
        self._stamps: dict[str, list[int] | None] = {}
        if os.path.lexists(path) and not path.is_file():
            raise ValueError(f"{printable(path)} is not a regular file: choose another folder for the results")
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        if text and not text.startswith(FIRST_CHARACTERS):
            raise ValueError(f"{printable(path)} is not a journal of labelling: choose another folder for the results")
        whole = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        if not whole:
            whole = [json.dumps({"settings": settings}) + "\n"]
        if "".join(whole) != text:
            write_text(path, "".join(whole))
        header = self._parsed(whole[0], 1)
        if header.get("settings") != settings:
            raise ValueError(
                f"{path.parent} was labelled with {header.get('settings')}, not {settings}: choose another folder"
            )
        for number, line in enumerate(whole[1:], start=2):
            self._add([self._parsed(line, number)])

    def __contains__(self, photo: object) -> bool:
        return photo in self._stamps

    def changed(self, folder: Path) -> list[str]:
        """Photos that have changed since they were labelled."""
        return [photo for photo, stamp in self._stamps.items() if stamp and _stamp(folder / photo) not in (stamp, None)]

    def write(self, lines: Iterable[dict[str, Any]], folder: Path) -> None:
        """Append lines, all or none, with the size and time of each photo's file.

        Args:
            lines: with `photo`, and either `id` or `reason`.
            folder: where the photos are.

        Raises:
            OSError: they cannot be written, e.g. on a full disk.
        """
        stamped = [line | {"stamp": _stamp(folder / line["photo"])} for line in lines]
        before = self.path.stat().st_size
        try:
            with self.path.open("ab", buffering=0) as file:
                data = "".join(json.dumps(line) + "\n" for line in stamped).encode()
                while data:
                    data = data[file.write(data) :]
                os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                os.truncate(self.path, before)
            raise
        self._add(stamped)

    def _parsed(self, line: str, number: int) -> dict[str, Any]:
        try:
            content = json.loads(line)
            if isinstance(content, dict) and (number == 1 or self._is_of_a_photo(content)):
                return content
        except (ValueError, RecursionError):
            pass
        raise ValueError(f"{self.path}, line {number} is damaged: choose a new folder for the results")

    def _is_of_a_photo(self, line: dict[str, Any]) -> bool:
        """Whether a line is the valid result of a photo that no earlier line names."""
        photo, reason, number, doubts = (line.get(key) for key in ("photo", "reason", "id", "doubts"))
        if not isinstance(photo, str) or photo in self or ("reason" in line) == ("id" in line):
            return False
        if "reason" in line:
            return isinstance(reason, str)
        if type(number) is not int or number != len(self.rows):
            return False
        if self.kinds and not (isinstance(doubts, list) and all(isinstance(doubt, str) for doubt in doubts)):
            return False
        return all(name in line and _is_a(kind, line[name]) for name, kind in self.kinds.items())

    def _add(self, lines: list[dict[str, Any]]) -> None:
        self._stamps |= {line["photo"]: line.get("stamp") for line in lines}
        self.rows += [line for line in lines if "id" in line]
        self.skipped += [line for line in lines if "reason" in line]


def _is_a(kind: type, value: Any) -> bool:
    return value is None or type(value) is kind or (kind is float and type(value) is int)


def _stamp(path: Path) -> list[int] | None:
    """Size and time of a file; None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)
