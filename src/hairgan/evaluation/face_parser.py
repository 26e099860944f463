"""The face parser: IoU and F1 of every region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from numpy import ndarray

from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Images, LabelMaps, Requirement
from hairgan.evaluation.batches import gather, images_to_measure, local_batches, read_labelled
from hairgan.evaluation.image_cost import add_cost
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.outputs import Parsed
from hairgan.evaluation.own_metrics import OwnMetrics
from hairgan.evaluation.region_scores import add_region_scores
from hairgan.evaluation.result import Evaluation, Picture
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.hair_edits import mask_iou
from hairgan.metrics.registry import Mode
from hairgan.metrics.segmentation import ParsingScores
from hairgan.networks.face_parser import BiSeNet
from hairgan.pictures import sheet
from hairgan.regions import Region, colorize

DEFAULT_SPLIT = "test"
EXAMPLES = 6


def default_metrics(dataset: PackedDataset, judges: Judges) -> tuple[str, ...]:
    """What is measured unless metrics are chosen."""
    return ("segmentation", "cost")


def requirements(metrics: Sequence[str], split: str, modes: Sequence[Mode]) -> list[Requirement]:
    """What `evaluate` needs of the data."""
    return [LabelMaps("to compare with"), Images(split)]


@torch.no_grad()
def evaluate(networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> Evaluation:
    """Measure a parser on a split.

    Args:
        networks: `parser`.
        settings: `metrics` can be `segmentation`, scores over all pixels (`hairgan.metrics.segmentation`), and `cost`,
            of one image; and metrics of your own, which see `Parsed` batches.

    Raises:
        ValueError: the split has no image, or the dataset has no label maps.
    """
    parser, dataset = networks["parser"], data.dataset
    if dataset.labels is None:
        raise ValueError(f"{dataset.path} has no label maps to compare with")
    indices = images_to_measure(dataset, settings.split, settings.max_sources)
    result = Evaluation({}, {"split": settings.split, "images": len(indices)}, headline=())
    own = OwnMetrics(settings.metrics, "face_parser", settings.device)
    if "segmentation" in settings.metrics or own:
        _add_segmentation(result, parser, dataset, indices, settings, own)
    if "cost" in settings.metrics:
        image, _ = read_labelled(dataset, indices[:1], settings.device)
        add_cost(result, lambda: parser(image), [parser], settings.device, "One image to its label map.")
    return result


def _add_segmentation(
    result: Evaluation,
    parser: BiSeNet,
    dataset: PackedDataset,
    indices: Int64[ndarray, " n"],
    settings: EvaluationSettings,
    own: OwnMetrics,
) -> None:
    scores = ParsingScores().to(settings.device)
    hair_iou: dict[int, float] = {}  # by image
    for chosen in local_batches(indices, settings.batch_size):
        images, labels = read_labelled(dataset, chosen, settings.device)
        parsed = parser(images).argmax(1)
        scores.update(parsed, labels)
        own.update(Parsed(images, labels, parsed))
        ious = mask_iou(parsed == Region.HAIR, labels == Region.HAIR)
        hair_iou |= dict(zip(map(int, chosen), ious.tolist(), strict=True))
    own.add_to(result, settings.split)
    if "segmentation" not in settings.metrics:
        return
    add_region_scores(result, scores, settings.split)
    result.pictures += _best_and_worst(parser, dataset, gather(hair_iou), settings.device)


def _best_and_worst(
    parser: BiSeNet, dataset: PackedDataset, hair_iou: Mapping[int, float], device: torch.device | str
) -> list[Picture]:
    """The images with the highest and the lowest IoU of the hair."""
    pictures = []
    for rank, highest_first in (("Best", True), ("Worst", False)):
        shown = np.array(sorted(hair_iou, key=hair_iou.__getitem__, reverse=highest_first)[:EXAMPLES])
        images, labels = read_labelled(dataset, shown, device)
        parsed, truth = (list(map(colorize, maps.cpu().numpy())) for maps in (parser(images).argmax(1), labels))
        note = ", ".join(f"{hair_iou[i]:.3f}" for i in shown) + " (1 if neither label map has hair)"
        picture = sheet([list(dataset.images[shown]), parsed, truth], ["image", "parsed", "truth"])
        pictures.append(Picture(f"{rank} by hair IoU", picture, note))
    return pictures
