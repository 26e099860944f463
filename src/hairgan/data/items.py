"""The items of a source (image, label map, attributes), and the reason why an item is left out."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

FILE_ERRORS = (
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EIO, errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.ELOOP,
    errno.ENAMETOOLONG,
)  # fmt: skip
"""System errors about one file; all others (no space, no memory, no descriptors) are about the machine."""


class Item(NamedTuple):
    """An item of a source; image and label map may differ in size.

    Attributes:
        image: RGB, square.
        labels: label map in the CelebAMask-HQ order; None for sources without label maps.
        attributes: `name` and `split` at least, and whatever the source knows or measured.
    """

    image: UInt8[ndarray, "h h 3"]
    labels: UInt8[ndarray, "k k"] | None
    attributes: dict[str, Any]


class Skip(ValueError):
    """Raised by an item function for an item that cannot be used."""

    def __init__(self, name: str, reason: str, detail: str = "") -> None:
        """`name` of the item; `reason` in a few words, equal for all items of its kind; `detail` of this item."""
        super().__init__(f"{name}: {reason}" + f" ({detail})" * bool(detail))
        self.entry = {"name": name, "reason": reason, "detail": detail}


@contextlib.contextmanager
def skipping(name: str, reason: str, detail: str = "") -> Iterator[None]:
    """Convert errors about one file to a `Skip` of the item `name`.

    These are each `ValueError`, and each `OSError` that is about the file. Other `OSError`s (no memory, no descriptors)
    are passed on.

    Args:
        reason: of the `Skip`.
        detail: put before the error's own text, e.g. the name of the part.
    """
    prefix = f"{detail}: " if detail else ""
    try:
        yield
    except Skip:
        raise
    except ValueError as error:
        raise Skip(name, reason, prefix + str(error).removeprefix(f"{name} ")) from error
    except OSError as error:
        if error.errno not in FILE_ERRORS:
            raise
        raise Skip(name, reason, f"{prefix}{error.strerror}") from error


def resize_image(image: UInt8[ndarray, "h w 3"], size: int) -> UInt8[ndarray, "s s 3"]:
    """Resize to `size` x `size` with PIL's bicubic filter, which antialiases when it shrinks."""
    if image.shape[:2] == (size, size):
        return image
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC))
