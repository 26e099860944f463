"""CelebAMask-HQ as people have it: the zip or the unpacked folder (Lee et al. 2020, "MaskGAN").

    CelebA-HQ-img/{0..29999}.jpg                          1024 px photos
    CelebAMask-HQ-mask-anno/{0..14}/{index:05d}_{part}.png 512 px masks; a file only where the part is annotated
    CelebAMask-HQ-attribute-anno.txt                      40 CelebA attributes an image, as 1 and -1
    CelebA-HQ-to-CelebA-mapping.txt                       index in CelebA, which gives the official split

The reader looks all files up once; what it pickles into worker processes is a table of where each one lies, a few MB
instead of the zip's directory of 400,000 entries.
"""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt8
from numpy import ndarray
from PIL import Image

from hairgan.data.measure import measure
from hairgan.data.packing import Item, Skip
from hairgan.data.splits import hashed_split, official_split
from hairgan.photos.opening import open_rgb
from hairgan.regions import PARTS_IN_MERGE_ORDER

CELEBA_ATTRIBUTES: tuple[str, ...] = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
    "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses",
    "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes",
    "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns", "Smiling",
    "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace",
    "Wearing_Necktie", "Young",
)  # fmt: skip
"""The 40 attributes in CelebA's order."""

IMAGES = "CelebA-HQ-img"
MASKS = "CelebAMask-HQ-mask-anno"
ATTRIBUTES = "CelebAMask-HQ-attribute-anno.txt"
MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"

_FILE = re.compile(
    rf"{IMAGES}/(?P<image>\d+)\.jpg|CelebAMask-?HQ-mask-anno/(?P<folder>\d+)/(?P<index>\d+)_(?P<part>\w+)\.png"
)
_COLUMN = {part: 1 + i for i, part in enumerate(PARTS_IN_MERGE_ORDER)}  # of the tables of files; the photo's is 0


@dataclass(frozen=True)
class CelebAMaskHQ:
    """The raw dataset. Its items are numbered from 0 in the order of `ids`, the numbers in the file names."""

    path: Path
    ids: Int[ndarray, " n"]
    exists: Bool[ndarray, "n 19"]
    """Which files there are: the photo, then the parts in merge order."""
    attribute_names: tuple[str, ...]
    attributes: dict[int, Bool[ndarray, " a"]]
    """Annotated attributes by id."""
    orig_idx: dict[int, int] | None
    """Index in CelebA by id; None where the mapping file is missing."""
    files: _ZipFiles | _FolderFiles

    @classmethod
    def open(cls, source: str | Path) -> CelebAMaskHQ:
        """Open the zip, the dataset's folder, or the folder around it.

        Raises:
            ValueError: it is not CelebAMask-HQ (the message says what was looked for and what was found), or one of
                its text files is damaged.
        """
        path = Path(source).absolute()
        if not path.exists():
            raise ValueError(f"{source}: looked for CelebAMask-HQ (a zip or a folder), found nothing there")
        ids, files, texts = _open_zip(path) if path.is_file() else _open_folder(path)
        names, attributes = _parse_attributes(texts[ATTRIBUTES])
        orig_idx = _parse_mapping(texts[MAPPING]) if MAPPING in texts else None
        return cls(path, ids, files.where[..., 0] >= 0, names, attributes, orig_idx, files)

    def __len__(self) -> int:
        return len(self.ids)

    def describe(self) -> dict[str, str]:
        """What identifies this source in the manifest of a packed dataset."""
        split = "official" if self.orig_idx is not None else "hash of the name"
        return {"kind": "celebamask_hq", "path": str(self.path), "split": split}

    def name(self, index: int) -> str:
        """File name of the photo of an item, e.g. `"27.jpg"`."""
        return f"{self.ids[index]}.jpg"

    def split(self, index: int) -> str:
        """The official split, by the index in CelebA; without the mapping file, by a hash of the name."""
        if self.orig_idx is None:
            return hashed_split(self.name(index))
        if int(self.ids[index]) not in self.orig_idx:
            raise Skip(self.name(index), "missing in the mapping file")
        return official_split(self.orig_idx[int(self.ids[index])])

    def read_attributes(self, index: int) -> dict[str, bool]:
        """The annotated attributes of an item."""
        if int(self.ids[index]) not in self.attributes:
            raise Skip(self.name(index), "missing in the attribute file")
        values = self.attributes[int(self.ids[index])]
        return dict(zip(self.attribute_names, values.tolist(), strict=True))

    def read_image(self, index: int) -> UInt8[ndarray, "h h 3"]:
        """The photo of an item, RGB.

        Raises:
            Skip: it is missing, unreadable or not square.
        """
        name = self.name(index)
        if not self.exists[index, 0]:
            raise Skip(name, "missing image")
        try:
            image = open_rgb(io.BytesIO(self.files.read(index, 0)), name)
        except ValueError as error:
            raise Skip(name, "unreadable image", str(error)) from error
        if image.shape[0] != image.shape[1]:
            raise Skip(name, "size mismatch", f"photo of {image.shape[1]} x {image.shape[0]} px is not square")
        return image

    def read_labels(self, index: int) -> UInt8[ndarray, "k k"]:
        """The part masks of an item merged into one label map as the official scripts do it: later parts win.

        A pixel belongs to a part where the first channel of its mask is not 0.

        Raises:
            Skip: there is no skin, or masks are unreadable or of different sizes.
        """
        name = self.name(index)
        if not self.exists[index, _COLUMN["skin"]]:
            parts = int(self.exists[index, 1:].sum())
            raise Skip(name, "missing parts", f"no skin among its {parts} parts" if parts else "no parts at all")
        labels: UInt8[ndarray, "k k"] | None = None
        for part, column in _COLUMN.items():
            if not self.exists[index, column]:
                continue
            try:
                mask = _read_mask(self.files.read(index, column))
            except ValueError as error:
                raise Skip(name, "unreadable part", f"{part}: {error}") from error
            if labels is None:
                labels = np.zeros_like(mask)
            if mask.shape != labels.shape or mask.shape[0] != mask.shape[1]:
                sizes = f"{part} of {mask.shape[1]} x {mask.shape[0]} px, skin of {labels.shape[1]} x {labels.shape[0]}"
                raise Skip(name, "size mismatch", sizes)
            labels[mask == 1] = column
        assert labels is not None
        return labels

    def item(self, index: int) -> Item:
        """An item for `hairgan.data.packing.pack`: photo, label map, annotated and measured attributes."""
        attributes: dict[str, Any] = {"name": self.name(index), "split": self.split(index)}
        attributes |= self.read_attributes(index)
        labels = self.read_labels(index)
        return self.read_image(index), labels, attributes | measure(labels, attributes)


@dataclass(frozen=True)
class _ZipFiles:
    """Files in a zip, read without its directory."""

    path: Path
    where: Int[ndarray, "n 19 2"]  # offset of the local header and compressed size, bytes; -1: no such file

    def read(self, row: int, column: int) -> bytes:
        offset, size = self.where[row, column].tolist()
        with self.path.open("rb") as file:  # anew each time: nothing to share between processes and threads
            file.seek(offset)
            method, name_length, extra_length = struct.unpack("<8xH16xHH", file.read(30))
            file.seek(name_length + extra_length, io.SEEK_CUR)
            data = file.read(size)
        try:
            return data if method == zipfile.ZIP_STORED else zlib.decompress(data, wbits=-15)
        except zlib.error as error:
            raise ValueError(f"damaged in the zip ({error})") from error


@dataclass(frozen=True)
class _FolderFiles:
    """Files in a folder."""

    root: Path
    masks: str
    ids: Int[ndarray, " n"]
    where: Int[ndarray, "n 19 1"]  # number of the mask folder; -1: no such file

    def read(self, row: int, column: int) -> bytes:
        index = int(self.ids[row])
        if column == 0:
            return (self.root / IMAGES / f"{index}.jpg").read_bytes()
        folder = str(self.where[row, column, 0])
        return (self.root / self.masks / folder / f"{index:05d}_{PARTS_IN_MERGE_ORDER[column - 1]}.png").read_bytes()


def _open_zip(path: Path) -> tuple[Int[ndarray, " n"], _ZipFiles, dict[str, str]]:
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise ValueError(
            f"{path} is neither a folder nor a whole zip file ({path.stat().st_size} bytes): is the download complete?"
        ) from None
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.filename.startswith("__MACOSX/")]
        photo = next((entry.filename for entry in entries if f"/{IMAGES}/" in f"/{entry.filename}"), "")
        root = photo[: photo.find(IMAGES)] if photo else ""
        names = [entry.filename.removeprefix(root) for entry in entries]
        _check_complete(path, {name.split("/")[0] for name in names})
        for entry in entries:
            if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError(f"{path}: {entry.filename} is encrypted or compressed in an unusual way; zip it anew")
        places = np.array([(entry.header_offset, entry.compress_size) for entry in entries])
        ids, where = _file_table(path, names, places)
        known = set(names)
        texts = {name: archive.read(root + name).decode() for name in (ATTRIBUTES, MAPPING) if name in known}
    return ids, _ZipFiles(path, where), texts


def _open_folder(path: Path) -> tuple[Int[ndarray, " n"], _FolderFiles, dict[str, str]]:
    below = sorted(child for child in path.iterdir() if child.is_dir())
    root = next((folder for folder in (path, *below) if (folder / IMAGES).is_dir()), path)
    masks = _check_complete(path, {child.name for child in root.iterdir()})
    names = [f"{IMAGES}/{entry.name}" for entry in os.scandir(root / IMAGES)]
    places = [0] * len(names)
    for folder in (entry for entry in os.scandir(root / masks) if entry.name.isdigit()):
        inside = [f"{masks}/{folder.name}/{entry.name}" for entry in os.scandir(folder)]
        names += inside
        places += [int(folder.name)] * len(inside)
    ids, where = _file_table(path, names, np.array(places)[:, None])
    texts = {name: (root / name).read_text("utf-8") for name in (ATTRIBUTES, MAPPING) if (root / name).is_file()}
    return ids, _FolderFiles(root, masks, ids, where), texts


def _check_complete(path: Path, found: set[str]) -> str:
    """Name of the mask folder among the names found in the dataset's root."""
    masks = next((name for name in (MASKS, MASKS.replace("Mask-HQ", "MaskHQ")) if name in found), None)
    missing = [name for name in (IMAGES, ATTRIBUTES) if name not in found] + ([] if masks else [MASKS])
    if missing or masks is None:
        listed = ", ".join(sorted(found)[:8]) + (", ..." if len(found) > 8 else "") if found else "nothing"
        raise ValueError(
            f"{path} is not CelebAMask-HQ: looked for {IMAGES}/, {MASKS}/ and {ATTRIBUTES}, in it or one folder below; "
            f"missing {', '.join(missing)}; found {listed}"
        )
    return masks


def _file_table(
    path: Path, names: list[str], places: Int[ndarray, "m c"]
) -> tuple[Int[ndarray, " n"], Int[ndarray, "n 19 c"]]:
    """Sorted ids, and where the files of each lie; -1 where there is none."""
    cells = []  # (id, column, number of the name)
    for number, name in enumerate(names):
        match = _FILE.fullmatch(name)
        if match and match["image"]:
            cells.append((int(match["image"]), 0, number))
        elif match and match["part"] in _COLUMN:
            cells.append((int(match["index"]), _COLUMN[match["part"]], number))
    if not cells:
        raise ValueError(f"{path}: looked for {IMAGES}/0.jpg and {MASKS}/0/00000_skin.png and the like, found none")
    id_, column, number_ = np.array(cells).T
    ids, row = np.unique(id_, return_inverse=True)
    where = np.full((len(ids), 1 + len(_COLUMN), places.shape[1]), -1)
    where[row, column] = places[number_]
    return ids, where


def _parse_attributes(text: str) -> tuple[tuple[str, ...], dict[int, Bool[ndarray, " a"]]]:
    """Line 1: the number of images; line 2: the names; then `0.jpg  -1 1 ...`."""
    lines = [line.split() for line in text.splitlines()]
    if len(lines) < 3 or len(lines[0]) != 1 or not lines[2][0].endswith(".jpg"):
        raise ValueError(f"{ATTRIBUTES}: looked for a count, a line of names and a line an image, found {text[:60]!r}")
    names = tuple(lines[1])
    attributes = {}
    for number, (file, *values) in ((i, line) for i, line in enumerate(lines[2:], 3) if line):
        index = file.removesuffix(".jpg")
        if not index.isdigit() or len(values) != len(names):
            raise ValueError(f"{ATTRIBUTES}, line {number}: {len(values)} values of {file} for {len(names)} attributes")
        attributes[int(index)] = np.array([value == "1" for value in values])
    return names, attributes


def _parse_mapping(text: str) -> dict[int, int]:
    """Rows `idx orig_idx orig_file`; some copies come without the header."""
    rows = [line.split() for line in text.splitlines()]
    return {int(row[0]): int(row[1]) for row in rows if len(row) >= 2 and row[0].isdigit() and row[1].isdigit()}


def _read_mask(data: bytes) -> UInt8[ndarray, "h w"]:
    """1 where the first channel of a mask is not 0."""
    try:
        with Image.open(io.BytesIO(data)) as file:
            image = file.convert("RGB") if file.mode == "P" else file
            mask = np.asarray(image.getchannel(0) if len(image.getbands()) > 1 else image)
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise ValueError(str(error) or type(error).__name__) from error
    return (mask != 0).astype(np.uint8)
