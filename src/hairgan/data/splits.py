"""The division of images into training, validation and test."""

from __future__ import annotations

import hashlib

SPLITS = ("train", "val", "test")

FIRST_VAL = 162_771
FIRST_TEST = 182_638


def official_split(orig_idx: int) -> str:
    """Split of a CelebAMask-HQ image from its index in CelebA, as in the dataset's own script.

    The script compares CelebA's 1-based file numbers with a 0-based index, so it is off by one. But no image lies on a
    boundary: either way there are 24,183 / 2,993 / 2,824 images.
    """
    if orig_idx >= FIRST_TEST:
        return "test"
    return "val" if orig_idx >= FIRST_VAL else "train"


def hashed_split(name: str) -> str:
    """Split from a hash of the name, for data without an official split: about 80 % train, 10 % val, 10 % test.

    It is the same on every machine, and adding or removing images does not change the split of others.
    """
    tenth = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") % 10
    return {8: "val", 9: "test"}.get(tenth, "train")
