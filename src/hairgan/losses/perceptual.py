"""Perceptual loss (Johnson et al. 2016, eq. 2, with L1 distances as in pix2pixHD, Wang et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG19_Weights, vgg

from hairgan.losses.adversarial import at_least_single

STAGES: tuple[tuple[int, ...], ...] = ((0,), (2, 5), (7, 10), (12, 14, 16, 19), (21, 23, 25, 28))
"""Convolutions of torchvision's VGG19 `features` up to relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""
POOLED_FIRST = (5, 10, 19, 28)
WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


class VGG19Perceptual(nn.Module):
    """Weighted mean absolute differences of VGG19's features at relu1_1 to relu5_1.

    As in SEAN, images go in as they are, in [-1, 1], without ImageNet's normalisation. VGG19 is a constant: it has no
    parameters to train and no place in checkpoints.

    Args:
        weights: `"torchvision"` for the ImageNet weights, downloaded once and cached; the path of a file with them;
            or `"random"` for an untrained network (a loss that compares little more than edges; for tests).

    Raises:
        ValueError: the weights can be neither found nor downloaded, or do not fit VGG19.
    """

    def __init__(self, weights: str = "torchvision") -> None:
        super().__init__()
        state = _vgg19_state(weights)
        for index in (index for stage in STAGES for index in stage):
            for kind in ("weight", "bias"):
                self.register_buffer(f"{kind}_{index}", state[f"features.{index}.{kind}"].float(), persistent=False)

    def features(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Feature maps at the five layers."""
        maps = []
        for stage in STAGES:
            for index in stage:
                if index in POOLED_FIRST:
                    images = F.max_pool2d(images, 2)
                kernel, bias = self.get_buffer(f"weight_{index}"), self.get_buffer(f"bias_{index}")
                images = F.relu(F.conv2d(images, kernel, bias, padding=1), inplace=True)
            maps.append(images)
        return maps

    def forward(self, fake: Float[Tensor, "b 3 h w"], real: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
        """The distance of fake to real images; only the fake ones get a gradient."""
        with torch.no_grad():
            targets = self.features(real)
        pairs = zip(WEIGHTS, self.features(fake), targets, strict=True)
        return torch.stack([w * F.l1_loss(at_least_single(f), at_least_single(r)) for w, f, r in pairs]).sum()


def _vgg19_state(weights: str) -> Mapping[str, Tensor]:
    if weights == "random":
        return _untrained()
    if weights == "torchvision":
        url = VGG19_Weights.IMAGENET1K_V1.url
        try:
            return torch.hub.load_state_dict_from_url(url, map_location="cpu", progress=False, check_hash=True)
        except OSError as error:
            raise ValueError(
                f"VGG19's weights could not be downloaded ({error}): put the file of {url} into "
                f"{Path(torch.hub.get_dir()) / 'checkpoints'}, or give its path (model.perceptual.weights=PATH), "
                "or train without the perceptual loss (model.perceptual=null)"
            ) from error
    if not Path(weights).is_file():
        raise ValueError(f"there is no file {weights} with VGG19's weights; else say torchvision or random")
    try:
        state: Mapping[str, Tensor] = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{weights} is no readable file of tensors: {str(error).splitlines()[0]}") from error
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in _untrained().items()}
    for name, shape in shapes.items():
        if name not in state:
            raise ValueError(f"{weights} is no state dict of VGG19: {name} is missing")
        if tuple(state[name].shape) != shape:
            raise ValueError(f"{weights} is no state dict of VGG19: {name} is {tuple(state[name].shape)}, not {shape}")
    return state


def _untrained() -> dict[str, Tensor]:
    layers = vgg.make_layers(vgg.cfgs["E"])
    return {f"features.{name}": value for name, value in layers.state_dict().items()}
