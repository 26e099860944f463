"""The hair classifier (ResNet + CBAM, Woo et al. 2018): how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import torch
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor
from torch.optim import Optimizer

from hairgan.data.augment import to_bytes
from hairgan.data.requirements import Images, KnownAttributes
from hairgan.hair_attributes import UNKNOWN
from hairgan.losses.classification import class_weights, masked_cross_entropies
from hairgan.losses.phase import PhaseLoss
from hairgan.metrics.classification import AttributeScores, fit_temperatures
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.pictures import sheet
from lightning_modules.base import PhasedModule
from lightning_modules.phase import Phase


class HairClassifierModule(PhasedModule):
    """One phase: the sum of the heads' cross entropies, each over the images whose attribute is known.

    Every validation also fits the temperatures that calibrate the heads; they are saved with the network.

    Args:
        classifier: the network.
        optimizer: from parameters to an optimizer.
        balance: whether classes are weighted by the inverse of their frequency in the training split.
        schedule: factor on the learning rate as a function of the step.
        seed: the run's seed.
    """

    requires = (KnownAttributes("train"), Images("val"), KnownAttributes("val"))
    needs: ClassVar = {"classifier": HairClassifier}

    def __init__(
        self,
        classifier: HairClassifier,
        *,
        optimizer: Callable[[Any], Optimizer],
        balance: bool = True,
        schedule: Callable[[int], float] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__({"classifier": classifier}, {"classifier": optimizer}, seed=seed, schedule=schedule)
        self.balance = balance
        self.class_weights: dict[str, Tensor] | None = None
        self.scores = AttributeScores(classifier.classes)
        self._validation: list[tuple[dict[str, Tensor], Tensor]] = []  # logits and targets, for the temperatures

    @property
    def classifier(self) -> HairClassifier:
        classifier = self.networks["classifier"]
        assert isinstance(classifier, HairClassifier)
        return classifier

    def on_fit_start(self) -> None:
        batches = self.trainer.datamodule.batches("train")  # type: ignore[attr-defined]
        targets = torch.from_numpy(batches.targets[batches.indices])
        known = dict(zip(self.classifier.classes, (targets != UNKNOWN).any(0).tolist(), strict=True))
        if unknown := [head for head, any_known in known.items() if not any_known]:
            rank_zero_warn(f"no training image has a known {' or '.join(unknown)}: the classifier does not learn it")
        if self.balance:
            weights = class_weights(targets, self.classifier.classes)
            self.class_weights = {head: weight.to(self.device) for head, weight in weights.items()}

    def phases(self, batch: dict[str, Any]) -> Iterator[Phase]:
        def loss() -> PhaseLoss:
            logits = self.classifier(batch["images"])
            terms = masked_cross_entropies(logits, batch["targets"], self.class_weights)
            return PhaseLoss.of(torch.stack(list(terms.values())).sum(), terms)

        yield Phase("classify", loss, ("classifier",))

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        logits = self.classifier(batch["images"])
        self.scores.update(logits, batch["targets"])
        self._validation.append(
            ({head: scores.float().cpu() for head, scores in logits.items()}, batch["targets"].cpu())
        )

    def on_validation_epoch_end(self) -> None:
        super().on_validation_epoch_end()
        logits = {head: torch.cat([seen[head] for seen, _ in self._validation]) for head in self.classifier.classes}
        temperatures = fit_temperatures(logits, torch.cat([targets for _, targets in self._validation]))
        self.classifier.temperatures.copy_(self.trainer.strategy.broadcast(temperatures))
        self._validation.clear()

    def sample_grids(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`attributes`: images, each with the predicted attributes."""
        probabilities = self.classifier.probabilities(batch["images"])
        names = []
        for row in range(len(batch["images"])):
            likeliest = {head: int(shares[row].argmax()) for head, shares in probabilities.items()}
            names.append(" ".join(self.classifier.classes[head][index] for head, index in likeliest.items()))
        images = to_bytes(batch["images"]).cpu().numpy()
        return {"attributes": sheet([[image] for image in images], names)}
