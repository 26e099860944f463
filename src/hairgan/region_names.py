"""The 19 face regions by number and name, without anything heavy to import; `hairgan.regions` has the rest."""

from __future__ import annotations

from enum import IntEnum


class Region(IntEnum):
    """A face region; its value is the label on disk and in every tensor."""

    BACKGROUND = 0
    SKIN = 1
    NOSE = 2
    EYE_G = 3  # eyeglasses
    L_EYE = 4
    R_EYE = 5
    L_BROW = 6
    R_BROW = 7
    L_EAR = 8
    R_EAR = 9
    MOUTH = 10  # the inside of the mouth
    U_LIP = 11
    L_LIP = 12  # the lower lip
    HAIR = 13
    HAT = 14
    EAR_R = 15  # earring
    NECK_L = 16  # necklace
    NECK = 17
    CLOTH = 18


NUM_REGIONS = len(Region)
REGION_NAMES: tuple[str, ...] = tuple(region.name.lower() for region in Region)
"""Names as in the CelebAMask-HQ part files (`NNNNN_l_eye.png`), by label."""
