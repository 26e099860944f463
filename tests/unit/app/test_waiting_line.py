"""The queue: order, bounds, dropping, and errors that reach whoever waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from hairgan.app.waiting_line import LineFull, Ticket, WaitedTooLong, WaitingLine

Say = Callable[[str], None]


@pytest.fixture
def line() -> Iterator[WaitingLine]:
    line = WaitingLine(places=3, patience=60)
    yield line
    line.close()


def blocker(line: WaitingLine) -> tuple[threading.Event, Ticket[str]]:
    """A running job, and what ends it."""
    go, started = threading.Event(), threading.Event()

    def job(say: Say) -> str:
        say("painting")
        started.set()
        go.wait(20)
        return "done"

    ticket = line.join(job)
    assert started.wait(20)
    return go, ticket


def test_one_at_a_time_in_order(line: WaitingLine) -> None:
    go, first = blocker(line)
    order: list[int] = []
    second, third = line.join(lambda say: order.append(2)), line.join(lambda say: order.append(3))
    assert (first.stage, first.ahead, second.ahead, third.ahead) == ("painting", 0, 1, 2)
    with pytest.raises(LineFull, match="3 edits are waiting"):
        line.join(lambda say: None)
    go.set()
    third.future.result(20)
    assert order == [2, 3] and first.future.result() == "done" and third.ahead == 0


def test_who_leaves_is_not_served_and_makes_room(line: WaitingLine) -> None:
    go, _ = blocker(line)
    served: list[str] = []
    leaving, staying = line.join(lambda say: served.append("leaving")), line.join(lambda say: served.append("staying"))
    leaving.leave()
    assert staying.ahead == 1
    line.join(lambda say: None)
    go.set()
    staying.future.result(20)
    assert served == ["staying"] and leaving.future.cancelled()


def test_errors_reach_whoever_waits_and_the_next_is_served(line: WaitingLine) -> None:
    def fail(say: Say) -> None:
        raise ValueError("no face")

    failing, fine = line.join(fail), line.join(lambda say: "fine")
    with pytest.raises(ValueError, match="no face"):
        failing.future.result(20)
    assert fine.future.result(20) == "fine"


def test_who_waits_too_long_is_dropped() -> None:
    line = WaitingLine(places=3, patience=0.05)
    go, _ = blocker(line)
    late = line.join(lambda say: None)
    time.sleep(0.1)
    line.drop_overdue()
    with pytest.raises(WaitedTooLong, match="dropped"):
        late.future.result(0)
    go.set()
    line.close()
