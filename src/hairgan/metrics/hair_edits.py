"""Scores of hair edits: what changed outside the hair, and the shape and color of the new hair.

Masks are bool `B H W`, true where there is hair; `labels == Region.HAIR` makes one of a label map.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor
from torch.nn import functional as F

from hairgan.metrics.color import ciede2000, rgb_to_lab
from hairgan.metrics.images import Images, Masks, as_unit, check_same_shape
from hairgan.metrics.mean_over_images import MeanOverImages
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.reconstruction import mean_over, psnr, ssim_map
from hairgan.metrics.registry import OUTSIDE_HAIR
from hairgan.regions import Region


class OutsideHairChange(MeanOverImages):
    """The change outside the old and the new hair, where an edit should change nothing.

    `outside_psnr` (dB, over the pixels outside), `outside_ssim` and `outside_lpips` (of the source against the source
    with the edit's pixels outside the hair; SSIM averaged over the pixels outside, LPIPS over the whole picture), and
    `outside_bytes_changed`, the share of bytes outside that are not the source's.
    """

    def __init__(self, lpips: LPIPS, **kwargs: object) -> None:
        super().__init__(tuple(name.format(lpips=lpips.name) for name in OUTSIDE_HAIR), **kwargs)
        self.lpips = lpips

    def update(self, source: Images, edited: Images, source_hair: Masks, edited_hair: Masks) -> None:
        """Add edits, as bytes or as floats in [-1, 1].

        Raises:
            ValueError: images or masks differ in size, or an image holds NaN or infinite values.
        """
        check_same_shape(source, edited, "source and edited images")
        check_same_shape(source[:, 0], source_hair, "images and hair masks")
        check_same_shape(source_hair, edited_hair, "the hair masks of source and edit")
        outside = ~(source_hair | edited_hair)
        a, b = as_unit(source), as_unit(edited)
        b = torch.where(outside[:, None], b, a)
        self.add(
            torch.stack(
                [
                    psnr(mean_over(outside, (a - b).square())),
                    mean_over(outside, ssim_map(a, b)),
                    self.lpips(2 * a - 1, 2 * b - 1),
                    mean_over(outside, (a != b).float()),
                ]
            )
        )


class HairShapeIoU(MeanOverImages):
    """Intersection over union of the hair that a parser finds in the edit and the wanted hair.

    The mean over images, `hair_iou`; 1 for an image where both masks are empty.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(("hair_iou",), **kwargs)

    def update(self, parsed: Shaped[Tensor, "_ _ _"], wanted: Shaped[Tensor, "_ _ _"]) -> None:
        """Add label maps.

        Raises:
            ValueError: they differ in size.
        """
        check_same_shape(parsed, wanted, "parsed and wanted label maps")
        self.add(mask_iou(parsed == Region.HAIR, wanted == Region.HAIR)[None])


def mask_iou(a: Bool[Tensor, "b h w"], b: Bool[Tensor, "b h w"]) -> Float[Tensor, " b"]:
    """Intersection over union of masks, 1 where both are empty."""
    union = (a | b).sum((1, 2))
    return torch.where(union == 0, 1.0, (a & b).sum((1, 2)) / union.clamp_min(1))


class HairColorDistance(MeanOverImages):
    """CIEDE2000 between the mean hair colors of the edit and of the reference, `hair_color_distance`.

    Means are taken in Lab over hair masks eroded by 1/64 of the picture's side, away from the blended border. An image
    where a mask is empty after that does not count.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(("hair_color_distance",), **kwargs)

    def update(
        self,
        edited: Images,
        edited_hair: Masks,
        reference: Images,
        reference_hair: Masks,
    ) -> None:
        """Add edits and the references whose hair color they should have, as bytes or as floats in [-1, 1].

        Raises:
            ValueError: masks differ in size from their images, or an image holds NaN or infinite values.
        """
        check_same_shape(edited[:, 0], edited_hair, "edited images and hair masks")
        check_same_shape(reference[:, 0], reference_hair, "reference images and hair masks")
        self.add(ciede2000(mean_hair_lab(edited, edited_hair), mean_hair_lab(reference, reference_hair))[None])


def mean_hair_lab(images: Images, hair: Masks) -> Float[Tensor, "b 3"]:
    """Mean Lab color of each image's hair after erosion; NaN if no pixel is left."""
    radius = max(1, round(hair.shape[-1] / 64))
    inner = -F.max_pool2d(-hair[:, None].float(), 2 * radius + 1, stride=1, padding=radius) > 0
    lab = rgb_to_lab(as_unit(images))
    return (lab * inner).sum((2, 3)) / inner.sum((2, 3))
