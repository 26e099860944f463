from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from hairgan.data.batches import Batch
from hairgan.data.hair_swaps import MAPS, HairSwapBatches
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.portraits.items import PortraitItem
from hairgan.regions import Region
from tests.unit.data.test_batches import assert_table_is_not_read

SHARE, GROUPS = 3, 8


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> PackedDataset:
    path: Path = tmp_path_factory.mktemp("shared") / "packed"
    item = PortraitItem(3, 32, shared_hair=SHARE)
    pack(item, GROUPS * SHARE**2, path, size=32, source={"kind": "portraits"}, workers=1)
    return PackedDataset.open(path)


def make(dataset: PackedDataset, split: str = "train", **options) -> HairSwapBatches:
    membership = np.ones((len(dataset.attributes), 1), bool)
    defaults = {"membership": membership, "domain_names": ["all"], "batch_size": 6, "seed": 1}
    return HairSwapBatches(dataset, split, **(defaults | options))


def tensors(batch: Batch) -> Batch:
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in batch.items()}


def where(dataset: PackedDataset, labels: np.ndarray) -> tuple[int, int, int]:
    """Group, person and hairstyle of a label map of the dataset."""
    (index,) = [i for i in range(len(dataset.attributes)) if np.array_equal(dataset.labels[i], labels)][:1]
    return dataset.attributes.select("group", "person", "hairstyle").row(index)


def test_a_triple_is_a_person_another_and_the_first_in_the_hair_of_the_second(dataset) -> None:
    batch = make(dataset, smooth_share=0.0).read(0)
    for source, reference, target in zip(*(batch[name] for name in MAPS), strict=True):
        (group, person, worn), (_, other, wanted) = where(dataset, source), where(dataset, reference)
        assert where(dataset, target) == (group, person, wanted)
        assert person != other and worn != wanted


def test_in_order_each_image_is_once_the_target(dataset) -> None:
    batches = make(dataset)
    seen = [batches.read_in_order(number) for number in range(len(batches))]
    assert [i for batch in seen for i in batch["ids"].tolist()] == dataset.split("train").tolist()
    again = make(dataset).read_in_order(1)
    np.testing.assert_array_equal(again["source"], seen[1]["source"])


def test_reading_does_not_touch_the_attribute_table(dataset) -> None:
    assert_table_is_not_read(make(dataset))


def test_processes_read_the_rows_of_one_global_batch(dataset) -> None:
    whole = make(dataset).read(5)
    halves = [make(dataset, rank=rank, world_size=2).read(5) for rank in (0, 1)]
    for name, value in whole.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, np.concatenate([half[name] for half in halves]), err_msg=name)


def test_source_and_target_are_moved_as_one(dataset, monkeypatch) -> None:
    """Without the parser's errors they still agree wherever neither has hair."""
    monkeypatch.setattr("hairgan.data.hair_swaps.WOBBLE", 0.0)
    batches = make(dataset, smooth_share=0.0)
    read = batches.read(0)
    batch = batches.augment(tensors(read))
    assert batch["source"].dtype == torch.int64
    no_hair = (batch["source"] != Region.HAIR) & (batch["target"] != Region.HAIR)
    assert (batch["source"] == batch["target"])[no_hair].float().mean() > 0.97
    assert not torch.equal(batch["target"].byte(), torch.from_numpy(read["target"]))


def test_groups_are_in_one_split(dataset) -> None:
    splits = dataset.attributes.group_by("group").agg(count=pl.col("split").n_unique())
    assert len(splits) == GROUPS and (splits["count"] == 1).all()
    assert dataset.attributes["split"].n_unique() > 1


def test_data_without_shared_hair_is_refused(packed_faces) -> None:
    with pytest.raises(ValueError, match="people who share their hairstyles"):
        make(PackedDataset.open(packed_faces(32)))


def test_hair_is_shared_by_two_or_more_in_the_plain_style() -> None:
    with pytest.raises(ValueError, match="2 people or more, not by 1"):
        PortraitItem(0, 32, shared_hair=1)
    with pytest.raises(ValueError, match="plain style only"):
        PortraitItem(0, 32, "randomized", shared_hair=3)
