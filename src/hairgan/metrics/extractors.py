"""Networks that turn images into the feature vectors of FID and KID.

The `name` of each states its weights and how it resizes images. Its `fid_name` is the name of a Fréchet distance of
these features: distances in different feature spaces are different quantities.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import torch
import torchvision
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.transforms.v2.functional import InterpolationMode, normalize, resize

from hairgan.extras import how_to_install
from hairgan.metrics.embedded import NO_FILE, EmbeddedTrunk
from hairgan.metrics.images import Images, as_bytes
from hairgan.metrics.registry import PROTOCOLS
from hairgan.weights.files import load_exactly, read_state_dict, weights_file, weights_fingerprint

IMAGENET_MEAN = [0.485, 0.456, 0.406]
IMAGENET_STD = [0.229, 0.224, 0.225]


class FeatureExtractor(nn.Module):
    """A network from images to feature vectors: frozen, in evaluation mode, in float32 even under autocast.

    Attributes:
        name: weights and resizing in words, part of the cache key of real statistics.
        fid_name: the name of a Fréchet distance of these features.
        num_features: length of a feature vector.
    """

    name: str
    fid_name: str
    num_features: int

    def train(self, mode: bool = True) -> FeatureExtractor:
        return super().train(False)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights."""
        return weights_fingerprint(self)

    @torch.no_grad()
    def forward(self, images: Images) -> Float[Tensor, "b d"]:
        """Features of images, which are quantized to bytes first, as in a saved file.

        Args:
            images: bytes, or floats in [-1, 1].

        Raises:
            ValueError: an image holds NaN or infinite values.
        """
        with torch.autocast(images.device.type, enabled=False):
            return self.extract(as_bytes(images))

    def extract(self, images: Tensor) -> Tensor:
        """Bytes (b, 3, h, w) to features (b, num_features)."""
        raise NotImplementedError


class TorchFidelityInception(FeatureExtractor):
    """The TF-ported Inception of the standard FID, with its own resizing to 299 px, from torch-fidelity.

    Args:
        weights: path of `weights-inception-2015-12-05-6726825d.pth`; None takes torch hub's cache or downloads it.
    """

    name = "inception-2015-12-05/tf-bilinear-299"
    fid_name = PROTOCOLS["standard"].fid
    num_features = 2048

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        try:
            from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3
        except ImportError as error:
            raise ValueError("FID and KID need torch-fidelity: " + how_to_install("evaluation")) from error
        file = weights_file(URL_INCEPTION_V3, weights, "the standard FID", NO_FILE)
        read_state_dict(file)  # torch-fidelity would unpickle anything
        self.network = FeatureExtractorInceptionV3(
            "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(file)
        )
        self.requires_grad_(False).eval()

    def extract(self, images: Tensor) -> Tensor:
        return self.network(images)[0]


class TorchvisionInception(FeatureExtractor):
    """torchvision's ImageNet Inception v3 as in StarGAN v2's evaluation (Choi et al. 2020, appendix).

    Images are resized to 299 px as bytes, bilinearly with antialiasing (as PIL does), and normalized with ImageNet's
    mean and deviation; features are the 2048 channels before the classifier.

    Args:
        weights: path of `inception_v3_google-0cc3c7bd.pth`; None takes torch hub's cache or downloads it.
    """

    name = "torchvision-inception-v3/pil-bilinear-299"
    fid_name = PROTOCOLS["stargan_v2"].fid
    num_features = 2048

    def __init__(self, weights: str | Path | None = None) -> None:
        super().__init__()
        url = torchvision.models.Inception_V3_Weights.IMAGENET1K_V1.url
        file = weights_file(url, weights, "fid_stargan_v2", NO_FILE)
        with torch.device("meta"):
            network = torchvision.models.inception_v3(weights=None, init_weights=False)
        self.network = network.to_empty(device="cpu")
        load_exactly(self.network, read_state_dict(file), source=str(file))
        self.network.AuxLogits = None  # not needed for features
        self.network.fc = nn.Identity()
        self.requires_grad_(False).eval()

    def extract(self, images: Tensor) -> Tensor:
        resized = resize(images, [299, 299], InterpolationMode.BILINEAR, antialias=True)
        return self.network(normalize(resized.float() / 255, IMAGENET_MEAN, IMAGENET_STD))


class EmbeddedExtractor(FeatureExtractor):
    """A fixed random network that ships with the package: for trends without a download, never to be quoted as FID.

    Features of the picture at 64 px: the mean colors of a 4 x 4 grid, and the logarithms of means and deviations of
    each channel of the four maps of `EmbeddedTrunk`, because fine texture is weak. All are scaled so that no group
    dominates.
    """

    name = "embedded-1/bilinear-64"
    fid_name = PROTOCOLS["embedded"].fid
    num_features = 2 * sum(EmbeddedTrunk.channels) + 48

    def __init__(self) -> None:
        super().__init__()
        self.trunk = EmbeddedTrunk()
        self.requires_grad_(False).eval()

    def extract(self, images: Tensor) -> Tensor:
        small = resize(images, [64, 64], InterpolationMode.BILINEAR, antialias=True).float() / 127.5 - 1
        maps = [m.flatten(2) for m in self.trunk(small)]
        colors = nn.functional.adaptive_avg_pool2d(small, 4).flatten(1)
        means = [m.mean(2, keepdim=True) for m in maps]
        squares = [(m - mean).square_().sum(2) for m, mean in zip(maps, means, strict=True)]  # faster than m.std(2)
        deviations = [(square / (m.shape[2] - 1)).sqrt() for m, square in zip(maps, squares, strict=True)]
        channels = torch.cat([*(mean[..., 0] for mean in means), *deviations], dim=1)
        return 0.3 * torch.cat([colors, torch.log(channels + 0.05)], dim=1)
