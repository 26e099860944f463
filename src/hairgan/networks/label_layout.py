"""Label maps in the form that SEAN's normalization layers use, made once per resolution and shared by all layers.

SEAN's scale and shift at a pixel depend only on the labels around it: 3x3 for the style branch, 5x5 for the label
branch. The layout of a face at 256x256 pixels has about 600 distinct 3x3 neighborhoods and 2,500 distinct 5x5 ones, so
scale and shift are computed once for each of these, and gathered. Finding the neighborhoods requires the host to wait
for the device. So on accelerators they are left out, and the layers use ordinary convolutions of the one-hot labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

OFFSETS = 9  # of a 3x3 neighborhood, row by row


@dataclass(frozen=True)
class Neighborhoods:
    """The P distinct 3x3 patches and N distinct 5x5 neighborhoods in a batch of label maps at one resolution.

    Styles differ from image to image, so equal patches in different images count as distinct. The rows are indices into
    tables that hold one row per region (or patch) and offset; the rows after those are zero, and stand for everything
    outside the image.

    Attributes:
        embed_rows: (P, 9), rows of a table by (offset, region): the regions in a patch.
        style_rows: (P, 9), rows of a table by (image, region, offset): the regions in a patch.
        label_rows: (N, 9), rows of a table by (patch, offset): the patches in a neighborhood.
        center: (N,), the patch in the middle of a neighborhood.
        index: (B * h * w,), the neighborhood of each pixel.
    """

    embed_rows: Int64[Tensor, "p 9"]
    style_rows: Int64[Tensor, "p 9"]
    label_rows: Int64[Tensor, "n 9"]
    center: Int64[Tensor, " n"]
    index: Int64[Tensor, " pixels"]

    def are_few(self) -> bool:
        """Whether tables of them are faster than convolutions, and not much larger than feature maps."""
        return len(self.label_rows) <= len(self.index) / 2 and len(self.style_rows) <= len(self.index) / 4


@dataclass(frozen=True)
class Level:
    """Label maps at one resolution; what is derived from them is computed once, on first use.

    Attributes:
        labels: (B, h, w) region indices.
        num_regions: R.
        dtype: of masks.
        neighborhoods: None where convolutions of the masks are used instead.
    """

    labels: Int64[Tensor, "b h w"]
    num_regions: int
    dtype: torch.dtype
    neighborhoods: Neighborhoods | None

    @cached_property
    def masks(self) -> Float[Tensor, "b r h w"]:
        """One-hot labels."""
        return one_hot(self.labels, self.num_regions, self.dtype)

    @cached_property
    def mask_patches(self) -> Float[Tensor, "b pixels r9"]:
        """The masks in the 3x3 patch around each pixel, by (region, offset)."""
        return F.unfold(self.masks, 3, padding=1).mT


@dataclass(frozen=True)
class Layout:
    """Label maps at all resolutions of a generator.

    Attributes:
        labels: (B, H, W) region indices.
        levels: the maps by side length.
        label_parts: the label branch of every normalization layer in the order of execution, or None if not kept.
    """

    labels: Int64[Tensor, "b h w"]
    levels: dict[int, Level]
    label_parts: list[Tensor] | None


def one_hot(labels: Int64[Tensor, "b h w"], num_regions: int, dtype: torch.dtype) -> Float[Tensor, "b r h w"]:
    """Region masks of label maps, channels last in memory."""
    regions = torch.arange(num_regions, device=labels.device)
    return (labels[..., None] == regions).to(dtype).permute(0, 3, 1, 2)


def check_labels(labels: Int64[Tensor, "b h w"], num_regions: int) -> None:
    """Check the label maps of a batch. Waits for the device that the labels are on.

    Raises:
        ValueError: the batch is empty, or a label is not a region.
    """
    if labels.numel() == 0:
        raise ValueError(f"the batch is empty: labels of shape {tuple(labels.shape)}")
    lowest, highest = (int(value) for value in labels.aminmax())
    if lowest < 0 or highest >= num_regions:
        raise ValueError(f"labels range from {lowest} to {highest}, but regions are numbered 0 to {num_regions - 1}")


def make_levels(
    labels: Int64[Tensor, "b h w"],
    sizes: Sequence[int],
    num_regions: int,
    dtype: torch.dtype,
    with_neighborhoods: bool,
) -> dict[int, Level]:
    """The label maps at several resolutions.

    Args:
        sizes: sides of the resized maps, each a divisor of the side of `labels`.
        with_neighborhoods: whether to find the distinct neighborhoods, and keep them where they are few.
    """
    levels = {}
    for size in dict.fromkeys(sizes):
        stride = labels.shape[-1] // size
        resized = labels[:, ::stride, ::stride].contiguous()  # nearest neighbor as in F.interpolate, from pixel 0
        neighborhoods = find_neighborhoods(resized, num_regions) if with_neighborhoods else None
        if neighborhoods is not None and not neighborhoods.are_few():
            neighborhoods = None
        levels[size] = Level(resized, num_regions, dtype, neighborhoods)
    return levels


def find_neighborhoods(labels: Int64[Tensor, "b h w"], num_regions: int) -> Neighborhoods:
    """Number the distinct neighborhoods of label maps; on an accelerator this waits for the device."""
    device, outside = labels.device, len(labels) * num_regions
    regions = labels + num_regions * torch.arange(len(labels), device=device)[:, None, None]
    patches, patch_of_pixel = _distinct_3x3(regions, outside)  # (P, 9) and (B, h, w)
    rings, ring_of_pixel = _distinct_3x3(patch_of_pixel, outside=len(patches))  # (N, 9) and (B, h, w)
    offsets = torch.arange(OFFSETS, device=device)
    embed_rows = torch.where(patches == outside, OFFSETS * num_regions, offsets * num_regions + patches % num_regions)
    return Neighborhoods(
        embed_rows=embed_rows,
        style_rows=(patches * OFFSETS + offsets).clamp(max=outside * OFFSETS),
        label_rows=rings * OFFSETS + offsets,
        center=rings[:, OFFSETS // 2],
        index=ring_of_pixel.flatten(),
    )


def _distinct_3x3(numbers: Int64[Tensor, "b h w"], outside: int) -> tuple[Int64[Tensor, "n 9"], Int64[Tensor, "b h w"]]:
    """The distinct 3x3 neighborhoods in maps of values in [0, outside), and the number of each pixel's neighborhood.

    Rows of three pixels are numbered first, then columns of three such rows. So no code exceeds 2^63 as long as there
    are fewer than 2^21 values.
    """
    padded = F.pad(numbers, (1, 1, 1, 1), value=outside)
    base = outside + 1
    rows = (padded[:, :, :-2] * base + padded[:, :, 1:-1]) * base + padded[:, :, 2:]
    distinct, row = torch.unique(rows, return_inverse=True)
    base = len(distinct)
    columns = (row[:, :-2] * base + row[:, 1:-1]) * base + row[:, 2:]
    distinct, number = torch.unique(columns, return_inverse=True)
    pixels = torch.arange(number.numel(), device=number.device)
    example = torch.empty_like(distinct).scatter_(0, number.flatten(), pixels)  # (N,): any pixel with that number
    image, y, x = torch.unravel_index(example, number.shape)
    around = torch.arange(3, device=number.device)
    members = padded[image[:, None, None], y[:, None, None] + around[:, None], x[:, None, None] + around]  # (N, 3, 3)
    return members.flatten(1), number  # (N, 9) and (B, h, w)
