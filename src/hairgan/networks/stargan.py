"""StarGAN v2: generator, mapping network, style encoder and discriminator.

Choi et al. 2020, "StarGAN v2: Diverse Image Synthesis for Multiple Domains", section 2 and appendix E. Names of
modules are those of the published checkpoints, so that their state dicts load as they are. None of the four networks
has batch statistics or dropout: training and evaluation mode compute the same.

Two rearrangements save work without changing the results: a convolution and the pooling or upsampling next to it are
one convolution (`resampling`), and the 1x1 convolution of a shortcut runs at the lower of its two resolutions, because
a pointwise map commutes with averaging and with copying pixels.

Shapes: b batch, k domains, c channels, h and w the image size; images are RGB in [-1, 1].
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from hairgan.networks.config import ConfiguredNetwork
from hairgan.networks.resampling import ConvPool, UpsampleConv

SKIP_RESOLUTIONS = (32, 64, 128)
"""Sides of the maps at which high frequencies of the source enter the decoder (up to the image size)."""

Masks = tuple[Float[Tensor, "masks 1 mask_h mask_w"], Float[Tensor, "masks 1 mask_h mask_w"]]
"""Where high frequencies pass, in [0, 1]: at resolution 32, and at 64 and 128. Masks may have any size."""


def leaky_relu(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


# -- blocks --


class ResBlk(nn.Module):
    """Pre-activation residual block of the encoder half, the style encoder and the discriminator.

    [norm] -> LeakyReLU -> conv -> [pool] -> [norm] -> LeakyReLU -> conv, plus the shortcut, divided by sqrt(2).
    """

    def __init__(self, dim_in: int, dim_out: int, normalize: bool = False, downsample: bool = False) -> None:
        super().__init__()
        self.conv1 = ConvPool(dim_in, dim_in) if downsample else nn.Conv2d(dim_in, dim_in, 3, padding=1)
        self.conv2 = nn.Conv2d(dim_in, dim_out, 3, padding=1)
        self.norm1 = nn.InstanceNorm2d(dim_in, affine=True) if normalize else nn.Identity()
        self.norm2 = nn.InstanceNorm2d(dim_in, affine=True) if normalize else nn.Identity()
        self.conv1x1 = nn.Conv2d(dim_in, dim_out, 1, bias=False) if dim_in != dim_out else nn.Identity()
        self.downsample = downsample

    def forward(self, x: Float[Tensor, "b dim_in h w"]) -> Float[Tensor, "b dim_out h_out w_out"]:
        residual = self.conv1(leaky_relu(self.norm1(x)))
        residual = self.conv2(leaky_relu(self.norm2(residual)))
        shortcut = self.conv1x1(F.avg_pool2d(x, 2) if self.downsample else x)
        return (shortcut + residual) / math.sqrt(2)


class AdaIN(nn.Module):
    """Adaptive instance normalization (Huang & Belongie 2017): (1 + gamma(s)) * IN(x) + beta(s)."""

    def __init__(self, style_dim: int, dim: int) -> None:
        super().__init__()
        self.fc = nn.Linear(style_dim, 2 * dim)

    def forward(self, x: Float[Tensor, "b c h w"], s: Float[Tensor, "b style_dim"]) -> Float[Tensor, "b c h w"]:
        h = self.fc(s)
        gamma, beta = h.to(torch.promote_types(h.dtype, torch.float32)).chunk(2, dim=1)  # float32 under autocast
        # (B, C, h, w) -> (1, B * C, h, w): batch norm normalizes and scales each channel of each image in one pass
        normalized = F.batch_norm(
            x.reshape(1, -1, *x.shape[2:]), None, None, (1 + gamma).flatten(), beta.flatten(), training=True
        )
        return normalized.view_as(x)  # (1, B * C, h, w) -> (B, C, h, w)


class AdainResBlk(nn.Module):
    """Residual block of the decoder half, styled by AdaIN.

    With a high-pass skip (w_hpf > 0) the block has no shortcut and no division by sqrt(2); its `conv1x1` exists, as in
    the published checkpoints, but is not used.
    """

    def __init__(self, dim_in: int, dim_out: int, style_dim: int, upsample: bool, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = UpsampleConv(dim_in, dim_out) if upsample else nn.Conv2d(dim_in, dim_out, 3, padding=1)
        self.conv2 = nn.Conv2d(dim_out, dim_out, 3, padding=1)
        self.norm1 = AdaIN(style_dim, dim_in)
        self.norm2 = AdaIN(style_dim, dim_out)
        self.conv1x1 = nn.Conv2d(dim_in, dim_out, 1, bias=False) if dim_in != dim_out else nn.Identity()
        self.upsample = upsample
        self.shortcut = shortcut

    def forward(
        self, x: Float[Tensor, "b dim_in h w"], s: Float[Tensor, "b style_dim"]
    ) -> Float[Tensor, "b dim_out h_out w_out"]:
        residual = self.conv1(leaky_relu(self.norm1(x, s)))
        residual = self.conv2(leaky_relu(self.norm2(residual, s)))
        if not self.shortcut:
            return residual
        shortcut = self.conv1x1(x)
        if self.upsample:
            shortcut = F.interpolate(shortcut, scale_factor=2)
        return (shortcut + residual) / math.sqrt(2)


class HighPass(nn.Module):
    """A Laplacian filter of every channel, divided by w_hpf: a larger w_hpf gives a weaker skip."""

    filter: Tensor

    def __init__(self, w_hpf: float) -> None:
        super().__init__()
        kernel = torch.full((3, 3), -1.0)
        kernel[1, 1] = 8.0
        self.register_buffer("filter", kernel / w_hpf)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        return F.conv2d(x, self.filter.expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])


# -- the four networks --


class Encoding(NamedTuple):
    """The output of the encoder half for an image; it does not depend on the style."""

    features: Float[Tensor, "b c h w"]
    skips: dict[int, Float[Tensor, "b _ r r"]]  # by resolution; empty without a high-pass skip

    def detach(self) -> Encoding:
        return Encoding(self.features.detach(), {side: skip.detach() for side, skip in self.skips.items()})

    def twice(self) -> Encoding:
        """For a batch that holds each image twice."""
        skips = {side: torch.cat([skip, skip]) for side, skip in self.skips.items()}
        return Encoding(torch.cat([self.features, self.features]), skips)


class Generator(ConfiguredNetwork):
    """Translates an image into the style of a style code (section 2.1 and table 5 of the paper).

    Args:
        image_size: side of the images, a power of two from 32.
        style_dim: length of the style codes.
        max_width: the widths double from block to block up to this number of channels.
        base_width: channels at full resolution; the published 2^14 / image_size if None.
        w_hpf: 0 for no skip; otherwise the weight that divides the high-pass skip.

    Raises:
        ValueError: `image_size` is not a power of two or is below 32, or `w_hpf` is negative.
    """

    step_methods = ("encode_source", "decode_styled")  # which `forward` calls, too

    def __init__(
        self,
        image_size: int = 256,
        style_dim: int = 64,
        max_width: int = 512,
        base_width: int | None = None,
        w_hpf: float | int = 1.0,
    ) -> None:
        super().__init__()
        if w_hpf < 0:
            raise ValueError(f"w_hpf must be 0 (no skip) or above, got {w_hpf}")
        self.image_size, self.style_dim, self.w_hpf = image_size, style_dim, w_hpf
        # the bottleneck is 16 pixels wide without the skip and 8 with it
        widths = block_widths(image_size, 8 if w_hpf > 0 else 16, base_width, max_width)
        stages = list(pairwise(widths))
        bottleneck, shortcut = widths[-1], w_hpf == 0
        self.from_rgb = nn.Conv2d(3, widths[0], 3, padding=1)
        self.encode = nn.ModuleList(
            [ResBlk(narrow, wide, normalize=True, downsample=True) for narrow, wide in stages]
            + [ResBlk(bottleneck, bottleneck, normalize=True) for _ in range(2)]
        )
        self.decode = nn.ModuleList(
            [AdainResBlk(bottleneck, bottleneck, style_dim, upsample=False, shortcut=shortcut) for _ in range(2)]
            + [AdainResBlk(wide, narrow, style_dim, upsample=True, shortcut=shortcut) for narrow, wide in stages[::-1]]
        )
        self.to_rgb = nn.Sequential(
            nn.InstanceNorm2d(widths[0], affine=True), nn.LeakyReLU(0.2), nn.Conv2d(widths[0], 3, 1)
        )
        if w_hpf > 0:
            self.hpf = HighPass(w_hpf)
        self.apply(he_init)

    def forward(
        self, x: Float[Tensor, "b 3 h w"], s: Float[Tensor, "styles style_dim"], masks: Masks | None = None
    ) -> Float[Tensor, "b 3 h w"]:
        """Translate images.

        Args:
            x: images in [-1, 1].
            s: style codes, from `MappingNetwork` or `StyleEncoder`.
            masks: where the high-pass skip lets details of `x` pass; None for nowhere.

        Returns:
            images, about in [-1, 1]; there is neither a tanh nor a clamp.

        Raises:
            ValueError: sizes or batch sizes differ, or masks were given though w_hpf is 0.
        """
        return self.decode_styled(self.encode_source(x), s, masks)

    def encode_source(self, x: Float[Tensor, "b 3 h w"]) -> Encoding:
        """The encoder half alone, which runs once for any number of styles."""
        check_images(x, self)
        skips: dict[int, Tensor] = {}
        features = self.from_rgb(x)
        for block in self.encode:
            if self.w_hpf > 0 and features.shape[2] in SKIP_RESOLUTIONS:
                skips[features.shape[2]] = features
            features = block(features)
        return Encoding(features, skips)

    def decode_styled(
        self, encoding: Encoding, s: Float[Tensor, "styles style_dim"], masks: Masks | None = None
    ) -> Float[Tensor, "b 3 h w"]:
        """The decoder half alone; arguments and errors as in `forward`."""
        features = encoding.features
        if s.shape != (len(features), self.style_dim):
            raise ValueError(f"style codes of shape {tuple(s.shape)} instead of {(len(features), self.style_dim)}")
        if masks is not None:
            if self.w_hpf == 0:
                raise ValueError("masks were given, but this generator has no high-pass skip (w_hpf = 0)")
            for mask in masks:
                if len(mask) != len(features):
                    raise ValueError(f"masks of batch size {len(mask)} for {len(features)} images")
        for block in self.decode:
            features = block(features, s)
            side = features.shape[2]
            if masks is not None and side in SKIP_RESOLUTIONS:
                mask = F.interpolate(masks[0] if side == 32 else masks[1], size=side, mode="bilinear")
                features = features + self.hpf(mask * encoding.skips[side])
        return self.to_rgb(features)


class MappingNetwork(ConfiguredNetwork):
    """Latent codes to style codes, with a head per domain (section 2.1 and table 6).

    Args:
        num_domains: number of domains K.
        latent_dim: length of the latent codes.
        style_dim: length of the style codes.
        hidden_dim: width of all layers.
    """

    def __init__(self, num_domains: int = 2, latent_dim: int = 16, style_dim: int = 64, hidden_dim: int = 512) -> None:
        super().__init__()
        self.num_domains, self.latent_dim = num_domains, latent_dim

        def linear_relu(*dims: int) -> list[nn.Module]:
            return [layer for pair in pairwise(dims) for layer in (nn.Linear(*pair), nn.ReLU())]

        self.shared = nn.Sequential(*linear_relu(latent_dim, *[hidden_dim] * 4))
        self.unshared = nn.ModuleList(
            nn.Sequential(*linear_relu(*[hidden_dim] * 4), nn.Linear(hidden_dim, style_dim)) for _ in range(num_domains)
        )
        self.apply(he_init)

    def forward(self, z: Float[Tensor, "b latent_dim"], y: Int[Tensor, " domains"]) -> Float[Tensor, "b style_dim"]:
        """Style codes of domain `y[i]` for latent codes `z[i]` ~ N(0, I).

        All heads are evaluated: those of absent domains get zero gradients, not none, as in the published training.

        Raises:
            ValueError: batch sizes differ, or a domain is outside [0, K) (checked on the CPU only: reading a GPU's
                memory would wait for it).
        """
        check_domains(y, len(z), self.num_domains)
        h = self.shared(z)  # (B, hidden_dim)
        return select(torch.stack([head(h) for head in self.unshared], dim=1), y)  # (B, K, style_dim) -> (B, style_dim)


class StyleEncoder(ConfiguredNetwork):
    """Images to style codes, with a head per domain (section 2.1 and table 7).

    Args:
        image_size, max_width, base_width: as in `Generator`.
        num_domains: number of domains K.
        style_dim: length of the style codes.
    """

    def __init__(
        self,
        image_size: int = 256,
        num_domains: int = 2,
        style_dim: int = 64,
        max_width: int = 512,
        base_width: int | None = None,
    ) -> None:
        super().__init__()
        self.image_size, self.num_domains = image_size, num_domains
        widths = block_widths(image_size, 4, base_width, max_width)
        self.shared = nn.Sequential(*image_trunk(widths))
        self.unshared = nn.ModuleList(nn.Linear(widths[-1], style_dim) for _ in range(num_domains))
        self.apply(he_init)

    def forward(self, x: Float[Tensor, "b 3 h w"], y: Int[Tensor, " domains"]) -> Float[Tensor, "b style_dim"]:
        """Style codes of images in [-1, 1] as seen by domain `y`; errors as in `MappingNetwork` and `Generator`."""
        check_images(x, self)
        check_domains(y, len(x), self.num_domains)
        h = self.shared(x).flatten(1)  # (B, width, 1, 1) -> (B, width)
        return select(torch.stack([head(h) for head in self.unshared], dim=1), y)  # (B, K, style_dim) -> (B, style_dim)


class Discriminator(ConfiguredNetwork):
    """Real or fake, with an output per domain (section 2.1 and table 7).

    Args:
        image_size, num_domains, max_width, base_width: as in `StyleEncoder`.
    """

    def __init__(
        self, image_size: int = 256, num_domains: int = 2, max_width: int = 512, base_width: int | None = None
    ) -> None:
        super().__init__()
        self.image_size, self.num_domains = image_size, num_domains
        widths = block_widths(image_size, 4, base_width, max_width)
        self.main = nn.Sequential(*image_trunk(widths), nn.Conv2d(widths[-1], num_domains, 1))
        self.apply(he_init)

    def forward(self, x: Float[Tensor, "b 3 h w"], y: Int[Tensor, " domains"]) -> Float[Tensor, " b"]:
        """Logits of "a real image of domain `y`" for images in [-1, 1]; errors as in `StyleEncoder`."""
        check_images(x, self)
        check_domains(y, len(x), self.num_domains)
        return select(self.main(x).flatten(1), y)  # (B, K, 1, 1) -> (B, K) -> (B,)


# -- shared by the four networks --


def block_widths(image_size: int, smallest: int, base_width: int | None, max_width: int) -> list[int]:
    """Channels at the resolutions image_size, image_size / 2, ..., `smallest`."""
    if image_size < 32 or image_size & (image_size - 1):
        raise ValueError(f"image_size must be a power of two and at least 32, got {image_size}")
    width = base_width or 2**14 // image_size
    halvings = (image_size // smallest).bit_length() - 1
    return [min(width * 2**i, max_width) for i in range(halvings + 1)]


def image_trunk(widths: list[int]) -> list[nn.Module]:
    """Layers from an image to `widths[-1]` channels at 1x1, for style encoder and discriminator."""
    return [
        nn.Conv2d(3, widths[0], 3, padding=1),
        *(ResBlk(narrow, wide, downsample=True) for narrow, wide in pairwise(widths)),
        nn.LeakyReLU(0.2),
        ClosingConv(widths[-1], widths[-1], 4),
        nn.LeakyReLU(0.2),
    ]


class ClosingConv(nn.Conv2d):
    """A convolution over the whole of a 4x4 map. A smaller one, of an image of half the side, is enlarged first."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c_out 1 1"]:
        return super().forward(x if x.shape[-1] == 4 else F.interpolate(x, size=4))


def he_init(module: nn.Module) -> None:
    """He et al. 2015: normal with variance 2 / fan_in, bias 0 (appendix B of the paper)."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def select(heads: Float[Tensor, "b k ..."], y: Int[Tensor, " b"]) -> Float[Tensor, "b ..."]:
    """The head of domain `y[i]` for each sample i."""
    return heads[torch.arange(len(y), device=y.device), y]


def check_images(x: Tensor, network: Generator | StyleEncoder | Discriminator) -> None:
    side = network.image_size
    if x.shape[2:] == (side, side) or (network.training and x.shape[2:] == (side // 2, side // 2)):
        return
    raise ValueError(f"images of {x.shape[2]} x {x.shape[3]} pixels, but the network takes {side} x {side}")


def check_domains(y: Tensor, batch: int, num_domains: int) -> None:
    if len(y) != batch:
        raise ValueError(f"{len(y)} domains for a batch of {batch}")
    if torch.compiler.is_compiling():  # reading values would cut the graph in two; `select` refuses what is outside
        return
    if y.device.type == "cpu" and len(y) and not (int(y.min()) >= 0 and int(y.max()) < num_domains):
        raise ValueError(f"domains {y.tolist()} outside [0, {num_domains})")
