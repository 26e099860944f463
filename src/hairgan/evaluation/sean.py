"""SEAN: how close reconstructions are to their images, and the effect of edits with another image's hair style."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from numpy import ndarray
from torchmetrics import Metric

from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Images, LabelMaps, Requirement
from hairgan.evaluation import sean_report
from hairgan.evaluation.batches import gather, local_batches, read_labelled
from hairgan.evaluation.image_cost import add_cost
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.outputs import Painted
from hairgan.evaluation.own_metrics import OwnMetrics
from hairgan.evaluation.painter import Painter
from hairgan.evaluation.real_statistics import real_statistics
from hairgan.evaluation.result import Evaluation
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.metrics.generative import FID, KID
from hairgan.metrics.hair_edits import HairColorDistance, HairShapeIoU, OutsideHairChange
from hairgan.metrics.identity import IdentitySimilarity
from hairgan.metrics.mean_over_images import MeanOverImages
from hairgan.metrics.reconstruction import Reconstruction
from hairgan.metrics.registry import Mode
from hairgan.metrics.segmentation import ParsingScores
from hairgan.networks.sean import SEANGenerator

DEFAULT_SPLIT = "val"


def default_metrics(dataset: PackedDataset, judges: Judges) -> tuple[str, ...]:
    """What is measured unless metrics are chosen; EditBench only for models that were trained on drawn people."""
    is_drawn = dataset.manifest["parameters"]["source"].get("kind") == "portraits"
    judged = {"segmentation": judges.parser, "identity": judges.embedder}
    by_judges = [metric for metric, judge in judged.items() if judge is not None]
    return ("fid", "reconstruction", "edits", *by_judges, *(("editbench",) if is_drawn else ()), "cost")


def requirements(metrics: Sequence[str], split: str, modes: Sequence[Mode]) -> list[Requirement]:
    """What `evaluate` needs of the data."""
    return [LabelMaps("to paint from"), Images(split, at_least=2)]


@torch.no_grad()
def evaluate(networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> Evaluation:
    """Measure reconstructions and edits over a split.

    An edit is the source painted on its own label map with the hair's style code of the next image of the split. It is
    measured as painted, before the salon restores the source's own pixels.

    Args:
        networks: `generator`.
        settings: `metrics` can be `fid` and `kid`, distances of the reconstructions to the images of the split;
            `reconstruction` (PSNR, SSIM, RMSE, LPIPS); `edits` (change outside the hair, hair color distance, and with
            a parser the hair's shape); `segmentation`, the agreement of a parser's regions in the reconstructions with
            the label maps (as in Park et al. 2019); `identity`, the similarity of the faces of edits and images;
            `editbench`, dyeing against the drawn truth; `cost`, of encoding and painting one image; and metrics of your
            own, which see `Painted` batches.

    Raises:
        ValueError: the split has fewer than two images, the dataset has no label maps, or an output is not finite.
    """
    generator, dataset = networks["generator"], data.dataset
    indices = _indices(dataset, settings)
    own = OwnMetrics(settings.metrics, "sean", settings.device)
    edits = bool(own) or any(metric in settings.metrics for metric in ("edits", "identity"))
    painter = Painter(generator, dataset, indices, settings.device, edits)
    measures = [*_measures(dataset, indices, settings)]
    of_images: dict[int, dict[str, float]] = {}  # position of the image -> its values by name
    for positions in local_batches(np.arange(len(indices) if measures or own else 0), settings.batch_size):
        batch = painter(positions)
        for of_batch in (*(measure.update(batch) for measure in measures), own.update(batch)):
            for position, of_image in zip(positions, of_batch, strict=False):  # none of a metric of sets of images
                of_images.setdefault(int(position), {}).update(of_image)
    of_images = gather(of_images)

    values: dict[str, float] = {}
    for measure in measures:
        values |= measure.compute()
    headline = tuple(name for name in values if "/iou/" not in name and "/f1/" not in name)
    counts = {"split": settings.split, "images": len(indices)}
    result = Evaluation(values, settings.protocol.describe() | settings.judges.describe() | counts, headline)
    result.tables += sean_report.tables(values, headline, len(indices))
    own.add_to(result, f"{len(indices)} images")
    if "editbench" in settings.metrics:
        sean_report.add_editbench(result, generator, dataset.size, settings.device)
    if "cost" in settings.metrics:
        _add_cost(result, generator, dataset, indices, settings.device)
    result.pictures += sean_report.best_and_worst(painter, of_images)
    return result


def _indices(dataset: PackedDataset, settings: EvaluationSettings) -> Int64[ndarray, " n"]:
    """The images that are measured.

    Raises:
        ValueError: fewer than two, or no label maps.
    """
    if dataset.labels is None:
        raise ValueError(f"{dataset.path} has no label maps to paint")
    if settings.max_sources is not None and settings.max_sources < 2:
        raise ValueError(
            "max_sources must be 2 or more for sean, whose edits take another image's style, "
            f"not {settings.max_sources}"
        )
    indices = dataset.split(settings.split)[: settings.max_sources]
    if len(indices) < 2:
        raise ValueError(
            f"{dataset.path} has {len(indices)} images in the split '{settings.split}'; at least 2 are needed"
        )
    return indices


def _add_cost(
    result: Evaluation,
    generator: SEANGenerator,
    dataset: PackedDataset,
    indices: Int64[ndarray, " n"],
    device: torch.device | str,
) -> None:
    image, labels = read_labelled(dataset, indices[:1], device)

    def paint_one() -> None:
        generator.paint(generator.layout(labels), generator.encode_styles(image, labels))

    add_cost(result, paint_one, [generator], device, "Style codes of one image, and one painting of its label map.")


@dataclass(frozen=True)
class _Measure:
    """A metric and its inputs.

    Attributes:
        metric: on the device.
        inputs: arguments of its `update`, from a batch.
        prefix: of its values' names.
    """

    metric: Metric
    inputs: Callable[[Painted], tuple[Any, ...]]
    prefix: str = ""

    def update(self, batch: Painted) -> list[dict[str, float]]:
        """Add a batch, and return each image's values by name (nothing for a metric of sets of images)."""
        self.metric.update(*self.inputs(batch))
        if not isinstance(self.metric, MeanOverImages):
            return []
        return [{self.prefix + name: v for name, v in row.items()} for row in self.metric.values_of_images()]

    def compute(self) -> dict[str, float]:
        """The values by name."""
        found: Any = self.metric.compute()
        found = found if isinstance(found, dict) else {self.metric.name: found}
        return {self.prefix + name: float(value) for name, value in found.items()}


def _measures(
    dataset: PackedDataset, indices: Int64[ndarray, " n"], settings: EvaluationSettings
) -> Iterator[_Measure]:
    metrics, protocol, judges, device = settings.metrics, settings.protocol, settings.judges, settings.device
    if "reconstruction" in metrics:
        yield _Measure(Reconstruction(protocol.lpips).to(device), lambda b: (b.painted, b.images))
    if "fid" in metrics:
        real = real_statistics(
            dataset,
            indices,
            protocol.extractor,
            split=settings.split,
            domain="all",
            batch_size=settings.batch_size,
            device=device,
            cache=settings.cache,
        )
        yield _Measure(FID(protocol.extractor, real).to(device), lambda b: (b.painted, False))
    if "kid" in metrics:
        kid = KID(protocol.extractor).to(device)
        yield _Measure(kid, lambda b: (b.images, True))
        yield _Measure(kid, lambda b: (b.painted, False))
    if "edits" in metrics:
        outside, color = OutsideHairChange(protocol.lpips).to(device), HairColorDistance().to(device)
        yield _Measure(outside, lambda b: (b.images, b.edited, b.hair, b.hair), "edits/")
        yield _Measure(color, lambda b: (b.edited, b.hair, b.references, b.reference_hair), "edits/")
        if judges.parser is not None:
            yield _Measure(HairShapeIoU().to(device), lambda b: (judges.regions(b.edited), b.labels), "edits/")
    if "identity" in metrics and judges.embedder is not None:
        yield _Measure(IdentitySimilarity(judges.embedder).to(device), lambda b: (b.images, b.edited), "edits/")
    if "segmentation" in metrics:
        scores = ParsingScores().to(device)
        yield _Measure(scores, lambda b: (judges.regions(b.painted), b.labels), "segmentation/")
