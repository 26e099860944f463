"""The hair classifier: accuracy, F1 and confusion of every head."""

from __future__ import annotations

import numpy as np
import torch

from hairgan.data.attribute_targets import attribute_targets
from hairgan.data.packed import PackedDataset
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.losses.classification import UNKNOWN
from hairgan.metrics.batches import gathered, read, shares
from hairgan.metrics.classification import AttributeScores
from hairgan.networks.cbam import HairClassifier
from hairgan.pictures import sheet

EXAMPLES = 6


@torch.no_grad()
def evaluate(
    classifier: HairClassifier,
    dataset: PackedDataset,
    *,
    split: str = "test",
    max_sources: int | None = None,
    batch_size: int = 32,
    device: torch.device | str = "cpu",
) -> Evaluation:
    """Scores of every head over the images of a split whose attribute is known.

    Raises:
        ValueError: the split has no image.
    """
    indices = dataset.split(split)[:max_sources]
    if not len(indices):
        raise ValueError(f"{dataset.path} has no image in the split '{split}'")
    targets = torch.from_numpy(attribute_targets(dataset.attributes))
    scores = AttributeScores(classifier.classes).to(device)
    mistakes: dict[tuple[int, int], tuple[float, str]] = {}  # image and head -> how sure, what was said
    for chosen in shares(indices, batch_size):
        images, _ = read(dataset, chosen, device)
        probabilities = classifier.probabilities(images)
        scores.update(probabilities, targets[chosen].to(device))
        for column, (head, p) in enumerate(probabilities.items()):
            sure, said = p.cpu().max(1)
            truth = targets[chosen, column]
            for row in ((said != truth) & (truth != UNKNOWN)).nonzero()[:, 0].tolist():
                names = classifier.classes[head]
                text = f"{names[said[row]]}, not {names[truth[row]]} ({sure[row]:.2f})"
                mistakes[int(chosen[row]), column] = (float(sure[row]), text)
    values = {name: float(value) for name, value in scores.compute().items()}
    result = Evaluation(values, {"split": split, "images": len(indices)}, headline=("mean_accuracy", "mean_f1"))
    rows = [(head, [values[f"accuracy/{head}"], values[f"f1/{head}"]]) for head in classifier.classes]
    rows.append(("mean", [values["mean_accuracy"], values["mean_f1"]]))
    result.tables.append(Table("Heads", ["accuracy", "F1"], rows))
    for head, names in classifier.classes.items():
        matrix = scores.confusion(head).tolist()
        confusion = [(name, list(map(float, row))) for name, row in zip(names, matrix, strict=True)]
        note = "Rows: truth, columns: what the classifier says."
        result.tables.append(Table(f"Confusion of {head}", list(names), confusion, digits=0, note=note))
    mistakes = gathered(mistakes)
    worst = sorted(mistakes, key=mistakes.__getitem__, reverse=True)[:EXAMPLES]
    if worst:
        images_of = [[dataset.images[np.int64(index)]] for index, _ in worst]
        result.pictures.append(Picture("Surest mistakes", sheet(images_of, [mistakes[key][1] for key in worst])))
    return result
