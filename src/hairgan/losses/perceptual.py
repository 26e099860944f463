"""Perceptual loss (Johnson et al. 2016, eq. 2, with L1 distances as in pix2pixHD, Wang et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import VGG19_Weights, vgg

from hairgan.losses.adversarial import at_least_single
from hairgan.weights.files import load_exactly, read_state_dict, weights_file

STAGES: tuple[tuple[int, ...], ...] = ((0,), (2, 5), (7, 10), (12, 14, 16, 19), (21, 23, 25, 28))
"""Convolutions of torchvision's VGG19 `features` up to relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""
POOLED_FIRST = (5, 10, 19, 28)
"""Convolutions whose input is max-pooled first."""
WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
"""Weights of the distances at the five layers, as in pix2pixHD."""


class VGG19Perceptual(nn.Module):
    """Weighted mean absolute differences of VGG19's features at relu1_1 to relu5_1.

    As in SEAN, images in [-1, 1] are not normalized with ImageNet's mean and deviation. VGG19 is a constant: it is not
    trained, and not stored in checkpoints.

    Args:
        weights: `"torchvision"` for the ImageNet weights, downloaded once and cached; the path of a file with them; or
            `"random"` for an untrained network, for tests (its loss compares little more than edges).

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
        """Feature maps of images in [-1, 1] at the five layers, at 1, 1/2, 1/4, 1/8 and 1/16 of the image size."""
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


class _VGG19(nn.Module):
    """The convolutions of torchvision's VGG19, without its classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.features = vgg.make_layers(vgg.cfgs["E"])


def _vgg19_state(weights: str) -> Mapping[str, Tensor]:
    if weights == "random":
        return _VGG19().state_dict()
    file = weights_file(
        VGG19_Weights.IMAGENET1K_V1.url,
        None if weights == "torchvision" else weights,
        "VGG19's perceptual loss",
        "give its path (model.perceptual.weights=PATH), or train without this loss (model.perceptual=null)",
    )
    state = {name: tensor for name, tensor in read_state_dict(file).items() if name.startswith("features.")}
    with torch.device("meta"):
        network = _VGG19()
    return load_exactly(network, state, assign=True, source=str(file)).state_dict()
