"""From photos to aligned crops and their label maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor, nn

from hairgan.data.augment import to_float
from hairgan.photos.alignment import Alignment, whole_photo
from hairgan.photos.faces import FaceFinder, find_face
from hairgan.regions import Region

CROP_SIZE = 512
"""Side of the crops, px: what the public parser was trained on, and the size of CelebAMask-HQ's masks."""


def align(photo: UInt8[ndarray, "h w 3"], finder: FaceFinder | None, size: int = CROP_SIZE) -> Alignment:
    """Where the face is in a photo.

    Args:
        finder: finds the face; None takes the whole photo as an aligned crop.
        size: side of the crop, px.

    Raises:
        ValueError: no face in it, or (without a finder) not square.
    """
    if finder is None:
        return whole_photo(photo.shape[0], photo.shape[1], size)
    return find_face(photo, finder, size)[0]


@torch.inference_mode()
def parse_crops(
    parser: nn.Module, crops: Sequence[UInt8[ndarray, "s s 3"]]
) -> tuple[UInt8[ndarray, "b s s"], Float[ndarray, " b"]]:
    """Label maps of crops of one size, and how certain the parser is of each.

    Returns:
        label maps, and the mean probability of the chosen region over all pixels that are not background (0 where all
        are).
    """
    logits = parser(to_batch(crops, parser)).float()
    probability, labels = logits.softmax(dim=1).max(dim=1)
    face = labels != Region.BACKGROUND
    certainty = (probability * face).sum(dim=(1, 2)) / face.sum(dim=(1, 2)).clamp(min=1)
    return labels.byte().cpu().numpy(), certainty.double().cpu().numpy()


def to_batch(crops: Sequence[UInt8[ndarray, "s s 3"]], network: nn.Module) -> Float[Tensor, "b 3 s s"]:
    """Crops as a batch in [-1, 1], on the network's device."""
    return to_float(torch.from_numpy(np.stack(crops)).to(next(network.parameters()).device))
