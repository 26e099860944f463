"""The hair layout network: how it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from torch.optim import Optimizer

from hairgan.data.requirements import Images, LabelMaps, SharedHair
from hairgan.losses.hair_layout import hair_layout_losses
from hairgan.losses.phase import PhaseLoss
from hairgan.metrics.segmentation import ParsingScores
from hairgan.networks.hair_layout import HairLayoutNet
from hairgan.pictures import sheet
from hairgan.regions import colorize
from lightning_modules.base import PhasedModule
from lightning_modules.phase import Phase


class HairLayoutModule(PhasedModule):
    """One phase: cross entropy of all regions of the new head, and the overlap of its hair.

    Args:
        hair_layout: the network.
        optimizer: from parameters to an optimizer.
        lambda_jaccard: weight of the hair's soft Jaccard loss beside the cross entropy.
        ema_decay: share of the averaged weights that is kept at each step.
        schedule: factor on the learning rate as a function of the step.
        seed: the run's seed.
    """

    requires = (LabelMaps("to learn from"), SharedHair(), Images("val"))
    needs: ClassVar = {"hair_layout": HairLayoutNet}

    def __init__(
        self,
        hair_layout: HairLayoutNet,
        *,
        optimizer: Callable[[Any], Optimizer],
        lambda_jaccard: float = 1.0,
        ema_decay: float = 0.998,
        schedule: Callable[[int], float] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            {"hair_layout": hair_layout},
            {"hair_layout": optimizer},
            seed=seed,
            schedule=schedule,
            ema=("hair_layout",),
            ema_decay=ema_decay,
        )
        self.lambda_jaccard = lambda_jaccard
        self.scores = ParsingScores()

    def phases(self, batch: dict[str, Any]) -> Iterator[Phase]:
        def loss() -> PhaseLoss:
            logits = self.networks["hair_layout"](batch["source"], batch["reference"])
            cross_entropy, jaccard = hair_layout_losses(logits, batch["source"], batch["target"])
            terms = {"cross_entropy": cross_entropy.detach(), "jaccard": jaccard.detach()}
            return PhaseLoss(cross_entropy + self.lambda_jaccard * jaccard, terms)

        yield Phase("layout", loss, ("hair_layout",))

    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        logits = self.averaged("hair_layout")(batch["source"], batch["reference"])
        self.scores.update(logits.argmax(dim=1), batch["target"])

    def sample_grids(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`layouts`: heads, the heads whose hair they are to wear, and the new label maps."""
        labels = batch["labels"]
        wanted = labels.roll(-1, dims=0)
        new = self.averaged("hair_layout")(labels, wanted).argmax(dim=1)
        rows = [[colorize(each) for each in maps.cpu().numpy()] for maps in (labels, wanted, new)]
        return {"layouts": sheet(rows, ["head", "hair of", "new layout"])}
