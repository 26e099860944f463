"""The raw CelebAMask-HQ dataset, from the zip or the unpacked folder as they are distributed (Lee et al. 2020).

CelebA-HQ-img/{0..29999}.jpg                          1024 px photos
CelebAMask-HQ-mask-anno/{0..14}/{index:05d}_{part}.png 512 px masks; a file only where the part is annotated
CelebAMask-HQ-attribute-anno.txt                      40 CelebA attributes per image, as 1 and -1
CelebA-HQ-to-CelebA-mapping.txt                       index in CelebA, which gives the official split
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt8
from numpy import ndarray

from hairgan.data.celebamask.files import COLUMN, FolderFiles, ZipFiles, find_files
from hairgan.data.celebamask.masks import read_mask
from hairgan.data.celebamask.names import ATTRIBUTES, MAPPING
from hairgan.data.celebamask.text_files import decode, parse_attributes, parse_mapping
from hairgan.data.items import Item, Skip, skipping
from hairgan.data.measured_attributes import measure
from hairgan.data.source_changes import stamp
from hairgan.data.splits import hashed_split, official_split
from hairgan.photos.opening import open_rgb


@dataclass(frozen=True)
class CelebAMaskHQ:
    """The raw dataset. Its items are numbered from 0 in the order of `ids`, the numbers in the file names."""

    path: Path
    ids: Int[ndarray, " n"]
    exists: Bool[ndarray, "n 19"]
    """Which files exist: the photo, then the parts in merge order."""
    attribute_names: tuple[str, ...]
    attributes: dict[int, Bool[ndarray, " a"]]
    """Annotated attributes by id."""
    orig_idx: dict[int, int] | None
    """Index in CelebA by id; None where the mapping file is missing."""
    files: ZipFiles | FolderFiles
    item_stamps: tuple[str, ...]
    """A stamp per item (`hairgan.data.source_changes`), of its files and of its entries in the text files."""

    has_labels = True
    left_out = ""

    @classmethod
    def open(cls, source: str | Path) -> CelebAMaskHQ:
        """Open the zip, the dataset's folder, or the folder that contains it.

        Raises:
            ValueError: it is not CelebAMask-HQ (the message says what was looked for and what was found), or one of
                its text files is damaged.
        """
        path = Path(source).absolute()
        found = find_files(path)
        names, attributes = parse_attributes(decode(ATTRIBUTES, found.texts[ATTRIBUTES]))
        orig_idx = parse_mapping(decode(MAPPING, found.texts[MAPPING])) if MAPPING in found.texts else None
        stamps = []
        for index, states in zip(found.ids.tolist(), found.states, strict=True):
            values, place = attributes.get(index), None if orig_idx is None else orig_idx.get(index, -1)
            stamps.append(stamp(states.tobytes(), names, None if values is None else values.tobytes(), place))
        return cls(path, found.ids, found.exists, names, attributes, orig_idx, found.files, tuple(stamps))

    def __len__(self) -> int:
        return len(self.ids)

    def describe(self) -> dict[str, str]:
        """What identifies this source in the manifest of a packed dataset."""
        split = "official" if self.orig_idx is not None else "hash of the name"
        return {"kind": "celebamask_hq", "path": str(self.path), "split": split}

    def stamps(self) -> dict[str, str]:
        """Photo -> a stamp that changes when one of the photo's files or annotations does."""
        return {self.name(index): stamp for index, stamp in enumerate(self.item_stamps)}

    def name(self, index: int) -> str:
        """Official file name of the photo of an item, e.g. `"27.jpg"`."""
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
        with skipping(name, "unreadable image"):
            image = open_rgb(self.files.read(index, 0), name)
        if image.shape[0] != image.shape[1]:
            raise Skip(name, "size mismatch", f"photo of {image.shape[1]} x {image.shape[0]} px is not square")
        return image

    def read_labels(self, index: int) -> UInt8[ndarray, "k k"]:
        """The part masks of an item, merged into one label map as in the official scripts: later parts win.

        A pixel belongs to a part if the first channel of the part's mask is not 0.

        Raises:
            Skip: there is no skin, or masks are unreadable or of different sizes.
        """
        name = self.name(index)
        if not self.exists[index, COLUMN["skin"]]:
            parts = int(self.exists[index, 1:].sum())
            raise Skip(name, "missing parts", f"no skin among its {parts} parts" if parts else "no parts at all")
        labels: UInt8[ndarray, "k k"] | None = None
        for part, column in COLUMN.items():
            if not self.exists[index, column]:
                continue
            with skipping(name, "unreadable part", part):
                mask = read_mask(self.files.read(index, column), "the mask")
            if labels is None:
                labels = np.zeros_like(mask)
            if mask.shape != labels.shape or mask.shape[0] != mask.shape[1]:
                sizes = f"{part} of {mask.shape[1]} x {mask.shape[0]} px, skin of {labels.shape[1]} x {labels.shape[0]}"
                raise Skip(name, "size mismatch", sizes)
            np.maximum(labels, mask * np.uint8(column), out=labels)  # columns grow in merge order
        assert labels is not None
        return labels

    def item(self, index: int) -> Item:
        """An item for `hairgan.data.packing.pack`: photo, label map, annotated and measured attributes."""
        attributes: dict[str, Any] = {"name": self.name(index), "split": self.split(index)}
        attributes |= self.read_attributes(index)
        labels = self.read_labels(index)
        return Item(self.read_image(index), labels, attributes | measure(labels, attributes))
