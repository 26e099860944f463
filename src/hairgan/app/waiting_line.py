"""The queue: one edit at a time, in order, bounded; every ticket knows how many are before it.

The networks use all cores for one photo, so a single worker is as fast as several, and needs one copy of everything.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class LineFull(ValueError):
    """There is no room for one more."""


class WaitedTooLong(ValueError):
    """A ticket's patience ran out before its turn."""


class Ticket(Generic[Answer]):
    """One job in the line."""

    def __init__(self, line: WaitingLine, job: Callable[[Callable[[str], None]], Answer], patience: float) -> None:
        self.future: Future[Answer] = Future()
        self.stage = ""
        """What the running job last said it is doing."""
        self.deadline = time.monotonic() + patience
        self._line, self._job = line, job

    @property
    def ahead(self) -> int:
        """How many jobs are before this one, the running one included."""
        return self._line.count_before(self)

    def done(self) -> bool:
        """Whether there is an answer or an error."""
        return self.future.done()

    def leave(self) -> None:
        """Give up the place; a job that is running already is finished, and its answer dropped."""
        self._line.remove(self)
        self.future.cancel()

    def run(self) -> None:
        """Run the job; called by the worker."""
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self._job(self._say))
        except BaseException as error:  # handed on to whoever waits
            self.future.set_exception(error)

    def _say(self, stage: str) -> None:
        self.stage = stage


class WaitingLine:
    """First come, first served, by one worker thread.

    Args:
        places: most jobs at a time, the running one included.
        patience: seconds a job waits for its turn before it is dropped.
    """

    def __init__(self, places: int, patience: float) -> None:
        self.places, self.patience = places, patience
        self._waiting: deque[Ticket] = deque()
        self._running: Ticket | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="edits", daemon=True)
        self._worker.start()

    def join(self, job: Callable[[Callable[[str], None]], Answer]) -> Ticket[Answer]:
        """A place at the end of the line.

        Args:
            job: gets a function to say what stage it is in.

        Raises:
            LineFull: all places are taken.
        """
        ticket = Ticket(self, job, self.patience)
        with self._changed:
            taken = len(self._waiting) + (self._running is not None)
            if taken >= self.places:
                raise LineFull(f"the salon is full: {taken} edits are waiting; try again in a minute")
            self._waiting.append(ticket)
            self._changed.notify()
        return ticket

    def count_before(self, ticket: Ticket) -> int:
        """Jobs before a ticket; 0 for one that runs, is done, or has left."""
        with self._changed:
            if ticket not in self._waiting:
                return 0
            return self._waiting.index(ticket) + (self._running is not None)

    def remove(self, ticket: Ticket) -> None:
        """Take a ticket out of the line, if it still waits."""
        with self._changed:
            if ticket in self._waiting:
                self._waiting.remove(ticket)

    def drop_overdue(self) -> None:
        """End what has waited longer than its patience."""
        with self._changed:
            overdue = [ticket for ticket in self._waiting if ticket.deadline < time.monotonic()]
            for ticket in overdue:
                self._waiting.remove(ticket)
        for ticket in overdue:
            if ticket.future.set_running_or_notify_cancel():
                ticket.future.set_exception(
                    WaitedTooLong(f"the edit was dropped: it waited {self.patience:.0f} s for its turn; try again")
                )

    def close(self) -> None:
        """Drop what waits, and wait for the running job to end."""
        with self._changed:
            self._closed = True
            for ticket in self._waiting:
                ticket.future.cancel()
            self._waiting.clear()
            self._changed.notify()
        self._worker.join(timeout=30)

    def _work(self) -> None:
        while (ticket := self._next()) is not None:
            ticket.run()
            del ticket  # holds the job's pictures
            with self._changed:
                self._running = None

    def _next(self) -> Ticket | None:
        with self._changed:
            while True:
                self.drop_overdue()
                if self._closed:
                    return None
                if self._waiting:
                    self._running = self._waiting.popleft()
                    return self._running
                self._changed.wait()
