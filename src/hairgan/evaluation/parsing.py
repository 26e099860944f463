"""The face parser: IoU and F1 of every region."""

from __future__ import annotations

import numpy as np
import torch

from hairgan.data.packed import PackedDataset
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.metrics.batches import gathered, read, shares
from hairgan.metrics.hair_edits import mask_iou
from hairgan.metrics.segmentation import ParsingScores
from hairgan.networks.bisenet import BiSeNet
from hairgan.pictures import sheet
from hairgan.regions import REGION_NAMES, Region, colorize

EXAMPLES = 6
HEADLINE = ("mean_iou", "mean_f1", "hair_iou", "pixel_accuracy")


@torch.no_grad()
def evaluate(
    parser: BiSeNet,
    dataset: PackedDataset,
    *,
    split: str = "test",
    max_sources: int | None = None,
    batch_size: int = 8,
    device: torch.device | str = "cpu",
) -> Evaluation:
    """Scores over all pixels of a split (`hairgan.metrics.segmentation.ParsingScores`).

    Raises:
        ValueError: the split has no image, or the dataset no label maps.
    """
    indices = dataset.split(split)[:max_sources]
    if dataset.labels is None or not len(indices):
        raise ValueError(f"{dataset.path} has {len(indices)} images in the split '{split}' and "
                         f"{'no' if dataset.labels is None else 'their'} label maps: nothing to measure")  # fmt: skip
    scores = ParsingScores().to(device)
    hair: dict[int, float] = {}
    for chosen in shares(indices, batch_size):
        images, labels = read(dataset, chosen, device)
        assert labels is not None
        parsed = parser(images).argmax(1)
        scores.update(parsed, labels)
        of_each = mask_iou(parsed == Region.HAIR, labels == Region.HAIR)
        hair |= dict(zip(map(int, chosen), of_each.tolist(), strict=True))
    hair = gathered(hair)
    values = {name: float(value) for name, value in scores.compute().items()}
    result = Evaluation(values, {"split": split, "images": len(indices)}, headline=HEADLINE)
    result.tables.append(Table("All pixels", list(HEADLINE), [(split, [values[name] for name in HEADLINE])]))
    rows = [(name, [values[f"iou/{name}"], values[f"f1/{name}"]]) for name in REGION_NAMES]
    result.tables.append(Table("Regions", ["IoU", "F1"], rows))
    for what, worst in (("Best", False), ("Worst", True)):
        picked = np.array(sorted(hair, key=hair.__getitem__, reverse=not worst)[:EXAMPLES])
        images, labels = read(dataset, picked, device)
        assert labels is not None
        maps = [list(map(colorize, m.cpu().numpy())) for m in (parser(images).argmax(1), labels)]
        note = ", ".join(f"{hair[i]:.3f}" for i in picked) + " (1 where there is no hair, and none was found)"
        picture = sheet([list(dataset.images[picked]), *maps], ["image", "parsed", "truth"])
        result.pictures.append(Picture(f"{what} by hair IoU", picture, note))
    return result
