"""FAN: heat maps of 98 facial landmarks, and masks for StarGAN v2's high-pass skip made from them.

Wang et al. 2019, "Adaptive Wing Loss for Robust Face Alignment via Heatmap Regression" (a stacked hourglass with one
stack, CoordConv and a boundary channel); masks as in StarGAN v2 (Choi et al. 2020, appendix E). The network is used as
published: it is never trained here, and is always in evaluation mode.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.stargan import Masks

INPUT_SIZE = 256
NUM_LANDMARKS = 98
HEATMAP_THRESHOLD = 0.1
"""Heat-map values below this count as noise."""


class ConvBlock(nn.Module):
    """Pre-activation block whose three 3x3 convolutions each give a part of the output."""

    def __init__(self, dim_in: int, dim_out: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(dim_in)
        self.conv1 = nn.Conv2d(dim_in, dim_out // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(dim_out // 2)
        self.conv2 = nn.Conv2d(dim_out // 2, dim_out // 4, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(dim_out // 4)
        self.conv3 = nn.Conv2d(dim_out // 4, dim_out // 4, 3, padding=1, bias=False)
        self.downsample = (
            nn.Sequential(nn.BatchNorm2d(dim_in), nn.ReLU(), nn.Conv2d(dim_in, dim_out, 1, bias=False))
            if dim_in != dim_out
            else nn.Identity()
        )

    def forward(self, x: Float[Tensor, "b dim_in h w"]) -> Float[Tensor, "b dim_out h w"]:
        out1 = self.conv1(F.relu(self.bn1(x)))
        out2 = self.conv2(F.relu(self.bn2(out1)))
        out3 = self.conv3(F.relu(self.bn3(out2)))
        return torch.cat((out1, out2, out3), dim=1) + self.downsample(x)


class CoordConv(nn.Module):
    """A convolution that also sees where it is: row and column in [-1, 1], distance from the center in [0, 1]."""

    coordinates: Tensor

    def __init__(self, dim_in: int, dim_out: int, side: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__()
        axis = torch.arange(side) / (side - 1) * 2 - 1
        row, column = torch.meshgrid(axis, axis, indexing="ij")
        radius = (row**2 + column**2).sqrt()
        self.register_buffer("coordinates", torch.stack((row, column, radius / radius.max()))[None], persistent=False)
        self.conv = nn.Conv2d(dim_in + 3, dim_out, kernel, stride, padding)

    def forward(self, x: Float[Tensor, "b dim_in side side"]) -> Float[Tensor, "b dim_out h w"]:
        return self.conv(torch.cat((x, self.coordinates.to(x.dtype).expand(len(x), -1, -1, -1)), dim=1))


class Hourglass(nn.Module):
    """Four levels, each at half the resolution of the one before, whose outputs are added up."""

    DEPTH = 4

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.coordconv = CoordConv(dim, dim, 64, kernel=1, stride=1, padding=0)
        for level in range(self.DEPTH, 0, -1):
            self.add_module(f"b1_{level}", ConvBlock(dim, dim))
            self.add_module(f"b2_{level}", ConvBlock(dim, dim))
        self.b2_plus_1 = ConvBlock(dim, dim)
        for level in range(1, self.DEPTH + 1):
            self.add_module(f"b3_{level}", ConvBlock(dim, dim))

    def forward(self, x: Float[Tensor, "b dim 64 64"]) -> Float[Tensor, "b dim 64 64"]:
        return self.level(self.DEPTH, self.coordconv(x))

    def level(self, level: int, x: Tensor) -> Tensor:
        down = self.get_submodule(f"b2_{level}")(F.avg_pool2d(x, 2))
        down = self.level(level - 1, down) if level > 1 else self.b2_plus_1(down)
        down = self.get_submodule(f"b3_{level}")(down)
        return self.get_submodule(f"b1_{level}")(x) + F.interpolate(down, scale_factor=2)


class FAN(ConfiguredNetwork):
    """Images to heat maps of 98 landmarks and one of the face's boundary."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = CoordConv(3, 64, INPUT_SIZE, kernel=7, stride=2, padding=3)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = ConvBlock(64, 128)
        self.conv3 = ConvBlock(128, 128)
        self.conv4 = ConvBlock(128, 256)
        self.m0 = Hourglass(256)
        self.top_m_0 = ConvBlock(256, 256)
        self.conv_last0 = nn.Conv2d(256, 256, 1)
        self.bn_end0 = nn.BatchNorm2d(256)
        self.l0 = nn.Conv2d(256, NUM_LANDMARKS + 1, 1)
        self.train(False)

    def train(self, mode: bool = True) -> FAN:
        """Stay in evaluation mode, even when a network that contains this one is put into training mode."""
        return super().train(False)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 99 64 64"]:
        """Heat maps of images in [0, 1].

        Raises:
            ValueError: the images are not 256 x 256.
        """
        if x.shape[2:] != (INPUT_SIZE, INPUT_SIZE):
            raise ValueError(f"images of {x.shape[2]} x {x.shape[3]} pixels; FAN takes {INPUT_SIZE} x {INPUT_SIZE}")
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.avg_pool2d(self.conv2(x), 2)
        x = self.top_m_0(self.m0(self.conv4(self.conv3(x))))
        return self.l0(F.relu(self.bn_end0(self.conv_last0(x))))

    @torch.no_grad()
    def masks(self, images: Float[Tensor, "b 3 h w"]) -> Masks:
        """The two masks of the high-pass skip, 256 x 256, for images in [-1, 1] of any size; without gradients."""
        heatmaps = F.interpolate(self._heatmaps(images), scale_factor=4, mode="bilinear", align_corners=True)
        return masks_from_heatmaps(heatmaps)

    @torch.no_grad()
    def landmarks(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 98 2"]:
        """(x, y) of the landmarks in pixels of the 256 x 256 image, for images in [-1, 1] of any size.

        The peak of the heat map moved by a quarter toward its higher neighbors (Newell et al. 2016).
        """
        return landmarks_from_heatmaps(self._heatmaps(images))

    def _heatmaps(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 98 64 64"]:
        """The landmarks' heat maps, in float32 even under autocast, because thresholds and divisions follow."""
        x = F.interpolate(images.float(), size=(INPUT_SIZE, INPUT_SIZE), mode="bilinear")
        with torch.autocast(images.device.type, enabled=False):
            return self(0.5 * x + 0.5)[:, :NUM_LANDMARKS]


class FANMasks(nn.Module):
    """`FAN.masks` in the form that training takes; interchangeable with `region_masks`."""

    def __init__(self, fan: FAN) -> None:
        super().__init__()
        self.fan = fan.requires_grad_(False)

    def forward(self, images: Float[Tensor, "b 3 h w"], labels: Tensor | None = None) -> Masks:
        """Masks of images in [-1, 1]; label maps are not used."""
        return self.fan.masks(images)


def masks_from_heatmaps(heatmaps: Float[Tensor, "b 98 256 256"]) -> Masks:
    """Masks, in [0, 1], that keep the parts of the face: (all parts and the chin line, nose and eyes only).

    Each group of landmarks is raised to a power, which sharpens it, summed, and shifted (cyclically) by a few pixels to
    where the part's detail is. Powers and shifts are the published ones.
    """
    heat = torch.where(heatmaps < HEATMAP_THRESHOLD, 0.0, heatmaps)
    low, high = heat.amin((2, 3), keepdim=True), heat.amax((2, 3), keepdim=True)
    heat = (heat - low) / (high - low + 1e-6)

    def group(first: int, last: int, power: int = 1, down: int = 0) -> Tensor:
        """The sum of channels `first` to `last` (inclusive), shifted down by `down` pixels: (B, 1, 256, 256)."""
        return (heat[:, first : last + 1] ** power).sum(1, keepdim=True).roll(down, dims=2)

    chin = group(8, 24, power=3)
    brows = group(34, 45, power=2, down=7) + group(47, 50, power=2, down=7)  # 46 is left out
    nose = group(51, 51) + group(52, 54, down=-4) + group(55, 59, power=4, down=-8)
    eyes = group(60, 75, power=3, down=8) + group(60, 75, down=24) + group(96, 97)
    # without the corners of the mouth, 76 and 82
    mouth = group(77, 81, power=4, down=8) + group(83, 87, power=4, down=-8) + group(88, 95, power=3, down=2)

    detail = nose + eyes
    everything = detail + chin + brows + mouth
    return everything.nan_to_num(0.0).clamp(0, 1), detail.nan_to_num(0.0).clamp(0, 1)


def landmarks_from_heatmaps(heatmaps: Float[Tensor, "b n 64 64"]) -> Float[Tensor, "b n 2"]:
    """(x, y) of each map's peak in pixels of the 256 x 256 image; see `FAN.landmarks`."""
    side = heatmaps.shape[-1]
    peak = heatmaps.flatten(2).argmax(2)  # (B, N, 64, 64) -> (B, N, 64 * 64) -> (B, N)
    row, column = peak // side, peak % side
    inside = (column > 0) & (column < side - 1) & (row > 0) & (row < side - 1)

    def value(down: int, right: int) -> Tensor:
        """The heat at an offset from each peak: (B, N)."""
        index = (row + down).clamp(0, side - 1) * side + (column + right).clamp(0, side - 1)
        return heatmaps.flatten(2).gather(2, index[..., None])[..., 0]

    toward_x = 0.25 * (value(0, 1) - value(0, -1)).sign() * inside
    toward_y = 0.25 * (value(1, 0) - value(-1, 0)).sign() * inside
    return torch.stack((column + 0.5 + toward_x, row + 0.5 + toward_y), dim=-1) * (INPUT_SIZE / side)
