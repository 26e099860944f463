"""Load the face parser, and run it on crops and on batches of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Float32, Int64, UInt8
from numpy import ndarray
from torch import Tensor, nn

from hairgan.networks.face_parser import BiSeNet, input_size
from hairgan.networks.resnet import fold_batch_norm
from hairgan.photos.network_images import resize_images, to_images
from hairgan.regions import Region
from hairgan.weights.sources import load_network


@dataclass(frozen=True, eq=False)
class ParsedCrop:
    """The parser's result for an aligned crop."""

    labels: UInt8[ndarray, "size size"]
    hair: Float32[ndarray, "size size"]
    """Probability of hair, 0 to 1."""
    certainty: float
    """Mean probability of the predicted region over all pixels that are not background; 0 if all are."""


class FaceParser:
    """A face parser that runs at the image size it was trained for.

    Args:
        network: images in [-1, 1] to logits of 19 regions. A `BiSeNet` is copied, with batch norm folded into its
            convolutions; any other network is used as it is.
        source: where the network came from, for records.

    Attributes:
        size: side in pixels of the images that the network was trained for.
    """

    def __init__(self, network: nn.Module, source: Path | str = "") -> None:
        self.network = fold_batch_norm(network) if isinstance(network, BiSeNet) else network
        self.size = input_size(network)
        self.source = str(source)

    @classmethod
    def load(
        cls, source: Path | str | None = None, checkpoint: str = "last", device: torch.device | str = "cpu"
    ) -> FaceParser:
        """Load the parser of a run directory, a bundle, or a published BiSeNet file (`79999_iter.pth`).

        Args:
            source: None takes the bundle that ships with hairgan.
            checkpoint: of a run: `last`, `best` or a path.

        Raises:
            ValueError: as in `hairgan.weights.sources.load_network`.
        """
        return cls(load_network("parser", source, checkpoint).to(device), source or "shipped")

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return next(self.network.parameters()).device

    @torch.inference_mode()
    def parse(self, crops: Sequence[UInt8[ndarray, "size size 3"]]) -> list[ParsedCrop]:
        """Parse aligned crops of `size` pixels, all in one batch."""
        logits = self.network(to_images(crops, self.device)).float()
        probabilities = logits.softmax(dim=1)
        highest, labels = probabilities.max(dim=1)
        face = labels != Region.BACKGROUND
        certainties = (highest * face).sum(dim=(1, 2)) / face.sum(dim=(1, 2)).clamp(min=1)
        maps, hair = labels.byte().cpu().numpy(), probabilities[:, Region.HAIR].cpu().numpy()
        return [ParsedCrop(*parsed) for parsed in zip(maps, hair, certainties.tolist(), strict=True)]

    @torch.no_grad()
    def label_maps(self, images: Float[Tensor, "b 3 h w"]) -> Int64[Tensor, "b h w"]:
        """The label maps of images of any size, at the images' own size.

        Args:
            images: RGB in [-1, 1]; values outside are clamped.
        """
        height, width = images.shape[-2:]
        logits = self.network(resize_images(images.clamp(-1, 1), self.size, self.size))
        return resize_images(logits, height, width).argmax(dim=1)
