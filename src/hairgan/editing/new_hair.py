"""Where new hair goes: the hair layout network's answer for a photo and the head whose hair it is to wear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.editing.masks import smooth_step
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.networks.hair_layout import HIDDEN_BY_HAIR, HairLayoutNet
from hairgan.photos.network_images import to_label_maps
from hairgan.regions import Region, resize_labels

ABOVE_HAIR = (
    Region.NOSE, Region.EYE_G, Region.L_EYE, Region.R_EYE, Region.MOUTH, Region.U_LIP, Region.L_LIP, Region.HAT,
)  # fmt: skip
"""Regions of a photo that new hair never covers."""

ALPHA = (0.5, 0.95)
"""Probabilities of hair below which a pixel has none, and above which it is all hair."""
EDGE = 1 / 256
"""Standard deviation, as a share of the side, of the blur at the edge of what hair never covers."""


@dataclass(frozen=True, eq=False)
class WantedShape:
    """The label map of a head whose hair is wanted, and its share; the shares of one edit add up to 1."""

    labels: UInt8[ndarray, "size size"]
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class NewHair:
    """Where new hair is in a crop, and what it leaves uncovered."""

    alpha: Float32[ndarray, "s s"]
    """How much of each pixel is new hair."""
    uncovered: Float32[ndarray, "regions p p"]
    """Probabilities of the regions of `HIDDEN_BY_HAIR` under and beside the new hair, at the parser's resolution; they
    add up to 1."""
    labels: UInt8[ndarray, "s s"]
    """The label map of the new head."""

    @classmethod
    def of_labels(cls, labels: UInt8[ndarray, "s s"], uncovered: Float32[ndarray, "regions s s"]) -> NewHair:
        """New hair of a known label map; what is under it is as given."""
        hair = cv2.GaussianBlur((labels == Region.HAIR).astype(np.float32), (0, 0), EDGE * len(labels))
        beneath = resize_labels(labels, uncovered.shape[1])
        own = np.array([beneath == region for region in HIDDEN_BY_HAIR], np.float32)
        known = np.isin(beneath, HIDDEN_BY_HAIR)
        return cls(smooth_step(hair, *ALPHA), np.where(known, own, uncovered), labels)


class HairLayouter:
    """Predicts where the hair of other heads goes on a photo.

    Args:
        network: in evaluation mode.
    """

    def __init__(self, network: HairLayoutNet) -> None:
        self.network = network
        self.device = next(network.parameters()).device

    def __call__(self, photo: ParsedPhoto, shapes: Sequence[WantedShape], size: int) -> NewHair:
        """The new hair of a photo: of several heads, the mean of the network's logits, weighted by their shares.

        Args:
            size: side of the result in pixels.
        """
        source = self._label_maps([photo.labels] * len(shapes))
        reference = self._label_maps([shape.labels for shape in shapes])
        shares = torch.tensor([shape.share for shape in shapes], device=self.device)
        logits = torch.einsum("b,bchw->chw", shares, self.network(source, reference).float())
        return _new_hair(photo, _smooth(logits), size)

    def _label_maps(self, maps: Sequence[UInt8[ndarray, "_ _"]]) -> Tensor:
        return to_label_maps([resize_labels(labels, self.network.image_size) for labels in maps], self.device)


def _new_hair(photo: ParsedPhoto, logits: Float[Tensor, "19 n n"], size: int) -> NewHair:
    hair = _enlarged(logits, size).softmax(0)[Region.HAIR].cpu().numpy()
    uncovered = _enlarged(logits, len(photo.labels))[list(HIDDEN_BY_HAIR)].softmax(0).cpu().numpy()
    labels = photo.labels_at(size)
    alpha = smooth_step(hair, *ALPHA) * free_for_hair(labels)
    beneath = resize_labels(np.array(HIDDEN_BY_HAIR, np.uint8)[uncovered.argmax(0)], size)
    beneath = np.where(labels == Region.HAIR, beneath, labels)
    return NewHair(alpha, uncovered, np.where(alpha > 0.5, np.uint8(Region.HAIR), beneath))


def free_for_hair(labels: UInt8[ndarray, "s s"]) -> Float32[ndarray, "s s"]:
    """How much of each pixel new hair may cover: 0 inside the regions `ABOVE_HAIR`, with a soft edge."""
    above = np.isin(labels, ABOVE_HAIR).astype(np.float32)
    return 1 - cv2.GaussianBlur(above, (0, 0), EDGE * len(labels))


def _smooth(logits: Float[Tensor, "19 n n"]) -> Float[Tensor, "19 n n"]:
    """Without the pattern that sub-pixel convolution leaves between neighboring pixels."""
    for _ in range(2):
        logits = F.avg_pool2d(logits, 3, stride=1, padding=1, count_include_pad=False)
    return logits


def _enlarged(logits: Float[Tensor, "19 n n"], size: int) -> Float[Tensor, "19 size size"]:
    return F.interpolate(logits[None], size=(size, size), mode="bicubic", align_corners=False)[0]
