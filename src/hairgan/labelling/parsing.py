"""From photos to aligned crops and their label maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor, nn

from hairgan.data.augment import to_float
from hairgan.editing.alignment import Alignment, whole_photo
from hairgan.editing.faces import FaceFinder, find_face
from hairgan.photos.opening import open_rgb
from hairgan.regions import Region

CROP_SIZE = 512
"""Side of the crops, px: what the public parser was trained on, and the size of CelebAMask-HQ's masks."""


@dataclass(frozen=True)
class Crop:
    """A face cut out of a photo, and where it was."""

    pixels: UInt8[ndarray, "s s 3"]
    alignment: Alignment
    photo_size: tuple[int, int]
    """Height and width of the photo, px."""


def open_crop(path: Path, finder: FaceFinder | None, size: int = CROP_SIZE) -> Crop:
    """Open a photo and cut its face out.

    Args:
        finder: finds the face; None takes the whole photo as an aligned crop.
        size: side of the crop, px.

    Raises:
        ValueError: one sentence: no picture, damaged, no face in it, or (without a finder) not square.
        OSError: the file cannot be read.
    """
    photo = open_rgb(path)
    height, width = photo.shape[:2]
    alignment = whole_photo(height, width, size) if finder is None else find_face(photo, finder, size)[0]
    return Crop(alignment.crop(photo), alignment, (height, width))


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


def labels_in_photo(crop: Crop, labels: UInt8[ndarray, "s s"]) -> UInt8[ndarray, "h w"]:
    """The label map of a crop carried to the pixels of its photo; what lies outside the crop is background."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    matrix = crop.alignment.matrix @ half  # photo pixel numbers to crop coordinates, then to crop pixel numbers
    matrix[:, 2] -= 0.5
    height, width = crop.photo_size
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(labels, matrix, (width, height), flags=flags, borderValue=int(Region.BACKGROUND))
