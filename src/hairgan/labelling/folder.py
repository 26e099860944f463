"""Label a folder of photos: from photos to a dataset to train on, and to pictures to check it with.

What comes out (docs/labelling.md):

    journal.jsonl     a line for each photo that is done, in the order they were read; numbers the photos
    attributes.csv    a row for each photo, doubtful ones first: attributes, confidences, domains, what is doubtful
    skipped.csv       photos that could not be used, and why
    raw/              crops, masks and attributes in the raw CelebAMask-HQ layout
    domains/train/    crops by domain, a folder each (hard links into raw/), as `data=image_folder` reads them
    packed/           the packed dataset for `data=celeba_hq`; here what is unknown stays unknown
    overlays/         each crop with its label map over it
    sheets/           a contact sheet of overlays for each domain
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image
from torch import nn
from tqdm import tqdm

from hairgan.data.celebamask import ATTRIBUTES, IMAGES, MAPPING, CelebAMaskHQ
from hairgan.data.celebamask_writer import attribute_table, encode, mapping_table
from hairgan.data.packed import PackedDataset
from hairgan.data.packing import Item, pack
from hairgan.domains import Domains
from hairgan.editing.faces import FaceFinder
from hairgan.labelling.attributes import TYPES, classify, describe
from hairgan.labelling.overlay import overlay
from hairgan.labelling.parsing import CROP_SIZE, open_crop, parse_crops
from hairgan.networks.cbam import HairClassifier
from hairgan.pictures import save_picture, sheet
from hairgan.regions import Region

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")  # in any case
SHEET = 64  # most pictures on a contact sheet, the doubtful ones first
THUMBNAIL = 160  # px

Pixels = UInt8[ndarray, "s s 3"]


@dataclass(frozen=True)
class Settings:
    """What decides how a photo is labelled; a folder is labelled with one setting throughout."""

    crop_size: int = CROP_SIZE
    """Side of the crops, px."""
    classifier_size: int = 256
    """Side at which the classifier looks at them, px."""
    min_confidence: float = 0.6
    """Probability below which an answer of the classifier counts as unknown."""


@dataclass(frozen=True)
class Labelled:
    """What came out: the table (doubtful photos first), the skipped photos with reasons, and the packed dataset."""

    table: pl.DataFrame
    skipped: list[dict[str, str]]
    dataset: PackedDataset


def find_photos(folder: Path) -> list[str]:
    """Photos in a folder and below it, as sorted paths relative to it.

    Raises:
        ValueError: there is no such folder or no photo in it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    files = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    photos = sorted(path.relative_to(folder).as_posix() for path in files)
    if not photos:
        raise ValueError(f"{folder}: looked for photos ({', '.join(SUFFIXES)}), found none")
    return photos


def label_folder(
    folder: Path,
    out: Path,
    *,
    parser: nn.Module,
    classifier: HairClassifier | None = None,
    finder: FaceFinder | None = None,
    domains: Domains,
    settings: Settings | None = None,
    pack_size: int = 256,
    batch_size: int = 8,
    workers: int = 2,
    progress: bool | None = None,
) -> Labelled:
    """Label all photos of a folder; continue where an earlier call on the same folder stopped.

    Args:
        parser: images in [-1, 1] to logits of 19 regions, in evaluation mode.
        classifier: adds what cannot be measured: texture, colour, gender; without it these are unknown.
        finder: finds the face in a photo; None takes every photo as an aligned crop.
        pack_size: side of the images of the packed dataset, px.
        batch_size: crops parsed together.
        workers: threads that read photos and write results.
        progress: show a bar; None shows it on a terminal only.

    Raises:
        ValueError: no photo in the folder, none that could be used, or `out` holds the results of other settings.
    """
    settings = settings or Settings()
    photos = find_photos(folder)
    out.mkdir(parents=True, exist_ok=True)
    journal = _Journal(out / "journal.jsonl", asdict(settings) | {"classified": classifier is not None})
    todo = [photo for photo in photos if photo not in journal.photos]
    bar = tqdm(total=len(photos), initial=len(photos) - len(todo), unit="photo", disable=_disable(progress))
    with bar, ThreadPoolExecutor(max(workers, 1)) as pool:
        read = partial(_read, folder, finder, settings.crop_size)
        for batch in _ahead(pool, read, todo, batch_size):
            lines: list[dict[str, Any]] = [{"photo": p, "skipped": crop} for p, crop in batch if isinstance(crop, str)]
            read_ones = [(photo, crop) for photo, crop in batch if not isinstance(crop, str)]
            parsed = _parse(parser, classifier, read_ones, settings) if read_ones else []
            lines += [{"photo": p.photo, "skipped": f"{p.photo}: no skin in it"} for p in parsed if not p.has_skin]
            usable = [p for p in parsed if p.has_skin]
            numbers = range(journal.count, journal.count + len(usable))
            list(pool.map(partial(_write, out), numbers, usable))
            for number, p in zip(numbers, usable, strict=True):
                row = describe(p.labels, p.certainty, p.answers, settings.min_confidence)
                lines.append({"photo": p.photo, "id": number} | row)
            journal.write(lines)
            bar.update(len(batch))
    return _finish(folder, out, journal, domains, pack_size, workers, progress)


def _read(folder: Path, finder: FaceFinder | None, size: int, photo: str) -> tuple[str, Pixels | str]:
    """A photo and its crop, or the sentence why there is none."""
    try:
        return photo, open_crop(folder / photo, finder, size).pixels
    except (ValueError, OSError) as error:
        return photo, str(error).replace(str(folder / photo), photo)


def _ahead(pool: ThreadPoolExecutor, read: Any, photos: Sequence[str], batch_size: int) -> Iterator[list[Any]]:
    """Batches of photos that were read, while the next batches are being read."""
    futures: deque[list[Future[Any]]] = deque()
    starts = iter(range(0, len(photos), batch_size))
    try:
        while True:
            while len(futures) < 3 and (start := next(starts, None)) is not None:
                futures.append([pool.submit(read, photo) for photo in photos[start : start + batch_size]])
            if not futures:
                return
            yield [future.result() for future in futures.popleft()]
    finally:
        for future in (future for batch in futures for future in batch):
            future.cancel()


@dataclass(frozen=True)
class _Parsed:
    """A photo and what the networks say of it."""

    photo: str
    crop: Pixels
    labels: UInt8[ndarray, "s s"]
    certainty: float
    answers: dict[str, tuple[str, float]]

    @property
    def has_skin(self) -> bool:
        return bool((self.labels == Region.SKIN).any())


def _parse(
    parser: nn.Module, classifier: HairClassifier | None, photos: list[tuple[str, Pixels]], settings: Settings
) -> list[_Parsed]:
    names, crops = zip(*photos, strict=True)
    maps, certainties = parse_crops(parser, crops)
    answers = classify(classifier, crops, settings.classifier_size) if classifier else [{} for _ in crops]
    return [_Parsed(*of_one) for of_one in zip(names, crops, maps, certainties.tolist(), answers, strict=True)]


def _write(out: Path, number: int, parsed: _Parsed) -> None:
    """The raw files of a photo and its overlay."""
    for name, content in encode(number, parsed.crop, parsed.labels).items():
        path = out / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    save_picture(overlay(parsed.crop, parsed.labels), out / "overlays" / f"{number}.jpg")


class _Journal:
    """What is done; a line that an interruption cut short does not count."""

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]
        if not whole:
            whole = [json.dumps({"settings": settings}) + "\n"]
        header, *self.lines = map(json.loads, whole)
        if header["settings"] != settings:
            raise ValueError(
                f"{path.parent} was labelled with {header['settings']}, not {settings}: choose another folder"
            )
        path.write_text("".join(whole))

    @property
    def photos(self) -> set[str]:
        return {line["photo"] for line in self.lines}

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "id" in line]

    @property
    def skipped(self) -> list[dict[str, str]]:
        return [{"photo": line["photo"], "reason": line["skipped"]} for line in self.lines if "skipped" in line]

    @property
    def count(self) -> int:
        """Photos labelled so far: the number of the next one."""
        return len(self.rows)

    def write(self, lines: list[dict[str, Any]]) -> None:
        with self.path.open("a") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        self.lines += lines


def _finish(
    folder: Path,
    out: Path,
    journal: _Journal,
    domains: Domains,
    pack_size: int,
    workers: int,
    progress: bool | None,
) -> Labelled:
    """Everything that needs all photos: tables, domains, sheets and the packed dataset."""
    skipped = sorted(journal.skipped, key=lambda line: line["photo"])
    pl.DataFrame(skipped, schema=["photo", "reason"]).write_csv(out / "skipped.csv")
    rows = journal.rows
    if not rows:
        raise ValueError(
            f"{folder}: none of the {len(skipped)} photos could be used; {skipped[0]['photo']}: {skipped[0]['reason']}"
        )
    (out / "raw" / ATTRIBUTES).write_text(attribute_table(rows))
    (out / "raw" / MAPPING).write_text(mapping_table(len(rows)))

    columns = {name: [row[name] for row in rows] for name in TYPES}
    attributes = pl.DataFrame(columns, schema=TYPES, strict=False)
    member = _membership(domains, attributes)
    confidence = [c for c in attributes.columns if c.endswith("_confidence")]
    table = attributes.with_columns(
        pl.Series("id", [row["id"] for row in rows]),
        pl.Series("photo", [row["photo"] for row in rows]),
        pl.Series("domains", [" ".join(n for n, isin in zip(domains.names, m, strict=True) if isin) for m in member]),
        pl.Series("doubts", ["; ".join(row["doubts"]) for row in rows]),
        certainty=pl.min_horizontal("parser_certainty", *confidence),
    )
    table = table.sort(pl.col("doubts") == "", "certainty", "id")
    table = table.select(
        "photo", "id", "domains", "doubts", "certainty", pl.exclude("photo", "id", "domains", "doubts", "certainty")
    )
    table.write_csv(out / "attributes.csv")
    _show_domains(out, domains, member, table["id"].to_list())
    return Labelled(table, skipped, _pack(out, rows, pack_size, workers, progress))


def _membership(domains: Domains, attributes: pl.DataFrame) -> ndarray:
    """Which photo is in which domain; domains without a photo are no error here."""
    counts = domains.counts(attributes)
    member = np.zeros((attributes.height, len(domains)), dtype=bool)
    filled = {name: domains.queries[name] for name, count in counts.items() if count}
    if filled:
        member[:, [name in filled for name in domains.names]] = Domains(filled).membership(attributes)
    return member


def _show_domains(out: Path, domains: Domains, member: ndarray, doubtful_first: list[int]) -> None:
    """A folder of crops and a contact sheet of overlays for each domain."""
    for folder in ("domains", "sheets"):
        shutil.rmtree(out / folder, ignore_errors=True)
    for column, name in enumerate(domains.names):
        numbers = [number for number in doubtful_first if member[number, column]]
        for number in numbers:
            _link(out / "raw" / IMAGES / f"{number}.jpg", out / "domains" / "train" / name / f"{number}.jpg")
        if numbers:
            pictures = [_thumbnail(out / "overlays" / f"{number}.jpg") for number in numbers[:SHEET]]
            rows = [pictures[i : i + 8] for i in range(0, len(pictures), 8)]
            save_picture(sheet(rows, title=f"{name}: {len(numbers)} photos"), out / "sheets" / f"{name}.jpg")


def _thumbnail(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, reducing_gap=2.0))


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def _pack(out: Path, rows: list[dict[str, Any]], size: int, workers: int, progress: bool | None) -> PackedDataset:
    """Pack what is in `raw/`, with the table's attributes; what was packed of fewer photos or at another size goes."""
    raw = CelebAMaskHQ.open(out / "raw")
    digest = hashlib.blake2b(json.dumps(rows, sort_keys=True).encode(), digest_size=8).hexdigest()
    source = {"kind": "labelled", "rows": digest}
    packed = out / "packed"
    if (
        packed.exists()
        and PackedDataset.open(packed).manifest["parameters"] | {"size": size, "source": source}
        != (PackedDataset.open(packed).manifest["parameters"])
    ):
        shutil.rmtree(packed)
    shutil.rmtree(out / "packed.partial", ignore_errors=True)
    attributes = [{name: row[name] for name in TYPES} for row in rows]
    item = partial(_packed_item, raw, attributes)
    return pack(item, len(raw), packed, size=size, source=source, workers=workers, progress=progress).dataset


def _packed_item(raw: CelebAMaskHQ, attributes: list[dict[str, Any]], index: int) -> Item:
    place = {"name": raw.name(index), "split": raw.split(index)}
    return raw.read_image(index), raw.read_labels(index), place | attributes[index]


def _disable(progress: bool | None) -> bool | None:
    return None if progress is None else not progress
