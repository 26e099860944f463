"""The hair classifier: accuracy, F1 and confusion of every head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from numpy import ndarray
from torch import Tensor

from hairgan.data.attribute_targets import attribute_targets
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Images, KnownAttributes, Requirement
from hairgan.evaluation.batches import gather, images_to_measure, local_batches, read
from hairgan.evaluation.image_cost import add_cost
from hairgan.evaluation.judges import Judges
from hairgan.evaluation.outputs import Classified
from hairgan.evaluation.own_metrics import OwnMetrics
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.evaluation.settings import EvaluationData, EvaluationSettings
from hairgan.hair_attributes import UNKNOWN
from hairgan.metrics.classification import AttributeScores
from hairgan.metrics.registry import ATTRIBUTES, Mode
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.pictures import sheet

DEFAULT_SPLIT = "test"
EXAMPLES = 6


@dataclass(frozen=True, order=True)
class Mistake:
    """A wrong answer: its probability, and a line of text about it."""

    probability: float
    text: str


def default_metrics(dataset: PackedDataset, judges: Judges) -> tuple[str, ...]:
    """What is measured unless metrics are chosen."""
    return ("attributes", "cost")


def requirements(metrics: Sequence[str], split: str, modes: Sequence[Mode]) -> list[Requirement]:
    """What `evaluate` needs of the data."""
    return [KnownAttributes(split), Images(split)]


@torch.no_grad()
def evaluate(networks: Mapping[str, Any], data: EvaluationData, settings: EvaluationSettings) -> Evaluation:
    """Measure a classifier on a split.

    Args:
        networks: `classifier`.
        settings: `metrics` can be `attributes`, scores of every head over the images whose attribute is known
            (`hairgan.metrics.classification`), and `cost`, of one image; and metrics of your own, which see
            `Classified` batches.

    Raises:
        ValueError: the split has no image.
    """
    classifier, dataset = networks["classifier"], data.dataset
    indices = images_to_measure(dataset, settings.split, settings.max_sources)
    result = Evaluation({}, {"split": settings.split, "images": len(indices)}, headline=())
    own = OwnMetrics(settings.metrics, "hair_classifier", settings.device)
    if "attributes" in settings.metrics or own:
        _add_attributes(result, classifier, dataset, indices, settings, own)
    if "cost" in settings.metrics:
        image, _ = read(dataset, indices[:1], settings.device)
        add_cost(result, lambda: classifier(image), [classifier], settings.device, "One image to its attributes.")
    return result


def _add_attributes(
    result: Evaluation,
    classifier: HairClassifier,
    dataset: PackedDataset,
    indices: Int64[ndarray, " n"],
    settings: EvaluationSettings,
    own: OwnMetrics,
) -> None:
    all_targets = torch.from_numpy(attribute_targets(dataset.attributes))
    scores = AttributeScores(classifier.classes).to(settings.device)
    mistakes: dict[tuple[int, int], Mistake] = {}  # by image and number of the head
    for chosen in local_batches(indices, settings.batch_size):
        images, _ = read(dataset, chosen, settings.device)
        probabilities, targets = classifier.probabilities(images), all_targets[chosen]
        scores.update(probabilities, targets.to(settings.device))
        own.update(Classified(images, probabilities, targets.to(settings.device)))
        for (row, head), mistake in _mistakes(probabilities, targets, classifier.classes).items():
            mistakes[int(chosen[row]), head] = mistake
    own.add_to(result, settings.split)
    if "attributes" not in settings.metrics:
        return
    values = {name: float(value) for name, value in scores.compute().items()}
    result.values |= values
    result.headline += ATTRIBUTES
    result.tables += _tables(scores, values, classifier.classes)
    mistakes = gather(mistakes)
    worst = sorted(mistakes, key=mistakes.__getitem__, reverse=True)[:EXAMPLES]
    if worst:
        picture = sheet([[dataset.images[image]] for image, _ in worst], [mistakes[key].text for key in worst])
        result.pictures.append(Picture("Most confident mistakes", picture))


def _mistakes(
    probabilities: Mapping[str, Float[Tensor, "b _"]],
    targets: Int64[Tensor, "b heads"],
    classes: Mapping[str, Sequence[str]],
) -> dict[tuple[int, int], Mistake]:
    """The wrong answers about images whose attribute is known, by position in the batch and number of the head."""
    mistakes = {}
    for head, (name, class_probabilities) in enumerate(probabilities.items()):
        probability, answer = class_probabilities.cpu().max(1)
        target, names = targets[:, head], classes[name]
        for row in ((answer != target) & (target != UNKNOWN)).nonzero()[:, 0].tolist():
            text = f"{names[int(answer[row])]}, not {names[int(target[row])]} ({probability[row]:.2f})"
            mistakes[row, head] = Mistake(float(probability[row]), text)
    return mistakes


def _tables(scores: AttributeScores, values: Mapping[str, float], classes: Mapping[str, Sequence[str]]) -> list[Table]:
    rows = [(head, [values[f"accuracy/{head}"], values[f"f1/{head}"]]) for head in classes]
    rows.append(("mean", [values["mean_accuracy"], values["mean_f1"]]))
    tables = [Table("Heads", ["accuracy", "F1"], rows)]
    for head, names in classes.items():
        matrix = scores.confusion(head).tolist()
        confusion = [(name, list(map(float, row))) for name, row in zip(names, matrix, strict=True)]
        note = "Rows: truth, columns: the classifier's answer."
        tables.append(Table(f"Confusion of {head}", list(names), confusion, digits=0, note=note))
    return tables
