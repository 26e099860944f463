"""SEAN's generator written plainly from the formulas, with loops over images and regions: the oracle for the fast one.

State dicts are in the published layout. `vectorised=True` replaces the loops by whole-batch operations but still builds
the 512-channel style map and convolves it; the benchmark measures both.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.nn import functional as F

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.nn.utils import spectral_norm  # the classic one, whose keys the published files have


def one_hot(labels: Tensor, num_regions: int) -> Tensor:
    masks = torch.zeros(len(labels), num_regions, *labels.shape[1:], device=labels.device)
    return masks.scatter_(1, labels[:, None], 1.0)


class Zencoder(nn.Module):
    def __init__(self, style_dim: int, vectorised: bool) -> None:
        super().__init__()
        self.vectorised = vectorised
        self.model = nn.ModuleList([nn.Identity() for _ in range(16)])
        self.model[1], self.model[4] = nn.Conv2d(3, 32, 3), nn.Conv2d(32, 64, 3, 2, 1)
        self.model[7], self.model[10] = nn.Conv2d(64, 128, 3, 2, 1), nn.ConvTranspose2d(128, 256, 3, 2, 1, 1)
        self.model[14] = nn.Conv2d(256, style_dim, 3)

    def forward(self, images: Tensor, masks: Tensor) -> Tensor:
        x = self.model[1](F.pad(images, (1, 1, 1, 1), mode="reflect"))
        for index in (4, 7, 10):
            x = self.model[index](F.leaky_relu(F.instance_norm(x), 0.2))
        x = F.pad(F.leaky_relu(F.instance_norm(x), 0.2), (1, 1, 1, 1), mode="reflect")
        x = torch.tanh(self.model[14](x))
        masks = F.interpolate(masks, size=x.shape[2:], mode="nearest")
        if self.vectorised:
            sums = torch.einsum("bdhw,brhw->brd", x, masks)
            return sums / masks.sum(dim=(2, 3))[:, :, None].clamp(min=1)
        codes = x.new_zeros(len(x), masks.shape[1], x.shape[1])
        for b in range(len(x)):
            for j in range(masks.shape[1]):
                inside = masks[b, j].bool()
                if inside.any():
                    codes[b, j] = x[b, :, inside].mean(dim=1)
        return codes


class Spade(nn.Module):
    def __init__(self, channels: int, num_regions: int) -> None:
        super().__init__()
        self.param_free_norm = nn.BatchNorm2d(channels, affine=False)  # never run, but in the files
        self.mlp_shared = nn.Sequential(nn.Conv2d(num_regions, 128, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(128, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(128, channels, 3, padding=1)


class Ace(nn.Module):
    def __init__(self, channels: int, num_regions: int, style_dim: int | None, vectorised: bool) -> None:
        super().__init__()
        self.vectorised, self.num_regions, self.style_dim = vectorised, num_regions, style_dim
        self.blending_gamma, self.blending_beta = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
        self.noise_var = nn.Parameter(torch.zeros(channels))
        self.Spade = Spade(channels, num_regions)
        self.param_free_norm = nn.BatchNorm2d(channels, affine=False)
        if style_dim is not None:
            for j in range(num_regions):
                setattr(self, f"fc_mu{j}", nn.Linear(style_dim, style_dim))
            self.conv_gamma = nn.Conv2d(style_dim, channels, 3, padding=1)
            self.conv_beta = nn.Conv2d(style_dim, channels, 3, padding=1)

    def forward(self, x: Tensor, masks: Tensor, codes: Tensor, noise: Tensor | None) -> Tensor:
        if noise is not None:
            x = x + self.noise_var[None, :, None, None] * noise[:, None]
        x = self.param_free_norm(x)
        masks = F.interpolate(masks, size=x.shape[2:], mode="nearest")
        hidden = self.Spade.mlp_shared(masks)
        gamma, beta = self.Spade.mlp_gamma(hidden), self.Spade.mlp_beta(hidden)
        if self.style_dim is not None:
            style_map = self.vectorised_style_map(masks, codes) if self.vectorised else self.style_map(masks, codes)
            share_gamma, share_beta = self.blending_gamma.sigmoid(), self.blending_beta.sigmoid()
            gamma = share_gamma * self.conv_gamma(style_map) + (1 - share_gamma) * gamma
            beta = share_beta * self.conv_beta(style_map) + (1 - share_beta) * beta
        return x * (1 + gamma) + beta

    def style_map(self, masks: Tensor, codes: Tensor) -> Tensor:
        style_map = codes.new_zeros(len(masks), codes.shape[2], *masks.shape[2:])
        for b in range(len(masks)):
            for j in range(self.num_regions):
                inside = masks[b, j].bool()
                if inside.any():
                    style = F.relu(getattr(self, f"fc_mu{j}")(codes[b, j]))
                    style_map[b, :, inside] = style[:, None].expand(-1, int(inside.sum()))
        return style_map

    def vectorised_style_map(self, masks: Tensor, codes: Tensor) -> Tensor:
        layers = [getattr(self, f"fc_mu{j}") for j in range(self.num_regions)]
        weight, bias = torch.stack([fc.weight for fc in layers]), torch.stack([fc.bias for fc in layers])
        styles = F.relu(torch.einsum("brd,red->bre", codes, weight) + bias)
        return torch.einsum("brd,brhw->bdhw", styles, masks)


class Block(nn.Module):
    def __init__(
        self, in_channels: int, out_channels: int, num_regions: int, style_dim: int | None, vectorised: bool
    ) -> None:
        super().__init__()
        middle = min(in_channels, out_channels)
        self.conv_0 = spectral_norm(nn.Conv2d(in_channels, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, out_channels, 3, padding=1))
        self.ace_0 = Ace(in_channels, num_regions, style_dim, vectorised)
        self.ace_1 = Ace(middle, num_regions, style_dim, vectorised)
        self.shortcut = in_channels != out_channels
        if self.shortcut:
            self.conv_s = spectral_norm(nn.Conv2d(in_channels, out_channels, 1, bias=False))
            self.ace_s = Ace(in_channels, num_regions, style_dim, vectorised)

    def forward(self, x: Tensor, masks: Tensor, codes: Tensor, noise: list[Tensor | None]) -> Tensor:
        shortcut = self.conv_s(self.ace_s(x, masks, codes, noise.pop(0))) if self.shortcut else x
        residual = self.conv_0(F.leaky_relu(self.ace_0(x, masks, codes, noise.pop(0)), 0.2))
        return shortcut + self.conv_1(F.leaky_relu(self.ace_1(residual, masks, codes, noise.pop(0)), 0.2))


class SEANLoop(nn.Module):
    """The generator with `"normal"` or `"more"` up-sampling; attributes are named as the published keys."""

    def __init__(
        self,
        image_size: int = 256,
        width: int = 64,
        num_regions: int = 19,
        style_dim: int = 512,
        upsampling: str = "normal",
        vectorised: bool = False,
    ) -> None:
        super().__init__()
        self.image_size, self.num_regions, self.more = image_size, num_regions, upsampling == "more"
        self.Zencoder = Zencoder(style_dim, vectorised)
        self.fc = nn.Conv2d(num_regions, 16 * width, 3, padding=1)
        common = num_regions, style_dim, vectorised
        self.head_0 = Block(16 * width, 16 * width, *common)
        self.G_middle_0 = Block(16 * width, 16 * width, *common)
        self.G_middle_1 = Block(16 * width, 16 * width, *common)
        self.up_0 = Block(16 * width, 8 * width, *common)
        self.up_1 = Block(8 * width, 4 * width, *common)
        self.up_2 = Block(4 * width, 2 * width, *common)
        self.up_3 = Block(2 * width, width, num_regions, None, vectorised)
        self.conv_img = nn.Conv2d(width, 3, 3, padding=1)

    def encode_styles(self, images: Tensor, labels: Tensor) -> Tensor:
        return self.Zencoder(images, one_hot(labels, self.num_regions))

    def forward(self, labels: Tensor, codes: Tensor, noise: list[Tensor] | None = None) -> Tensor:
        masks = one_hot(labels, self.num_regions).to(codes.dtype)
        draws: list[Tensor | None] = [None] * 18 if noise is None else [*noise]
        start = self.image_size // (64 if self.more else 32)
        x = self.fc(F.interpolate(masks, size=(start, start), mode="nearest"))
        x = self.head_0(x, masks, codes, draws)
        x = self.G_middle_0(F.interpolate(x, scale_factor=2), masks, codes, draws)
        if self.more:
            x = F.interpolate(x, scale_factor=2)
        x = self.G_middle_1(x, masks, codes, draws)
        for block in (self.up_0, self.up_1, self.up_2, self.up_3):
            x = block(F.interpolate(x, scale_factor=2), masks, codes, draws)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))

    def normalization_sides(self) -> list[int]:
        """The side of the maps of each ACE in the order of execution, where the noise is added."""
        side = self.image_size // (64 if self.more else 32)
        blocks = (self.head_0, self.G_middle_0, self.G_middle_1, self.up_0, self.up_1, self.up_2, self.up_3)
        doubled = (False, True, self.more, True, True, True, True)
        sides = []
        for block, doubles in zip(blocks, doubled, strict=True):
            side *= 2 if doubles else 1
            sides += [side] * (3 if block.shortcut else 2)
        return sides


def settle_spectral_norm(network: nn.Module, iterations: int = 20) -> None:
    """Power iterations, so that fresh singular vectors give a sensible scale in evaluation mode."""
    for module in network.modules():
        if hasattr(module, "weight_orig"):
            matrix = module.weight_orig.detach().flatten(1)
            for _ in range(iterations):
                module.weight_v.copy_(F.normalize(matrix.T @ module.weight_u, dim=0))
                module.weight_u.copy_(F.normalize(matrix @ module.weight_v, dim=0))
