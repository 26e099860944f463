"""The evaluation of StarGAN v2 over all ordered pairs of domains, streaming from the generator to the extractor.

The published protocol (Choi et al. 2020, section 4): ten outputs for every validation image of the source domain, made
from latent codes or from reference images of the target; FID against all training images of the target; LPIPS between
the ten outputs. What is kept is the protocol, not the order of the work: a source is encoded once for ten outputs, a
reference once a target; ten outputs go through LPIPS once each instead of in 45 pairs; real statistics are computed
once a target; and no picture is written to disk.

Where an image may belong to several domains, the sources of a pair are the validation images that are in the source
domain and not already in the target. What an image becomes in a target domain does not depend on which of its domains
is called the source, so its outputs are made once and counted for every pair. With exclusive domains both rules leave
the published pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Bool, Float, Int64
from numpy import ndarray
from torch import Tensor
from tqdm import tqdm

from hairgan.data.packed import PackedDataset
from hairgan.metrics.batches import distributed, shares, sum_over_processes
from hairgan.metrics.cache import StatisticsCache, StatisticsKey
from hairgan.metrics.extractors import FeatureExtractor
from hairgan.metrics.images import as_bytes
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.statistics import FeatureMoments, GaussianStatistics, frechet_distance
from hairgan.metrics.translator import Mode, Translator

SeenDomains = Callable[[Float[Tensor, "b 3 h w"]], Bool[Tensor, "b k"]]
"""The domains that a classifier sees in images in [-1, 1]."""

Observe = Callable[[str, int, Int64[ndarray, " b"], Float[Tensor, " b"]], None]
"""Hears of a batch: the metric as `{mode}/{name}`, the target domain, the sources, and the value of each of them."""


def evaluate_translation(
    translator: Translator,
    *,
    extractor: FeatureExtractor | None = None,
    lpips: LPIPS | None = None,
    seen_domains: SeenDomains | None = None,
    modes: Sequence[Mode] = ("latent", "reference"),
    max_sources: int | None = None,
    cache: StatisticsCache | None = None,
    observe: Observe | None = None,
) -> dict[str, float]:
    """FID, LPIPS diversity and domain accuracy for every ordered pair of domains, and their plain means over pairs.

    Under several processes each takes its share of the images and all get the same numbers.

    Args:
        translator: makes the outputs; real images are the training images of its dataset.
        extractor: decides which FID it is; its `fid_name` is in the keys. None leaves FID out.
        lpips: the distance behind diversity. None leaves it out.
        seen_domains: the classifier behind domain accuracy. None leaves it out.
        modes: where styles come from.
        max_sources: at most this many sources a target domain, chosen by the seed and shared among all its pairs; None
            for all, which a published number needs.
        cache: where real statistics are kept; None computes them.
        observe: called with what was found about each source.

    Returns:
        `{mode}/{fid_name}/{source}2{target}`, `{mode}/{lpips name}_diversity/{source}2{target}` and
        `{mode}/domain_accuracy/{source}2{target}`, all with `mean` in the pair's place; `sources/{source}2{target}`.
        Pairs without sources are left out of all, also of the means. Besides `{mode}/seen_as/{target}/{domain}`, the
        share of the outputs for a target that are seen in a domain.

    Raises:
        ValueError: a domain without images to learn from, fewer than two outputs for diversity, or NaN in an output.
    """
    if lpips is not None and translator.num_outputs < 2:
        raise ValueError(f"diversity needs at least 2 outputs per source, got {translator.num_outputs}")
    dataset, domains, membership = translator.dataset, translator.domains, translator.membership
    device, train = translator.device, dataset.split("train")
    diversity = None if lpips is None else f"{lpips.name}_diversity"
    of_sources = [name for name in (diversity, "domain_accuracy" if seen_domains else None) if name]
    scores: dict[str, float] = {}
    for target, target_name in enumerate(tqdm(domains, unit="domain", leave=False, disable=None)):
        if extractor is not None:
            real = real_statistics(
                dataset, train[membership[train, target]], extractor, split="train", domain=target_name,
                batch_size=translator.batch_size, device=device, cache=cache,
            ).to(device)  # fmt: skip
        sources = translator.sources(target, max_sources)
        for mode in modes:
            styles = translator.styles(mode, target)
            pairs = [_Pair(of_sources, extractor, device) for _ in domains]
            seen_as = torch.zeros(1 + len(domains), dtype=torch.float64, device=device)  # outputs, those in each domain
            for indices in shares(sources, translator.batch_size):
                outputs = translator(indices, styles)
                each, pixels = outputs.shape[:2], as_bytes(outputs).flatten(0, 1)
                values: dict[str, Tensor] = {}
                if lpips is not None:
                    values[f"{lpips.name}_diversity"] = lpips.diversity(outputs)
                if seen_domains is not None:
                    seen = seen_domains(outputs.flatten(0, 1))
                    values["domain_accuracy"] = seen[:, target].double().unflatten(0, each).mean(1)
                    seen_as += torch.cat([seen_as.new_tensor([len(seen)]), seen.sum(0)])
                features = None if extractor is None else extractor(pixels).unflatten(0, each)
                for pair, mine in zip(pairs, torch.from_numpy(membership[indices].T).to(device), strict=True):
                    pair.add(mine, values, features)
                if observe is not None:
                    for name, value in values.items():
                        observe(f"{mode}/{name}", target, indices, value)
            for source, pair in enumerate(pairs):
                pair.reduce()
                if source == target or not pair.sources:
                    continue
                found = {} if extractor is None else {extractor.fid_name: frechet_distance(real, pair.statistics())}
                found |= pair.means()
                name = f"{domains[source]}2{target_name}"
                scores |= {f"{mode}/{metric}/{name}": value for metric, value in found.items()}
                scores[f"sources/{name}"] = pair.sources
            if seen_domains is not None:
                sum_over_processes(seen_as)
                of_outputs = (seen_as[1:] / seen_as[0]).tolist()
                scores |= {f"{mode}/seen_as/{target_name}/{d}": s for d, s in zip(domains, of_outputs, strict=True)}
    for mode in modes:
        for metric in [*([] if extractor is None else [extractor.fid_name]), *of_sources]:
            of_pairs = [value for key, value in scores.items() if key.startswith(f"{mode}/{metric}/")]
            if not of_pairs:
                raise ValueError(
                    f"no pair of the domains {', '.join(domains)} has a source image in split {translator.split}"
                )
            scores[f"{mode}/{metric}/mean"] = float(np.mean(of_pairs))
    return scores


def real_statistics(
    dataset: PackedDataset,
    indices: Int64[ndarray, " m"],
    extractor: FeatureExtractor,
    *,
    split: str,
    domain: str,
    batch_size: int = 32,
    device: torch.device | str = "cpu",
    cache: StatisticsCache | None = None,
) -> GaussianStatistics:
    """Feature statistics of some images of a dataset, from the cache if they are there.

    Raises:
        ValueError: fewer than two images.
    """
    if len(indices) < 2:
        raise ValueError(f"domain {domain} has {len(indices)} images in split {split}; statistics need at least 2")
    key = StatisticsKey.of(dataset.fingerprint, dataset.size, split, domain, indices, extractor)
    stored = cache.load(key) if cache is not None else None
    if _everywhere(stored is not None, device):
        assert stored is not None
        return stored
    moments = FeatureMoments(extractor.num_features, device)
    for chosen in shares(indices, batch_size):
        pixels = torch.from_numpy(dataset.images[chosen]).to(device)
        moments.add(extractor(pixels.permute(0, 3, 1, 2)))
    moments.reduce()
    statistics = moments.statistics()
    if cache is not None and (not distributed() or dist.get_rank() == 0):
        cache.save(key, statistics)
    return statistics


class _Pair:
    """What is summed up for one ordered pair of domains."""

    def __init__(self, names: Sequence[str], extractor: FeatureExtractor | None, device: torch.device | str) -> None:
        self.names = names
        self.sums = torch.zeros(1 + len(names), dtype=torch.float64, device=device)  # sources, then each value
        self.moments = None if extractor is None else FeatureMoments(extractor.num_features, device)

    def add(
        self, mine: Bool[Tensor, " b"], values: dict[str, Float[Tensor, " b"]], features: Float[Tensor, "b n d"] | None
    ) -> None:
        """Add a batch, of which `mine` are sources of this pair."""
        self.sums += torch.stack([mine.double().sum(), *(values[name][mine].double().sum() for name in self.names)])
        if self.moments is not None and features is not None:
            self.moments.add(features[mine].flatten(0, 1))

    def reduce(self) -> None:
        sum_over_processes(self.sums)
        if self.moments is not None:
            self.moments.reduce()

    @property
    def sources(self) -> int:
        return int(self.sums[0])

    def means(self) -> dict[str, float]:
        return dict(zip(self.names, (self.sums[1:] / self.sums[0]).tolist(), strict=True))

    def statistics(self) -> GaussianStatistics:
        assert self.moments is not None
        return self.moments.statistics()


def _everywhere(here: bool, device: torch.device | str) -> bool:
    missing = torch.tensor(float(not here), device=device)
    sum_over_processes(missing)
    return not missing.item()
