"""The 19 face regions: orders, look-up tables and colors. Their numbers are those of `hairgan.region_names`.

Everything in the project uses the CelebAMask-HQ order (Lee et al. 2020, "MaskGAN"), in which hair is 13. The public
BiSeNet weights use another order, in which hair is 17: it is used only inside `hairgan.weights`.
Left and right are the subject's: `l_eye` lies on the right-hand side of the picture.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, Shaped, UInt8
from numpy import ndarray
from PIL import Image
from torch import Tensor, tensor

from hairgan.region_names import NUM_REGIONS as NUM_REGIONS
from hairgan.region_names import REGION_NAMES as REGION_NAMES
from hairgan.region_names import Region as Region

PARTS_IN_MERGE_ORDER: tuple[str, ...] = REGION_NAMES[1:]
"""Parts as the official scripts paint them into one label map: a later part overwrites an earlier one."""

LEFT_RIGHT_PAIRS: tuple[tuple[Region, Region], ...] = (
    (Region.L_EYE, Region.R_EYE),
    (Region.L_BROW, Region.R_BROW),
    (Region.L_EAR, Region.R_EAR),
)

BISENET_ORDER: tuple[Region, ...] = (
    Region.BACKGROUND, Region.SKIN, Region.L_BROW, Region.R_BROW, Region.L_EYE, Region.R_EYE, Region.EYE_G,
    Region.L_EAR, Region.R_EAR, Region.EAR_R, Region.NOSE, Region.MOUTH, Region.U_LIP, Region.L_LIP, Region.NECK,
    Region.NECK_L, Region.CLOTH, Region.HAIR, Region.HAT,
)  # fmt: skip
"""`BISENET_ORDER[i]` is the region that the public BiSeNet weights call class `i`."""


def _swap_table() -> UInt8[ndarray, 19]:
    table = np.arange(NUM_REGIONS, dtype=np.uint8)
    for left, right in LEFT_RIGHT_PAIRS:
        table[left], table[right] = right, left
    return table


SWAP_LEFT_RIGHT: UInt8[ndarray, 19] = _swap_table()
"""Look-up table that exchanges left and right regions: index with a label map after mirroring it."""

FROM_BISENET: UInt8[ndarray, 19] = np.array(BISENET_ORDER, dtype=np.uint8)
"""Look-up table from the public BiSeNet classes to regions."""

TO_BISENET: UInt8[ndarray, 19] = np.argsort(FROM_BISENET).astype(np.uint8)
"""Look-up table from regions to the public BiSeNet classes."""

# A color per region: hair stands out, left and right are shades of one hue, neighbors differ in lightness.
PALETTE: UInt8[ndarray, "19 3"] = np.array(
    [
        (24, 24, 32), (236, 188, 160), (226, 142, 110), (88, 214, 214), (70, 120, 220), (130, 170, 245),
        (110, 78, 44), (160, 118, 74), (240, 150, 170), (250, 190, 205), (120, 20, 40), (214, 60, 84),
        (176, 36, 64), (150, 84, 214), (246, 200, 68), (255, 240, 130), (196, 226, 90), (205, 158, 132), (72, 160, 112),
    ],
    dtype=np.uint8,
)  # fmt: skip
"""RGB color of each region in overlays and label pictures."""


def swap_left_right(labels: Shaped[Tensor, ...]) -> Shaped[Tensor, ...]:
    """Exchange left and right regions of mirrored label maps.

    Mirroring a picture turns the subject's left eye into a right eye; the labels must follow.

    Args:
        labels: integer label maps of any shape with values in [0, 19).

    Returns:
        label maps of the same shape, dtype and device.
    """
    table = tensor(SWAP_LEFT_RIGHT.tolist(), dtype=labels.dtype, device=labels.device)
    return table[labels.long()]


def resize_labels(labels: UInt8[ndarray, "h w"], size: int) -> UInt8[ndarray, "size size"]:
    """Resize a label map to `size` x `size` with PIL's nearest neighbor, between pixel centers, as SEAN's loader does.

    Halving keeps the odd rows and columns.
    """
    if labels.shape == (size, size):
        return labels
    return np.asarray(Image.fromarray(labels).resize((size, size), Image.Resampling.NEAREST))


def colorize(labels: Int[ndarray, "h w"] | UInt8[ndarray, "h w"]) -> UInt8[ndarray, "h w 3"]:
    """Paint a label map in the colors of `PALETTE`."""
    return PALETTE[labels]
