"""The file of a study, which survives a full disk and a kill."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock


class Journal(JournalFileBackend):
    """Optuna's journal file, with incomplete last lines removed before each write.

    Optuna itself appends to the part of a line that a full disk or a kill left, and cannot read the study afterwards.

    Raises:
        ValueError: a line is damaged, or the file is not a journal.
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._guard = JournalFileSymlinkLock(str(path))
        self._path = path
        super().__init__(str(path), self._guard)
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
            if not _is_record(line):
                raise ValueError(
                    f"{path} is damaged in line {number}: restore it from a copy, or name a new study with "
                    "sweep.study=NAME; the run directories beside it are unchanged"
                )
        self._locked_append(b"")

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self._locked_append("".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode())

    def _locked_append(self, data: bytes) -> None:
        self._guard.acquire()
        try:
            with self._path.open("r+b", buffering=0) as file:
                end = _end_of_lines(file)
                file.truncate(end)
                file.seek(end)
                try:
                    while data:  # a nearly full disk may take only a part
                        data = data[file.write(data) :]
                    os.fsync(file.fileno())
                except BaseException:
                    file.truncate(end)
                    raise
        finally:
            self._guard.release()


def _is_record(line: bytes) -> bool:
    """Whether a line is a journal record; an incomplete last line has to begin like one."""
    if not line.endswith(b"\n"):
        return line.startswith(b"{")
    try:
        return isinstance(json.loads(line)["op_code"], int)
    except (ValueError, KeyError, TypeError):
        return False


def _end_of_lines(file: IO[bytes]) -> int:
    """The position after the last complete line."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(end - 4096, 0)
        file.seek(start)
        if (found := file.read(end - start).rfind(b"\n")) >= 0:
            return start + found + 1
        end = start
    return 0
