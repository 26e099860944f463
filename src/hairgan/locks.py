"""One process at a time: a lock file that names its owner.

    with hold(out / "lock", f"the folder {out}"):
        ...  # no other process that wants this lock is in its block; the file is deleted afterwards

A lock is a file that is created atomically and holds the owner's host and process id. So it needs no `flock`, which
network and container file systems often lack, and people can read who has it. The lock of a killed process is
recognized and taken over:

- on the same host, if no process has that id any more, or its process started at another time;
- from another host or container, or from before the machine was restarted, if the owner has not touched the file for
  `SILENCE` seconds: while it holds the lock, it touches the file every `HEARTBEAT` seconds. Only times of the file
  system are compared, never those of two clocks.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

HEARTBEAT = 15.0  # seconds between touches of a lock that is held
SILENCE = 120.0  # seconds without a touch after which an owner on another host counts as gone
COMMAND = 80  # characters of the owner's command line that are kept
POLL = 0.5  # seconds between attempts to take a lock


class LockedError(OSError):
    """Another process has the lock; the message says who, since when, and what to do."""


@dataclass(frozen=True)
class Owner:
    """The process that holds a lock."""

    host: str
    pid: int
    command: str
    since: str
    token: str
    """Unique to this lock."""
    started: str = ""
    """When the process started, in the system's ticks: distinguishes processes with the same id. Empty if unknown."""
    boot: str = ""
    """Boot of the machine, and container, that the process id belongs to. Empty if unknown."""

    @classmethod
    def this_process(cls) -> Owner:
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv else ""
        command = command if len(command) <= COMMAND else command[: COMMAND - 4] + " ..."
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        pid = os.getpid()
        return cls(socket.gethostname(), pid, command, since, secrets.token_hex(8), _started(pid) or "", _boot())

    @property
    def is_local(self) -> bool:
        """Whether the process id is valid on this machine and in this container."""
        return self.host == socket.gethostname() and self.boot == _boot() and os.name == "posix"

    def is_gone(self, silence: float) -> bool:
        """Whether the process has ended.

        Args:
            silence: seconds since its lock was last touched.
        """
        if self.is_local:
            return not _is_running(self.pid, self.started)
        return silence > SILENCE

    def __str__(self) -> str:
        where = "this machine" if self.is_local else self.host
        return f"process {self.pid} on {where} since {self.since} ({self.command})"


class Lock:
    """A lock that this process holds; made by `hold` and `acquire`."""

    def __init__(self, path: Path, owner: Owner) -> None:
        self.path, self.owner = path, owner
        self._taken_by: Owner | None = None
        self._released = threading.Event()
        threading.Thread(target=self._send_heartbeats, name=f"heartbeat of {path}", daemon=True).start()

    def check(self) -> None:
        """Make sure that the lock is still ours: a process that was suspended for minutes may have lost it.

        Raises:
            LockedError: another process has taken it over.
        """
        if self._taken_by is not None:
            raise LockedError(f"{self.path.parent} was taken over by {self._taken_by} while this process was suspended")

    def release(self) -> None:
        """Release the lock, if it is still ours."""
        self._released.set()
        owner = _read(self.path)
        if owner is not None and owner.token == self.owner.token:
            self.path.unlink(missing_ok=True)

    def _send_heartbeats(self) -> None:
        while not self._released.wait(HEARTBEAT):
            owner = _read(self.path)
            if owner is not None and owner.token != self.owner.token:
                self._taken_by = owner
                return
            with contextlib.suppress(OSError):  # e.g. a network file system that is unavailable for a while
                os.utime(self.path)


@contextlib.contextmanager
def hold(path: str | Path, what: str, *, patience: float = 0.0) -> Iterator[Lock]:
    """Hold a lock while the block runs.

    Args:
        path: the lock file; its folder exists. It is created and deleted, so it must not be a file with other content.
        what: what the lock protects, for the message, e.g. `"the run directory outputs/a"`.
        patience: seconds to wait for the owner to release it.

    Raises:
        LockedError: another process has it (or this one, elsewhere), and did not release it within `patience`.
        OSError: no file can be created there, or another file has its name.
    """
    lock = acquire(Path(path), what, patience)
    try:
        yield lock
    finally:
        lock.release()


def acquire(path: Path, what: str, patience: float = 0.0) -> Lock:
    """As `hold`, but without a block: the caller calls `release`."""
    end = time.monotonic() + patience
    while True:
        taken_by = _try(path, me := Owner.this_process())
        if taken_by is None:
            return Lock(path, me)
        if time.monotonic() >= end:
            remedy = "" if taken_by.is_local else f"; if that process is gone, delete {path}"
            raise LockedError(f"{what} is in use by {taken_by}{remedy}")
        time.sleep(POLL)


def holder(path: Path) -> Owner | None:
    """The running process that owns a lock, as far as can be seen without taking it; None if there is none."""
    owner, touched = _read(path), _touched(path)
    if owner is None or touched is None or owner.is_gone(time.time() - touched):
        return None
    return owner


def _try(path: Path, me: Owner) -> Owner | None:
    """Take the lock and return None, or return who has it."""
    mine = path.with_name(f".{path.name}-{me.token}")
    try:
        mine.write_text(json.dumps(asdict(me), indent=1) + "\n", encoding="utf-8")
        while not _create(path, mine):
            owner, touched = _read(path), _touched(path)
            if touched is None:
                continue  # released just now
            os.utime(mine)
            silence = (_touched(mine) or touched) - touched
            if owner is None:
                if path.exists() and (path.stat().st_size or not path.is_file()):
                    raise FileExistsError(f"{path} is not a lock file of hairgan: rename or delete it")
                owner = Owner("a host that is not known yet", 0, "starting", "just now", f"{touched}")
            if not owner.is_gone(silence):
                return owner
            if _take_over(path, mine, owner):
                return None
    finally:
        mine.unlink(missing_ok=True)
    return None


def _create(path: Path, content: Path) -> bool:
    """Create a file with the content of another, unless it exists; returns whether it was created."""
    try:
        os.link(content, path)
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: the file is empty for a moment
        pass
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.read_bytes())
    return True


def _take_over(path: Path, mine: Path, gone: Owner) -> bool:
    """Replace a lock file whose owner is gone by ours; returns whether this process did it.

    If several processes see the same dead owner, the one that creates the file named after the owner's token may
    replace the lock, and only while the lock still belongs to the dead owner.
    """
    claim = path.with_name(f".{path.name}-after-{gone.token}")
    if not _create(claim, mine):
        other = _read(claim)
        if other is not None and other.is_gone((_touched(mine) or 0) - (_touched(claim) or 0)):
            claim.unlink(missing_ok=True)  # died in between
        time.sleep(0.01)
        return False
    try:
        owner = _read(path)
        if (f"{_touched(path)}" if owner is None else owner.token) != gone.token:
            return False
        ours = path.with_name(f"{mine.name}-ours")
        ours.write_bytes(mine.read_bytes())
        ours.replace(path)
        return True
    finally:
        claim.unlink(missing_ok=True)


def _read(path: Path) -> Owner | None:
    """The owner that a lock file names; None if there is no such file, or it holds something else."""
    try:
        if not path.is_file():  # reading a pipe would wait for its other end
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        return Owner(**{field.name: content[field.name] for field in fields(Owner)})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _touched(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _is_running(pid: int, started: str) -> bool:
    """Whether there is a process with this id that started at that time."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        pass
    now = _started(pid)
    return now != "" and (now is None or not started or now == started)


def _started(pid: int) -> str | None:
    """When a process started, in ticks since the boot; empty for one that has ended, None if unknown."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if fields[0] in "ZX" else fields[19]


def _boot() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
