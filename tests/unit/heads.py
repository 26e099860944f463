"""Heads drawn in the colors of the regions, and networks that read and paint such pictures exactly."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.editing.restyler import Restyler
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.regions import NUM_REGIONS, PALETTE, Region

SIZE = 64
"""Of the crops the networks take; the parser looks at twice that."""

POINTS = np.array([[0.39, 0.48], [0.61, 0.48], [0.5, 0.58], [0.41, 0.727], [0.59, 0.727]])
"""Eyes, nose and corners of the mouth of a drawn head, as shares of its size."""


def draw_labels(size: int = 2 * SIZE, length: float = 0.75, width: float = 0.3, hat: bool = False) -> np.ndarray:
    """A frontal head; `length` is how far down the hair reaches, `width` how wide it is, both as shares of the size."""
    labels = np.zeros((size, size), np.uint8)

    def ellipse(region: Region, x: float, y: float, a: float, b: float) -> None:
        cv2.ellipse(labels, *(tuple(round(size * v) for v in p) for p in ((x, y), (a, b))), 0, 0, 360, int(region), -1)

    ellipse(Region.CLOTH, 0.5, 1.05, 0.45, 0.2)
    if length:
        ellipse(Region.HAIR, 0.5, 0.4, width, 0.32)
        cv2.rectangle(
            labels, (round(size * (0.5 - width)), round(size * 0.4)),
            (round(size * (0.5 + width)), round(size * length)), int(Region.HAIR), -1,
        )  # fmt: skip
    labels[round(0.72 * size) : round(0.9 * size), round(0.42 * size) : round(0.58 * size)] = Region.NECK
    ellipse(Region.SKIN, 0.5, 0.55, 0.2, 0.27)
    if hat:
        labels[: round(0.3 * size), round(0.25 * size) : round(0.75 * size)] = Region.HAT
    for region, x, y, a, b in (
        (Region.R_EYE, 0.39, 0.48, 0.05, 0.025), (Region.L_EYE, 0.61, 0.48, 0.05, 0.025),
        (Region.R_BROW, 0.39, 0.42, 0.06, 0.015), (Region.L_BROW, 0.61, 0.42, 0.06, 0.015),
        (Region.NOSE, 0.5, 0.58, 0.04, 0.06), (Region.U_LIP, 0.5, 0.715, 0.09, 0.025),
        (Region.L_LIP, 0.5, 0.74, 0.09, 0.02),
    ):  # fmt: skip
        ellipse(region, x, y, a, b)
    return labels


def paint_head(labels: np.ndarray, hair: tuple[int, int, int] = (150, 84, 214), seed: int = 0) -> np.ndarray:
    """A photo whose regions have the palette's colors, with some grain; the hair's may be another not far off."""
    palette = PALETTE.copy()
    palette[Region.HAIR] = hair
    grain = np.random.default_rng(seed).integers(-3, 4, (*labels.shape, 3))
    return np.clip(palette[labels].astype(int) + grain, 0, 255).astype(np.uint8)


class PaletteParser(nn.Module):
    """Takes every pixel for the region whose palette color is nearest."""

    def __init__(self, image_size: int = 2 * SIZE) -> None:
        super().__init__()
        self.image_size = image_size
        self.palette = nn.Parameter(torch.from_numpy(PALETTE.astype(np.float32)) / 127.5 - 1)

    def forward(self, images: Tensor) -> Tensor:
        distance = (images[:, None] - self.palette[None, :, :, None, None]).square().sum(2)
        return -100 * distance


class MeanColorSEAN(SEANGenerator):
    """Codes are mean colors, painting is filling in: what SEAN would do if it knew nothing but color."""

    def __init__(self, gain: float = 1.0) -> None:
        nn.Module.__init__(self)
        self.image_size, self.num_regions, self.style_dim = SIZE, NUM_REGIONS, 3
        self.gain = nn.Parameter(torch.tensor(gain))

    def encode_styles(self, images: Tensor, labels: Tensor) -> Tensor:
        masks = F.one_hot(labels, NUM_REGIONS).flatten(1, 2).float()
        sums = torch.einsum("bcp,bpr->brc", images.flatten(2), masks)
        return sums / masks.sum(1)[..., None].clamp(min=1)

    def layout(self, labels: Tensor) -> Tensor:
        return labels

    def paint(self, layout: Tensor, styles: Tensor) -> Tensor:
        picture = torch.stack([style[label] for style, label in zip(styles, layout, strict=True)])
        return (self.gain * picture).permute(0, 3, 1, 2)

    def forward(self, labels: Tensor, styles: Tensor) -> Tensor:
        return self.paint(labels, styles)


class HeadGenerator(Generator):
    """A StarGAN v2 generator that ignores its source and draws a head; the style's first two numbers shape the hair."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.image_size, self.w_hpf = SIZE, 0.0

    def forward(self, images: Tensor, styles: Tensor, masks: None = None) -> Tensor:
        heads = [paint_head(draw_labels(SIZE, float(s[0]), float(s[1]))) for s in styles]
        return torch.from_numpy(np.stack(heads)).permute(0, 3, 1, 2).float() / 127.5 - 1


SHAPES = [[0.45, 0.24], [0.68, 0.3], [0.95, 0.38]]
"""Length and width of the hair in three domains: short, bob and long."""


class ShapeMapping(MappingNetwork):
    """A mapping network of these domains; the latent code does next to nothing."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.num_domains, self.latent_dim = 3, 16
        self.shapes = nn.Parameter(torch.tensor(SHAPES))

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.shapes[y] + 0.02 * z[:, :2].clamp(-1, 1)


class ShapeEncoder(StyleEncoder):
    """A style encoder that reads nothing from the photo but that a domain's head sees its domain."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.num_domains, self.image_size = 3, SIZE

    def forward(self, images: Tensor, y: Tensor) -> Tensor:
        return torch.tensor(SHAPES)[y]


def head_restyler(domains: tuple[str, str, str] = ("short", "bob", "long")) -> Restyler:
    """A StarGAN v2 whose three domains have hair of the lengths and widths in `SHAPES`."""
    return Restyler(HeadGenerator(), ShapeMapping(), ShapeEncoder(), None, domains)


class WearsReference(nn.Module):
    """A hair layout network that leaves the reference's hair at its place, with background where the old hair was."""

    image_size = 2 * SIZE

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, source: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        bald = torch.where(source == Region.HAIR, int(Region.BACKGROUND), source)
        new = torch.where(reference == Region.HAIR, int(Region.HAIR), bald)
        return 40 * F.one_hot(new, NUM_REGIONS).permute(0, 3, 1, 2).float()
