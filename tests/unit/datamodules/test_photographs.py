"""Photographs for training: packed on first use and again after changes, with a report of unusable ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from datamodules import CelebAHQHairDataModule, ImageFolderDataModule
from datamodules.photographs import PhotographDataModule
from hairgan.cli.prepare import prepare
from hairgan.data.batches import Batches
from hairgan.data.celebamask.names import IMAGES
from hairgan.data.celebamask.writer import write_raw
from hairgan.domains import Domains


def photo(path: Path, gray: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (gray, gray, gray)).save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for split in ("train", "val"):
        for domain in ("ann", "cat"):
            for number in range(3):
                photo(tmp_path / "photos" / split / domain / f"{number}.png", 10 * number)
    return tmp_path / "photos"


def data_of(root: Path, **options: Any) -> PhotographDataModule:
    """The data module, set up for a run."""
    shared = {"root": root, "cache": root.parent / "cache", "workers": 1, "batches": Batches, "batch_size": 2}
    shared |= {"image_size": 16, "steps": 3, "seed": 0, "num_workers": 0} | options
    is_folder = (root / "train").is_dir() or "domains" not in options
    data = ImageFolderDataModule(**shared) if is_folder else CelebAHQHairDataModule(**shared)
    data.prepare_data()
    data.setup("fit")
    return data


def test_a_new_photo_and_a_new_domain_are_packed(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert data_of(photos).describe()["counts"]["train"] == {"all": 6, "ann": 3, "cat": 3}
    photo(photos / "train" / "bob" / "0.png", 200)
    photo(photos / "val" / "bob" / "0.png", 200)
    photo(photos / "train" / "ann" / "3.png", 100)
    data = data_of(photos)
    assert "3 photos new, domain 'bob' new since it was packed: packing again" in capsys.readouterr().err
    assert data.describe()["counts"]["train"] == {"all": 8, "ann": 4, "bob": 1, "cat": 3}
    assert len(list((photos.parent / "cache").iterdir())) == 1


def test_a_run_keeps_the_data_that_it_started_with(photos: Path) -> None:
    data = data_of(photos)
    photo(photos / "train" / "ann" / "3.png", 100)
    data.pack()
    data.setup("validate")
    assert data.describe()["counts"]["train"]["all"] == 6


def test_processes_that_read_different_data_are_refused(photos: Path) -> None:
    data = data_of(photos)
    data.trainer = SimpleNamespace(strategy=SimpleNamespace(broadcast=lambda fingerprint: fingerprint))  # type: ignore[assignment]
    data.setup("fit")
    data.trainer = SimpleNamespace(strategy=SimpleNamespace(broadcast=lambda fingerprint: "another"))  # type: ignore[assignment]
    with pytest.raises(ValueError, match="the processes of this run read different data"):
        data.setup("fit")


def test_prepare_and_training_pack_the_same(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "prepared"
    CliRunner().invoke(prepare, [str(photos), "--size", "16", "--out", str(out)], catch_exceptions=False)
    assert data_of(photos).describe()["fingerprint"] == data_of(out).describe()["fingerprint"]
    photo(photos / "train" / "ann" / "3.png", 100)
    result = CliRunner().invoke(prepare, [str(photos), "--size", "16", "--out", str(out)], catch_exceptions=False)
    assert "1 photo new since it was packed: packing again" in result.stderr and "read 1 in" in result.stdout
    assert data_of(photos).describe()["fingerprint"] == data_of(out).describe()["fingerprint"]


def test_unusable_images_are_reported(photos: Path) -> None:
    assert data_of(photos).skip_report() == ""
    for number in range(2):
        (photos / "train" / "ann" / f"{number}.png").write_bytes(b"no picture")
    report = data_of(photos).skip_report()
    assert report.startswith(
        "2 of 12 images (17%) cannot be used:\n  unreadable image 2: train/ann/0.png (is not a pict"
    )
    assert "), train/ann/1.png\n" in report


def test_a_domain_without_usable_photos_is_refused(photos: Path) -> None:
    for split in ("train", "val"):
        for number in range(3):
            (photos / split / "cat" / f"{number}.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="no photo of the domain 'cat' can be used"):
        data_of(photos)


def test_raw_data_that_was_deleted_is_read_from_the_cache(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fingerprint = data_of(photos).describe()["fingerprint"]
    shutil.rmtree(photos)
    assert data_of(photos).describe()["fingerprint"] == fingerprint
    assert f"{photos} no longer exists; using the dataset packed from it" in capsys.readouterr().err
    shutil.rmtree(photos.parent / "cache")
    with pytest.raises(ValueError, match="there is no folder"):
        data_of(photos)


def test_a_packed_dataset_of_another_kind_is_refused(photos: Path, tmp_path: Path) -> None:
    labels = np.ones((64, 64), np.uint8)
    write_raw([(np.full((32, 32, 3), 50 * i, np.uint8), labels, {"Bangs": i == 1}) for i in range(4)], tmp_path / "raw")
    queries = {"bang": "Bangs", "none": "NOT Bangs"}
    celeba = data_of(tmp_path / "raw", domains=Domains(queries))
    with pytest.raises(
        ValueError,
        match="was not packed from a folder per domain, so its domains are queries",
    ):
        data_of(celeba.pack())
    (tmp_path / "raw" / IMAGES / "0.jpg").write_bytes(b"")
    again = data_of(tmp_path / "raw", domains=Domains(queries))
    assert again.dataset is not None and len(again.dataset) == 3
