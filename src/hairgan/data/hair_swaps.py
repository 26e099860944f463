"""Batches for the hair layout network: a head, another head whose hair is wanted, and the first head in that hair.

Such triples exist for drawn people whose hairstyles are shared (`data.shared_hair`): everybody of a group wears every
hairstyle of the group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float32, Int64
from numpy import ndarray
from torch import Tensor

from hairgan.data.augment import flip_labels
from hairgan.data.batches import Batch, Batches
from hairgan.data.outlines import smooth_outlines
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Images, LabelMaps, SharedHair
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

MIN_HAIR = 0.02
"""Smallest share of the picture that the wanted hair covers, on both heads."""
ATTEMPTS = 20
"""Draws of a triple until one has that much hair."""
MAPS = ("source", "reference", "target")

LOG_SCALE, ROTATION, SHIFT = 0.1, 0.09, 0.08
"""Largest change of each head alone: logarithm of its size, radians, shares of half the side."""
ZOOM_SHARE, LOG_ZOOM, ZOOM_SHIFT = 0.6, 0.5, 0.1
"""Share of rows whose two heads are both enlarged, as in photographs; the largest enlargement and shift of these."""
WOBBLE, WOBBLE_SHARE, WOBBLE_GRID = 0.012, 0.6, 12
"""Displacements that imitate a parser's errors: standard deviation in shares of half the side, share of rows, grid."""


class HairSwapBatches(Batches):
    """Label maps of triples: `source` (person p, hairstyle g), `reference` (person q, hairstyle h), `target` (p, h).

    Source and target are moved, rotated and scaled in the same way, the reference independently. Source and reference
    are slightly deformed, to imitate a parser's errors.

    Args:
        smooth_share: share of rows whose label maps get the smooth outlines of annotated photographs
            (`hairgan.data.outlines`).

    Raises:
        ValueError: the dataset has no label maps or no shared hairstyles.
    """

    requires = (Images("train"), LabelMaps("to learn from"), SharedHair())

    def __init__(self, dataset: PackedDataset, split: str, *, smooth_share: float = 0.5, **shared: Any) -> None:
        super().__init__(dataset, split, **shared)
        if (missing := SharedHair().missing_in(dataset)) or dataset.labels is None:
            raise ValueError(f"{dataset.path} needs {missing or 'label maps'}")
        self.smooth_share = smooth_share
        # as an array, because polars, used in the process that starts the loader's, can wait for ever in those
        self._members = dataset.attributes.select("group", "person", "hairstyle").to_numpy()
        table = self._members[self.indices]
        self._groups = np.unique(table[:, 0])
        self._index = {tuple(row): int(index) for row, index in zip(table.tolist(), self.indices, strict=True)}
        self._people = {int(g): np.unique(table[table[:, 0] == g, 1]) for g in self._groups}
        self._hairstyles = {int(g): np.unique(table[table[:, 0] == g, 2]) for g in self._groups}

    # on the loader's side

    def read(self, step: int) -> Batch:
        """This process's rows of the batch of a training step: label maps as bytes, and how they are changed."""
        triples = self._draw(numpy_generator(self.seed, "hair swaps", step), self.batch_size)
        rng = numpy_generator(self.seed, "augment/hair swaps", step)
        count = self.batch_size
        zoom = np.where(rng.random(count) < ZOOM_SHARE, -rng.uniform(0, LOG_ZOOM, count), 0.0)
        move = rng.uniform(-ZOOM_SHIFT, ZOOM_SHIFT, (count, 2)) * (zoom < 0)[:, None]
        drawn = {
            "head_affine": _draw_affine(rng, zoom, move),
            "reference_affine": _draw_affine(rng, zoom, move),
            "source_wobble": _draw_wobble(rng, count),
            "reference_wobble": _draw_wobble(rng, count),
            "map_flips": rng.random(count) < self.flip_probability,
        }
        smooth = rng.random(count) < self.smooth_share
        rows = {name: value[self.rows] for name, value in drawn.items()}
        return self._place(step) | self._maps(triples[self.rows], smooth[self.rows]) | rows

    def read_in_order(self, number: int) -> Batch:
        """Batch `number` of one pass in which each image of this process's share is the target once."""
        local = self.batch_size // self.world_size
        chosen = self.indices[self.rank :: self.world_size][number * local : (number + 1) * local]
        triples = []
        for index in chosen.tolist():
            group, person, hairstyle = self._members[index].tolist()
            others = [p for p in self._people[group].tolist() if p != person]
            worn = [h for h in self._hairstyles[group].tolist() if h != hairstyle]
            rng = numpy_generator(self.seed, "hair swaps in order", index)
            other, before = others[rng.integers(len(others))], worn[rng.integers(len(worn))]
            triples.append([self._index[group, person, before], self._index[group, other, hairstyle], index])
        batch = self._maps(np.array(triples).reshape(-1, 3), np.zeros(len(triples), bool))
        return {"step": number, "first_row": 0, "global_batch": len(chosen)} | batch

    def _draw(self, rng: np.random.Generator, count: int) -> Int64[ndarray, "b 3"]:
        triples = []
        for _ in range(count):
            for _ in range(ATTEMPTS):
                group = int(self._groups[rng.integers(len(self._groups))])
                person, other = rng.choice(self._people[group], 2, replace=False)
                worn, wanted = rng.choice(self._hairstyles[group], 2, replace=False)
                triple = [self._index[group, *pair] for pair in ((person, worn), (other, wanted), (person, wanted))]
                if min(self._hair_share(index) for index in triple[1:]) >= MIN_HAIR:
                    break
            triples.append(triple)
        return np.array(triples)

    def _hair_share(self, index: int) -> float:
        return float((self.dataset.label_maps(np.array([index])) == Region.HAIR).mean())

    def _maps(self, triples: Int64[ndarray, "b 3"], smooth: Bool[ndarray, " b"]) -> Batch:
        batch: Batch = {"ids": triples[:, 2]}
        for column, name in enumerate(MAPS):
            labels = self.dataset.label_maps(triples[:, column])
            batch[name] = np.stack([smooth_outlines(m) if s else m for m, s in zip(labels, smooth, strict=True)])
        return batch

    # on the device

    def augment(self, batch: Batch) -> Batch:
        """Bytes to int64 label maps (`B H W`), changed as drawn."""
        out = {key: value for key, value in batch.items() if not key.endswith(("_affine", "_wobble", "_flips"))}
        if "source" not in batch:
            return super().augment(batch)
        for name in MAPS:
            labels = batch[name].long()
            if "map_flips" in batch:
                affine = batch["reference_affine" if name == "reference" else "head_affine"]
                labels = flip_labels(_moved(labels, affine, batch.get(f"{name}_wobble")), batch["map_flips"])
            out[name] = labels
        return out


def _draw_affine(
    rng: np.random.Generator, log_zoom: ndarray, shift: Float[ndarray, "b 2"]
) -> Float32[ndarray, "b 2 3"]:
    """Maps of `affine_grid`, from the new picture to the old one: below a scale of 1 the head grows."""
    count = len(log_zoom)
    scale = np.exp(rng.uniform(-LOG_SCALE, LOG_SCALE, count) + log_zoom)
    angle = rng.uniform(-ROTATION, ROTATION, count)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    moved = rng.uniform(-SHIFT, SHIFT, (count, 2)) + shift
    rows = [np.stack([cosine, -sine, moved[:, 0]], 1), np.stack([sine, cosine, moved[:, 1]], 1)]
    return np.stack(rows, 1).astype(np.float32)


def _draw_wobble(rng: np.random.Generator, count: int) -> Float32[ndarray, "b 2 grid grid"]:
    drawn = WOBBLE * rng.standard_normal((count, 2, WOBBLE_GRID, WOBBLE_GRID))
    return (drawn * (rng.random(count) < WOBBLE_SHARE)[:, None, None, None]).astype(np.float32)


def _moved(
    labels: Int64[Tensor, "b s s"], affine: Float[Tensor, "b 2 3"], wobble: Float[Tensor, "b 2 grid grid"] | None
) -> Int64[Tensor, "b s s"]:
    size = labels.shape[-1]
    grid = F.affine_grid(affine, [len(labels), 1, size, size], align_corners=False)
    if wobble is not None:
        grid = grid + F.interpolate(wobble, size=(size, size), mode="bicubic").permute(0, 2, 3, 1)
    sampled = F.grid_sample(labels[:, None].float(), grid, mode="nearest", padding_mode="border", align_corners=False)
    return sampled[:, 0].long()
