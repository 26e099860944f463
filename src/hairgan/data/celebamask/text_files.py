"""The two text files of CelebAMask-HQ: attributes by photo, and the index in CelebA of each photo."""

from __future__ import annotations

import re

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from hairgan.data.celebamask.names import ATTRIBUTES, CELEBA_SIZE, MAPPING
from hairgan.data.packed_dataset import COLUMNS

_PHOTO = re.compile(r"([0-9]{1,9})\.(jpg|jpeg|png)", re.IGNORECASE)
_VALUES = {"1": True, "+1": True, "-1": False, "0": False}


def decode(name: str, content: bytes) -> str:
    """Text of one of the files.

    Raises:
        ValueError: it is not text in UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is not text in UTF-8 (byte {error.start} is {content[error.start]:#x})") from None


def parse_attributes(text: str) -> tuple[tuple[str, ...], dict[int, Bool[ndarray, " a"]]]:
    """Attribute names, and the values by number of the photo.

    Line 1 is the number of images, line 2 the names; then come lines such as `0.jpg  -1 1 ...`. An absent attribute is
    -1, in some copies 0.

    Raises:
        ValueError: a line is not valid; the message is one sentence with the line's number.
    """
    lines = [line.split() for line in text.splitlines()]
    if len(lines) < 3 or len(lines[0]) != 1 or not lines[1] or not any(lines[2:]):
        raise ValueError(f"{ATTRIBUTES}: looked for a count, a line of names and a line per image, found {text[:60]!r}")
    names = tuple(lines[1])
    unusable = [name for name in dict.fromkeys(names) if names.count(name) > 1 or name in COLUMNS]
    if unusable:
        raise ValueError(
            f"{ATTRIBUTES}, line 2: {', '.join(unusable[:3])} cannot name an attribute: names are unique, and "
            f"{', '.join(COLUMNS)} mean something else"
        )
    attributes: dict[int, Bool[ndarray, " a"]] = {}
    for number, (file, *words) in ((i, line) for i, line in enumerate(lines[2:], 3) if line):
        where = f"{ATTRIBUTES}, line {number}"
        photo = _PHOTO.fullmatch(file)
        if not photo or len(words) != len(names):
            raise ValueError(f"{where}: {len(words)} values of {file[:40]} for {len(names)} attributes")
        for name, word in zip(names, words, strict=True):
            if word not in _VALUES:
                raise ValueError(f"{where}: {name} of {file} is {word[:40]!r}; it may be 1 or -1")
        values = np.array([_VALUES[word] for word in words])
        index = int(photo[1])
        if not np.array_equal(attributes.setdefault(index, values), values):
            raise ValueError(f"{where}: {file} occurs a second time, with other values")
    return names, attributes


def parse_mapping(text: str) -> dict[int, int]:
    """Index in CelebA by number of the photo, from rows `idx orig_idx orig_file`; some copies have no header.

    Raises:
        ValueError: a line is not valid; the message is one sentence with the line's number.
    """
    mapping: dict[int, int] = {}
    for number, row in enumerate((line.split() for line in text.splitlines()), 1):
        if not row or (number == 1 and not row[0].isdecimal()):
            continue
        numbers = [int(word) for word in row[:2] if re.fullmatch("[0-9]{1,9}", word)]
        if len(numbers) < 2 or numbers[1] >= CELEBA_SIZE:
            raise ValueError(
                f"{MAPPING}, line {number}: looked for the number of a photo and its index in CelebA (below "
                f"{CELEBA_SIZE}), found {' '.join(row)[:60]!r}"
            )
        mapping[numbers[0]] = numbers[1]
    if not mapping:
        raise ValueError(f"{MAPPING}: looked for rows of a number and its index in CelebA, found {text[:60]!r}")
    return mapping
