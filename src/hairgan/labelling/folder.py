"""Label a folder of photos: read, parse, measure and classify each, and keep a journal of what is done.

What comes out is told in docs/labelling.md and written by `hairgan.labelling.results`, except for

    journal.jsonl     a line for each photo that is done, in the order they were read; numbers the photos
    raw/              crops and masks in the raw CelebAMask-HQ layout
    overlays/         each crop with its label map over it
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
from jaxtyping import UInt8
from numpy import ndarray
from torch import nn
from tqdm import tqdm

from hairgan.data.celebamask_writer import encode
from hairgan.domains import Domains
from hairgan.editing.faces import Face, FaceFinder
from hairgan.labelling.attributes import classify, describe
from hairgan.labelling.overlay import overlay
from hairgan.labelling.parsing import CROP_SIZE, open_crop, parse_crops
from hairgan.labelling.results import Labelled, write_results
from hairgan.networks.cbam import HairClassifier
from hairgan.photos.listing import list_photos
from hairgan.pictures import save_picture
from hairgan.regions import Region

Pixels = UInt8[ndarray, "s s 3"]


@dataclass(frozen=True)
class Settings:
    """What decides how a photo is labelled; a folder is labelled with one setting throughout."""

    crop_size: int = CROP_SIZE
    """Side of the crops, px: what the parser sees best."""
    min_confidence: float = 0.6
    """Probability below which an answer of the classifier counts as unknown."""


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
    photos = list_photos(folder).names
    out.mkdir(parents=True, exist_ok=True)
    networks = {"parser": _digest(parser), "classifier": _digest(classifier)}
    journal = _Journal(out / "journal.jsonl", asdict(settings) | networks | {"aligned": finder is None})
    todo = [photo for photo in photos if photo not in journal.photos]
    bar = tqdm(total=len(photos), initial=len(photos) - len(todo), unit="photo", disable=_disable(progress))
    with bar, ThreadPoolExecutor(max(workers, 1)) as pool:
        read = partial(_read, folder, _one_at_a_time(finder), settings.crop_size)
        for batch in _ahead(pool, read, todo, batch_size):
            lines: list[dict[str, Any]] = [{"photo": p, "reason": crop} for p, crop in batch if isinstance(crop, str)]
            read_ones = [(photo, crop) for photo, crop in batch if not isinstance(crop, str)]
            parsed = _parse(parser, classifier, read_ones, settings) if read_ones else []
            lines += [{"photo": p.photo, "reason": f"{p.photo}: no skin in it"} for p in parsed if not p.has_skin]
            usable = [p for p in parsed if p.has_skin]
            numbers = range(len(journal.rows), len(journal.rows) + len(usable))
            list(pool.map(partial(_write, out), numbers, usable))
            for number, p in zip(numbers, usable, strict=True):
                row = describe(p.labels, p.certainty, p.answers, settings.min_confidence)
                lines.append({"photo": p.photo, "id": number} | row)
            journal.write(lines)
            bar.update(len(batch))
    skipped = sorted(journal.skipped, key=lambda line: line["photo"])
    if not journal.rows:
        reason = skipped[0]["reason"]
        raise ValueError(f"{folder}: none of the {len(skipped)} photos could be used; the first: {reason}")
    return write_results(out, journal.rows, skipped, domains, pack_size=pack_size, workers=workers, progress=progress)


def _one_at_a_time(finder: FaceFinder | None) -> FaceFinder | None:
    """A finder for several threads: detectors keep what they are looking at."""
    if finder is None:
        return None
    lock = threading.Lock()

    def find(photo: UInt8[ndarray, "h w 3"]) -> list[Face]:
        with lock:
            return finder(photo)

    return find


def _read(folder: Path, finder: FaceFinder | None, size: int, photo: str) -> tuple[str, Pixels | str]:
    """A photo and its crop, or the sentence why there is none."""
    try:
        return photo, open_crop(folder / photo, finder, size).pixels
    except (ValueError, OSError, cv2.error) as error:
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
    answers = classify(classifier, crops) if classifier else [{} for _ in crops]
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
        whole = [line for line in lines if line.endswith("\n")] or [json.dumps({"settings": settings}) + "\n"]
        header, *done = map(json.loads, whole)
        if header["settings"] != settings:
            raise ValueError(
                f"{path.parent} was labelled with {header['settings']}, not {settings}: choose another folder"
            )
        path.write_text("".join(whole))
        self.photos: set[str] = set()
        self.rows: list[dict[str, Any]] = []
        """Labelled photos; a row's place in the list is its `id`."""
        self.skipped: list[dict[str, str]] = []
        self._add(done)

    def write(self, lines: list[dict[str, Any]]) -> None:
        with self.path.open("a") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        self._add(lines)

    def _add(self, lines: list[dict[str, Any]]) -> None:
        self.photos |= {line["photo"] for line in lines}
        self.rows += [line for line in lines if "id" in line]
        self.skipped += [line for line in lines if "reason" in line]


def _digest(network: nn.Module | None) -> str | None:
    """Which weights these are."""
    if network is None:
        return None
    digest = hashlib.blake2b(digest_size=8)
    for tensor in network.state_dict().values():
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _disable(progress: bool | None) -> bool | None:
    return None if progress is None else not progress
