"""The service behind the page: takes wishes of sessions, runs them in the queue, and writes what comes of them."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hairgan.app.limits import Limits, check_upload, open_upload
from hairgan.app.salons import Salons
from hairgan.app.sessions import Entry, Facts, Session, Sessions
from hairgan.app.waiting_line import Ticket, WaitingLine
from hairgan.app.wishes import Wish
from hairgan.labelling.overlay import overlay
from hairgan.photos.names import shortened_name
from hairgan.photos.photo import Photo
from hairgan.photos.preview import save_preview
from hairgan.photos.saving import save_photo
from hairgan.pictures import save_picture

if TYPE_CHECKING:
    from hairgan.editing.edit import Edit
    from hairgan.editing.parsed_photo import ParsedPhoto
    from hairgan.editing.salon import Salon

PREVIEW_SIDE = 1280  # px
PHOTOS_KEPT = 4
"""Opened and parsed photos that stay in memory, of all sessions: a second edit of one is faster."""
POLL = 0.15  # s

Say = Callable[[str], None]


@dataclass(frozen=True)
class Progress:
    """Where a wish is: waiting, or being worked at."""

    stage: str
    """`"waiting"`, `"loading"`, `"opening"`, `"painting"`, `"saving"`."""
    ahead: int = 0
    """Edits before this one, while it waits."""
    done: int = 0
    """Edits of this wish that are finished."""


@dataclass(frozen=True)
class _Opened:
    photo: Photo
    parsed: ParsedPhoto


class Service:
    """Everything that the pages of all visitors share.

    Args:
        keep: a folder where results are kept as well; by default nothing outlives its session.
    """

    def __init__(self, salons: Salons, folder: Path, limits: Limits | None = None, keep: Path | None = None) -> None:
        self.salons, self.limits, self.keep = salons, limits or Limits(), keep
        self.sessions = Sessions(folder, self.limits, self._forget)
        self.line = WaitingLine(self.limits.waiting, self.limits.patience)
        self._opened: OrderedDict[tuple[str, str, Path], _Opened] = OrderedDict()

    async def edit(self, session: Session, wish: Wish, bundle: str) -> AsyncIterator[Progress | Entry]:
        """Progress as it changes, and each finished edit.

        Raises:
            ValueError: a photo is not the session's, will not do, or the salon says what is wrong with the wish; the
                queue is full, or the wait too long.
        """
        for path in wish.photos():
            if not self.sessions.may_read(session, path):
                raise ValueError("that photo is not one of this session: upload it again")
            check_upload(path, self.limits)
        self.salons.state(bundle)  # refuses a name that is not known
        entries: list[Entry] = []
        ticket = self.line.join(lambda say: self._work(session, wish, bundle, say, entries))
        try:
            async for news in self._watch(ticket, entries):
                yield news
        finally:
            ticket.leave()

    def close(self) -> None:
        """End the queue and all sessions."""
        self.line.close()
        self.sessions.close()

    async def _watch(self, ticket: Ticket[None], entries: list[Entry]) -> AsyncIterator[Progress | Entry]:
        told, last = 0, None
        while True:
            done, ahead = ticket.done(), ticket.ahead
            for entry in entries[told:]:
                told += 1
                yield entry
            if done:
                ticket.future.result()
                return
            news = Progress(ticket.stage or "waiting", ahead, told)
            if news != last:
                last = news
                yield news
            await asyncio.sleep(POLL)
            self.line.drop_overdue()

    # -- in the worker's thread --

    def _work(self, session: Session, wish: Wish, bundle: str, say: Say, entries: list[Entry]) -> None:
        say("loading")
        salon = self.salons.get(bundle)
        start = time.perf_counter()
        for word, edit in self._edits(session, wish, salon, bundle, say):
            say("saving")
            photo = self._open(session, salon, bundle, wish.photo).photo
            number = session.next_number()
            facts = Facts(
                wish.kind,
                word,
                edit.method,
                time.perf_counter() - start,
                edit.color_error,
                edit.warnings,
                (edit.image.shape[1], edit.image.shape[0]),
            )
            entry = self._write(session, number, facts, photo, edit, wish.photo)
            session.add(entry, self.limits.edits_kept)
            entries.append(entry)
            start = time.perf_counter()
            say("painting")

    def _edits(self, session: Session, wish: Wish, salon: Salon, bundle: str, say: Say) -> Iterator[tuple[str, Edit]]:
        def parse(path: Path) -> ParsedPhoto:
            say("opening")
            opened = self._open(session, salon, bundle, path)
            say("painting")
            return opened.parsed

        return wish.edits(salon, parse)

    def _open(self, session: Session, salon: Salon, bundle: str, path: Path) -> _Opened:
        key = session.token, bundle, path
        if key not in self._opened:
            photo = open_upload(path, self.limits)
            self._opened[key] = _Opened(photo, salon.parse(photo.srgb))
            while len(self._opened) > PHOTOS_KEPT:
                self._opened.popitem(last=False)
        self._opened.move_to_end(key)
        return self._opened[key]

    def _write(self, session: Session, number: int, facts: Facts, photo: Photo, edit: Edit, source: Path) -> Entry:
        folder = session.folder
        folder.mkdir(exist_ok=True)
        before, after = f"before_{blake2b(bytes(source), digest_size=8).hexdigest()}.jpg", f"after_{number}.jpg"
        if not (folder / before).exists():
            save_preview(folder / before, photo.srgb, PREVIEW_SIDE)
        save_preview(folder / after, edit.image, PREVIEW_SIDE)
        full = shortened_name(source.stem, f"_{facts.kind if facts.kind != 'all' else 'restyle'}_{number}.png", folder)
        save_photo(folder / full, photo, edit.image)
        if self.keep is not None:
            save_photo(self.keep / f"{folder.name[-8:]}_{full}", photo, edit.image)
        views = {
            "labels": overlay(edit.before, edit.labels),
            "layout": overlay(edit.after, edit.layout),
            "matte": np.rint(255 * edit.mask).astype(np.uint8),
        }
        if edit.rough is not None:
            views["rough"] = edit.rough
        names = {name: f"{name}_{number}.png" for name in views}
        for name, picture in views.items():
            save_picture(picture, folder / names[name])
        return Entry(number, facts, before, after, full, names)

    def _forget(self, session: Session) -> None:
        for key in [key for key in list(self._opened) if key[0] == session.token]:
            self._opened.pop(key, None)
