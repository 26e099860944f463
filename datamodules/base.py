"""From a packed dataset to batches on the device, for every source of data and every model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from datamodules.step_loader import StepLoader
from hairgan.data.augment import to_float
from hairgan.data.batches import Batch, Batches
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.requirements import Offer
from hairgan.domains import Domains


class HairDataModule(pl.LightningDataModule):
    """Reads batches for any of the models from a packed dataset.

    Subclasses pack their data and return the folder of the packed dataset (`make_packed`).

    Args:
        batches: what a step of the model reads: `hairgan.data.batches.Batches` or a subclass, with its options bound.
        domains: the hair domains as queries over the attributes; None takes the folders of the photos (`find_domains`).
        image_size: side of the images in pixels.
        batch_size: images of one step over all processes and devices.
        steps: number of steps of the run.
        seed: the run's seed.
        num_workers: processes that read batches; 0 reads in the training process.
        repeat_batches: N repeats the first N batches, with the same crops; None repeats nothing.
        order: how an epoch is shuffled (`hairgan.data.batches.Batches`). The configs of older runs do not name it, so
            the order of these is the default.
    """

    def __init__(
        self,
        *,
        batches: Callable[..., Batches],
        domains: Domains | None,
        image_size: int,
        batch_size: int,
        steps: int,
        seed: int,
        num_workers: int,
        repeat_batches: int | None = None,
        order: str = "permutation",
    ) -> None:
        super().__init__()
        self.repeat_batches, self.order = repeat_batches, order
        self.make_batches, self._domains = batches, domains
        self.image_size, self.batch_size, self.steps, self.seed = image_size, batch_size, steps, seed
        self.num_workers = num_workers
        self.dataset: PackedDataset | None = None
        self._packed: Path | None = None
        self._batches: dict[str, Batches] = {}

    def make_packed(self) -> Path:
        """Make the packed dataset where it is missing or outdated, and return its folder."""
        raise NotImplementedError

    def pack(self) -> Path:
        """The folder of the packed dataset; the first call makes it, and later calls do not look for changes."""
        if self._packed is None:
            self._packed = self.make_packed()
        return self._packed

    def open_packed(self, folder: Path) -> PackedDataset:
        """Open the packed dataset."""
        return PackedDataset.open(folder)

    def find_domains(self, dataset: PackedDataset) -> Domains:
        """The domains of a dataset that was packed from a folder per domain, in sorted order.

        Raises:
            ValueError: it was packed from something else.
        """
        if "domain" not in dataset.attributes.columns:
            raise ValueError(
                f"{dataset.path} was not packed from a folder per domain, so its domains are queries: read it with "
                "data=celeba_hq or data=streaming, and data/domains=hair7"
            )
        names = sorted(set(dataset.attributes["domain"]))
        return Domains({name: f"domain = '{name.replace(chr(39), chr(39) * 2)}'" for name in names})

    # Lightning's hooks

    def prepare_data(self) -> None:
        self.pack()

    def setup(self, stage: str | None = None) -> None:
        if self.dataset is not None:
            self._check_processes_agree()
            return
        self.dataset = self.open_packed(self.pack())
        if self.dataset.size != self.image_size:
            raise ValueError(
                f"{self.dataset.path} holds images of {self.dataset.size} px, but image_size is {self.image_size}"
            )
        self.domains = self.find_domains(self.dataset) if self._domains is None else self._domains
        self.membership = self.domains.membership(self.dataset.attributes)
        self._check_processes_agree()

    def _check_processes_agree(self) -> None:
        """Each process of a run has read the source by itself, and it may have changed in between."""
        assert self.dataset is not None
        if self.trainer is None:
            return
        first = self.trainer.strategy.broadcast(self.dataset.fingerprint)
        if first != self.dataset.fingerprint:
            raise ValueError(
                f"the processes of this run read different data ({self.dataset.path}): it changed while the run "
                "started. Start the run again"
            )

    def batches(self, split: str) -> Batches:
        """The batches of a split, for this process."""
        assert self.dataset is not None, "setup() comes first"
        if split not in self._batches:
            trainer = self.trainer
            self._batches[split] = self.make_batches(
                self.dataset,
                split,
                membership=self.membership,
                domain_names=list(self.domains.names),
                batch_size=self.batch_size,
                seed=self.seed,
                rank=trainer.global_rank if trainer else 0,
                world_size=trainer.world_size if trainer else 1,
                order=self.order,
            )
        return self._batches[split]

    def train_dataloader(self) -> StepLoader:
        start = self.trainer.lightning_module.steps_done if self.trainer else 0
        read = self.batches("train").read
        return StepLoader(read, start, self.steps, self.num_workers, self.repeat_batches)

    def val_dataloader(self) -> StepLoader:
        batches = self.batches("val")
        return StepLoader(batches.read_in_order, 0, len(batches), self.num_workers)

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        assert self.trainer is not None
        return self.trainer.precision_plugin.convert_input(self.batches("train").augment(batch))  # for 64-true

    # for sample grids, and for what is printed before the run

    def sample_batch(self, count: int, device: torch.device) -> Batch:
        """Validation images for sample grids, the same at every call.

        Returns:
            `count` images spread over the split, and as `references` one image per domain; a domain that the
            validation split lacks gets an image of the training split.
        """
        assert self.dataset is not None, "setup() comes first"
        split = self.dataset.split("val") if len(self.dataset.split("val")) else self.dataset.split("train")
        sources = split[np.linspace(0, len(split) - 1, min(count, len(split))).round().astype(np.int64)]
        references = []
        for domain in range(len(self.domains.names)):
            members = [indices[self.membership[indices, domain]] for indices in (split, self.dataset.split("train"))]
            members = [m for m in members if len(m)]
            references.append(members[0][len(members[0]) // 2])
        batch: Batch = {"step": 0, "first_row": 0, "global_batch": len(sources), "ids": torch.from_numpy(sources)}
        batch["images"] = to_float(torch.from_numpy(self.dataset.images[sources]).to(device))
        batch["references"] = to_float(torch.from_numpy(self.dataset.images[references]).to(device))
        if self.dataset.labels is not None:
            batch["labels"] = torch.from_numpy(self.dataset.label_maps(sources)).to(device).long()
        return batch

    def offer(self) -> Offer:
        """What the data has, to compare with what batches, modules and callbacks require."""
        assert self.dataset is not None, "setup() comes first"
        return Offer(self.dataset, self.domains.names, self.membership)

    def describe(self) -> dict[str, Any]:
        """What the run record states about the data."""
        assert self.dataset is not None, "setup() comes first"
        return {
            "path": str(self.dataset.path),
            "source": self.dataset.manifest["parameters"]["source"].get("kind"),
            "fingerprint": self.dataset.fingerprint,
            "size": self.dataset.size,
            "counts": self.counts(),
        }

    def skip_report(self) -> str:
        """How many images of the raw data cannot be used and why, in a few lines; empty if all can."""
        assert self.dataset is not None, "setup() comes first"
        return self.dataset.skip_report()

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of images by split: all of them, then those of each domain."""
        assert self.dataset is not None, "setup() comes first"
        table: dict[str, dict[str, int]] = {}
        for split in ("train", "val", "test"):
            indices = self.dataset.split(split)
            inside = self.membership[indices].sum(axis=0)
            table[split] = {"all": len(indices)} | dict(zip(self.domains.names, inside.tolist(), strict=True))
        return table
