"""The hair layout network: IoU and F1 of every region of the new heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from hairgan.data.hair_swaps import HairSwapBatches
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Images, LabelMaps, Requirement, SharedHair
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.names import Mode
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.segmentation import ParsingScores
from hairgan.pictures import sheet
from hairgan.regions import REGION_NAMES, colorize

DEFAULT_SPLIT = "test"
EXAMPLES = 6
HEADLINE = ("hair_iou", "mean_iou", "pixel_accuracy")


def default_metrics(dataset: PackedDataset, judges: Judges) -> tuple[str, ...]:
    """What is measured unless metrics are chosen."""
    return ("segmentation",)


def requirements(metrics: Sequence[str], split: str, modes: Sequence[Mode]) -> list[Requirement]:
    """What `evaluate` needs of the data."""
    return [LabelMaps("to compare with"), SharedHair(), Images(split)]


@torch.no_grad()
def evaluate(networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> Evaluation:
    """Scores over all pixels; each image of the split is once the target (`HairSwapBatches.read_in_order`).

    Args:
        networks: `hair_layout`.

    Raises:
        ValueError: the split has no image, or the dataset has no label maps or no shared hairstyles.
    """
    network, dataset = networks["hair_layout"], data.dataset
    batches = HairSwapBatches(
        dataset, settings.split, membership=data.membership, domain_names=list(data.domains.names),
        batch_size=settings.batch_size, seed=settings.seed,
    )  # fmt: skip
    scores, images, examples = ParsingScores().to(settings.device), 0, []
    for number in range(len(batches)):
        if settings.max_sources is not None and images >= settings.max_sources:
            break
        batch = batches.read_in_order(number)
        left = None if settings.max_sources is None else settings.max_sources - images
        source, reference, target = (
            torch.from_numpy(batch[name][:left]).to(settings.device).long()
            for name in ("source", "reference", "target")
        )
        new = network(source, reference).argmax(1)
        scores.update(new, target)
        images += len(source)
        examples += list(zip(*(maps.cpu().numpy() for maps in (source, reference, new, target)), strict=True))[:1]
    values = {name: float(value) for name, value in scores.compute().items()}
    result = Evaluation(values, {"split": settings.split, "images": images}, headline=HEADLINE)
    row = (settings.split, [values[name] for name in HEADLINE])
    result.tables.append(Table("All pixels", list(HEADLINE), [row]))
    rows = [(name, [values[f"iou/{name}"], values[f"f1/{name}"]]) for name in REGION_NAMES]
    result.tables.append(Table("Regions", ["IoU", "F1"], rows))
    columns = [[colorize(labels) for labels in maps] for maps in zip(*examples[:EXAMPLES], strict=True)]
    picture = sheet(columns, ["head", "hair of", "predicted", "truth"])
    result.pictures.append(Picture("Label maps", picture, "the first head of each batch"))
    return result
