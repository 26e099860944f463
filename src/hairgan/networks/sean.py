"""SEAN (Zhu et al. 2020, "SEAN: Image Synthesis with Semantic Region-Adaptive Normalization").

A style encoder turns a face into one style code per region; a generator paints a layout (a label map) with such codes;
a multi-scale discriminator sees layout and image. `SEANGenerator` contains the encoder:

    styles = generator.encode_styles(images, labels)   # (B, 19, 512)
    fake = generator(labels, styles)                   # (B, 3, H, W) in [-1, 1]

Layers, widths and defaults are those of the published CelebAMask-HQ networks, whose weights fit
(`hairgan.weights.from_official`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.networks.ace import ACE, LABEL_WIDTH
from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.label_layout import Layout, Level, check_labels, make_levels, one_hot
from hairgan.networks.spectral_norm import SpectralConv2d
from hairgan.randomness import normal
from hairgan.regions import NUM_REGIONS

SLOPE = 0.2

Noise = Callable[[int, tuple[int, int, int]], Tensor]
"""From the index of a normalization layer and a shape (B, h, w) to standard normal values."""


def pixel_noise(seed: int, *counters: int, batch: int, first: int = 0) -> Noise:
    """Noise for the generator as a function of seed, counters and position in the global batch.

    Args:
        seed: the run's seed.
        counters: what distinguishes this forward pass from others, usually the step and the phase.
        batch: size of the global batch, over all processes.
        first: position of this process's first image in the global batch.
    """

    def draw(layer: int, shape: tuple[int, int, int]) -> Tensor:
        values = normal(seed, "sean/noise", *counters, layer, shape=(batch, *shape[1:]))
        return values[first : first + shape[0]]

    return draw


def initialize(network: nn.Module) -> None:
    """Xavier-normal with gain 0.02 for everything but the spectrally normalized convolutions; biases are zero.

    The published code asks for this in all layers. But on a GPU its normalized kernels kept PyTorch's default
    initialization, and the published weights were trained that way. So `SpectralConv2d` keeps its own initialization.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_normal_(module.weight, gain=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, ACE):
            module.initialize(gain=0.02)


class InstanceNorm(nn.Module):
    """Instance norm without parameters (Ulyanov et al. 2016)."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return F.instance_norm(x)


class StyleEncoder(nn.Module):
    """Images to one style code per region: convolutions, then the mean over the region's pixels."""

    def __init__(self, style_dim: int) -> None:
        super().__init__()

        def normalized() -> list[nn.Module]:
            return [InstanceNorm(), nn.LeakyReLU(SLOPE, inplace=True)]

        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1, padding_mode="reflect"), *normalized(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1), *normalized(),
            nn.Conv2d(64, 128, 3, stride=2, padding=1), *normalized(),
            nn.ConvTranspose2d(128, 256, 3, stride=2, padding=1, output_padding=1), *normalized(),
            nn.Conv2d(256, style_dim, 3, padding=1, padding_mode="reflect"), nn.Tanh(),
        )  # fmt: skip

    def forward(
        self, images: Float[Tensor, "b 3 h w"], labels: Int64[Tensor, "b h w"], num_regions: int
    ) -> Float[Tensor, "b r d"]:
        """Style codes in (-1, 1) of images in [-1, 1]; zero for a region without a pixel at half the resolution."""
        features = self.layers(images)
        features = features.to(torch.promote_types(features.dtype, torch.float32)).flatten(2)  # (B, D, h * w / 4)
        masks = one_hot(labels[:, ::2, ::2], num_regions, features.dtype).flatten(2)  # (B, R, h * w / 4)
        with torch.autocast(images.device.type, enabled=False):
            sums = (features @ masks.mT).mT  # (B, D, h * w / 4) @ (B, h * w / 4, R) -> (B, R, D)
            return sums / masks.sum(dim=2, keepdim=True).clamp(min=1)


class SEANResBlk(nn.Module):
    """Residual block with ACE in place of normalization; upsamples its input by 2 first if `upsample`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_regions: int,
        style_dim: int | None,
        label_width: int,
        upsample: bool,
    ) -> None:
        super().__init__()
        self.upsample = upsample
        middle = min(in_channels, out_channels)
        self.learned_shortcut = in_channels != out_channels
        if self.learned_shortcut:
            self.ace_s = ACE(in_channels, num_regions, style_dim, label_width)
            self.conv_s = SpectralConv2d(in_channels, out_channels, 1, bias=False)
        self.ace_0 = ACE(in_channels, num_regions, style_dim, label_width)
        self.conv_0 = SpectralConv2d(in_channels, middle, 3, padding=1)
        self.ace_1 = ACE(middle, num_regions, style_dim, label_width)
        self.conv_1 = SpectralConv2d(middle, out_channels, 3, padding=1)

    def normalizations(self) -> list[ACE]:
        """The block's ACEs in the order of execution."""
        return [*([self.ace_s] if self.learned_shortcut else []), self.ace_0, self.ace_1]

    def forward(
        self,
        x: Float[Tensor, "b c h w"],
        level: Level,
        styles: Float[Tensor, "b r d"],
        noise: list[Tensor | None],
        label_parts: list[Tensor | None],
    ) -> Float[Tensor, "b c_out y z"]:
        """`noise` and `label_parts` hold one entry for each of `normalizations()`."""
        if self.upsample:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        shortcut = x
        if self.learned_shortcut:
            shortcut = self.conv_s(self.ace_s(x, level, styles, noise[0], label_parts[0]))
        residual = self.conv_0(self.ace_0(x, level, styles, noise[-2], label_parts[-2], SLOPE))
        residual = self.conv_1(self.ace_1(residual, level, styles, noise[-1], label_parts[-1], SLOPE))
        return residual.add_(shortcut)


class SEANGenerator(ConfiguredNetwork):
    """Style encoder and generator.

    Args:
        image_size: side of label maps and images, in pixels.
        width: channels before the last convolution (the paper's networks: 64); the widest layers have 16 times that.
        num_regions: number of regions.
        style_dim: length of a region's style code.
        upsampling: `"normal"` doubles the resolution 5 times, `"more"` 6, `"most"` 7, with one more block.
        max_width: the largest number of channels of a layer; None for no bound, as published.
        label_width: hidden channels of the normalizations' label branches.

    Raises:
        ValueError: the image size is not a multiple of 2 to the number of doublings.
    """

    step_methods = ()  # torch.compile fails in the backward pass on sizes that depend on the label maps (torch 2.15)

    def __init__(
        self,
        image_size: int = 256,
        width: int = 64,
        num_regions: int = NUM_REGIONS,
        style_dim: int = 512,
        upsampling: str = "normal",
        max_width: int | None = None,
        label_width: int = LABEL_WIDTH,
    ) -> None:
        super().__init__()
        doublings = {"normal": 5, "more": 6, "most": 7}
        if upsampling not in doublings:
            raise ValueError(f"unknown upsampling '{upsampling}'; known are {', '.join(doublings)}")
        if image_size <= 0 or image_size % 2 ** doublings[upsampling]:
            raise ValueError(
                f"the image size {image_size} is not a multiple of {2 ** doublings[upsampling]}, "
                f"as '{upsampling}' upsampling requires"
            )
        self.image_size, self.num_regions, self.style_dim = image_size, num_regions, style_dim
        self.style_encoder = StyleEncoder(style_dim)
        bound = 16 * width if max_width is None else max_width
        plan = [  # name, width after it, styled, upsampling first
            ("head", 16 * width, True, False),
            ("middle_0", 16 * width, True, True),
            ("middle_1", 16 * width, True, upsampling != "normal"),
            ("up_0", 8 * width, True, True),
            ("up_1", 4 * width, True, True),
            ("up_2", 2 * width, True, True),
            ("up_3", width, False, True),
        ]
        if upsampling == "most":
            plan.append(("up_4", width // 2, False, True))
        before = min(16 * width, bound)
        self.start = nn.Conv2d(num_regions, before, 3, padding=1)
        self.blocks = nn.ModuleDict()
        self.sizes = [image_size >> doublings[upsampling]]  # side of the start, then of each block
        for name, after, styled, upsample in plan:
            after = min(after, bound)
            self.blocks[name] = SEANResBlk(
                before, after, num_regions, style_dim if styled else None, label_width, upsample
            )
            before = after
            self.sizes.append(self.sizes[-1] * (2 if upsample else 1))
        self.to_rgb = nn.Conv2d(before, 3, 3, padding=1)
        initialize(self)

    def encode_styles(self, images: Float[Tensor, "b 3 h w"], labels: Int64[Tensor, "n y x"]) -> Float[Tensor, "b r d"]:
        """Style codes of the regions of images.

        Args:
            images: in [-1, 1], RGB, of even sides.
            labels: their label maps, values in [0, num_regions).

        Returns:
            codes in (-1, 1), (B, num_regions, style_dim); exactly zero for a region that is absent.

        Raises:
            ValueError: sizes or batches differ, the batch is empty, or (labels on the CPU) a label is not a region.
        """
        if images.shape[0] != labels.shape[0] or images.shape[2:] != labels.shape[1:]:
            raise ValueError(f"images of shape {tuple(images.shape)}, but labels of shape {tuple(labels.shape)}")
        self._check(labels)
        return self.style_encoder(images, labels, self.num_regions)

    def forward(
        self, labels: Int64[Tensor, "n y x"], styles: Float[Tensor, "m r d"], noise: Noise | None = None
    ) -> Float[Tensor, "m 3 height width"]:
        """Paint label maps: `paint(layout(labels), styles, noise)`; see there."""
        return self.paint(self._layout(labels), styles, noise)

    def layout(self, labels: Int64[Tensor, "n y x"]) -> Layout:
        """Prepare label maps that are painted more than once: everything that does not depend on the styles.

        It depends on the weights: after a training step, make a new one.

        Args:
            labels: (B, image_size, image_size), values in [0, num_regions).

        Raises:
            ValueError: another size, an empty batch, or (labels on the CPU) a label that is not a region.
        """
        layout = self._layout(labels)
        parts = [ace.label_part(layout.levels[size]) for ace, size in self._normalizations()]
        return Layout(layout.labels, layout.levels, parts)

    def paint(
        self, layout: Layout, styles: Float[Tensor, "m r d"], noise: Noise | None = None
    ) -> Float[Tensor, "m 3 height width"]:
        """Images of a layout in the given styles.

        Args:
            layout: the result of `layout`.
            styles: (B, num_regions, style_dim), as from `encode_styles`.
            noise: noise for training (`pixel_noise`); None for no noise, as in editing.

        Returns:
            images in (-1, 1), RGB.

        Raises:
            ValueError: the styles do not fit the layout or this generator.
        """
        expected = (len(layout.labels), self.num_regions, self.style_dim)
        if tuple(styles.shape) != expected:
            raise ValueError(f"styles of shape {tuple(styles.shape)} instead of {expected}")
        sizes = [size for _, size in self._normalizations()]
        maps: list[Tensor | None] = [None] * len(sizes)
        if noise is not None:  # all at once, so that the copies to the device do not interrupt the layers
            drawn = [noise(layer, (len(styles), size, size)) for layer, size in enumerate(sizes)]
            maps = [values.to(styles.device, non_blocking=True) for values in drawn]
        parts: list[Tensor | None] = [*layout.label_parts] if layout.label_parts else [None] * len(sizes)
        x = self.start(layout.levels[self.sizes[0]].masks)  # (B, R, side, side) -> (B, C, side, side)
        for block, size in zip(self._blocks(), self.sizes[1:], strict=True):
            here = slice(0, len(block.normalizations()))
            x = block(x, layout.levels[size], styles, maps[here], parts[here])
            del maps[here], parts[here]
        return torch.tanh(self.to_rgb(F.leaky_relu(x, SLOPE)))

    def _layout(self, labels: Int64[Tensor, "n y x"]) -> Layout:
        if labels.shape[1:] != (self.image_size, self.image_size):
            raise ValueError(
                f"labels of {labels.shape[1]}x{labels.shape[2]} pixels, but the generator paints "
                f"{self.image_size}x{self.image_size}"
            )
        self._check(labels)
        dtype = self.start.weight.dtype
        on_cpu = labels.device.type == "cpu"
        levels = make_levels(labels, self.sizes, self.num_regions, dtype, with_neighborhoods=on_cpu)
        return Layout(labels, levels, None)

    def _check(self, labels: Int64[Tensor, "n y x"]) -> None:
        if labels.device.type == "cpu" or not len(labels):  # elsewhere, reading the values would wait for the device
            check_labels(labels, self.num_regions)

    def _blocks(self) -> list[SEANResBlk]:
        return [block for block in self.blocks.values() if isinstance(block, SEANResBlk)]

    def _normalizations(self) -> list[tuple[ACE, int]]:
        """All ACEs in the order of execution, with the side of their maps."""
        return [
            (ace, size)
            for block, size in zip(self._blocks(), self.sizes[1:], strict=True)
            for ace in block.normalizations()
        ]


class PatchDiscriminator(nn.Module):
    """The discriminator of one scale; the inner convolutions have spectral and instance normalization."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        widths = [width, min(2 * width, 512), min(4 * width, 512)]
        self.first = nn.Conv2d(in_channels, widths[0], 4, stride=2, padding=2)
        self.inner = nn.ModuleList(
            SpectralConv2d(before, after, 4, stride=2, padding=2, bias=False)
            for before, after in itertools.pairwise(widths)
        )
        self.last = nn.Conv2d(widths[-1], 1, 4, stride=1, padding=2)

    def forward(self, x: Float[Tensor, "b c h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        features = [F.leaky_relu(self.first(x), SLOPE)]
        for conv in self.inner:
            features.append(F.leaky_relu(F.instance_norm(conv(features[-1])), SLOPE))
        return [*features, self.last(features[-1])]


class SEANDiscriminator(ConfiguredNetwork):
    """Multi-scale patch discriminator of layout and image (Wang et al. 2018, "pix2pixHD").

    Args:
        width: channels after the first convolution.
        num_regions: number of regions.
        num_scales: number of discriminators, each at half the resolution of the one before.
    """

    def __init__(self, width: int = 64, num_regions: int = NUM_REGIONS, num_scales: int = 2) -> None:
        super().__init__()
        self.num_regions = num_regions
        self.scales = nn.ModuleList(PatchDiscriminator(num_regions + 3, width) for _ in range(num_scales))
        initialize(self)

    def forward(
        self, labels: Int64[Tensor, "n y x"], images: Float[Tensor, "b 3 h w"]
    ) -> list[list[Float[Tensor, "b _ _ _"]]]:
        """The feature maps of each scale, finest first; the last map of a scale is its logits.

        Raises:
            ValueError: sizes or batches differ.
        """
        if images.shape[0] != labels.shape[0] or images.shape[2:] != labels.shape[1:]:
            raise ValueError(f"images of shape {tuple(images.shape)}, but labels of shape {tuple(labels.shape)}")
        x = torch.cat([one_hot(labels, self.num_regions, images.dtype), images], dim=1)  # (B, R + 3, h, w)
        outputs = []
        for scale, discriminator in enumerate(self.scales):
            if scale:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            outputs.append(discriminator(x))
        return outputs
