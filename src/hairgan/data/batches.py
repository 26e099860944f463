"""The batches of training: read the batch of a (seed, step) as bytes, and augment it to floats.

A `Batches` object belongs to one split of one packed dataset. `read(step)` runs in the loader's workers: it draws which
images the step uses and how each is cropped and flipped, for the whole global batch, and reads this process's rows of
it. `augment(batch)` runs on the device. So the global batch of a step is the same for any number of workers and
processes, and a resumed run reads the same batches as an uninterrupted one.

Every batch is a dict that holds, besides its images, `step`, `first_row` and `global_batch` (integers: the position of
its rows in the global batch) and `ids` (indices into the dataset, for messages).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Int64, UInt8
from numpy import ndarray

from hairgan.data.attribute_targets import attribute_targets
from hairgan.data.augment import crop, crop_labels, draw_crops, flip_images, flip_labels, to_float
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.parser_augment import CROP_SHARE, SCALES, augment_for_parsing, draw_color_factors, draw_scaled_crops
from hairgan.data.requirements import Images, ImagesOfEachDomain, KnownAttributes, LabelMaps, Requirement
from hairgan.randomness import numpy_generator, permuted_position, shuffled_position

Batch = dict[str, Any]

ORDERS = {"counter": shuffled_position, "permutation": permuted_position}


class Batches:
    """Batches of images (and label maps, if there are any) in an endless order that is shuffled in each epoch.

    Args:
        dataset: the packed dataset.
        split: `train`, `val` or `test`.
        membership: which image of the dataset belongs to which domain, `(N, K)`.
        domain_names: the K names, for messages.
        batch_size: rows of the global batch, over all processes.
        seed: the run's seed.
        rank, world_size: which share of the rows this process reads.
        flip_probability: share of rows that are mirrored.
        crop_probability: share of rows that are cropped (area 0.8 to 1, aspect 0.9 to 1.1).
        order: how an epoch is shuffled: `counter` computes the images of a step alone, `permutation` is the order of
            older runs, for which every step shuffles the whole epoch.

    Attributes:
        requires: what it needs of the data.

    Raises:
        ValueError: the split has no image, or the batch cannot be divided evenly among the processes.
    """

    requires: ClassVar[tuple[Requirement, ...]] = (Images("train"),)

    def __init__(
        self,
        dataset: PackedDataset,
        split: str,
        *,
        membership: Bool[ndarray, "n k"],
        domain_names: list[str],
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        flip_probability: float = 0.5,
        crop_probability: float = 0.0,
        order: str = "permutation",
    ) -> None:
        if order not in ORDERS:
            raise ValueError(f"unknown order '{order}'; known are {', '.join(ORDERS)}")
        if batch_size < 1:
            raise ValueError(f"the batch size must be at least 1, not {batch_size}")
        if batch_size % world_size:
            raise ValueError(f"a batch of {batch_size} cannot be divided evenly among {world_size} processes")
        self.dataset, self.membership, self.domain_names = dataset, membership, domain_names
        self.indices: Int64[ndarray, " n"] = dataset.split(split)
        if not len(self.indices):
            raise ValueError(f"the split '{split}' of {dataset.path} has no image")
        self.batch_size, self.seed, self.split = batch_size, seed, split
        local = batch_size // world_size
        self.rows = slice(rank * local, (rank + 1) * local)
        self.rank, self.world_size = rank, world_size
        self._item_at = ORDERS[order]
        self.flip_probability, self.crop_probability = flip_probability, crop_probability

    # on the loader's side

    def read(self, step: int) -> Batch:
        """This process's rows of the batch of a training step, as numpy arrays of bytes."""
        position = step * self.batch_size + np.arange(self.batch_size)
        chosen = self.indices[self._item_at(position, len(self.indices), self.seed, f"order/{self.split}")]
        return self._place(step) | self._load(chosen[self.rows]) | self._augmentation(step, "image")

    def __len__(self) -> int:
        """Number of batches in one pass over this process's share of the split; the last may be smaller."""
        share = len(self.indices[self.rank :: self.world_size])
        return -(-share // (self.batch_size // self.world_size))

    def read_in_order(self, number: int) -> Batch:
        """Batch `number` of one pass over this process's share of the split, in order, without augmentation."""
        local = self.batch_size // self.world_size
        chosen = self.indices[self.rank :: self.world_size][number * local : (number + 1) * local]
        return {"step": number, "first_row": 0, "global_batch": len(chosen)} | self._load(chosen)

    def _place(self, step: int) -> Batch:
        return {"step": step, "first_row": self.rows.start, "global_batch": self.batch_size}

    def _load(self, chosen: Int64[ndarray, " b"]) -> Batch:
        batch: Batch = {"ids": chosen, "images": self._pixels(chosen)}
        if self.dataset.labels is not None:
            batch["labels"] = self.dataset.label_maps(chosen)
        return batch

    def _pixels(self, chosen: Int64[ndarray, " b"]) -> UInt8[ndarray, "b s s 3"]:
        try:
            return self.dataset.images[chosen]
        except Exception as error:
            error.add_note(f"while reading the images {chosen.tolist()} of {self.dataset.path}")
            raise

    def _augmentation(self, step: int, purpose: str) -> Batch:
        rng = numpy_generator(self.seed, f"augment/{purpose}", step)
        flips = rng.random(self.batch_size) < self.flip_probability
        drawn: Batch = {f"{purpose}_flips": flips[self.rows]}
        if self.crop_probability > 0:
            drawn[f"{purpose}_boxes"] = draw_crops(rng, self.batch_size, self.crop_probability)[self.rows]
        return drawn

    # on the device

    def augment(self, batch: Batch) -> Batch:
        """Bytes to floats in [-1, 1] (`B 3 H W`) and int64 labels (`B H W`), cropped and flipped as drawn."""
        out = {key: value for key, value in batch.items() if not key.endswith(("_flips", "_boxes"))}
        out["images"] = self._augment_images(batch, "images", "image")
        if "labels" in batch:
            out["labels"] = self._augment_labels(batch, "labels", "image")
        return out

    def _augment_images(self, batch: Batch, name: str, purpose: str) -> torch.Tensor:
        images = to_float(batch[name])
        if f"{purpose}_boxes" in batch:
            images = crop(images, batch[f"{purpose}_boxes"])
        return flip_images(images, batch[f"{purpose}_flips"]) if f"{purpose}_flips" in batch else images

    def _augment_labels(self, batch: Batch, name: str, purpose: str) -> torch.Tensor:
        labels = batch[name].long()
        if f"{purpose}_boxes" in batch:
            labels = crop_labels(labels, batch[f"{purpose}_boxes"])
        return flip_labels(labels, batch[f"{purpose}_flips"]) if f"{purpose}_flips" in batch else labels


class TranslationBatches(Batches):
    """Source and reference images for StarGAN v2 (Choi et al. 2020), both balanced over the domains.

    For each row, a source domain and one of its images are drawn, and a target domain and two different images of that
    (the same image twice if the domain has only one). An image that belongs to several domains can be drawn for each of
    them. The three images are cropped and flipped independently. Keys: `x`, `y_org`, `x_ref`, `x_ref2`, `y_trg`, and
    `labels` of `x`.

    Raises:
        ValueError: a domain has no image in the split.
    """

    requires = (Images("train"), ImagesOfEachDomain("train"))

    def __init__(self, dataset: PackedDataset, split: str, *, crop_probability: float = 0.5, **shared: Any) -> None:
        super().__init__(dataset, split, crop_probability=crop_probability, **shared)
        inside = self.membership[self.indices]
        self.members = [self.indices[inside[:, k]] for k in range(len(self.domain_names))]
        for name, members in zip(self.domain_names, self.members, strict=True):
            if not len(members):
                raise ValueError(f"the domain '{name}' has no image in the split '{split}' of {dataset.path}")

    def read(self, step: int) -> Batch:
        source = numpy_generator(self.seed, "source", step)
        y_org = source.integers(len(self.members), size=self.batch_size)
        x = self._draw(source, y_org)
        reference = numpy_generator(self.seed, "reference", step)
        y_trg = reference.integers(len(self.members), size=self.batch_size)
        count = np.array([len(self.members[y]) for y in y_trg])
        first = np.floor(reference.random(self.batch_size) * count).astype(np.int64)
        gap = 1 + np.floor(reference.random(self.batch_size) * np.maximum(count - 1, 1)).astype(np.int64)
        x_ref = np.array([self.members[y][i] for y, i in zip(y_trg, first, strict=True)])
        x_ref2 = np.array([self.members[y][i] for y, i in zip(y_trg, (first + gap) % count, strict=True)])

        batch = self._place(step)
        batch |= {"ids": x[self.rows], "y_org": y_org[self.rows], "y_trg": y_trg[self.rows]}
        for name, chosen in (("x", x), ("x_ref", x_ref), ("x_ref2", x_ref2)):
            batch[name] = self._pixels(chosen[self.rows])
            batch |= self._augmentation(step, name)
        if self.dataset.labels is not None:
            batch["labels"] = self.dataset.label_maps(x[self.rows])
        return batch

    def _draw(self, rng: np.random.Generator, domains: Int64[ndarray, " b"]) -> Int64[ndarray, " b"]:
        share = rng.random(len(domains))
        return np.array([self.members[y][int(u * len(self.members[y]))] for y, u in zip(domains, share, strict=True)])

    def augment(self, batch: Batch) -> Batch:
        if "x" not in batch:  # read in order, for validation
            return super().augment(batch)
        out = {key: value for key, value in batch.items() if not key.endswith(("_flips", "_boxes"))}
        for name in ("x", "x_ref", "x_ref2"):
            out[name] = self._augment_images(batch, name, name)
        if "labels" in batch:
            out["labels"] = self._augment_labels(batch, "labels", "x")
        return out


class ParsingBatches(Batches):
    """Images and label maps with the face parser's augmentation: colors, mirroring, scale, crop.

    Args:
        crop_share: side of the crops as a share of the images' side; 448 / 512 as published.
        scales: factors on the images' size before the crop, drawn with equal probability; as published by default.

    Raises:
        ValueError: the dataset has no label maps.
    """

    requires = (Images("train"), LabelMaps("to learn from"))

    def __init__(
        self,
        dataset: PackedDataset,
        split: str,
        *,
        crop_share: float = CROP_SHARE,
        scales: Sequence[float] = SCALES,
        **shared: Any,
    ) -> None:
        super().__init__(dataset, split, **shared)
        if dataset.labels is None:
            raise ValueError(f"{dataset.path} has no label maps, which a face parser learns from")
        self.crop_size, self.scales = round(crop_share * dataset.size), tuple(scales)

    def _augmentation(self, step: int, purpose: str) -> Batch:
        rng = numpy_generator(self.seed, f"parsing/{purpose}", step)
        drawn = {
            "factors": draw_color_factors(rng, self.batch_size),
            "flips": rng.random(self.batch_size) < self.flip_probability,
            "boxes": draw_scaled_crops(rng, self.batch_size, self.dataset.size, self.crop_size, self.scales),
        }
        return {f"{purpose}_{name}": value[self.rows] for name, value in drawn.items()}

    def augment(self, batch: Batch) -> Batch:
        if "image_factors" not in batch:
            return super().augment(batch)
        drawn = {name: batch[f"image_{name}"] for name in ("factors", "flips", "boxes")}
        images, labels = to_float(batch["images"]), batch["labels"].long()
        images, labels = augment_for_parsing(images, labels, **drawn, crop_size=self.crop_size)
        return {key: value for key, value in batch.items() if not key.startswith("image_")} | {
            "images": images,
            "labels": labels,
        }


class AttributeBatches(Batches):
    """Images and their hair attributes as `targets` of the classifier: `(B, heads)`, -1 where unknown."""

    requires = (Images("train"), KnownAttributes("train"))

    def __init__(self, dataset: PackedDataset, split: str, **shared: Any) -> None:
        super().__init__(dataset, split, **shared)
        self.targets = attribute_targets(dataset.attributes)

    def _load(self, chosen: Int64[ndarray, " b"]) -> Batch:
        return {"ids": chosen, "images": self._pixels(chosen), "targets": self.targets[chosen]}
