"""Similarity of images to the true ones: PSNR, SSIM, RMSE and LPIPS.

All are means over images of the value of each image, on images quantized to bytes and scaled to [0, 1].
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from hairgan.metrics.images import Images, as_unit, check_same_shape
from hairgan.metrics.mean_over_images import MeanOverImages
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.registry import SIMILARITY

PSNR_LIMIT = 100.0
"""The highest PSNR of an image, dB: identical images have an infinite one, which would make every mean infinite."""


def mean_over(mask: Bool[Tensor, "b h w"], values: Float[Tensor, "b c h w"]) -> Float[Tensor, " b"]:
    """Mean of each image's values over its mask and all channels; NaN where the mask is empty."""
    return (values * mask[:, None]).sum((1, 2, 3)) / (mask.sum((1, 2)) * values.shape[1])


def psnr(mean_squared_error: Float[Tensor, " b"]) -> Float[Tensor, " b"]:
    """Peak signal-to-noise ratio in dB of errors on the scale [0, 1], at most `PSNR_LIMIT`."""
    return (-10 * torch.log10(mean_squared_error.clamp_min(1e-20))).clamp_max(PSNR_LIMIT)


def ssim_map(a: Float[Tensor, "b 3 h w"], b: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Structural similarity at every pixel (Wang et al. 2004, eq. 13; Gaussian window, sigma 1.5), range [0, 1].

    In float32 even under autocast, because variances are small differences of large means.
    """
    with torch.autocast(a.device.type, enabled=False):
        _, similarity = structural_similarity_index_measure(
            a, b, sigma=1.5, data_range=1.0, reduction="none", return_full_image=True
        )
    return similarity


class Reconstruction(MeanOverImages):
    """PSNR (dB), SSIM, RMSE (on [0, 1]) and LPIPS of images against the true ones.

    The values are `psnr`, `ssim`, `rmse` and, under its own name, LPIPS.
    """

    def __init__(self, lpips: LPIPS, **kwargs: object) -> None:
        super().__init__((*SIMILARITY, lpips.name), **kwargs)
        self.lpips = lpips

    def update(self, images: Images, truth: Images) -> None:
        """Add images, as bytes or as floats in [-1, 1].

        Raises:
            ValueError: the batches differ in shape, or hold NaN or infinite values.
        """
        check_same_shape(images, truth, "images and truth")
        a, b = as_unit(images), as_unit(truth)
        mse = (a - b).square().mean((1, 2, 3))
        similarity = ssim_map(a, b).mean((1, 2, 3))
        self.add(torch.stack([psnr(mse), similarity, mse.sqrt(), self.lpips(2 * a - 1, 2 * b - 1)]))
