"""Sessions: who may read what, and that nothing stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hairgan.app.limits import Limits
from hairgan.app.sessions import Entry, Facts, Session, Sessions

FACTS = Facts("dye", "red", "by hand", 1.0, None, (), (10, 10))


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = Sessions(tmp_path / "app", Limits(edits_kept=2, uploads_kept=2, sessions=4, idle=100, grace=10))
    yield sessions
    sessions.close()


def with_upload(sessions: Sessions, name: str = "me.png") -> tuple[Session, Path]:
    session = sessions.open(None)
    path = (sessions.folder / "upload" / name).resolve()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"photo")
    sessions.add_uploads(session, [path])
    return session, path


def test_files_are_read_by_the_session_that_made_them_alone(sessions: Sessions) -> None:
    (mine, photo), other = with_upload(sessions), sessions.open(None)
    result = mine.folder / "result.png"
    mine.folder.mkdir()
    result.touch()
    drawn = sessions.public / "person.png"
    for path, who in ((photo, mine), (result, mine), (drawn, mine), (drawn, other), (drawn, None)):
        assert sessions.may_read(who, path)
    for path in (photo, result, other.folder / ".." / mine.folder.name / "result.png", Path("/etc/passwd")):
        assert not sessions.may_read(other, path) and not sessions.may_read(None, path)
    assert not sessions.may_read(mine, sessions.folder / "upload")
    assert sessions.open(mine.token) is mine and sessions.open("guess") not in (mine, other)


def test_a_page_belongs_to_whoever_names_it_first(sessions: Sessions) -> None:
    mine, other = sessions.open(None), sessions.open(None)
    assert sessions.claim(mine, "page") and sessions.claim(mine, "page") and not sessions.claim(other, "page")


def test_old_edits_go(sessions: Sessions) -> None:
    session = sessions.open(None)
    session.folder.mkdir()
    for number in (1, 2, 3):
        names = f"after_{number}.jpg", f"full_{number}.png"
        for name in names:
            (session.folder / name).touch()
        session.add(Entry(number, FACTS, "before.jpg", *names), most=2)
    assert [entry.number for entry in session.entries] == [2, 3]
    assert sorted(path.name for path in session.folder.iterdir()) == [
        "after_2.jpg", "after_3.jpg", "full_2.png", "full_3.png",
    ]  # fmt: skip


def test_a_session_ends_after_its_last_tab_and_leaves_nothing(sessions: Sessions) -> None:
    (mine, photo), (other, _) = with_upload(sessions), with_upload(sessions)  # the same photo
    mine.folder.mkdir()
    sessions.claim(mine, "page")
    sessions.tab_opened(mine)
    mine.seen -= 1000
    sessions.end_overdue()
    assert sessions.get(mine.token) is mine
    sessions.tab_closed(mine)
    sessions.end_overdue()
    assert mine.folder.exists()  # a reload takes less
    mine.seen -= 11
    sessions.end_overdue()
    assert sessions.get(mine.token) is None and not mine.folder.exists()
    assert photo.exists()  # the other's as well
    other.seen -= 50
    sessions.end_overdue()
    assert len(sessions) == 1  # a program, which has no tab
    other.seen -= 60
    sessions.end_overdue()
    assert len(sessions) == 0 and not photo.exists()


def test_a_visitor_cannot_fill_the_disk(sessions: Sessions) -> None:
    session, first = with_upload(sessions)
    other, shared = with_upload(sessions, "shared.png")
    paths = [shared, *(first.with_name(f"{number}.png") for number in (1, 2))]
    for path in paths:
        path.touch()
        sessions.add_uploads(session, [path])
    assert list(session.uploads) == paths[1:] and not first.exists()
    assert shared.exists() and sessions.may_read(other, shared) and not sessions.may_read(session, shared)


def test_sessions_are_bounded(sessions: Sessions) -> None:
    old, in_use, *_ = [sessions.open(None) for _ in range(4)]
    in_use.seen, old.seen = old.seen - 20, old.seen - 10
    sessions.tab_opened(in_use)
    sessions.open(None)
    assert len(sessions) == 4 and sessions.get(old.token) is None and sessions.get(in_use.token) is in_use
