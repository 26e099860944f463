"""StarGAN v2: FID and diversity of every pair of domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from numpy import ndarray

from hairgan.data.augment import to_bytes
from hairgan.data.packed import PackedDataset
from hairgan.data.sampling import normal
from hairgan.evaluation.protocols import Protocol
from hairgan.evaluation.result import Evaluation, Picture, Table, read
from hairgan.losses.stargan import MakeMasks
from hairgan.metrics.cache import StatisticsCache
from hairgan.metrics.translation import Mode, evaluate_translation
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.pictures import sheet

EXAMPLES = 6


def evaluate(
    generator: Generator,
    mapping_network: MappingNetwork,
    style_encoder: StyleEncoder,
    dataset: PackedDataset,
    domains: Sequence[str],
    membership: Bool[ndarray, "n k"],
    protocol: Protocol,
    *,
    split: str = "val",
    modes: Sequence[Mode] = ("latent", "reference"),
    num_outputs: int = 10,
    max_sources: int | None = None,
    batch_size: int = 32,
    seed: int = 0,
    device: torch.device | str = "cpu",
    cache: StatisticsCache | None = None,
    make_masks: MakeMasks | None = None,
) -> Evaluation:
    """Fréchet distance and LPIPS diversity of all ordered pairs; arguments as in `hairgan.metrics.translation`."""
    values = evaluate_translation(
        generator, mapping_network, style_encoder, dataset, domains, membership, protocol.extractor, protocol.lpips,
        modes=modes, num_outputs=num_outputs, max_sources=max_sources, batch_size=batch_size, split=split, seed=seed,
        device=device, cache=cache, make_masks=make_masks, latent_dim=mapping_network.latent_dim,
    )  # fmt: skip
    fid, diversity = protocol.extractor.fid_name, f"{protocol.lpips.name}_diversity"
    result = Evaluation(
        values,
        protocol.describe() | {"split": split, "outputs": num_outputs, "max_sources": max_sources, "seed": seed},
        headline=tuple(f"{mode}/{metric}/mean" for mode in modes for metric in (fid, diversity)),
    )
    summary = [(mode, [values[f"{mode}/{metric}/mean"] for metric in (fid, diversity)]) for mode in modes]
    result.tables.append(Table("Mean over pairs", [fid, diversity], summary))
    for mode in modes:
        for metric in (fid, diversity):
            rows = [
                (source, [values.get(f"{mode}/{metric}/{source}2{target}") for target in domains]) for source in domains
            ]
            note = "Rows: source domain, columns: target domain. " + (
                "Lower is closer to the training images of the target." if metric == fid else "Higher is more diverse."
            )
            result.tables.append(Table(f"{metric}, {mode}", list(domains), rows, note=note))

    paint = _Painter(generator, mapping_network, style_encoder, dataset, membership, split, seed, device, make_masks)
    result.pictures.append(
        Picture("From latent codes", paint.latent(domains), "First row: sources. Then a row a domain.")
    )
    result.pictures.append(Picture("From references", paint.reference(domains), "First column: references."))
    for mode in modes:
        pairs = {
            k.rsplit("/", 1)[1]: v for k, v in values.items() if k.startswith(f"{mode}/{fid}/") and "/mean" not in k
        }
        best, worst = min(pairs, key=pairs.__getitem__), max(pairs, key=pairs.__getitem__)
        images = [row for pair in (best, worst) for row in paint.pair(pair, domains, mode)]
        names = [f"{pair} {what}" for pair in (best, worst) for what in ("source", "output")]
        note = f"{best}: {pairs[best]:.2f}, {worst}: {pairs[worst]:.2f}"
        result.pictures.append(Picture(f"Best and worst pair by {fid}, {mode}", sheet(images, names), note))
    return result


class _Painter:
    """Makes pictures of translations of the split's first images."""

    def __init__(
        self, generator: Generator, mapping_network: MappingNetwork, style_encoder: StyleEncoder,
        dataset: PackedDataset, membership: Bool[ndarray, "n k"], split: str, seed: int,
        device: torch.device | str, make_masks: MakeMasks | None,
    ) -> None:  # fmt: skip
        self.generator, self.mapping, self.encoder = generator, mapping_network, style_encoder
        self.dataset, self.membership, self.seed, self.device = dataset, membership, seed, device
        self.make_masks, self.indices = make_masks, dataset.split(split)

    def latent(self, domains: Sequence[str]) -> Any:
        sources = self.indices[np.linspace(0, len(self.indices) - 1, min(EXAMPLES, len(self.indices))).astype(int)]
        rows = [self._images(sources), *(self._translate(sources, domain, "latent") for domain in range(len(domains)))]
        return sheet(rows, ["source", *domains])

    def reference(self, domains: Sequence[str]) -> Any:
        sources = self.indices[np.linspace(0, len(self.indices) - 1, min(EXAMPLES, len(self.indices))).astype(int)]
        rows: list[list[Any]] = [[None, *self._images(sources)]]
        for domain in range(len(domains)):
            reference = self.indices[self.membership[self.indices, domain]][:1]
            rows.append([*self._images(reference), *self._translate(sources, domain, "reference")])
        return sheet(rows, ["source", *domains])

    def pair(self, name: str, domains: Sequence[str], mode: Mode) -> list[list[Any]]:
        source, target = next((s, t) for s in range(len(domains)) for t in range(len(domains))
                              if s != t and f"{domains[s]}2{domains[t]}" == name)  # fmt: skip
        members = self.membership[self.indices]
        sources = self.indices[members[:, source] & ~members[:, target]][:EXAMPLES]
        return [self._images(sources), self._translate(sources, target, mode)]

    def _images(self, indices: Any) -> list[Any]:
        return list(self.dataset.images[indices])

    @torch.no_grad()
    def _translate(self, indices: Any, domain: int, mode: Mode) -> list[Any]:
        x, labels = read(self.dataset, indices, self.device)
        y = torch.full((len(x),), domain, device=x.device)
        if mode == "latent":
            z = normal(self.seed, "evaluation/pictures", domain, shape=(len(x), self.mapping.latent_dim))
            s = self.mapping(z.to(x), y)
        else:
            reference = self.indices[self.membership[self.indices, domain]][:1]
            image, _ = read(self.dataset, reference, self.device)
            s = self.encoder(image, y[:1]).expand(len(x), -1)
        masks = None if self.make_masks is None else self.make_masks(x, labels)
        return list(to_bytes(self.generator(x, s, masks)).cpu().numpy())
