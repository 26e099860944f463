"""The hair layout network: IoU and F1 of every region of the new heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from hairgan.data.hair_swaps import MAPS, HairSwapBatches
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Images, LabelMaps, Requirement, SharedHair
from hairgan.evaluation.image_cost import add_cost
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.outputs import LaidOut
from hairgan.evaluation.own_metrics import OwnMetrics
from hairgan.evaluation.region_scores import add_region_scores
from hairgan.evaluation.result import Evaluation, Picture
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.registry import Mode
from hairgan.metrics.segmentation import ParsingScores
from hairgan.pictures import sheet
from hairgan.regions import colorize

DEFAULT_SPLIT = "test"
EXAMPLES = 6


def default_metrics(dataset: PackedDataset, judges: Judges) -> tuple[str, ...]:
    """What is measured unless metrics are chosen."""
    return ("segmentation", "cost")


def requirements(metrics: Sequence[str], split: str, modes: Sequence[Mode]) -> list[Requirement]:
    """What `evaluate` needs of the data."""
    return [LabelMaps("to compare with"), SharedHair(), Images(split)]


@torch.no_grad()
def evaluate(networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> Evaluation:
    """Measure a hair layout network on a split: each image is once the target (`HairSwapBatches.read_in_order`).

    Args:
        networks: `hair_layout`.
        settings: `metrics` can be `segmentation`, scores over all pixels (`hairgan.metrics.segmentation`), and `cost`,
            of one label map; and metrics of your own, which see `LaidOut` batches.

    Raises:
        ValueError: the split has no image, or the dataset has no label maps or no shared hairstyles.
    """
    network, dataset = networks["hair_layout"], data.dataset
    batches = HairSwapBatches(
        dataset, settings.split, membership=data.membership, domain_names=list(data.domains.names),
        batch_size=settings.batch_size, seed=settings.seed,
    )  # fmt: skip
    result = Evaluation({}, {"split": settings.split, "images": 0}, headline=())
    own = OwnMetrics(settings.metrics, "hair_layout", settings.device)
    scores, examples = ParsingScores().to(settings.device), []
    for source, reference, target in _label_maps(batches, settings):
        predicted = network(source, reference).argmax(1)
        scores.update(predicted, target)
        own.update(LaidOut(source, reference, predicted, target))
        result.protocol["images"] += len(target)
        examples.append([colorize(maps[0].cpu().numpy()) for maps in (source, reference, predicted, target)])
    if "segmentation" in settings.metrics:
        add_region_scores(result, scores, settings.split)
        picture = sheet(list(zip(*examples[:EXAMPLES], strict=True)), ["head", "hair of", "predicted", "truth"])
        result.pictures.append(Picture("Label maps", picture, "the first head of each batch"))
    own.add_to(result, settings.split)
    if "cost" in settings.metrics:
        head, wanted = source[:1], reference[:1]
        add_cost(result, lambda: network(head, wanted), [network], settings.device, "Two label maps to a new one.")
    return result


def _label_maps(batches: HairSwapBatches, settings: EvaluationSettings) -> Iterator[list[Int64[Tensor, "b s s"]]]:
    """The triples of a split, at most `max_sources` of them."""
    left = settings.max_sources
    for number in range(len(batches)):
        if left is not None and left <= 0:
            return
        batch = batches.read_in_order(number)
        yield [torch.from_numpy(batch[name][:left]).to(settings.device).long() for name in MAPS]
        left = None if left is None else left - len(batch["ids"])
