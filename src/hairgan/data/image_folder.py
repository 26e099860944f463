"""Photos in folders, in the official StarGAN v2 layout: a domain is a folder.

train/<domain>/*.jpg
val/<domain>/*.jpg     optional; without val/ and test/, a tenth of the training photos is used for each of them
test/<domain>/*.jpg    optional
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.data.items import Item, skipping
from hairgan.data.source_changes import file_stamp, stamp
from hairgan.data.splits import SPLITS, hashed_split
from hairgan.photos.listing import HIDDEN, REPEATED, RESULTS, SUFFIXES, Listing, is_hidden, list_photos
from hairgan.photos.names import printable
from hairgan.photos.opening import open_rgb


@dataclass(frozen=True)
class ImageFolder:
    """Photos of a folder, sorted by split, domain and name; without label maps."""

    root: Path
    files: tuple[str, ...]
    """Paths below the root, with `/`: `train/blond/0001.jpg`; photos may lie deeper."""
    left_out: str = ""
    """What was left out of the folders, and why (hidden entries, broken links), in words."""

    has_labels = False

    @classmethod
    def open(cls, root: str | Path) -> ImageFolder:
        """Look for `train/<domain>/` and list its photos and those of `val/` and `test/`.

        Raises:
            ValueError: there is no such folder or no photo in it, or a split has a domain that `train` lacks.
        """
        root = Path(root).absolute()
        if not (root / "train").is_dir():
            found = sorted(child.name for child in root.iterdir())[:8] if root.is_dir() else []
            raise ValueError(
                f"{printable(root)}: looked for train/<domain>/*.jpg (also {', '.join(SUFFIXES[1:])}), found "
                f"{printable(', '.join(found)) or 'nothing'}"
            )
        left_out: Counter[str] = Counter()
        files = tuple(file for split in SPLITS for file in _photos(root, split, left_out))
        remark = ", ".join(f"{count:,} {what}" for what, count in sorted(left_out.items()))
        folder = cls(root, files, remark)
        domains = folder.domains()
        if not domains:
            beside = f" (left out: {remark})" if remark else ""
            raise ValueError(
                f"{printable(root / 'train')}: looked for <domain>/*.jpg, found no photos in folders{beside}"
            )
        unknown = {_domain(file) for file in files} - set(domains)
        if unknown:
            raise ValueError(
                f"{printable(root)}: train has the domains {', '.join(domains)}, but not {', '.join(sorted(unknown))}"
            )
        return folder

    def __len__(self) -> int:
        return len(self.files)

    @property
    def path(self) -> Path:
        """The folder."""
        return self.root

    def domains(self) -> tuple[str, ...]:
        """Domain names of the training photos, sorted."""
        return tuple(sorted({_domain(file) for file in self.files if file.startswith("train/")}))

    def describe(self) -> dict[str, str]:
        """What identifies this source in the manifest of a packed dataset."""
        return {"kind": "image_folder", "path": printable(self.root)}

    def stamps(self) -> dict[str, str]:
        """A stamp per photo, which changes when the photo does (`hairgan.data.source_changes`)."""
        return {self.name(index): self._stamp(index) for index in range(len(self))}

    def _stamp(self, index: int) -> str:
        try:
            state = file_stamp((self.root / self.files[index]).stat())
        except OSError:  # deleted since it was listed: its item is skipped
            state = (-1, -1, -1)
        return stamp(*state, self.split(index))

    def name(self, index: int) -> str:
        """The photo's name in the dataset: its path below the root; bytes that are not UTF-8 as `\\xff`."""
        return printable(self.files[index])

    def split(self, index: int) -> str:
        """Split of a photo, from its folder; if there is only `train/`, from a hash of its name."""
        if self.files[-1].startswith("train/"):
            return hashed_split(self.name(index))
        return self.files[index].split("/")[0]

    def read_image(self, index: int) -> UInt8[ndarray, "h h 3"]:
        """The photo, RGB; if it is not square, its middle square.

        Raises:
            Skip: it cannot be read.
        """
        name = self.name(index)
        with skipping(name, "unreadable image"):
            image = open_rgb(self.root / self.files[index], name)
        height, width = image.shape[:2]
        edge = min(height, width)
        top, left = (height - edge) // 2, (width - edge) // 2
        return image[top : top + edge, left : left + edge]

    def item(self, index: int) -> Item:
        """An item for `hairgan.data.packing.pack`, without a label map."""
        attributes = {"name": self.name(index), "split": self.split(index), "domain": _domain(self.files[index])}
        return Item(self.read_image(index), None, attributes)


def _domain(file: str) -> str:
    return printable(file.split("/")[1])


def _photos(root: Path, split: str, left_out: Counter[str]) -> list[str]:
    """Photos in the domain folders of a split, but not directly in the split's folder; links are followed."""
    if not (root / split).is_dir():
        return []
    files = []
    for domain in sorted(path.name for path in (root / split).iterdir()):
        if not (root / split / domain).is_dir():
            continue
        if is_hidden(domain):
            left_out[HIDDEN] += 1
            continue
        listing = _list_domain(root / split / domain)
        left_out.update({REPEATED if what == RESULTS else what: count for what, count in listing.skipped.items()})
        files += [f"{split}/{domain}/{name}" for name in listing.names]
    return files


def _list_domain(domain: Path) -> Listing:
    """Photos of a domain. A link to a folder above would bring in the other domains, and the other splits."""
    above = {os.path.realpath(parent) for parent in domain.parents}
    above |= {str(parent) for parent in Path(os.path.realpath(domain)).parents}
    return list_photos(domain, may_be_empty=True, leave_out=lambda folder: os.path.realpath(folder) in above)
