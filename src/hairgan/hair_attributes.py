"""The hair attributes: their names and classes, and the class number of an unknown value."""

from __future__ import annotations

HEADS: dict[str, tuple[str, ...]] = {
    "bangs": ("no_bangs", "bangs"),
    "length": ("short", "bob", "long"),
    "texture": ("straight", "perm"),
    "color": ("black", "brown", "blond", "red", "grey", "other"),
    "gender": ("female", "male"),
}
"""Head of the hair classifier, one per attribute -> names of its classes, in the order of its logits. Targets have one
column per head, in this order."""

UNKNOWN = -1
"""Target of an image whose attribute is unknown."""
