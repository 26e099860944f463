"""The report on StarGAN v2: tables of all pairs of domains, and pictures of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.data.augment import to_bytes
from hairgan.evaluation.batches import batches, read
from hairgan.evaluation.judges import DomainClassifier
from hairgan.evaluation.pair_scores import PairScores
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.evaluation.translator import Translator
from hairgan.metrics.definitions import define
from hairgan.metrics.registry import Mode
from hairgan.pictures import sheet

EXAMPLES = 6
OUTPUTS_SHOWN = 4


def evaluation(translator: Translator, scores: PairScores, classifier: DomainClassifier | None) -> Evaluation:
    """The scores with tables and pictures.

    Args:
        classifier: the judge of domain accuracy, or None if that was not measured.
    """
    settings = translator.settings
    facts = {
        "split": settings.split, "images": len(translator.indices), "outputs": settings.num_outputs,
        "max_sources": settings.max_sources, "modes": list(settings.modes), "seed": settings.seed,
    }  # fmt: skip
    result = Evaluation(
        dict(scores.values),
        settings.protocol.describe() | settings.judges.describe() | facts,
        headline=tuple(f"{mode}/{metric}/mean" for metric in scores.metrics for mode in settings.modes),
    )
    if not scores.metrics:
        return result
    result.tables += _tables(translator, scores, classifier)
    result.pictures += [_grid(translator, mode) for mode in settings.modes]
    for metric in scores.metrics:
        for mode in settings.modes:
            if metric.startswith("fid"):
                result.pictures.append(_best_and_worst_pairs(translator, scores, metric, mode))
            else:
                result.pictures += _best_and_worst_sources(translator, scores, metric, mode)
    return result


# -- tables --


def _tables(translator: Translator, scores: PairScores, classifier: DomainClassifier | None) -> list[Table]:
    modes, domains = translator.settings.modes, translator.domains
    means = [(mode, [scores.values[f"{mode}/{metric}/mean"] for metric in scores.metrics]) for mode in modes]
    tables = [Table("Mean over pairs", scores.metrics, means)]
    tables += [_pairs(scores, metric, mode, domains) for metric in scores.metrics for mode in modes]
    if classifier is not None:
        tables += [_confusion(scores, mode, domains) for mode in modes]
        tables.append(_confusion_of_real_images(translator, classifier))
    return tables


def _pairs(scores: PairScores, metric: str, mode: Mode, domains: Sequence[str]) -> Table:
    """One row per source domain, one column per target domain, and the mean of each column."""
    rows = [
        (source, [scores.values.get(f"{mode}/{metric}/{source}2{target}") for target in domains]) for source in domains
    ]
    columns = [[v for v in column if v is not None] for column in zip(*(row for _, row in rows), strict=True)]
    rows.append(("mean", [float(np.mean(column)) if column else None for column in columns]))
    return Table(
        f"{metric}, {mode}", list(domains), rows, note="Rows: source domain, columns: target domain.", detail=True
    )


def _confusion(scores: PairScores, mode: Mode, domains: Sequence[str]) -> Table:
    rows = [(target, [scores.values[f"{mode}/seen_as/{target}/{seen}"] for seen in domains]) for target in domains]
    note = (
        "Rows: target domain, columns: share of outputs that the classifier recognizes as a domain. Domains overlap, "
        "so rows need not sum to 1."
    )
    return Table(f"Confusion of domains, {mode}", list(domains), rows, digits=2, note=note, detail=True)


@torch.no_grad()
def _confusion_of_real_images(translator: Translator, classifier: DomainClassifier) -> Table:
    """The confusion of domains for real images, which shows how reliable the classifier is."""
    settings, indices, names = translator.settings, translator.indices, translator.domains
    seen = torch.cat(
        [
            classifier(read(translator.dataset, part, settings.device)[0])
            for part in batches(indices, settings.batch_size)
        ]
    )
    inside, seen_as = translator.membership[indices], seen.cpu().numpy()
    rows = [
        (name, list(map(float, seen_as[inside[:, k]].mean(0)))) for k, name in enumerate(names) if inside[:, k].any()
    ]
    note = f"The same for real images of split {settings.split}: errors here are the classifier's."
    return Table("Confusion of domains, real images", list(names), rows, digits=2, note=note, detail=True)


# -- pictures --


def _grid(translator: Translator, mode: Mode) -> Picture:
    """The first outputs of some sources in every domain."""
    spread = np.linspace(0, len(translator.indices) - 1, min(EXAMPLES, len(translator.indices))).astype(int)
    sources = translator.indices[spread]
    rows, names = [_images(translator, sources)], ["source"]
    for target, domain in enumerate(translator.domains):
        if mode == "reference":
            rows.append(_images(translator, translator.references_of(sources, target)[:, 0]))
            names.append(f"{domain} reference")
        rows.append(_bytes(translator(sources, translator.styles(mode, target))[:, 0]))
        names.append("output" if mode == "reference" else domain)
    note = "First row: sources, spread over the split. "
    if mode == "latent":
        note += "Then one row per domain, each output from a latent code of its own."
    else:
        note += "Then two rows per domain: the references, and the outputs."
    return Picture(f"Every domain, {mode}", sheet(rows, names), note, section="Examples")


def _best_and_worst_pairs(translator: Translator, scores: PairScores, metric: str, mode: Mode) -> Picture:
    """Outputs of the pairs of domains with the lowest and the highest distance."""
    domains, rows, names = translator.domains, [], []
    distances = {
        (source, target): scores.values[key]
        for source, source_name in enumerate(domains)
        for target, target_name in enumerate(domains)
        if (key := f"{mode}/{metric}/{source_name}2{target_name}") in scores.values
    }
    for rank, choose in (("best", min), ("worst", max)):
        source, target = choose(distances, key=distances.__getitem__)
        sources = translator.sources(target)
        sources = sources[translator.membership[sources, source]][:EXAMPLES]
        outputs = translator(sources, translator.styles(mode, target))[:, 0]
        rows += [_images(translator, sources), _bytes(outputs)]
        names += [domains[source], f"{rank}, {distances[source, target]:.2f}: {domains[target]}"]
    note = f"A distance belongs to a set of images: here are the pairs with the lowest and the highest {metric}."
    return Picture(f"{metric}, {mode}: best and worst pair", sheet(rows, names), note, section="Best and worst")


def _best_and_worst_sources(translator: Translator, scores: PairScores, metric: str, mode: Mode) -> list[Picture]:
    """For each target domain the sources with the highest and the lowest value, with some of their outputs."""
    pictures = []
    definition = define(metric)
    for rank, choose in (("highest", max), ("lowest", min)):
        rows, names = [], []
        for target, domain in enumerate(translator.domains):
            values = scores.of_target(f"{mode}/{metric}", target)
            if values:
                source = np.array([choose(values, key=values.__getitem__)])
                outputs = translator(source, translator.styles(mode, target))[0, :OUTPUTS_SHOWN]
                rows.append([*_images(translator, source), *_bytes(outputs)])
                names.append(f"{domain}: {values[int(source[0])]:.2f}")
        columns = ["source", *(f"output {number}" for number in range(1, len(rows[0])))]
        note = f"The source with the {rank} value for each target domain. {definition.text if definition else ''}"
        picture = sheet(rows, names, columns)
        pictures.append(Picture(f"{metric}, {mode}: {rank}", picture, note, section="Best and worst"))
    return pictures


def _images(translator: Translator, indices: Int64[ndarray, " b"]) -> list[UInt8[ndarray, "h w 3"]]:
    return list(translator.dataset.images[indices])


def _bytes(images: Float[Tensor, "b 3 h w"]) -> list[Any]:
    return list(to_bytes(images).cpu().numpy())
