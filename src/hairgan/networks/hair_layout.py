"""Hair layout: from the label maps of two heads to that of the first head with the hair of the second.

This network is not from a paper. It sees only regions, not pixels, so that what it learns from drawn people also holds
for photographs. It is a U-Net (Ronneberger et al. 2015) of four scales, at 1/2 to 1/16 of the label maps' resolution.
With `detail`, it also says how the reference's label map has to be deformed to fit the source's head (a dense
displacement, applied as in Jaderberg et al. 2015), and adds what the deformed map shows to its answer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor, nn

from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.face_alignment import align_faces
from hairgan.regions import NUM_REGIONS, Region

GROUPS = 8
STRIDE = 16
"""The side of the label maps is a multiple of this."""

DISPLACEMENT = 0.1
"""Unit of the displacements of a reference's label map, in shares of half the side."""

HIDDEN_BY_HAIR = (
    Region.BACKGROUND,
    Region.SKIN,
    Region.L_BROW,
    Region.R_BROW,
    Region.L_EAR,
    Region.R_EAR,
    Region.NECK,
    Region.CLOTH,
)
"""Regions that hair can hide, and that become visible where it is removed."""


class ConvBlock(nn.Sequential):
    """Convolution, group normalization and SiLU, at the same resolution."""

    def __init__(self, width_in: int, width: int, kernel_size: int = 3) -> None:
        super().__init__(
            nn.Conv2d(width_in, width, kernel_size, padding=kernel_size // 2, bias=False),
            nn.GroupNorm(GROUPS, width),
            nn.SiLU(),
        )


class CarriedOutline(nn.Module):
    """Deforms the reference's label map to fit the source's head, and adds to the logits what it then shows.

    It changes nothing at first: its last layers start at zero.

    Args:
        quarter: channels of the features from which the displacement is predicted, at a quarter of the resolution.
        half: channels of the features beside which the deformed map is read, at half of it.
        embedding_dim: length of the embedding of a region.
    """

    def __init__(self, quarter: int, half: int, embedding_dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(NUM_REGIONS, embedding_dim)
        self.displacement = nn.Conv2d(quarter, 2, 1)
        self.mix = nn.Sequential(ConvBlock(half + 2 * 4 * embedding_dim, half, 1), ConvBlock(half, half))
        self.head = nn.Conv2d(half, 4 * NUM_REGIONS, 1)
        for layer in (self.displacement, self.head):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(
        self,
        reference: Int64[Tensor, "b s s"],
        quarter: Float[Tensor, "b c s/4 s/4"],
        half: Float[Tensor, "b d s/2 s/2"],
    ) -> Float[Tensor, "b 76 s/2 s/2"]:
        """What is added to the logits of 2x2 pixels each."""
        size = reference.shape[-1]
        regions = self.embedding(reference).permute(0, 3, 1, 2).float()  # (B, s, s, E) -> (B, E, s, s)
        moved = F.interpolate(self.displacement(quarter).float(), size=(size, size), mode="bilinear")
        where = (_positions(regions).flip(1) + DISPLACEMENT * moved).permute(0, 2, 3, 1)  # (B, s, s, 2), x before y
        # the blurred map shows the displacement a way to go where the sharp one is even
        shown = [
            F.grid_sample(maps, where, padding_mode="border", align_corners=True)
            for maps in (regions, F.avg_pool2d(regions, 9, stride=1, padding=4, count_include_pad=False))
        ]
        return self.head(self.mix(torch.cat([half, F.pixel_unshuffle(torch.cat(shown, dim=1), 2)], dim=1)))


class HairLayoutNet(ConfiguredNetwork):
    """Predicts the label map of a head that wears the hair of another one.

    Args:
        image_size: side of the label maps in pixels, a multiple of 16.
        base_width: channels at half the resolution; 2, 4 and 5 1/3 times as many at the coarser ones. A multiple of 24.
        embedding_dim: length of the embedding of a region.
        detail: moves the reference's face onto the source's first, and adds a deformed reference (`CarriedOutline`).

    Raises:
        ValueError: a size or width that is not such a multiple.
    """

    def __init__(
        self, image_size: int = 128, base_width: int = 24, embedding_dim: int = 6, detail: bool = False
    ) -> None:
        super().__init__()
        if image_size % STRIDE:
            raise ValueError(f"image_size must be a multiple of {STRIDE}, not {image_size}")
        if base_width % 24:
            raise ValueError(f"base_width must be a multiple of 24, not {base_width}")
        self.image_size = image_size
        half, quarter, eighth, sixteenth = base_width, 2 * base_width, 4 * base_width, 16 * base_width // 3
        self.source_embedding = nn.Embedding(NUM_REGIONS, embedding_dim)
        self.reference_embedding = nn.Embedding(NUM_REGIONS, embedding_dim)
        # each scale turns 2x2 pixels into channels; the input is two label maps and the position of each pixel
        self.down_half = ConvBlock(2 * 4 * embedding_dim + 2, half)
        self.down_quarter = nn.Sequential(ConvBlock(4 * half, quarter, 1), ConvBlock(quarter, quarter))
        self.down_eighth = nn.Sequential(ConvBlock(4 * quarter, eighth, 1), ConvBlock(eighth, eighth))
        self.bottom = nn.Sequential(
            ConvBlock(4 * eighth, sixteenth, 1),
            ConvBlock(sixteenth, sixteenth),
            ConvBlock(sixteenth, sixteenth),
            ConvBlock(sixteenth, sixteenth),
        )
        self.up_eighth = nn.Sequential(ConvBlock(sixteenth + eighth, eighth, 1), ConvBlock(eighth, eighth))
        self.up_quarter = nn.Sequential(
            ConvBlock(eighth + quarter, quarter, 1), ConvBlock(quarter, quarter), ConvBlock(quarter, quarter)
        )
        last = 4 * base_width // 3
        self.up_half = nn.Sequential(ConvBlock(quarter + half, last, 1), ConvBlock(last, last))
        self.head = nn.Conv2d(last, 4 * NUM_REGIONS, 1)
        self.carried_outline = CarriedOutline(quarter, last, embedding_dim) if detail else None

    def forward(self, source: Int64[Tensor, "b s s"], reference: Int64[Tensor, "b s s"]) -> Float[Tensor, "b 19 s s"]:
        """Logits of the regions of the new head.

        Args:
            source: label map of the head.
            reference: label map of the head whose hair it gets.

        Raises:
            ValueError: the side is not a multiple of 16.
        """
        size = source.shape[-1]
        if size % STRIDE:
            raise ValueError(f"the side of the label maps must be a multiple of {STRIDE}, not {size}")
        if self.carried_outline is not None:
            reference = align_faces(reference, source)
        embedded = torch.cat([self.source_embedding(source), self.reference_embedding(reference)], dim=-1)
        pixels = F.pixel_unshuffle(embedded.permute(0, 3, 1, 2), 2)  # (B, s, s, 2E) -> (B, 8E, s/2, s/2)
        half = self.down_half(torch.cat([pixels, _positions(pixels)], dim=1))  # (B, 8E + 2, s/2, s/2) -> (B, C, ...)
        quarter = self.down_quarter(F.pixel_unshuffle(half, 2))  # (B, 4C, s/4, s/4) -> (B, 2C, s/4, s/4)
        eighth = self.down_eighth(F.pixel_unshuffle(quarter, 2))  # (B, 8C, s/8, s/8) -> (B, 4C, s/8, s/8)
        bottom = self.bottom(F.pixel_unshuffle(eighth, 2))  # (B, 16C, s/16, s/16) -> (B, 16C/3, s/16, s/16)
        eighth = self.up_eighth(torch.cat([_enlarged(bottom), eighth], dim=1))
        quarter = self.up_quarter(torch.cat([_enlarged(eighth), quarter], dim=1))
        half = self.up_half(torch.cat([_enlarged(quarter), half], dim=1))
        logits = self.head(half)
        if self.carried_outline is not None:
            logits = logits + self.carried_outline(reference, quarter, half)
        return F.pixel_shuffle(logits, 2)  # (B, 4 * 19, s/2, s/2) -> (B, 19, s, s)


def _positions(x: Float[Tensor, "b c s s"]) -> Float[Tensor, "b 2 s s"]:
    axis = torch.linspace(-1, 1, x.shape[-1], dtype=x.dtype, device=x.device)
    return torch.stack(torch.meshgrid(axis, axis, indexing="ij"))[None].expand(len(x), -1, -1, -1)


def _enlarged(x: Float[Tensor, "b c s s"]) -> Float[Tensor, "b c 2*s 2*s"]:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
