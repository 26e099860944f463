"""Mean style codes of a dataset: what a region looks like that a style image does not have.

A region that is absent from the style image has a zero code, which SEAN never saw in training on a region that it had
to paint. The published demo gives such a region the mean code of the training images instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int64
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from hairgan.networks.sean import SEANGenerator


def present_regions(labels: Int64[Tensor, "b h w"], num_regions: int) -> Bool[Tensor, "b r"]:
    """Which regions have a style code: those with a pixel at half the resolution, at which SEAN encodes styles."""
    regions = torch.arange(num_regions, device=labels.device)
    return (labels[:, ::2, ::2, None] == regions).flatten(1, 2).any(dim=1)


@torch.inference_mode()
def mean_style_codes(
    generator: SEANGenerator, batches: Iterable[tuple[Float[Tensor, "_ 3 _ _"], Int64[Tensor, "_ _ _"]]]
) -> tuple[Float[Tensor, "r d"], Int64[Tensor, " r"]]:
    """The mean code of each region over the images that have it.

    Args:
        generator: SEAN, in evaluation mode.
        batches: images in [-1, 1] and their label maps, on the generator's device.

    Returns:
        codes (num_regions, style_dim), float32 on the CPU and zero for a region that no image has, and for each region
        the number of images that have it.

    Raises:
        ValueError: there are no batches.
    """
    total = counts = None
    for images, labels in batches:
        present = present_regions(labels, generator.num_regions)
        codes = generator.encode_styles(images, labels).double().sum(dim=0)  # absent regions are zero
        total = codes if total is None else total + codes
        counts = present.sum(dim=0) if counts is None else counts + present.sum(dim=0)
    if total is None or counts is None:
        raise ValueError("no images to take mean style codes of: 0 batches")
    return (total / counts.clamp(min=1)[:, None]).float().cpu(), counts.cpu()


def save_mean_codes(path: Path | str, codes: Float[Tensor, "r d"], counts: Int64[Tensor, " r"]) -> None:
    """Write mean codes as a safetensors file, by convention `mean_styles.safetensors` beside the checkpoint."""
    save_file({"codes": codes.contiguous(), "counts": counts.contiguous()}, path)


def load_mean_codes(path: Path | str, generator: SEANGenerator) -> tuple[Float[Tensor, "r d"], Int64[Tensor, " r"]]:
    """Read mean codes and counts for a generator.

    Raises:
        ValueError: the file is none of mean codes, or is for another number of regions or style length.
    """
    try:
        state = load_file(path)
        codes, counts = state["codes"], state["counts"]
    except (OSError, SafetensorError, KeyError) as error:
        raise ValueError(f"{path} is no file of mean style codes: {error}") from error
    expected = (generator.num_regions, generator.style_dim)
    if tuple(codes.shape) != expected:
        raise ValueError(f"{path} has mean style codes of shape {tuple(codes.shape)} instead of {expected}")
    return codes, counts


def fill_absent(
    styles: Float[Tensor, "b r d"], present: Bool[Tensor, "b r"], mean: Float[Tensor, "r d"]
) -> Float[Tensor, "b r d"]:
    """Style codes in which absent regions have their mean code."""
    return torch.where(present[..., None], styles, mean.to(styles))
