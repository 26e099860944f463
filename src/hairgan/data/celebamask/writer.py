"""Write photos, label maps and attributes in the raw CelebAMask-HQ layout, as a folder or a zip.

`hairgan.data.celebamask.reader` and other tools for CelebAMask-HQ can read the result.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from hairgan.data.celebamask.names import (
    ATTRIBUTES,
    CELEBA_ATTRIBUTES,
    CELEBA_SIZE,
    IMAGES,
    MAPPING,
    MASKS,
    PER_FOLDER,
)
from hairgan.files import write_whole, write_whole_folder
from hairgan.locks import hold
from hairgan.regions import PARTS_IN_MERGE_ORDER, resize_labels

MASK_SIZE = 512  # px


def orig_idx(index: int) -> int:
    """An index in CelebA for image `index`, with which about 80 / 10 / 10 % are in the official train / val / test.

    Steps of about the golden ratio spread successive images evenly over CelebA, so that any 5 have all three splits.
    """
    return (67_124 + index * 125_213) % CELEBA_SIZE


def encode(index: int, image: UInt8[ndarray, "h h 3"], labels: UInt8[ndarray, "k k"]) -> dict[str, bytes]:
    """The files of one image, by name: the photo as JPEG, and for each part that occurs a 512 px PNG of 0 and 255."""
    files = {f"{IMAGES}/{index}.jpg": _encoded(image, "JPEG", quality=95, subsampling=0)}
    labels = resize_labels(labels, MASK_SIZE)
    for label, part in enumerate(PARTS_IN_MERGE_ORDER, start=1):
        mask = labels == label
        if mask.any():
            name = f"{MASKS}/{index // PER_FOLDER}/{index:05d}_{part}.png"
            files[name] = _encoded(mask.astype(np.uint8) * 255, "PNG", compress_level=3)
    return files


class RawWriter:
    """Writes a raw dataset image by image; made by `raw_writer`."""

    def __init__(self, write: Callable[[str, bytes], None]) -> None:
        """`write` takes the name of a file in the dataset and its content."""
        self.write = write
        self.attributes: list[Mapping[str, Any]] = []

    def add(self, files: Mapping[str, bytes], attributes: Mapping[str, Any]) -> None:
        """Add the next image: its `encode`d files, and its attributes (of which the 40 of CelebA are written)."""
        for name, content in files.items():
            self.write(name, content)
        self.attributes.append(attributes)


@contextmanager
def raw_writer(out: str | Path) -> Iterator[RawWriter]:
    """Write a raw dataset, which gets its name when it is complete; after an error, nothing is left.

    Args:
        out: a new folder, or a new file whose name ends in `.zip`.

    Raises:
        ValueError: `out` exists already.
        OSError: another process is writing it.
    """
    out = Path(out)
    _check_new(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with hold(out.with_name(out.name + ".lock"), str(out)):
        _check_new(out)
        with (_in_zip if out.suffix == ".zip" else _in_folder)(out) as write:
            writer = RawWriter(write)
            yield writer
            write(ATTRIBUTES, attribute_table(writer.attributes).encode())
            write(MAPPING, mapping_table(len(writer.attributes)).encode())


def write_raw(
    items: Iterable[tuple[UInt8[ndarray, "h h 3"], UInt8[ndarray, "k k"], Mapping[str, Any]]], out: str | Path
) -> None:
    """Write (image, label map, attributes) triples as a raw dataset; see `raw_writer`."""
    with raw_writer(out) as writer:
        for index, (image, labels, attributes) in enumerate(items):
            writer.add(encode(index, image, labels), attributes)


@contextmanager
def _in_zip(out: Path) -> Iterator[Callable[[str, bytes], None]]:
    with write_whole(out) as file, zipfile.ZipFile(file, "w") as archive:
        # stored, not deflated: pictures are compressed already
        yield lambda name, content: archive.writestr(f"CelebAMask-HQ/{name}", content)


@contextmanager
def _in_folder(out: Path) -> Iterator[Callable[[str, bytes], None]]:
    with write_whole_folder(out) as folder:

        def write(name: str, content: bytes) -> None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

        yield write


def _check_new(out: Path) -> None:
    if out.exists():
        raise ValueError(f"{out} exists already: choose another name or delete it")


def _encoded(pixels: UInt8[ndarray, "h w *c"], form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def attribute_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The attribute file of images 0, 1, ...; unknown attributes count as absent."""
    lines = [str(len(rows)), " ".join(CELEBA_ATTRIBUTES)]
    for index, row in enumerate(rows):
        lines.append(f"{index}.jpg  " + " ".join("1" if row.get(name) else "-1" for name in CELEBA_ATTRIBUTES))
    return "\n".join(lines) + "\n"


def mapping_table(count: int) -> str:
    """The mapping file of `count` images, which gives each its split."""
    lines = [f"{'idx':<12}{'orig_idx':<12}orig_file"]
    for index in range(count):
        lines.append(f"{index:<12}{orig_idx(index):<12}{orig_idx(index) + 1:06d}.jpg")
    return "\n".join(lines) + "\n"
