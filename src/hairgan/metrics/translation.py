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

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Bool, Float, Int64, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.data.packed import PackedDataset
from hairgan.data.sampling import normal, numpy_generator
from hairgan.losses.stargan import MakeMasks
from hairgan.metrics.cache import StatisticsCache, StatisticsKey
from hairgan.metrics.extractors import FeatureExtractor
from hairgan.metrics.images import as_bytes
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.statistics import FeatureMoments, GaussianStatistics, frechet_distance
from hairgan.networks.stargan import Generator, MappingNetwork, Masks, StyleEncoder

Mode = Literal["latent", "reference"]


def evaluate_translation(
    generator: Generator,
    mapping_network: MappingNetwork,
    style_encoder: StyleEncoder,
    dataset: PackedDataset,
    domains: Sequence[str],
    membership: Bool[ndarray, "n k"],
    extractor: FeatureExtractor,
    lpips: LPIPS,
    *,
    modes: Sequence[Mode] = ("latent", "reference"),
    num_outputs: int = 10,
    latent_dim: int = 16,
    max_sources: int | None = None,
    batch_size: int = 32,
    split: str = "val",
    seed: int = 0,
    device: torch.device | str = "cpu",
    cache: StatisticsCache | None = None,
    make_masks: MakeMasks | None = None,
) -> dict[str, float]:
    """FID and LPIPS diversity for every ordered pair of domains, and their plain means over pairs.

    Under several processes each takes its share of the images and all get the same numbers. Latent codes and choices of
    references are functions of (seed, target domain, image), so they do not depend on batches or processes either.

    Args:
        generator, mapping_network, style_encoder: averaged (EMA) networks of `hairgan.networks.stargan`.
        dataset: the images; real ones are its training images.
        domains: the K names.
        membership: which image is in which domain.
        extractor: decides which FID it is; its `fid_name` is in the keys.
        lpips: the distance behind diversity.
        modes: where styles come from.
        num_outputs: outputs a source.
        latent_dim: length of latent codes.
        max_sources: at most this many sources a target domain, chosen by the seed and shared among all its pairs; None
            for all, which a published number needs.
        batch_size: sources at a time, and references and real images at a time.
        split: where sources and references are from.
        seed: of latent codes and choices.
        cache: where real statistics are kept; None computes them.
        make_masks: masks of source images and their label maps for the generator's high-pass skip.

    Returns:
        `{mode}/{fid_name}/{source}2{target}`, `{mode}/{lpips name}_diversity/{source}2{target}`, both with `mean` in
        the pair's place, and `sources/{source}2{target}`. Pairs without sources are left out of all, also of the means.

    Raises:
        ValueError: a domain without images to learn from, fewer than two outputs, or NaN in an output.
    """
    if num_outputs < 2:
        raise ValueError(f"diversity needs at least 2 outputs a source, got {num_outputs}")
    images = _Images(dataset, batch_size, device)
    held_out, train = dataset.split(split), dataset.split("train")
    names = {"fid": extractor.fid_name, "diversity": f"{lpips.name}_diversity"}
    scores: dict[str, float] = {}
    for target, target_name in enumerate(domains):
        real = real_statistics(
            dataset, train[membership[train, target]], extractor,
            split="train", domain=target_name, batch_size=batch_size, device=device, cache=cache,
        ).to(device)  # fmt: skip
        sources = held_out[~membership[held_out, target] & membership[held_out].any(1)]
        if max_sources is not None and len(sources) > max_sources:
            chosen = numpy_generator(seed, f"evaluation/sources/{target_name}").permutation(len(sources))
            sources = np.sort(sources[chosen[:max_sources]])
        references = held_out[membership[held_out, target]]
        for mode in modes:
            if mode == "latent":
                styles: _Styles = _LatentStyles(mapping_network, target, target_name, latent_dim, num_outputs, seed)
            else:
                styles = _ReferenceStyles(style_encoder, images, references, target, target_name, num_outputs, seed)
            pairs = [_Pair(extractor.num_features, device) for _ in domains]
            for indices, batch in images(sources):
                codes = styles(indices, batch.device)
                labels = None if dataset.labels is None else torch.from_numpy(dataset.labels[indices]).to(device).long()
                outputs = translate(generator, batch, codes, None if make_masks is None else make_masks(batch, labels))
                features = extractor(as_bytes(outputs).flatten(0, 1)).unflatten(0, outputs.shape[:2])
                diversity = lpips.diversity(outputs)
                for pair, mine in zip(pairs, torch.from_numpy(membership[indices].T).to(device), strict=True):
                    pair.add(features[mine], diversity[mine])
            for source, pair in enumerate(pairs):
                name = f"{domains[source]}2{target_name}"
                pair.reduce()
                if source != target and pair.sources:
                    scores[f"{mode}/{names['fid']}/{name}"] = frechet_distance(real, pair.moments.statistics())
                    scores[f"{mode}/{names['diversity']}/{name}"] = pair.diversity
                    scores[f"sources/{name}"] = pair.sources
    for mode in modes:
        for metric in names.values():
            values = [value for key, value in scores.items() if key.startswith(f"{mode}/{metric}/")]
            if not values:
                raise ValueError(f"no pair of the domains {', '.join(domains)} has a source image in split {split}")
            scores[f"{mode}/{metric}/mean"] = float(np.mean(values))
    return scores


@torch.no_grad()
def translate(
    generator: Generator,
    images: Float[Tensor, "b 3 h w"],
    codes: Float[Tensor, "b n style_dim"],
    masks: Masks | None = None,
) -> Float[Tensor, "b n 3 h w"]:
    """n translations of each image, which is encoded once."""
    encoding = generator.encode_source(images)
    return torch.stack([generator.decode_styled(encoding, s, masks) for s in codes.unbind(1)], dim=1)


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
    for _, batch in _Images(dataset, batch_size, device).as_bytes(indices):
        moments.add(extractor(batch))
    moments.reduce()
    statistics = moments.statistics()
    if cache is not None and (not _distributed() or dist.get_rank() == 0):
        cache.save(key, statistics)
    return statistics


class _Images:
    """Batches of a dataset's images; a process gets its share of the indices."""

    def __init__(self, dataset: PackedDataset, batch_size: int, device: torch.device | str) -> None:
        self.dataset, self.batch_size, self.device = dataset, batch_size, device

    def as_bytes(
        self, indices: Int64[ndarray, " m"], shared: bool = True
    ) -> Iterator[tuple[Int64[ndarray, " b"], UInt8[Tensor, "b 3 h w"]]]:
        if shared and _distributed():
            indices = indices[dist.get_rank() :: dist.get_world_size()]
        for start in range(0, len(indices), self.batch_size):
            chosen = indices[start : start + self.batch_size]
            pixels = torch.from_numpy(self.dataset.images[chosen]).to(self.device)
            yield chosen, pixels.permute(0, 3, 1, 2)

    def __call__(
        self, indices: Int64[ndarray, " m"], shared: bool = True
    ) -> Iterator[tuple[Int64[ndarray, " b"], Float[Tensor, "b 3 h w"]]]:
        for chosen, pixels in self.as_bytes(indices, shared):
            yield chosen, pixels.float() / 127.5 - 1


_Styles = Callable[[Int64[ndarray, " b"], torch.device], Float[Tensor, "b n style_dim"]]


class _LatentStyles:
    def __init__(
        self, network: MappingNetwork, target: int, name: str, latent_dim: int, num_outputs: int, seed: int
    ) -> None:
        self.network, self.target, self.seed = network, target, seed
        self.purpose, self.shape = f"evaluation/latent/{name}", (num_outputs, latent_dim)

    @torch.no_grad()
    def __call__(self, indices: Int64[ndarray, " b"], device: torch.device) -> Float[Tensor, "b n style_dim"]:
        z = torch.stack([normal(self.seed, self.purpose, int(i), shape=self.shape) for i in indices])
        z = z.flatten(0, 1).to(device)
        y = torch.full((len(z),), self.target, device=device)
        return self.network(z, y).unflatten(0, (len(indices), -1))


class _ReferenceStyles:
    @torch.no_grad()
    def __init__(
        self, network: StyleEncoder, images: _Images, references: Int64[ndarray, " r"], target: int, name: str,
        num_outputs: int, seed: int,
    ) -> None:  # fmt: skip
        if not len(references):
            raise ValueError(f"domain {name} has no reference images in the evaluated split")
        self.num_outputs, self.seed, self.purpose = num_outputs, seed, f"evaluation/reference/{name}"
        # every process needs all codes; a reference may serve any source
        self.codes = torch.cat(
            [
                network(batch, torch.full((len(batch),), target, device=batch.device))
                for _, batch in images(references, shared=False)
            ]
        )

    def __call__(self, indices: Int64[ndarray, " b"], device: torch.device) -> Float[Tensor, "b n style_dim"]:
        few = len(self.codes) < self.num_outputs
        chosen = [
            numpy_generator(self.seed, self.purpose, int(i)).choice(len(self.codes), self.num_outputs, replace=few)
            for i in indices
        ]
        return self.codes[torch.from_numpy(np.stack(chosen)).to(device)]


class _Pair:
    """What is summed up for one ordered pair of domains."""

    def __init__(self, num_features: int, device: torch.device | str) -> None:
        self.moments = FeatureMoments(num_features, device)
        self.diversities = torch.zeros(2, dtype=torch.float64, device=device)  # count, sum

    def add(self, features: Float[Tensor, "b n d"], diversity: Float[Tensor, " b"]) -> None:
        self.moments.add(features.flatten(0, 1))
        self.diversities += torch.stack([diversity.new_tensor(len(diversity)), diversity.sum()])

    def reduce(self) -> None:
        self.moments.reduce()
        if _distributed():
            dist.all_reduce(self.diversities)

    @property
    def sources(self) -> int:
        return int(self.diversities[0])

    @property
    def diversity(self) -> float:
        return (self.diversities[1] / self.diversities[0]).item()


def _distributed() -> bool:
    return dist.is_available() and dist.is_initialized()


def _everywhere(here: bool, device: torch.device | str) -> bool:
    if not _distributed():
        return here
    flag = torch.tensor(float(here), device=device)
    dist.all_reduce(flag, op=dist.ReduceOp.MIN)
    return bool(flag.item())
