"""File names that are not UTF-8, or too long for the file system (most allow 255 bytes)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

MAX_NAME = 255  # bytes, where the file system does not say


def printable(name: str | Path) -> str:
    """A name that can be printed on one line, and written to any text file.

    Bytes that are not UTF-8, line ends and control characters are written as in Python: `\\xff`, `\\n`.
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in str(name))


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8 (PEP 383)
        return f"\\x{ord(character) & 0xFF:02x}"
    return character.encode("unicode_escape").decode()


def shortened_name(stem: str, ending: str, folder: str | Path = ".") -> str:
    """`stem + ending`; if that is too long, the stem is cut and ends in a hash of the whole stem.

    Args:
        ending: such as `"_dyed.png"`; never cut.
        folder: of the file. It, or the first of its parents that exists, sets the limit.
    """
    room = _longest(Path(folder)) - len(os.fsencode(ending))
    whole = os.fsencode(stem)
    if len(whole) <= room:
        return stem + ending
    mark = "~" + hashlib.blake2b(whole, digest_size=4).hexdigest()
    cut = whole[: max(room - len(mark), 0)]
    while cut and whole[len(cut)] & 0xC0 == 0x80:  # never within a character
        cut = cut[:-1]
    return os.fsdecode(cut) + mark + ending


def _longest(folder: Path) -> int:
    for place in (folder, *folder.absolute().parents):
        try:
            return min(os.pathconf(place, "PC_NAME_MAX"), MAX_NAME)
        except (OSError, ValueError, AttributeError):  # absent, or a system without such a limit
            continue
    return MAX_NAME
