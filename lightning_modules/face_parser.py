"""The face parser (BiSeNet, Yu et al. 2018): how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from torch.optim import Optimizer

from hairgan.data.augment import to_bytes
from hairgan.data.requirements import Images, LabelMaps
from hairgan.losses.phase import PhaseLoss
from hairgan.losses.segmentation import bisenet_loss, soft_jaccard_loss
from hairgan.metrics.segmentation import ParsingScores
from hairgan.networks.face_parser import BiSeNet
from hairgan.optimizers import bisenet_parameter_groups
from hairgan.pictures import sheet
from hairgan.regions import colorize
from hairgan.weights.face_parser import load_imagenet
from lightning_modules.base import PhasedModule
from lightning_modules.phase import Phase


class FaceParserModule(PhasedModule):
    """One phase: cross entropy over the hardest pixels on all heads, and optionally the overlap of regions.

    Args:
        parser: the network.
        optimizer: from parameter groups to an optimizer.
        weight_decay: weight decay of weights; normalization and biases have none.
        head_lr_factor: factor on the learning rate of fusion and heads.
        ohem_threshold: a pixel counts as hard if the probability of its true class is below this.
        ohem_share: smallest share of the pixels that is kept, in [0, 1].
        lambda_jaccard: weight of the main head's soft Jaccard loss, which helps thin regions; 0 as published.
        imagenet: whether the ResNet starts from ImageNet weights, which are downloaded once.
        schedule: factor on the learning rate as a function of the step.
        seed: the run's seed.
    """

    requires = (LabelMaps("to learn from"), Images("val"))
    needs: ClassVar = {"parser": BiSeNet}

    def __init__(
        self,
        parser: BiSeNet,
        *,
        optimizer: Callable[[Any], Optimizer],
        weight_decay: float = 5e-4,
        head_lr_factor: float = 10.0,
        ohem_threshold: float = 0.7,
        ohem_share: float = 1 / 16,
        lambda_jaccard: float = 0.0,
        imagenet: bool = False,
        schedule: Callable[[int], float] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__({"parser": parser}, {"parser": optimizer}, seed=seed, schedule=schedule)
        if imagenet:
            load_imagenet(parser.backbone)
        self.weight_decay, self.head_lr_factor = weight_decay, head_lr_factor
        self.ohem_threshold, self.ohem_share = ohem_threshold, ohem_share
        self.lambda_jaccard = lambda_jaccard
        self.scores = ParsingScores()

    @property
    def parser(self) -> BiSeNet:
        parser = self.networks["parser"]
        assert isinstance(parser, BiSeNet)
        return parser

    def parameter_groups(self, name: str) -> list[dict[str, Any]]:
        return bisenet_parameter_groups(self.parser, self.weight_decay, self.head_lr_factor)

    def phases(self, batch: dict[str, Any]) -> Iterator[Phase]:
        def loss() -> PhaseLoss:
            heads, labels = self.parser.with_auxiliary(batch["images"]), batch["labels"]
            loss = bisenet_loss(heads, labels, threshold=self.ohem_threshold, kept_share=self.ohem_share)
            if not self.lambda_jaccard:
                return PhaseLoss(loss, {})
            jaccard = soft_jaccard_loss(heads[0], labels)
            return PhaseLoss.of(loss + self.lambda_jaccard * jaccard, {"cross_entropy": loss, "jaccard": jaccard})

        yield Phase("parse", loss, ("parser",))

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        self.scores.update(self.parser(batch["images"]).argmax(dim=1), batch["labels"])

    def sample_grids(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`parsing`: images, the predicted regions, and the true regions."""
        parsed = self.parser(batch["images"]).argmax(dim=1)
        rows = [
            list(to_bytes(batch["images"]).cpu().numpy()),
            [colorize(labels) for labels in parsed.cpu().numpy()],
            [colorize(labels) for labels in batch["labels"].cpu().numpy()],
        ]
        return {"parsing": sheet(rows, ["image", "parsed", "truth"])}
