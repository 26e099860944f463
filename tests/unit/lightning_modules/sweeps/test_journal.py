"""The file of a study."""

from __future__ import annotations

import resource
import signal

import pytest

pytest.importorskip("optuna")

from lightning_modules.sweeps.journal import Journal


def test_a_full_disk_leaves_complete_lines(tmp_path):
    journal = Journal(tmp_path / "study.journal")
    journal.append_logs([{"op_code": 0}])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        with pytest.raises(OSError):
            journal.append_logs([{"op_code": 1, "text": "longer than what is left"}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    journal.append_logs([{"op_code": 2}])
    assert [log["op_code"] for log in journal.read_logs(0)] == [0, 2]
