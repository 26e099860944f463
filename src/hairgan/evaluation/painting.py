"""SEAN: how close reconstructions come to their images, and what happens when the hair's style is another's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64, UInt8
from numpy import ndarray
from torch import Tensor
from torchmetrics import Metric

from hairgan.data.augment import to_bytes, to_float
from hairgan.data.packed import PackedDataset
from hairgan.editbench import BASELINES, EditCase, contact_sheet, run
from hairgan.evaluation.definitions import define
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.names import METRICS as METRICS_BY_FAMILY
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.metrics.batches import gathered, read, shares
from hairgan.metrics.cache import StatisticsCache
from hairgan.metrics.generative import KID, FrechetMetric
from hairgan.metrics.hair_edits import HairColorDistance, HairShapeIoU, OutsideHairChange
from hairgan.metrics.mean_over_images import MeanOverImages
from hairgan.metrics.reconstruction import Reconstruction
from hairgan.metrics.segmentation import ParsingScores
from hairgan.metrics.translation import real_statistics
from hairgan.networks.sean import SEANGenerator
from hairgan.pictures import sheet
from hairgan.regions import Region, colorize

METRICS = METRICS_BY_FAMILY["sean"]
EXAMPLES = 6
EDITBENCH_PAIRS = 20
TABLES = (  # title, prefix of the values, note
    ("Reconstructions", "", "Images painted from their own label map and styles, against the images."),
    ("Edits", "edits/", "The hair's style of the next image on the source's label map, as painted."),
    ("Segmentation", "segmentation/", "What the face parser sees in reconstructions, against the label maps."),
)


def default_metrics(dataset: PackedDataset, judges: Judges) -> tuple[str, ...]:
    """What is measured where nothing is asked for: drawn people can be compared with the truth, a parser can judge."""
    drawn = dataset.manifest["parameters"]["source"].get("kind") == "portraits"
    judged = ("segmentation",) if judges.parser is not None else ()
    return ("fid", "reconstruction", "edits", *judged, *(("editbench",) if drawn else ()))


@torch.no_grad()
def evaluate(
    generator: SEANGenerator,
    dataset: PackedDataset,
    protocol: Protocol,
    *,
    metrics: Sequence[str],
    judges: Judges,
    split: str = "val",
    max_sources: int | None = None,
    batch_size: int = 8,
    device: torch.device | str = "cpu",
    cache: StatisticsCache | None = None,
) -> Evaluation:
    """Measure reconstructions and edits over a split.

    An edit is the source on its own label map with the hair's style code of the next image of the split, as it is
    painted: what the salon keeps of the source's pixels afterwards is not in it.

    Args:
        metrics: of `METRICS`: `fid` and `kid` of reconstructions to the images of the split; `reconstruction` (PSNR,
            SSIM, RMSE, LPIPS); `edits` (change outside the hair, hair colour distance, and with a parser the hair's
            shape); `segmentation`, how a parser's regions of the reconstructions agree with the label maps (as in Park
            et al. 2019); `editbench`, dyeing against the drawn truth.

    Raises:
        ValueError: the split has fewer than two images, the dataset has no label maps, or an output is not a number.
    """
    if dataset.labels is None:
        raise ValueError(f"{dataset.path} has no label maps to paint")
    indices = dataset.split(split)[:max_sources]
    if max_sources is not None and max_sources < 2:
        raise ValueError(
            f"max_sources must be 2 or more for sean, whose edits take another image's style, not {max_sources}"
        )
    if len(indices) < 2:
        raise ValueError(f"{dataset.path} has {len(indices)} images in the split '{split}'; at least 2 are needed")
    painter = _Painter(generator, dataset, indices, device, edits="edits" in metrics)
    measured: list[tuple[str, Metric, Callable[[_Painted], tuple[Any, ...]]]] = []  # prefix, metric, what it is given
    if "reconstruction" in metrics:
        measured.append(("", Reconstruction(protocol.lpips), lambda b: (b.painted, b.images)))
    if "fid" in metrics:
        real = real_statistics(
            dataset, indices, protocol.extractor,
            split=split, domain="all", batch_size=batch_size, device=device, cache=cache,
        )  # fmt: skip
        measured.append(("", FrechetMetric(protocol.extractor, real), lambda b: (b.painted, False)))
    if "kid" in metrics:
        kid = KID(extractor=protocol.extractor)
        measured += [("", kid, lambda b: (b.images, True)), ("", kid, lambda b: (b.painted, False))]
    if "edits" in metrics:
        outside, color = OutsideHairChange(protocol.lpips), HairColorDistance()
        measured.append(("edits/", outside, lambda b: (b.images, b.edited, b.hair, b.hair)))
        measured.append(("edits/", color, lambda b: (b.edited, b.hair, b.references, b.reference_hair)))
        if judges.parser is not None:
            measured.append(("edits/", HairShapeIoU(), lambda b: (judges.regions(b.edited), b.labels)))
    if "segmentation" in metrics:
        measured.append(("segmentation/", ParsingScores(), lambda b: (judges.regions(b.painted), b.labels)))
    each: dict[int, dict[str, float]] = {}  # position among the images -> value by name
    for positions in shares(np.arange(len(indices)), batch_size):
        batch = painter(positions)
        for prefix, metric, given in measured:
            metric.to(device).update(*given(batch))
            if isinstance(metric, MeanOverImages):
                for name, of_batch in metric.last.items():
                    for position, value in zip(positions, of_batch.tolist(), strict=True):
                        each.setdefault(int(position), {})[prefix + name] = value
    each = gathered(each)

    values: dict[str, float] = {}
    for prefix, metric, _ in measured:
        found = metric.compute()
        found = found if isinstance(found, dict) else {metric.name: found}
        values |= {prefix + name: float(value) for name, value in found.items()}
    headline = [name for name in values if "/iou/" not in name and "/f1/" not in name]
    protocol_facts = protocol.describe() | judges.describe() | {"split": split, "images": len(indices)}
    result = Evaluation(values, protocol_facts, headline=tuple(headline))
    for title, prefix, note in TABLES:
        names = [n for n in headline if (n.startswith(prefix) if prefix else "/" not in n)]
        if names:
            row = (f"{len(indices)} images", [values[name] for name in names])
            result.tables.append(Table(title, [name.removeprefix(prefix) for name in names], [row], note=note))
    if "editbench" in metrics:
        _add_editbench(result, generator, dataset.size, device)
    result.pictures.extend(_examples(painter, each))
    return result


class _Painted(NamedTuple):
    """A batch: images, what was painted of them, and the same with the hair's style of references."""

    images: Float[Tensor, "b 3 h w"]
    labels: Int64[Tensor, "b h w"]
    painted: Float[Tensor, "b 3 h w"]
    references: Float[Tensor, "b 3 h w"]
    reference_labels: Int64[Tensor, "b h w"]
    edited: Float[Tensor, "b 3 h w"]

    @property
    def hair(self) -> Bool[Tensor, "b h w"]:
        return self.labels == Region.HAIR

    @property
    def reference_hair(self) -> Bool[Tensor, "b h w"]:
        return self.reference_labels == Region.HAIR


class _Painter:
    """Reconstructions and edits of images by their position in a split; the reference of an image is the next one."""

    def __init__(
        self, generator: SEANGenerator, dataset: PackedDataset, indices: Int64[ndarray, " n"],
        device: torch.device | str, edits: bool,
    ) -> None:  # fmt: skip
        self.generator, self.dataset, self.indices = generator, dataset, indices
        self.device, self.edits = device, edits

    def __call__(self, positions: Int64[ndarray, " b"]) -> _Painted:
        images, labels = read(self.dataset, self.indices[positions], self.device)
        assert labels is not None
        layout, styles = self.generator.layout(labels), self.generator.encode_styles(images, labels)
        painted = self.generator.paint(layout, styles)
        if not self.edits:
            return _Painted(images, labels, painted, images, labels, painted)
        references, reference_labels = read(
            self.dataset, self.indices[(positions + 1) % len(self.indices)], self.device
        )
        assert reference_labels is not None
        edited = self.generator.paint(layout, with_hair_of(self.generator, styles, references, reference_labels))
        return _Painted(images, labels, painted, references, reference_labels, edited)


def with_hair_of(
    generator: SEANGenerator,
    styles: Float[Tensor, "b regions dim"],
    references: Float[Tensor, "b 3 h w"],
    labels: Int64[Tensor, "b h w"],
) -> Float[Tensor, "b regions dim"]:
    """Style codes with the hair's taken from references."""
    swapped = styles.clone()
    swapped[:, Region.HAIR] = generator.encode_styles(references, labels)[:, Region.HAIR]
    return swapped


def _examples(painter: _Painter, each: Mapping[int, Mapping[str, float]]) -> list[Picture]:
    """The best and the worst images by each value, side by side."""
    pictures = []
    for name in next(iter(each.values()), {}):
        definition = define(name)
        defined = [position for position, values in each.items() if not math.isnan(values[name])]
        if definition is None or not defined:
            continue
        best = sorted(defined, key=lambda p, name=name: each[p][name], reverse=definition.better == "higher")  # type: ignore[misc]
        for what, positions in (("Best", best), ("Worst", best[::-1])):
            shown = np.array(positions[:EXAMPLES])
            batch = painter(shown)
            rows = {"source": batch.images, "labels": batch.labels, "painted": batch.painted}
            if name.startswith("edits/"):
                rows = {"source": batch.images, "reference": batch.references, "edited": batch.edited}
            values = [f"{each[int(p)][name]:.3f}" for p in shown]
            picture = sheet([_pictures(row) for row in rows.values()], [*rows], values)
            pictures.append(Picture(f"{what} by {name}", picture, definition.text, section="Best and worst"))
    return pictures


def _pictures(batch: Tensor) -> list[UInt8[ndarray, "h w 3"]]:
    return list(to_bytes(batch).cpu().numpy()) if batch.ndim == 4 else [colorize(m) for m in batch.cpu().numpy()]


def _add_editbench(result: Evaluation, generator: SEANGenerator, size: int, device: torch.device | str) -> None:
    """Score dyeing on EditBench's people, with their true label maps, beside the baselines."""

    def dye(case: EditCase) -> UInt8[ndarray, "s s 3"]:
        pictures = np.stack([case.source, case.reference])
        labels = torch.from_numpy(np.stack([case.source_labels, case.reference_labels])).to(device).long()
        images = to_float(torch.from_numpy(pictures).to(device))
        styles = generator.encode_styles(images[:1], labels[:1])
        styles = with_hair_of(generator, styles, images[1:], labels[1:])
        edited: UInt8[ndarray, "s s 3"] = (
            to_bytes(generator.paint(generator.layout(labels[:1]), styles))[0].cpu().numpy()
        )
        return edited

    methods = {"this model": dye, **BASELINES}
    found = {r.method: r.scores for r in run(methods, pairs=EDITBENCH_PAIRS, size=size, tasks=("dye",))}
    shown = ("hair_ciede2000", "hair_psnr", "outside_ciede2000", "outside_psnr")
    result.values |= {f"editbench/{name}": value for name, value in found["this model"].items()}
    result.headline += ("editbench/hair_ciede2000", "editbench/outside_ciede2000")
    rows = [(method, [scores[name] for name in shown]) for method, scores in found.items()]
    note = f"Dyeing {EDITBENCH_PAIRS} drawn people of {size} px, against the true result (docs/editbench.md)."
    result.tables.append(Table("EditBench", shown, rows, note=note))
    examples = contact_sheet({"this model": dye}, "dye", pairs=EXAMPLES, size=size)
    result.pictures.append(Picture("EditBench: dye", examples, section="Examples"))
