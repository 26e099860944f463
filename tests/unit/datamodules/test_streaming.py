"""`data=streaming`: the batches of `data=celeba_hq`, to the byte, from a folder and from a server like S3."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules import CelebAHQHairDataModule, ImageFolderDataModule, StreamingDataModule
from datamodules.base import HairDataModule
from hairgan.data import shard_store
from hairgan.data.batches import Batches, ParsingBatches, TranslationBatches
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.sharding import write_shards
from hairgan.data.streamed_dataset import StreamedDataset
from hairgan.domains import Domains

URL = "s3://photos/faces"
EPOCHS = 2 * 108 // 12  # steps
SHARD = 110_888 + 37_160  # bytes of 36 images and of their label maps


@pytest.fixture(scope="module")
def server() -> Iterator[list[str]]:
    """A server like S3 on loopback, with a bucket; yields the requests that it gets, which grow."""
    moto = pytest.importorskip("moto.server", reason="needs a server like S3: pip install -e '.[dev]'")
    boto3 = pytest.importorskip("boto3", reason="needs litdata: pip install -e '.[streaming]'")
    requests: list[str] = []
    log = logging.getLogger("werkzeug")
    handler = logging.Handler()
    handler.emit = lambda record: requests.extend(re.findall(r"([A-Z]+ /\S+) HTTP", record.getMessage()))  # type: ignore[method-assign]
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        running.start()
        host, port = running.get_host_and_port()
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
            patch.setenv(f"AWS_{name}", "test")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3").create_bucket(Bucket="photos")
        log.setLevel(logging.INFO)
        log.addHandler(handler)
        yield requests
        log.removeHandler(handler)
        running.stop()


@pytest.fixture(scope="module")
def packed(packed_faces: Callable[[int], Path]) -> Path:
    return packed_faces(32)


@pytest.fixture(scope="module")
def places(packed: Path, server: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shards of the packed faces, of 36 images each, in a folder and in the bucket."""
    places = {"folder": str(tmp_path_factory.mktemp("shards") / "faces"), "bucket": URL}
    for place in places.values():
        write_shards(PackedDataset.open(packed), place, per_shard=36, progress=False)
    return places


@pytest.fixture(scope="module")
def objects(places: dict[str, str]) -> tuple[Any, dict[str, tuple[str, bytes]]]:
    """The bucket, and what is in it: tag and content by key."""
    import boto3

    bucket = boto3.resource("s3").Bucket("photos")
    return bucket, {entry.key: (entry.e_tag, entry.get()["Body"].read()) for entry in bucket.objects.all()}


@pytest.fixture
def bucket(objects: tuple[Any, dict[str, tuple[str, bytes]]], server: list[str]) -> Iterator[Any]:
    """The bucket, to be spoilt: its objects are put back afterwards."""
    bucket, before = objects
    server.clear()
    yield bucket
    now = {entry.key: entry.e_tag for entry in bucket.objects.all()}
    for key, (tag, content) in before.items():
        if now.get(key) != tag:
            bucket.put_object(Key=key, Body=content)


def set_up(data: HairDataModule) -> HairDataModule:
    data.prepare_data()
    data.setup("fit")
    return data


def shared(cache: Path, **options: Any) -> dict[str, Any]:
    values = {"batches": Batches, "domains": Domains.load("gender2"), "image_size": 32, "batch_size": 12, "seed": 3}
    return values | {"steps": EPOCHS, "num_workers": 0, "order": "counter", "cache": cache} | options


def streamed(root: str, cache: Path, cache_limit: float | None = None, **options: Any) -> StreamedDataset:
    data = set_up(StreamingDataModule(root=root, cache_limit=cache_limit, **shared(cache, **options)))
    assert isinstance(data.dataset, StreamedDataset)
    return data.dataset


def fetched(requests: list[str]) -> list[str]:
    """What was read of the bucket, in order."""
    return [request.split("/faces/")[1] for request in requests if request.startswith("GET ")]


SEAN, STARGAN, PARSER = partial(Batches, crop_probability=0.5), TranslationBatches, ParsingBatches


@pytest.mark.parametrize(
    ("batches", "place", "num_workers"),
    [
        *[(batches, "folder", num_workers) for batches in (SEAN, STARGAN, PARSER) for num_workers in (0, 2)],
        (SEAN, "bucket", 0),
        (STARGAN, "bucket", 2),
        (PARSER, "bucket", 0),
    ],
)
def test_batches_are_those_of_the_packed_dataset(
    batches: Any, place: str, num_workers: int, packed: Path, places: dict[str, str], tmp_path: Path
) -> None:
    """In two epochs from a folder, in a few steps from a bucket of which half fits the cache."""
    size = {"steps": EPOCHS} if place == "folder" else {"steps": 3, "batch_size": 4}
    options = shared(tmp_path, batches=batches, num_workers=num_workers, **size)
    one = set_up(CelebAHQHairDataModule(root=packed, **options))
    two = set_up(StreamingDataModule(root=places[place], cache_limit=2.5 * SHARD / 1e9, **options))
    pairs = list(zip(one.train_dataloader(), two.train_dataloader(), strict=True))
    assert len(pairs) == options["steps"]
    if place == "folder":
        pairs += list(zip(one.val_dataloader(), two.val_dataloader(), strict=True))
    for a, b in [*pairs, [data.sample_batch(5, torch.device("cpu")) for data in (one, two)]]:
        assert list(a) == list(b)
        for name, value in a.items():
            assert torch.equal(value, b[name]) if isinstance(value, torch.Tensor) else value == b[name], name
    assert one.offer().images_of("train") == two.offer().images_of("train")
    assert one.describe() | {"path": places[place]} == two.describe()


def test_a_whole_cache_loads_every_shard_once(bucket: Any, server: list[str], tmp_path: Path) -> None:
    """Also where two workers want the same shards at once."""
    for _ in range(2):  # the second run finds all of them
        data = set_up(StreamingDataModule(root=URL, **shared(tmp_path, num_workers=2, steps=6)))
        assert len(list(data.train_dataloader())) == 6
    read = [name for name in fetched(server) if name.endswith(".bin")]
    assert len(read) == len(set(read)) == 2 * 5
    (folder,) = tmp_path.iterdir()
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} == {".bin", ".json", ".parquet"}


def test_a_small_cache_keeps_the_first_shards_and_reads_images_of_the_others(
    bucket: Any, server: list[str], packed: Path, tmp_path: Path
) -> None:
    data, truth = streamed(URL, tmp_path, cache_limit=2.5 * SHARD / 1e9), PackedDataset.open(packed)
    chosen = np.array([30, 2, 179, 80, 40, 100])
    for _ in range(2):
        np.testing.assert_array_equal(data.images[chosen], truth.images[chosen])
        np.testing.assert_array_equal(data.label_maps(chosen), truth.label_maps(chosen))
    read = [int(found) for name in fetched(server) for found in re.findall(r"images/chunk-0-(\d+)", name)]
    assert sorted(read) == [0, 1, 2, 2, 2, 2, 4, 4]
    kept = sorted(str(path.relative_to(data.path)) for path in data.path.rglob("*.bin"))
    assert kept == [f"{kind}/chunk-0-{number}.bin" for kind in ("images", "labels") for number in (0, 1)]
    assert sum(path.stat().st_size for path in data.path.rglob("*.bin")) == 2 * SHARD
    streamed(URL, tmp_path, cache_limit=1.5 * SHARD / 1e9)
    assert [path.name for path in data.path.rglob("*.bin")] == ["chunk-0-0.bin"] * 2
    np.testing.assert_array_equal(data.images[chosen], truth.images[chosen])  # a run that still counts on the other


def test_a_disk_that_is_too_small_is_said(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hairgan.data.streamed_dataset.shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(
        ValueError, match=r"need 0\.0 GB more in .* say how many GB may be used \(data\.cache_limit=50\)"
    ):
        streamed(URL, tmp_path)
    streamed(URL, tmp_path, cache_limit=0)


@pytest.mark.parametrize("cache_limit", [None, 0.0])
def test_damaged_shards_in_a_bucket(cache_limit: float | None, bucket: Any, tmp_path: Path) -> None:
    data = streamed(URL, tmp_path, cache_limit)
    name = "faces/images/chunk-0-1.bin"
    content = bucket.Object(name).get()["Body"].read()
    bucket.put_object(Key=name, Body=content[:-1])
    short = "has 110887 bytes, shards.json says 110888" if cache_limit is None else "ends too early"
    with pytest.raises(ValueError, match=f"the shards in s3://photos/faces are damaged: images/chunk-0-1.bin {short}"):
        data.images[[3, 71]]
    bucket.put_object(Key=name, Body=content[:30])
    with pytest.raises(ValueError, match=r"images/chunk-0-1\.bin (has 30 bytes|ends too early)"):
        data.images[[3, 71]]
    bucket.Object(name).delete()
    with pytest.raises(ValueError, match=r"images/chunk-0-1\.bin is missing; make them again"):
        data.images[[3, 71]]
    assert not list(data.path.rglob("chunk-0-1.*")), "nothing damaged is kept"


def test_altered_files_are_not_cached(bucket: Any, tmp_path: Path) -> None:
    data = streamed(URL, tmp_path)
    for name in ("images/chunk-0-1.bin", "attributes.parquet"):
        content = bytearray(bucket.Object(f"faces/{name}").get()["Body"].read())
        content[100] ^= 1
        bucket.put_object(Key=f"faces/{name}", Body=bytes(content))
    with pytest.raises(ValueError, match=r"images/chunk-0-1\.bin was altered since it was written"):
        data.images[[40]]
    with pytest.raises(ValueError, match=r"attributes\.parquet was altered since it was written"):
        streamed(URL, tmp_path / "another")


def test_a_damaged_file_of_the_cache_is_named(bucket: Any, tmp_path: Path) -> None:
    data = streamed(URL, tmp_path)
    data.images[[0]]
    cached = data.path / "images" / "chunk-0-0.bin"
    cached.write_bytes(cached.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"images/chunk-0-0\.bin ends too early: delete it"):
        data.images[[35]]


def test_an_address_without_shards_and_a_server_that_does_not_answer(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("s3://photos/cats", "s3://no-bucket/faces"):
        with pytest.raises(ValueError, match=rf"{url}: looked for shards\.json, .* found no such object or bucket"):
            streamed(url, tmp_path)
    data = streamed(URL, tmp_path, cache_limit=0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(shard_store, "ATTEMPTS", 1)
    alone = StreamedDataset.open_shards(data.path, shard_store.open_store(URL), 0)
    for read in (lambda: streamed(URL, tmp_path), lambda: alone.images[[1]]):
        with pytest.raises(OSError, match=r"s3://photos/faces/\S+ cannot be read: Could not connect to the endpoint"):
            read()


def test_an_interrupted_upload_is_not_taken_for_shards(
    bucket: Any, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, count = shard_store.Bucket.put, []

    def interrupted(self: Any, file: Path, name: str) -> None:
        put(self, file, name)
        count.append(name)
        if len(count) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(shard_store.Bucket, "put", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_shards(PackedDataset.open(packed), "s3://photos/half", per_shard=36, progress=False)
    with pytest.raises(ValueError, match="found no such object"):
        streamed("s3://photos/half", tmp_path)
    write_shards(PackedDataset.open(packed), "s3://photos/half", per_shard=36, progress=False)
    streamed("s3://photos/half", tmp_path).verify()


def test_folders_of_photos_are_domains(tmp_path: Path) -> None:
    for split, domain, number in ((s, d, n) for s in ("train", "val") for d in ("bob", "ann") for n in range(3)):
        path = tmp_path / "photos" / split / domain / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (10 * number, 0, 0)).save(path)
    options = shared(tmp_path / "cache", batch_size=2, workers=1)
    del options["domains"]
    photos = set_up(ImageFolderDataModule(root=tmp_path / "photos", **options))
    assert photos.dataset is not None
    write_shards(photos.dataset, str(tmp_path / "shards"), progress=False)
    data = set_up(
        StreamingDataModule(root=tmp_path / "shards", **shared(tmp_path / "cache", domains=None, batch_size=2))
    )
    assert list(data.domains.names) == ["ann", "bob"] and data.counts() == photos.counts()
    assert data.dataset is not None and data.dataset.labels is None
