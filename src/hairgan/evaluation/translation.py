"""StarGAN v2: FID, diversity and domain accuracy of every pair of domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.data.augment import to_bytes
from hairgan.data.requirements import ImagesOfEachDomain, ImagesToTranslate, Requirement, SeveralDomains
from hairgan.domains import Domains
from hairgan.evaluation.definitions import define
from hairgan.evaluation.judges import DomainView, Judges
from hairgan.evaluation.names import METRICS as METRICS_BY_FAMILY
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.metrics.batches import batches, gathered, read
from hairgan.metrics.cache import StatisticsCache
from hairgan.metrics.translation import evaluate_translation
from hairgan.metrics.translator import Mode, Translator
from hairgan.pictures import sheet

METRICS = METRICS_BY_FAMILY["stargan"]
EXAMPLES = 6
OUTPUTS_SHOWN = 4

Found = Mapping[tuple[str, int, int], float]
"""Values of sources, by metric, target domain and image."""


def default_metrics(judges: Judges) -> tuple[str, ...]:
    """What is measured where nothing is asked for."""
    return METRICS if judges.classifier is not None else METRICS[:2]


def requirements(metrics: Sequence[str], modes: Sequence[Mode], split: str) -> list[Requirement]:
    """What `evaluate` needs of the data."""
    needed: list[Requirement] = [SeveralDomains(), ImagesToTranslate(split)]
    needed += [ImagesOfEachDomain("train", at_least=2)] if "fid" in metrics else []
    needed += [ImagesOfEachDomain(split)] if "reference" in modes else []
    return needed


def evaluate(
    translator: Translator,
    domains: Domains,
    protocol: Protocol,
    *,
    metrics: Sequence[str],
    judges: Judges,
    modes: Sequence[Mode] = ("latent", "reference"),
    max_sources: int | None = None,
    cache: StatisticsCache | None = None,
) -> Evaluation:
    """Measure all ordered pairs of domains; see `hairgan.metrics.translation`.

    Args:
        metrics: of `METRICS`.

    Raises:
        ValueError: as there, or the classifier cannot tell the domains.
    """
    view = DomainView(judges.classifier, domains) if "domain_accuracy" in metrics and judges.classifier else None
    found: dict[tuple[str, int, int], float] = {}

    def observe(metric: str, target: int, indices: Int64[ndarray, " b"], values: Float[Tensor, " b"]) -> None:
        found.update({(metric, target, int(i)): v for i, v in zip(indices, values.tolist(), strict=True)})

    values = evaluate_translation(
        translator,
        extractor=protocol.extractor if "fid" in metrics else None,
        lpips=protocol.lpips if "lpips" in metrics else None,
        seen_domains=view,
        modes=modes, max_sources=max_sources, cache=cache, observe=observe,
    )  # fmt: skip
    names = list(dict.fromkeys(key.split("/")[1] for key in values if key.endswith("/mean")))
    settings = {
        "split": translator.split, "images": len(translator.indices), "outputs": translator.num_outputs,
        "max_sources": max_sources, "modes": list(modes), "seed": translator.seed,
    }  # fmt: skip
    result = Evaluation(
        values,
        protocol.describe() | judges.describe() | settings,
        headline=tuple(f"{mode}/{metric}/mean" for metric in names for mode in modes),
    )
    summary = [(mode, [values[f"{mode}/{metric}/mean"] for metric in names]) for mode in modes]
    result.tables.append(Table("Mean over pairs", names, summary))
    for metric in names:
        for mode in modes:
            result.tables.append(_pairs(metric, mode, values, domains.names))
    if view is not None:
        result.tables += [_confusion(mode, values, domains.names) for mode in modes]
        result.tables.append(_confusion_of_real(view, translator))
    result.pictures += _grids(translator, modes)
    found = gathered(found)
    for metric in names:
        for mode in modes:
            if metric.startswith("fid"):
                result.pictures.append(_best_and_worst_pairs(translator, metric, mode, values))
            else:
                result.pictures += _best_and_worst_sources(translator, metric, mode, found)
    return result


def _pairs(metric: str, mode: Mode, values: Mapping[str, float], domains: Sequence[str]) -> Table:
    """One row per source domain, one column per target domain, and the mean of each column."""
    rows = [(source, [values.get(f"{mode}/{metric}/{source}2{target}") for target in domains]) for source in domains]
    columns = [[v for v in column if v is not None] for column in zip(*(row for _, row in rows), strict=True)]
    rows.append(("mean", [float(np.mean(column)) if column else None for column in columns]))
    return Table(
        f"{metric}, {mode}", list(domains), rows, note="Rows: source domain, columns: target domain.", detail=True
    )


def _confusion(mode: Mode, values: Mapping[str, float], domains: Sequence[str]) -> Table:
    rows = [(target, [values[f"{mode}/seen_as/{target}/{seen}"] for seen in domains]) for target in domains]
    return Table(f"Confusion of domains, {mode}", list(domains), rows, digits=2, detail=True, note=(
        "Rows: the domain asked for, columns: the share of outputs that the classifier sees in a domain. Domains "
        "overlap, so rows need not sum to 1."
    ))  # fmt: skip


@torch.no_grad()
def _confusion_of_real(view: DomainView, translator: Translator) -> Table:
    """How far the classifier is to be trusted: the same for real images."""
    indices = translator.indices
    parts = [read(translator.dataset, part, translator.device)[0] for part in batches(indices, translator.batch_size)]
    seen = torch.cat([view(images) for images in parts]).cpu().numpy()
    inside = translator.membership[indices]
    names = translator.domains
    rows = [(name, list(map(float, seen[inside[:, k]].mean(0)))) for k, name in enumerate(names) if inside[:, k].any()]
    note = f"The same for real images of split {translator.split}: where it is off, the classifier is."
    return Table("Confusion of domains, real images", list(names), rows, digits=2, note=note, detail=True)


def _grids(translator: Translator, modes: Sequence[Mode]) -> list[Picture]:
    """The first outputs of some sources in every domain."""
    spread = np.linspace(0, len(translator.indices) - 1, min(EXAMPLES, len(translator.indices))).astype(int)
    sources = translator.indices[spread]
    pictures = []
    for mode in modes:
        rows = [_images(translator, sources)]
        for target in range(len(translator.domains)):
            outputs = translator(sources, translator.styles(mode, target))
            rows.append(_bytes(outputs[:, 0]))
            if mode == "reference":
                used = translator.choices(target, sources)[:, 0]
                rows.insert(-1, _images(translator, used))
        names = ["source", *translator.domains]
        if mode == "reference":
            names = ["source", *(name for domain in translator.domains for name in (f"{domain} reference", "output"))]
        note = "First row: sources, spread over the split. " + (
            "Then a row per domain, each output from a latent code of its own."
            if mode == "latent" else "Then two rows per domain: the references, and the outputs."
        )  # fmt: skip
        pictures.append(Picture(f"Every domain, {mode}", sheet(rows, names), note, section="Examples"))
    return pictures


def _best_and_worst_pairs(translator: Translator, metric: str, mode: Mode, values: Mapping[str, float]) -> Picture:
    """Outputs of the pairs of domains with the lowest and the highest distance."""
    domains, rows, names = translator.domains, [], []
    pairs = {
        (source, target): values[key]
        for source, a in enumerate(domains) for target, b in enumerate(domains)
        if (key := f"{mode}/{metric}/{a}2{b}") in values
    }  # fmt: skip
    for what, choose in (("best", min), ("worst", max)):
        source, target = choose(pairs, key=pairs.__getitem__)
        sources = translator.sources(target)
        sources = sources[translator.membership[sources, source]][:EXAMPLES]
        outputs = translator(sources, translator.styles(mode, target))[:, 0]
        rows += [_images(translator, sources), _bytes(outputs)]
        names += [domains[source], f"{what}, {pairs[source, target]:.2f}: {domains[target]}"]
    note = f"Distances belong to sets of images: the pair with the lowest and the pair with the highest {metric}."
    return Picture(f"{metric}, {mode}: best and worst pair", sheet(rows, names), note, section="Best and worst")


def _best_and_worst_sources(translator: Translator, metric: str, mode: Mode, found: Found) -> list[Picture]:
    """For each target domain the source with the highest and the one with the lowest value, and some of its outputs."""
    pictures = []
    for what, choose in (("highest", max), ("lowest", min)):
        rows, names = [], []
        for target, domain in enumerate(translator.domains):
            values = {key[2]: value for key, value in found.items() if key[:2] == (f"{mode}/{metric}", target)}
            if values:
                indices = np.array([choose(values, key=values.__getitem__)])
                outputs = translator(indices, translator.styles(mode, target))[0, :OUTPUTS_SHOWN]
                rows.append([*_images(translator, indices), *_bytes(outputs)])
                names.append(f"{domain}: {values[int(indices[0])]:.2f}")
        outputs_named = [f"output {j + 1}" for j in range(len(rows[0]) - 1)]
        picture = sheet(rows, names, ["source", *outputs_named])
        definition = define(metric)
        note = f"The source with the {what} value for each target domain. {definition.text if definition else ''}"
        pictures.append(Picture(f"{metric}, {mode}: {what}", picture, note, section="Best and worst"))
    return pictures


def _images(translator: Translator, indices: Int64[ndarray, " b"]) -> list[UInt8[ndarray, "h w 3"]]:
    return list(translator.dataset.images[indices])


def _bytes(images: Float[Tensor, "b 3 h w"]) -> list[Any]:
    return list(to_bytes(images).cpu().numpy())
