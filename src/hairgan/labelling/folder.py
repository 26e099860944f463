"""Label a folder of photos: read, parse, measure and classify each, and keep a journal of what is done.

What comes out is told in docs/labelling.md and written by `hairgan.labelling.results`, except for

    journal.jsonl     a line for each photo that is done, in the order they were read; numbers the photos
    raw/              crops and masks in the raw CelebAMask-HQ layout
    overlays/         each crop with its label map over it
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from jaxtyping import UInt8
from numpy import ndarray
from torch import nn
from tqdm import tqdm

from hairgan.data.celebamask.names import IMAGES, MASKS
from hairgan.data.celebamask.writer import encode
from hairgan.domains import Domains
from hairgan.files import write_bytes
from hairgan.labelling.attributes import TYPES, describe
from hairgan.labelling.journal import JOURNAL, LOCK, Journal, photos_to_label
from hairgan.labelling.overlay import overlay
from hairgan.labelling.results import Labelled, write_results
from hairgan.locks import hold
from hairgan.memory import give_back_freed_memory
from hairgan.photos.classifier import Answer, HairAttributeClassifier
from hairgan.photos.faces import Face, FaceFinder, align_face
from hairgan.photos.names import printable
from hairgan.photos.opening import check_image, open_rgb
from hairgan.photos.parser import FaceParser
from hairgan.pictures import save_picture
from hairgan.regions import Region

PIXELS_AT_A_TIME = 48_000_000
"""Pixels of photos that all threads together read at a time, or one photo of more: each pixel takes up to 13 bytes."""
LARGE = 8_000_000
"""Photos of more pixels than this leave no memory behind: every thread would keep as much as its largest photo took."""

Pixels = UInt8[ndarray, "s s 3"]


def label_folder(
    folder: Path,
    out: Path,
    *,
    parser: FaceParser,
    classifier: HairAttributeClassifier | None = None,
    finder: FaceFinder | None = None,
    domains: Domains,
    min_confidence: float = 0.6,
    pack_size: int = 256,
    batch_size: int = 8,
    workers: int = 2,
    progress: bool | None = None,
) -> Labelled:
    """Label all photos of a folder; continue where an earlier call on the same folder stopped.

    Args:
        parser: its size is the side of the crops.
        classifier: adds what cannot be measured: texture, colour, gender; without it these are unknown.
        finder: finds the face in a photo; None takes every photo as an aligned crop.
        min_confidence: probability below which an answer of the classifier counts as unknown, 0 to 1.
        pack_size: side of the images of the packed dataset, px.
        batch_size: crops parsed together.
        workers: threads that read photos and write results.
        progress: show a bar; None shows it on a terminal only.

    Raises:
        ValueError: no photo in the folder, none that could be used, or `out` is no place for the results
            (`hairgan.labelling.journal.photos_to_label`) or holds those of other settings.
        LockedError: another process is labelling into `out`.
    """
    photos = photos_to_label(folder, out).names
    settings = {
        "crop_size": parser.size,
        "min_confidence": min_confidence,
        "parser": _digest(parser.network),
        "classifier": None if classifier is None else _digest(classifier.network),
        "aligned": finder is None,
    }
    out.mkdir(parents=True, exist_ok=True)
    with hold(out / LOCK, f"the folder {out}"):
        journal = Journal(out / JOURNAL, settings, TYPES)
        _remove_from(out, len(journal.rows))
        todo = [photo for photo in photos if photo not in journal]
        bar = tqdm(total=len(photos), initial=len(photos) - len(todo), unit="photo", disable=_disable(progress))
        with bar, ThreadPoolExecutor(max(workers, 1)) as pool:
            read = partial(_read, folder, _one_at_a_time(finder), parser.size, _Budget(PIXELS_AT_A_TIME))
            for batch in _ahead(pool, read, todo, batch_size):
                lines: list[dict[str, Any]] = [
                    {"photo": p, "reason": crop} for p, crop in batch if isinstance(crop, str)
                ]
                read_ones = [(photo, crop) for photo, crop in batch if not isinstance(crop, str)]
                parsed = _parse(parser, classifier, read_ones) if read_ones else []
                lines += [{"photo": p.photo, "reason": _no_skin(p.photo)} for p in parsed if not p.has_skin]
                usable = [p for p in parsed if p.has_skin]
                numbers = range(len(journal.rows), len(journal.rows) + len(usable))
                list(pool.map(partial(_write, out), numbers, usable))
                for number, p in zip(numbers, usable, strict=True):
                    row = describe(p.labels, p.certainty, p.answers, min_confidence)
                    lines.append({"photo": p.photo, "id": number} | row)
                journal.write(lines, folder)
                bar.update(len(batch))
        skipped = sorted(journal.skipped, key=lambda line: line["photo"])
        if not journal.rows:
            reason = skipped[0]["reason"]
            raise ValueError(f"{folder}: none of the {len(skipped)} photos could be used; the first: {reason}")
        sizes: Any = {"pack_size": pack_size, "workers": workers, "progress": progress}
        labelled = write_results(out, journal.rows, skipped, domains, **sizes)
        return replace(labelled, changed=journal.changed(folder))


def _one_at_a_time(finder: FaceFinder | None) -> FaceFinder | None:
    """A finder for several threads: detectors keep what they are looking at."""
    if finder is None:
        return None
    lock = threading.Lock()

    def find(photo: UInt8[ndarray, "h w 3"]) -> list[Face]:
        with lock:
            return finder(photo)

    return find


class _Budget:
    """Of something that threads take and give back; who wants more than there is at all waits until nobody has any."""

    def __init__(self, total: int) -> None:
        self.free = self.total = total
        self._changed = threading.Condition()

    @contextmanager
    def take(self, amount: int) -> Iterator[None]:
        amount = min(amount, self.total)
        with self._changed:
            self._changed.wait_for(lambda: amount <= self.free)
            self.free -= amount
        try:
            yield
        finally:
            with self._changed:
                self.free += amount
                self._changed.notify_all()


def _read(folder: Path, finder: FaceFinder | None, size: int, pixels: _Budget, photo: str) -> tuple[str, Pixels | str]:
    """A photo and its crop, or the sentence why there is none."""
    path, name = folder / photo, printable(photo)
    try:
        width, height = check_image(path, name)
        with pixels.take(width * height):
            crop = _crop(path, name, finder, size)
            if width * height > LARGE:
                give_back_freed_memory()
        return photo, crop
    except OSError as error:
        return photo, f"{name}: {error.strerror or error}"
    except Exception as error:  # one bad photo never stops the rest
        text = str(error) or type(error).__name__
        return photo, text if name in text else f"{name}: {text}"


def _crop(path: Path, name: str, finder: FaceFinder | None, size: int) -> Pixels:
    picture = open_rgb(path, name)
    return align_face(picture, finder, size).alignment.crop(picture)


def _no_skin(photo: str) -> str:
    return f"{printable(photo)}: no skin in it"


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
    answers: dict[str, Answer]

    @property
    def has_skin(self) -> bool:
        return bool((self.labels == Region.SKIN).any())


def _parse(
    parser: FaceParser, classifier: HairAttributeClassifier | None, photos: list[tuple[str, Pixels]]
) -> list[_Parsed]:
    names, crops = zip(*photos, strict=True)
    answers = classifier.classify(crops) if classifier else [{} for _ in crops]
    return [
        _Parsed(name, crop, parsed.labels, parsed.certainty, answer)
        for name, crop, parsed, answer in zip(names, crops, parser.parse(crops), answers, strict=True)
    ]


def _write(out: Path, number: int, parsed: _Parsed) -> None:
    """The raw files of a photo and its overlay."""
    for name, content in encode(number, parsed.crop, parsed.labels).items():
        path = out / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    save_picture(overlay(parsed.crop, parsed.labels), out / "overlays" / f"{number}.jpg")


def _remove_from(out: Path, first: int) -> None:
    """Remove what an interrupted call wrote for photos that are not in the journal: their numbers are given anew.

    A mask that stayed would become part of another photo's label map.
    """
    for pattern in (f"raw/{IMAGES}/*.jpg", f"raw/{MASKS}/*/*.png", "overlays/*.jpg"):
        for path in out.glob(pattern):
            number = path.stem.partition("_")[0]
            if number.isdigit() and int(number) >= first:
                path.unlink()


def _digest(network: nn.Module) -> str:
    """A hash of the weights, as journals have always recorded it (`weights_fingerprint` hashes names too)."""
    digest = hashlib.blake2b(digest_size=8)
    for tensor in network.state_dict().values():
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _disable(progress: bool | None) -> bool | None:
    return None if progress is None else not progress
