"""Worker processes: scripts without a main guard, and parents that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest


def start(folder: Path, script: str) -> subprocess.Popen[str]:
    (folder / "script.py").write_text(script)
    return subprocess.Popen(
        [sys.executable, "script.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    script = (
        "import operator\n"
        "from hairgan.data.processes import process_pool\n"
        "print('starting', flush=True)\n"
        "with process_pool(2, 'operator') as pool:\n"
        "    print(list(pool.map(operator.neg, range(3))))\n"
        "print(__file__ is not None and __name__)\n"
    )
    output, _ = start(tmp_path, script).communicate(timeout=60)
    assert output == "starting\n[0, -1, -2]\n__main__\n"


def test_work_defined_in_a_script_needs_its_main_guard(tmp_path: Path) -> None:
    script = (
        "from hairgan.data.processes import process_pool, refuse_in_worker\n"
        "def double(x):\n"
        "    return 2 * x\n"
        "def work():\n"
        "    refuse_in_worker()\n"
        "    with process_pool(1, double.__module__) as pool:\n"
        "        print(list(pool.map(double, range(3))))\n"
    )
    with_guard, without = tmp_path / "with", tmp_path / "without"
    for folder in (with_guard, without):
        folder.mkdir()
    processes = [
        start(with_guard, script + "if __name__ == '__main__':\n    work()\n"),
        start(without, script + "work()\n"),
    ]
    good, bad = (process.communicate(timeout=60)[0] for process in processes)
    assert good == "[0, 2, 4]\n"
    assert 'put what the script does under `if __name__ == "__main__":`' in bad and processes[1].returncode


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork server")
def test_ctrl_c_while_workers_load_their_module_prints_no_traceback_of_theirs(tmp_path: Path) -> None:
    (tmp_path / "slow_to_load.py").write_text(
        "import time\nfrom pathlib import Path\nPath('loading').touch()\ntime.sleep(2)\nPath('loaded').touch()\n"
        "def work(x): return x\n"
    )
    script = (
        "import slow_to_load\n"
        "from pathlib import Path\n"
        "from hairgan.data.processes import process_pool\n"
        "for name in ('loading', 'loaded'): Path(name).unlink()\n"
        "try:\n"
        "    with process_pool(2, 'slow_to_load') as pool:\n"
        "        list(pool.map(slow_to_load.work, range(3)))\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped')\n"
    )
    (tmp_path / "script.py").write_text(script)
    process = subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    wait_for(lambda: (tmp_path / "loaded").exists(), process)  # in the script
    wait_for(lambda: not (tmp_path / "loaded").exists(), process)
    wait_for(lambda: (tmp_path / "loading").exists(), process)  # in the server
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=60)[0] == "stopped\n"


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.005)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel to end a worker that runs no Python")
def test_a_killed_parent_takes_its_workers_along(tmp_path: Path) -> None:
    """Also one that is deep in native code, where no thread of it runs."""
    script = (
        "import ctypes, time\n"
        "from hairgan.data.processes import process_pool\n"
        "def native(folder):\n"
        "    import os, pathlib\n"
        "    pathlib.Path('worker').write_text(str(os.getpid()))\n"
        "    ctypes.PyDLL(None).sleep(60)\n"  # PyDLL keeps the interpreter's lock
        "if __name__ == '__main__':\n"
        "    process_pool(1, '__main__').submit(native, '.')\n"
        "    time.sleep(60)\n"
    )
    parent, file = start(tmp_path, script), tmp_path / "worker"
    try:
        wait_until(lambda: file.exists() and file.read_text() != "")
        worker = int(file.read_text())
        os.kill(parent.pid, signal.SIGKILL)
        wait_until(lambda: not alive(worker))
    finally:
        parent.kill()
        parent.communicate()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "waited for 30 s"
        time.sleep(0.05)
