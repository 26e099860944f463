"""Label a folder of photos: read, parse, measure and classify each, and keep a journal of those that are done.

This module writes

    journal.jsonl     a line per photo that is done, in the order of reading; it numbers the photos
    raw/              crops and masks in the raw CelebAMask-HQ layout
    overlays/         each crop with its label map over it

`hairgan.labelling.results` writes the rest. docs/labelling.md describes all of it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
"""Pixels that all threads together read at a time, except for a single larger photo. Each takes up to 13 bytes."""
LARGE_PHOTO = 8_000_000
"""After a photo with more pixels, freed memory is returned to the system; otherwise each thread would keep it."""

Pixels = UInt8[ndarray, "s s 3"]


@dataclass(frozen=True)
class _ReadPhoto:
    """A photo of the folder: its aligned crop, or the reason why it has none."""

    name: str
    crop: Pixels | None
    reason: str = ""


@dataclass(frozen=True)
class _LabelledPhoto:
    """A photo and the results of the networks."""

    name: str
    crop: Pixels
    labels: UInt8[ndarray, "s s"]
    certainty: float
    answers: dict[str, Answer]

    @property
    def has_skin(self) -> bool:
        return bool((self.labels == Region.SKIN).any())


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
        classifier: predicts what cannot be measured: texture, color and gender; without it these are unknown.
        finder: finds the face in a photo; None takes every photo as an aligned crop.
        min_confidence: probability below which an answer of the classifier counts as unknown, 0 to 1.
        pack_size: side of the images of the packed dataset, px.
        batch_size: crops per batch.
        workers: threads that read photos and write results.
        progress: show a bar; None shows it on a terminal only.

    Raises:
        ValueError: there is no photo in the folder, none can be used, or `out` cannot take the results
            (`hairgan.labelling.journal.photos_to_label`) or holds results of other settings.
        LockedError: another process is labelling into `out`.
    """
    photos = photos_to_label(folder, out).names
    settings = {
        "crop_size": parser.size,
        "min_confidence": min_confidence,
        "parser": _weights_digest(parser.network),
        "classifier": None if classifier is None else _weights_digest(classifier.network),
        "aligned": finder is None,
    }
    out.mkdir(parents=True, exist_ok=True)
    with hold(out / LOCK, f"the folder {out}"):
        journal = Journal(out / JOURNAL, settings, TYPES)
        _remove_unfinished(out, len(journal.rows))
        todo = [photo for photo in photos if photo not in journal]
        bar = tqdm(total=len(photos), initial=len(photos) - len(todo), unit="photo", disable=_disable(progress))
        with bar, ThreadPoolExecutor(max(workers, 1)) as pool:
            read = partial(_read, folder, _one_call_at_a_time(finder), parser.size, _PixelBudget(PIXELS_AT_A_TIME))
            for batch in _read_ahead(pool, read, todo, batch_size):
                lines = [{"photo": photo.name, "reason": photo.reason} for photo in batch if photo.crop is None]
                labelled = _label(parser, classifier, batch)
                lines += [{"photo": p.name, "reason": _no_skin(p.name)} for p in labelled if not p.has_skin]
                usable = [photo for photo in labelled if photo.has_skin]
                numbers = range(len(journal.rows), len(journal.rows) + len(usable))
                list(pool.map(partial(_write, out), numbers, usable))
                lines += [_line(number, p, min_confidence) for number, p in zip(numbers, usable, strict=True)]
                journal.write(lines, folder)
                bar.update(len(batch))
        skipped = sorted(journal.skipped, key=lambda line: line["photo"])
        if not journal.rows:
            reason = skipped[0]["reason"]
            raise ValueError(f"{folder}: none of the {len(skipped)} photos could be used; the first: {reason}")
        sizes: Any = {"pack_size": pack_size, "workers": workers, "progress": progress}
        results = write_results(out, journal.rows, skipped, domains, **sizes)
        return replace(results, changed=journal.changed(folder))


# -- reading --


def _one_call_at_a_time(finder: FaceFinder | None) -> FaceFinder | None:
    """A finder that only one thread calls at a time: detectors keep state during a call."""
    if finder is None:
        return None
    lock = threading.Lock()

    def find(photo: UInt8[ndarray, "h w 3"]) -> list[Face]:
        with lock:
            return finder(photo)

    return find


class _PixelBudget:
    """Limits the pixels that threads hold at a time; a photo with more pixels waits until no other is held."""

    def __init__(self, total: int) -> None:
        self.free = self.total = total
        self._changed = threading.Condition()

    @contextmanager
    def take(self, amount: int) -> Iterator[None]:
        """Hold `amount` pixels inside a `with` block; waits until they are free."""
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


def _read(folder: Path, finder: FaceFinder | None, size: int, budget: _PixelBudget, photo: str) -> _ReadPhoto:
    """Read a photo and crop it; if that fails, the reason is one sentence."""
    path, name = folder / photo, printable(photo)
    try:
        width, height = check_image(path, name)
        with budget.take(width * height):
            crop = _crop(path, name, finder, size)
            if width * height > LARGE_PHOTO:
                give_back_freed_memory()
        return _ReadPhoto(photo, crop)
    except OSError as error:
        return _ReadPhoto(photo, None, f"{name}: {error.strerror or error}")
    except Exception as error:  # one bad photo never stops the rest
        text = str(error) or type(error).__name__
        return _ReadPhoto(photo, None, text if name in text else f"{name}: {text}")


def _crop(path: Path, name: str, finder: FaceFinder | None, size: int) -> Pixels:
    """The aligned crop of a photo; the photo itself is freed on return."""
    picture = open_rgb(path, name)
    return align_face(picture, finder, size).alignment.crop(picture)


def _read_ahead(
    pool: ThreadPoolExecutor, read: Callable[[str], _ReadPhoto], photos: Sequence[str], batch_size: int
) -> Iterator[list[_ReadPhoto]]:
    """Yield batches of photos, while the next two batches are being read."""
    futures: deque[list[Future[_ReadPhoto]]] = deque()
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


# -- labelling --


def _label(
    parser: FaceParser, classifier: HairAttributeClassifier | None, photos: list[_ReadPhoto]
) -> list[_LabelledPhoto]:
    """Parse and classify the photos that have a crop, as one batch."""
    names = [photo.name for photo in photos if photo.crop is not None]
    crops = [photo.crop for photo in photos if photo.crop is not None]
    if not crops:
        return []
    answers = classifier.classify(crops) if classifier else [{} for _ in crops]
    return [
        _LabelledPhoto(name, crop, parsed.labels, parsed.certainty, answer)
        for name, crop, parsed, answer in zip(names, crops, parser.parse(crops), answers, strict=True)
    ]


def _line(number: int, photo: _LabelledPhoto, min_confidence: float) -> dict[str, Any]:
    """The line of the journal for a labelled photo."""
    return {"photo": photo.name, "id": number} | describe(photo.labels, photo.certainty, photo.answers, min_confidence)


def _no_skin(photo: str) -> str:
    return f"{printable(photo)}: no skin in it"


# -- writing --


def _write(out: Path, number: int, photo: _LabelledPhoto) -> None:
    """Write the raw files of a photo and its overlay."""
    for name, content in encode(number, photo.crop, photo.labels).items():
        path = out / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    save_picture(overlay(photo.crop, photo.labels), out / "overlays" / f"{number}.jpg")


def _remove_unfinished(out: Path, first: int) -> None:
    """Remove the files that an interrupted call wrote for photos outside the journal, whose numbers are used again.

    Otherwise a mask of such a photo would become part of another photo's label map.
    """
    for pattern in (f"raw/{IMAGES}/*.jpg", f"raw/{MASKS}/*/*.png", "overlays/*.jpg"):
        for path in out.glob(pattern):
            number = path.stem.partition("_")[0]
            if number.isdigit() and int(number) >= first:
                path.unlink()


def _weights_digest(network: nn.Module) -> str:
    """A hash of the weights, computed as in all earlier journals (`weights_fingerprint` includes their names)."""
    digest = hashlib.blake2b(digest_size=8)
    for tensor in network.state_dict().values():
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _disable(progress: bool | None) -> bool | None:
    return None if progress is None else not progress
