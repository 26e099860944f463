"""Photos in folders, in the official StarGAN v2 layout: a domain is a folder.

train/<domain>/*.jpg
val/<domain>/*.jpg     optional; without it, a tenth of the training photos each is kept for val and test
test/<domain>/*.jpg    optional
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.data.packed import SPLITS
from hairgan.data.packing import Item, Skip
from hairgan.data.splits import hashed_split
from hairgan.photos.opening import open_rgb

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")  # in any case


@dataclass(frozen=True)
class ImageFolder:
    """Photos of a folder, sorted by split, domain and name; without label maps."""

    root: Path
    files: tuple[str, ...]
    """Paths below the root, with `/`: `train/blond/0001.jpg`; photos may lie deeper."""

    @classmethod
    def open(cls, root: str | Path) -> ImageFolder:
        """Look for `train/<domain>/` and list its photos and those of `val/` and `test/`.

        Raises:
            ValueError: there is no such folder or no photo in it, or a split has a domain that `train` has not.
        """
        root = Path(root).absolute()
        if not (root / "train").is_dir():
            found = sorted(child.name for child in root.iterdir())[:8] if root.is_dir() else []
            raise ValueError(
                f"{root}: looked for train/<domain>/*.jpg (also {', '.join(SUFFIXES[1:])}), found "
                f"{', '.join(found) or 'nothing'}"
            )
        files = tuple(path for split in SPLITS for path in sorted(_photos(root, split)))
        folder = cls(root, files)
        domains = folder.domains()
        if not domains:
            raise ValueError(f"{root / 'train'}: looked for <domain>/*.jpg, found no photos in folders")
        strange = {_domain(file) for file in files} - set(domains)
        if strange:
            raise ValueError(
                f"{root}: train has the domains {', '.join(domains)}, but not {', '.join(sorted(strange))}"
            )
        return folder

    def __len__(self) -> int:
        return len(self.files)

    def domains(self) -> tuple[str, ...]:
        """Domain names of the training photos, sorted."""
        return tuple(sorted({_domain(file) for file in self.files if file.startswith("train/")}))

    def describe(self) -> dict[str, str]:
        """What identifies this source in the manifest of a packed dataset; `names` is a hash of the list of files."""
        names = hashlib.blake2b("\n".join(self.files).encode(), digest_size=8).hexdigest()
        return {"kind": "image_folder", "path": str(self.root), "names": names}

    def split(self, index: int) -> str:
        """Split of a photo, by its folder; where there is only `train/`, by a hash of its name."""
        file = self.files[index]
        if self.files[-1].startswith("train/"):
            return hashed_split(file)
        return file.split("/")[0]

    def read_image(self, index: int) -> UInt8[ndarray, "h h 3"]:
        """The photo, RGB; of one that is not square the middle square.

        Raises:
            Skip: it cannot be read.
        """
        try:
            image = open_rgb(self.root / self.files[index], self.files[index])
        except ValueError as error:
            raise Skip(self.files[index], "unreadable image", str(error)) from error
        height, width = image.shape[:2]
        edge = min(height, width)
        top, left = (height - edge) // 2, (width - edge) // 2
        return image[top : top + edge, left : left + edge]

    def item(self, index: int) -> Item:
        """An item for `hairgan.data.packing.pack`, without a label map."""
        file = self.files[index]
        return self.read_image(index), None, {"name": file, "split": self.split(index), "domain": _domain(file)}


def _domain(file: str) -> str:
    return file.split("/")[1]


def _photos(root: Path, split: str) -> Iterator[str]:
    """Photos in the domain folders of a split (not beside them), also through links."""
    for folder, _, names in os.walk(root / split, followlinks=True):
        below = Path(folder).relative_to(root).as_posix()
        if below != split:
            yield from (f"{below}/{name}" for name in names if name.lower().endswith(SUFFIXES))
