"""Sessions: a visitor's uploads and results, in a folder that goes when the session ends; nobody else may read them.

A session is a browser (or a program), known by a random cookie. It ends a minute after its last tab was closed, or
after a quarter of an hour without a request where no tab is open.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hairgan.app.limits import Limits


@dataclass(frozen=True)
class Facts:
    """What was done in one edit, for its line on the page."""

    kind: str
    """`"dye"`, `"restyle"` or `"all"`."""
    wish: str
    """A color, a domain, or empty for a reference photo."""
    method: str
    seconds: float
    color_error: float | None
    warnings: tuple[str, ...]
    size: tuple[int, int]
    """Width and height of the photo in px."""


@dataclass(frozen=True)
class Entry:
    """One edit of a session. Names are of files in the session's folder."""

    number: int
    facts: Facts
    before: str
    after: str
    """Previews of the whole photo, JPEG."""
    full: str
    """The edited photo at its own resolution, PNG."""
    views: dict[str, str] = field(default_factory=dict)
    """What the networks saw: `labels`, `layout`, `matte`, `rough` -> PNG."""

    @property
    def files(self) -> tuple[str, ...]:
        """Every file of this edit alone."""
        return (self.after, self.full, *self.views.values())


@dataclass(eq=False)
class Session:
    """One visitor."""

    token: str
    folder: Path
    """Made with its first result."""
    uploads: dict[Path, None] = field(default_factory=dict)
    """An ordered set: the newest last."""
    entries: list[Entry] = field(default_factory=list)
    tabs: int = 0
    seen: float = field(default_factory=time.monotonic)
    """When the last request came, or the last tab was closed."""
    _numbers: int = 0

    def owns(self, path: Path) -> bool:
        """Whether a file was uploaded or made in this session."""
        return path in self.uploads or self.folder in path.parents

    def next_number(self) -> int:
        """A number for the next edit, from 1."""
        self._numbers += 1
        return self._numbers

    def add(self, entry: Entry, most: int) -> None:
        """Put an edit into the history, and delete the oldest beyond `most`."""
        self.entries.append(entry)
        while len(self.entries) > most:
            for name in self.entries.pop(0).files:
                (self.folder / name).unlink(missing_ok=True)


class Sessions:
    """All sessions, by their cookie.

    Args:
        folder: where sessions keep their files; made if need be.
        public: a folder of files that everybody may read: the drawn examples.
        on_end: called with each session that ended.
    """

    def __init__(self, folder: Path, limits: Limits, on_end: Callable[[Session], None] = lambda session: None) -> None:
        self.folder, self.public, self.limits, self._on_end = folder, folder / "drawn", limits, on_end
        self.public.mkdir(parents=True, exist_ok=True)
        self._sessions: dict[str, Session] = {}
        self._owners: dict[str, str] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._tidy, name="sessions", daemon=True).start()

    def get(self, token: str | None) -> Session | None:
        """The session of a cookie, if there is one."""
        with self._lock:
            session = self._sessions.get(token or "")
            if session is not None:
                session.seen = time.monotonic()
            return session

    def open(self, token: str | None) -> Session:
        """The session of a cookie, or a new one with a cookie of its own."""
        session = self.get(token)
        if session is None:
            session = Session(secrets.token_urlsafe(32), self.folder / f"session-{secrets.token_hex(16)}")
            with self._lock:
                self._sessions[session.token] = session
            self._make_room()
        return session

    def add_uploads(self, session: Session, paths: list[Path]) -> None:
        """Note what a session uploaded, and delete its oldest uploads beyond the limit."""
        for path in paths:
            session.uploads.pop(path, None)
            session.uploads[path] = None
        while len(session.uploads) > self.limits.uploads_kept:
            oldest = next(iter(session.uploads))
            del session.uploads[oldest]
            self._delete([oldest])

    def may_read(self, session: Session | None, path: Path) -> bool:
        """Whether a file may be sent to a session, or be used as its input: its own, or a drawn example."""
        path = Path(path).resolve()
        return self.public.resolve() in path.parents or (session is not None and session.owns(path))

    def claim(self, session: Session, page: str) -> bool:
        """Whether a page's random id belongs to a session; the first who names it owns it."""
        with self._lock:
            return self._owners.setdefault(page, session.token) == session.token

    def tab_opened(self, session: Session) -> None:
        """A page of the session is open."""
        with self._lock:
            session.tabs += 1

    def tab_closed(self, session: Session) -> None:
        """A page of the session was closed."""
        with self._lock:
            session.tabs -= 1
            session.seen = time.monotonic()

    def __len__(self) -> int:
        return len(self._sessions)

    def end_overdue(self) -> None:
        """End the sessions that nobody uses any more."""
        now = time.monotonic()
        with self._lock:
            over = [one for one in self._sessions.values() if self._is_over(one, now)]
        for session in over:
            self.end(session)

    def end(self, session: Session) -> None:
        """Forget a session and delete its files."""
        with self._lock:
            self._sessions.pop(session.token, None)
            self._owners = {page: token for page, token in self._owners.items() if token != session.token}
        shutil.rmtree(session.folder, ignore_errors=True)
        self._delete(list(session.uploads))
        self._on_end(session)

    def close(self) -> None:
        """End all sessions and delete the folder."""
        self._closed.set()
        for session in list(self._sessions.values()):
            self.end(session)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _delete(self, uploads: list[Path]) -> None:
        """Delete uploads that no session has any more: the same photo has one file, whoever uploads it."""
        with self._lock:
            owned = {path for session in self._sessions.values() for path in session.uploads}
        for path in set(uploads) - owned:
            path.unlink(missing_ok=True)

    def _make_room(self) -> None:
        with self._lock:
            idle = sorted((one for one in self._sessions.values() if one.tabs == 0), key=lambda one: one.seen)
            over = idle[: max(0, len(self._sessions) - self.limits.sessions)]
        for session in over:
            self.end(session)

    def _is_over(self, session: Session, now: float) -> bool:
        if session.tabs > 0:
            return False
        patience = self.limits.grace if self._had_tabs(session) else self.limits.idle
        return now - session.seen > patience

    def _had_tabs(self, session: Session) -> bool:
        return session.token in self._owners.values()

    def _tidy(self) -> None:
        while not self._closed.wait(5):
            self.end_overdue()
