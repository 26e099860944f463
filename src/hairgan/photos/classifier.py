"""Load the hair classifier, and run it on crops and on batches of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.resnet import fold_batch_norm
from hairgan.photos.network_images import resize_images, to_images
from hairgan.weights.sources import load_network


@dataclass(frozen=True)
class Answer:
    """The class that a head of the classifier finds most probable."""

    name: str
    probability: float
    """Calibrated, 0 to 1."""


class HairAttributeClassifier:
    """A hair classifier that runs at the image size it was trained for.

    Args:
        network: the classifier; it is copied, with batch norm folded into its convolutions.
        source: where the network came from, for records.

    Attributes:
        size: side in pixels of the images that the network was trained for.
        classes: head -> names of its classes.
    """

    def __init__(self, network: HairClassifier, source: Path | str = "") -> None:
        self.network = fold_batch_norm(network)
        self.size, self.classes = network.image_size, network.classes
        self.source = str(source)

    @classmethod
    def load(
        cls, source: Path | str, checkpoint: str = "last", device: torch.device | str = "cpu"
    ) -> HairAttributeClassifier:
        """Load the classifier of a run directory or a bundle.

        Args:
            checkpoint: of a run: `last`, `best` or a path.

        Raises:
            ValueError: as in `hairgan.weights.sources.load_network`, or the network is not a `HairClassifier`.
        """
        network = load_network("classifier", source, checkpoint)
        if not isinstance(network, HairClassifier):
            raise ValueError(f"{source}: the part 'classifier' is a {type(network).__name__}, not a HairClassifier")
        return cls(network.to(device), source)

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self.network.temperatures.device

    @torch.no_grad()
    def logits(self, images: Float[Tensor, "b 3 h w"]) -> dict[str, Float[Tensor, "b _"]]:
        """The logits of every head.

        Args:
            images: RGB in [-1, 1], of any size; values outside are clamped.
        """
        return self.network(resize_images(images.clamp(-1, 1), self.size, self.size))

    @torch.inference_mode()
    def classify(self, crops: Sequence[UInt8[ndarray, "s s 3"]]) -> list[dict[str, Answer]]:
        """For each aligned crop: head -> the answer."""
        images = resize_images(to_images(crops, self.device), self.size, self.size)
        answers: list[dict[str, Answer]] = [{} for _ in crops]
        for head, probabilities in self.network.probabilities(images).items():
            best = probabilities.max(dim=1)
            for answer, probability, index in zip(answers, best.values.tolist(), best.indices.tolist(), strict=True):
                answer[head] = Answer(self.classes[head][index], probability)
        return answers
