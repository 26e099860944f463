"""Data: reading packed datasets and shards, the order of an epoch, packing raw CelebAMask-HQ, drawing portraits.

The plain form of reading decodes a JPEG and a PNG per image with Pillow, as a folder of files is read. Everything runs
in one process and one thread.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision.io import decode_jpeg

from benchmarks.measuring import Row, Settings, Table, Work, measure
from hairgan.data.batches import Batches
from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.celebamask.names import IMAGES
from hairgan.data.celebamask.writer import encode, raw_writer
from hairgan.data.items import Item
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.data.shard_store import open_store
from hairgan.data.sharding import write_shards
from hairgan.data.streamed_dataset import StreamedDataset, fetch_small_files
from hairgan.portraits import portrait
from hairgan.portraits.items import DRAW
from hairgan.randomness import numpy_generator, shuffled_position

BATCH = 32


def tables(settings: Settings) -> Iterator[Table]:
    cv2.setNumThreads(1)
    for table in (reading, streaming, order, packing, portraits):
        with tempfile.TemporaryDirectory() as folder:
            yield table(settings, Path(folder))


def per_second(rows: list[Row], images: int) -> list[Row]:
    """The rows with images per second of processor time."""
    for row in rows:
        median = sorted(row.cpu_s)[len(row.cpu_s) // 2]
        row.values["images/s"] = round(images / median, 1) if median else None
    return rows


def packed_portraits(size: int, count: int, folder: Path) -> PackedDataset:
    """A packed dataset of a few people, repeated."""
    people = [portrait(0, index, size) for index in range(min(count, 8))]

    def item(index: int) -> Item:
        drawn = people[index % len(people)]
        return Item(drawn.image, drawn.labels, {"name": str(index), "split": "train"})

    return pack(item, count, folder / "packed", size=size, source={"kind": "benchmark"}, workers=0).dataset


def batches_of(dataset: PackedDataset) -> Batches:
    membership = np.ones((len(dataset), 1), dtype=bool)
    return Batches(dataset, "train", membership=membership, domain_names=["all"], batch_size=BATCH, seed=0)


def reading(settings: Settings, folder: Path) -> Table:
    """Batches of images and label maps, as bytes."""
    size, count, steps = (32, 16, 1) if settings.quick else (256, 512, 16)
    people = [portrait(0, index, size) for index in range(min(count, 8))]
    for index in range(count):
        Image.fromarray(people[index % len(people)].image).save(folder / f"{index}.jpg", quality=95)
        Image.fromarray(people[index % len(people)].labels).save(folder / f"{index}.png")
    batches = batches_of(packed_portraits(size, count, folder))

    def files() -> None:
        for step in range(steps):
            chosen = numpy_generator(0, "benchmark", step).integers(count, size=BATCH)
            np.stack([np.asarray(Image.open(folder / f"{index}.jpg")) for index in chosen])
            np.stack([np.asarray(Image.open(folder / f"{index}.png")) for index in chosen])

    def packed() -> None:
        for step in range(steps):
            batches.read(step)

    def augmented() -> None:
        for step in range(steps):
            batch = batches.read(step)
            batches.augment({name: as_tensor(value) for name, value in batch.items()})

    works: dict[str, Work] = {"files (JPEG, PNG)": files, "packed": packed, "packed, to floats and flipped": augmented}
    rows = measure(works, repeats=settings.repeats, gflop=False)
    return Table(f"reading batches of {BATCH}, {size} px", per_second(rows, steps * BATCH), "files (JPEG, PNG)")


def streaming(settings: Settings, folder: Path) -> Table:
    """The same batches from shards: in a folder, and in a server like S3, in another process on this machine."""
    size, count, steps = (32, 64, 1) if settings.quick else (256, 512, 16)
    packed = packed_portraits(size, count, folder)

    def reads(batches: Batches) -> Work:
        def work() -> None:
            for step in range(steps):
                batches.read(step)

        return work

    with server_like_s3() as root:
        works = {"packed": reads(batches_of(packed))}
        for place, kept in ((str(folder / "shards"), None), (root, None), (root, 0.0)):
            write_shards(packed, place, progress=False)
            store = open_store(place)
            cache = fetch_small_files(store, folder / f"cache of {kept}")
            of_bucket = "shards in a bucket, " + ("cached" if kept is None else "not cached")
            works["shards in a folder" if place != root else of_bucket] = reads(
                batches_of(StreamedDataset.open_shards(cache, store, kept))
            )
        rows = measure(works, repeats=settings.repeats, gflop=False, memory=False)
    return Table(f"reading batches of {BATCH} from shards, {size} px", per_second(rows, steps * BATCH), "packed")


@contextlib.contextmanager
def server_like_s3() -> Iterator[str]:
    """Start one, with a bucket; yields an address in it. The environment names the server meanwhile."""
    import boto3
    from botocore.config import Config

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    account = {
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    account["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    before = {name: os.environ.get(name) for name in account}
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        os.environ.update(account)
        retries = {"max_attempts": 10, "mode": "standard"}  # until it listens
        boto3.client("s3", config=Config(retries=retries)).create_bucket(Bucket="benchmark")
        yield "s3://benchmark/shards"
    finally:
        server.terminate()
        server.wait()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def as_tensor(value: Any) -> Any:
    return torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else value


def order(settings: Settings, folder: Path) -> Table:
    """Which images a step reads, for datasets of several sizes."""
    sizes = (1000, 30_000) if settings.quick else (1000, 30_000, 300_000, 3_000_000)
    steps = 3

    def positions(size: int) -> Work:
        def work() -> None:
            for step in range(steps):
                shuffled_position(step * BATCH + np.arange(BATCH), size, 0, "order/train")

        return work

    works = {f"{size:,} images": positions(size) for size in sizes}
    rows = measure(works, repeats=settings.repeats, gflop=False)
    for row in rows:
        row.values["ms per step"] = round(1000 * min(row.wall_s) / steps, 3)
    return Table(f"order of an epoch, batches of {BATCH}", rows)


def packing(settings: Settings, folder: Path) -> Table:
    """Raw CelebAMask-HQ with photos of 1024 px to a packed dataset of 256 px, from a folder and from a zip.

    The masks are in RGB, as in the published files. No packing can be faster than the decoder of the photos.
    """
    count, photo_size, size = (3, 128, 64) if settings.quick else (40, 1024, 256)
    people = [portrait(0, index, photo_size) for index in range(min(count, 4))]
    sources = {"folder": folder / "raw", "zip": folder / "raw.zip"}
    photos: list[torch.Tensor] = []
    for path in sources.values():
        with raw_writer(path) as writer:
            for index in range(count):
                drawn = people[index % len(people)]
                files = encode(index, drawn.image, drawn.labels)
                writer.add({name: in_rgb(content) for name, content in files.items()}, drawn.attributes)
                photos.append(torch.frombuffer(bytearray(files[f"{IMAGES}/{index}.jpg"]), dtype=torch.uint8))

    def decoder() -> None:
        for photo in photos[:count]:
            decode_jpeg(photo)

    def packed(path: Path) -> Work:
        def work() -> Iterator[str]:
            raw = CelebAMaskHQ.open(path)
            yield "finding the files"
            pack(raw.item, len(raw), folder / "packed", size=size, source=raw.describe(), workers=1)
            yield "packing"
            shutil.rmtree(folder / "packed")

        return work

    works: dict[str, Work] = {"decoding the photos alone (torchvision)": decoder}
    works |= {name: packed(path) for name, path in sources.items()}
    rows = per_second(measure(works, repeats=settings.repeats, gflop=False, memory=False), count)
    return Table(f"packing raw CelebAMask-HQ, {photo_size} to {size} px", rows, next(iter(works)))


def in_rgb(content: bytes) -> bytes:
    """A file of the raw dataset; a mask with three equal channels."""
    with Image.open(io.BytesIO(content)) as image:
        if image.format != "PNG":
            return content
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def portraits(settings: Settings, folder: Path) -> Table:
    """Drawing people with their label maps, in each style."""
    sizes, count = ((32,), 2) if settings.quick else ((128, 256), 40)
    works: dict[str, Work] = {}
    for size in sizes:
        for style, draw in DRAW.items():

            def work(size: int = size, draw: object = draw) -> None:
                for index in range(count):
                    draw(0, index, size)  # type: ignore[operator]

            works[f"{style}, {size} px"] = work
    rows = measure(works, repeats=settings.repeats, gflop=False, memory=False)
    return Table("drawing portraits", per_second(rows, count))
