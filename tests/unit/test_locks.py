"""One owner at a time, and the dead do not keep theirs."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hairgan import locks
from hairgan.locks import LockedError, Owner, acquire, hold


def in_another_process(do: Callable[[], None]) -> int:
    """Fork a process that does something and then waits to be killed; its id, once it has done it."""
    done, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            do()
            os.write(tell, b"x")
            time.sleep(60)
        finally:
            os._exit(0)
    os.close(tell)
    os.read(done, 1)
    os.close(done)
    return pid


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def write(path: Path, **changes: object) -> Owner:
    """A lock file as another process would have left it."""
    owner = Owner(**{**Owner.this_process().__dict__, "token": "theirs", **changes})  # type: ignore[arg-type]
    path.write_text(json.dumps(owner.__dict__))
    return owner


def test_a_lock_has_one_owner_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path, "the folder"):
        assert json.loads(path.read_text())["pid"] == os.getpid()
        with pytest.raises(LockedError, match=rf"the folder is in use by process {os.getpid()} on this machine since"):
            acquire(path, "the folder")
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_lives_keeps_its_lock_and_one_that_was_killed_does_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    pid = in_another_process(lambda: acquire(path, "it") and None)
    with pytest.raises(LockedError, match=f"process {pid} on this machine"):
        acquire(path, "it")
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with hold(path, "it"):  # although nobody has waited for the dead one
        assert json.loads(path.read_text())["pid"] == os.getpid()
    os.waitpid(pid, 0)
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_another_process_has_by_now_is_not_the_owner(tmp_path: Path) -> None:
    write(tmp_path / "lock", started="1")
    with hold(tmp_path / "lock", "it"):
        pass


@pytest.mark.parametrize("elsewhere", [{"host": "node7"}, {"boot": "another container's"}])
def test_an_owner_on_another_host_lives_as_long_as_it_gives_signs(tmp_path: Path, elsewhere: dict[str, str]) -> None:
    path = tmp_path / "lock"
    write(path, pid=1, **elsewhere)
    with pytest.raises(LockedError, match="if that process is gone, delete"):
        acquire(path, "it")
    old = time.time() - locks.SILENCE - 1
    os.utime(path, (old, old))
    with hold(path, "it"):
        pass


def test_signs_of_life_and_a_lock_that_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "HEARTBEAT", 0.02)
    path = tmp_path / "lock"
    with hold(path, "it") as lock:
        os.utime(path, (1, 1))
        time.sleep(0.2)
        assert path.stat().st_mtime > 1
        lock.check()
        write(path, host="node7")
        time.sleep(0.2)
        with pytest.raises(LockedError, match=r"taken over by process .* on node7"):
            lock.check()
    assert path.exists()  # it is not ours to delete


def test_waiting_for_an_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "POLL", 0.01)
    path = tmp_path / "lock"
    pid = in_another_process(lambda: acquire(path, "it") and None)
    started = time.monotonic()
    with pytest.raises(LockedError):
        acquire(path, "it", patience=0.2)
    assert time.monotonic() - started >= 0.2
    kill(pid)
    with hold(path, "it", patience=5):
        pass


@pytest.mark.parametrize("links", [True, False])
def test_of_many_who_see_a_dead_owner_one_gets_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    path = tmp_path / "lock"

    def contend() -> None:
        while time.time() < start:
            pass
        try:
            acquire(path, "it")
            (tmp_path / f"got_{os.getpid()}").touch()
        except LockedError:
            pass

    for _ in range(2):
        write(path, started="1")
        start = time.time() + 0.05
        children = []
        for _ in range(6):
            pid = os.fork()
            if pid == 0:
                try:
                    contend()
                    time.sleep(30)
                finally:
                    os._exit(0)
            children.append(pid)
        time.sleep(0.3)
        got = list(tmp_path.glob("got_*"))
        for pid in children:
            kill(pid)
        assert len(got) == 1
        got[0].unlink()


def test_a_file_of_somebody_elses_is_in_the_way_and_stays(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("the key is under the mat")
    with pytest.raises(OSError, match="is not a lock file"):
        acquire(tmp_path / "lock", "it")
    assert [p.name for p in tmp_path.iterdir()] == ["lock"]
    assert (tmp_path / "lock").read_text() == "the key is under the mat"


def test_a_pipe_is_no_lock(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(FileExistsError, match="is not a lock file of hairgan"), hold(tmp_path / "lock", "it"):
        pass
