"""The attributes of a drawn person, named as in CelebA."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Identity
from hairgan.regions import NUM_REGIONS, Region


def attributes_of(person: Identity, style: Hairstyle, labels: UInt8[ndarray, "s s"]) -> dict[str, bool | str | float]:
    """CelebA's attributes, and `hair_length`, `hair_texture`, `hair_color`.

    Args:
        person: determines gender, age, smile and beard.
        style: determines the attributes of the hair.
        labels: the drawn label map; glasses, hats and jewelry count if they are visible in it.
    """
    seen = np.bincount(labels.ravel(), minlength=NUM_REGIONS) > 0
    return {
        "Bangs": style.bangs != "none",
        "Blond_Hair": style.color_name == "blond",
        "Black_Hair": style.color_name == "black",
        "Brown_Hair": style.color_name == "brown",
        "Gray_Hair": style.color_name == "grey",
        "Straight_Hair": style.texture == "straight",
        "Wavy_Hair": style.texture == "perm",
        "Bald": False,
        "Male": person.male,
        "Young": person.age < 0.5,
        "Smiling": person.mouth.smile > 0.45,
        "Mouth_Slightly_Open": bool(seen[Region.MOUTH]),
        "Eyeglasses": bool(seen[Region.EYE_G]),
        "Wearing_Hat": bool(seen[Region.HAT]),
        "Wearing_Earrings": bool(seen[Region.EAR_R]),
        "Wearing_Necklace": bool(seen[Region.NECK_L]),
        "No_Beard": person.beard.kind in ("none", "stubble"),
        "hair_length": style.length,
        "hair_texture": style.texture,
        "hair_color": style.color_name,
    }
