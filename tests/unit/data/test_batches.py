from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from hairgan.data.batches import AttributeBatches, Batches, ParsingBatches, TranslationBatches
from hairgan.data.packed_dataset import PackedDataset
from hairgan.regions import Region


@pytest.fixture(scope="module")
def dataset(packed_faces) -> PackedDataset:
    return PackedDataset.open(packed_faces(32))


def make(kind: type[Batches], dataset: PackedDataset, **options) -> Batches:
    membership = np.stack([dataset.attributes["Bangs"].to_numpy(), dataset.attributes["Blond_Hair"].to_numpy()], axis=1)
    defaults = {"membership": membership, "domain_names": ["bang", "blond"], "batch_size": 8, "seed": 1}
    return kind(dataset, "train", **(defaults | options))


def assert_table_is_not_read(batches: Batches) -> None:
    """Polars, used in a process that was forked from one that has used it, can wait for ever."""
    object.__setattr__(batches, "dataset", copy.copy(batches.dataset))
    object.__setattr__(batches.dataset, "attributes", None)
    batches.read(0)
    batches.read_in_order(0)


def tensors(batch):
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in batch.items()}


@pytest.mark.parametrize("order", ["counter", "permutation"])
@pytest.mark.parametrize("kind", [Batches, TranslationBatches, ParsingBatches, AttributeBatches])
def test_processes_read_the_rows_of_one_global_batch(kind, order, dataset):
    whole = make(kind, dataset, order=order).read(5)
    halves = [make(kind, dataset, rank=rank, world_size=2, order=order).read(5) for rank in (0, 1)]
    assert [half["first_row"] for half in halves] == [0, 4]
    for name, value in whole.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, np.concatenate([half[name] for half in halves]), err_msg=name)


@pytest.mark.parametrize("kind", [Batches, TranslationBatches, ParsingBatches, AttributeBatches])
def test_reading_does_not_touch_the_attribute_table(kind, dataset):
    assert_table_is_not_read(make(kind, dataset))


def test_a_step_reads_the_same_whatever_was_read_before(dataset):
    fresh, used = make(Batches, dataset), make(Batches, dataset)
    for step in range(3):
        used.read(step)
    assert fresh.read(3)["ids"].tolist() == used.read(3)["ids"].tolist()
    assert fresh.read(3)["ids"].tolist() != fresh.read(4)["ids"].tolist()


@pytest.mark.parametrize("order", ["counter", "permutation"])
def test_an_epoch_reads_every_training_image_once(order, dataset):
    batches = make(Batches, dataset, batch_size=12, order=order)
    seen = np.concatenate([batches.read(step)["ids"] for step in range(len(batches.indices) // 12)])
    assert sorted(seen.tolist()) == sorted(dataset.split("train").tolist())


@pytest.mark.parametrize("kind", [Batches, TranslationBatches, ParsingBatches, AttributeBatches])
def test_no_validation_or_test_image_trains(kind, dataset):
    batches = make(kind, dataset)
    seen = {int(i) for step in range(40) for i in batches.read(step)["ids"]}
    held_out = {int(i) for split in ("val", "test") for i in dataset.split(split)}
    assert len(seen) > 50 and held_out and not seen & held_out


def test_translation_draws_domains_evenly_and_two_references_of_the_target(dataset):
    batches = make(TranslationBatches, dataset, batch_size=64)
    read = [batches.read(step) for step in range(8)]
    share = np.concatenate([batch["y_trg"] for batch in read]).mean()
    assert 0.4 < share < 0.6  # blond is a quarter of the images, yet half of the targets
    members = [set(m.tolist()) for m in batches.members]
    for batch in read:
        for image, domain in zip(batch["ids"], batch["y_org"], strict=True):
            assert int(image) in members[domain]
        assert not np.array_equal(batch["x_ref"], batch["x_ref2"])


def test_validation_shares_cover_the_split_in_order(dataset):
    shares = [make(Batches, dataset, rank=rank, world_size=2) for rank in (0, 1)]
    seen = [batch["ids"] for b in shares for batch in map(b.read_in_order, range(len(b)))]
    assert sorted(np.concatenate(seen).tolist()) == dataset.split("train").tolist()


def test_augmented_images_are_floats_and_flips_swap_left_and_right(dataset):
    batches = make(Batches, dataset, flip_probability=1.0)
    raw = batches.read(0)
    batch = batches.augment(tensors(raw))
    assert batch["images"].shape == (8, 3, 32, 32) and batch["images"].abs().max() <= 1
    left_before = (raw["labels"] == Region.L_EYE).nonzero()[2].mean()
    left_after = (batch["labels"] == Region.L_EYE).nonzero()[:, 2].float().mean()
    assert left_before > 16 and left_after > 16  # the subject's left stays on the right of the picture
    np.testing.assert_array_equal(batch["labels"] == Region.HAIR, (raw["labels"] == Region.HAIR)[:, :, ::-1])


def test_parsing_crops_image_and_labels_alike(dataset):
    batches = make(ParsingBatches, dataset)
    batch = batches.augment(tensors(batches.read(0)))
    assert batch["images"].shape == (8, 3, 28, 28) and batch["labels"].shape == (8, 28, 28)


def test_targets_follow_the_images(dataset):
    batches = make(AttributeBatches, dataset)
    batch = batches.read(0)
    np.testing.assert_array_equal(batch["targets"][:, 0], dataset.attributes["Bangs"].to_numpy()[batch["ids"]])


def test_bad_sizes_are_refused(dataset, tmp_path: Path):
    with pytest.raises(ValueError, match="8 cannot be divided evenly among 3"):
        make(Batches, dataset, world_size=3)
    with pytest.raises(ValueError, match="not 0"):
        make(Batches, dataset, batch_size=0)
    nobody = np.zeros((len(dataset), 2), bool)
    with pytest.raises(ValueError, match="domain 'bang' has no image"):
        make(TranslationBatches, dataset, membership=nobody)
