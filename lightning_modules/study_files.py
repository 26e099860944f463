"""What a study of trials needs beyond Optuna: a journal that survives a full disk, and a grid that is done once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import IO, Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hairgan.locks import holder

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class Journal(JournalFileBackend):
    """Optuna's journal, in which a line that could not be written whole is taken out again.

    Optuna appends to what a full disk or a kill left of a line, and cannot read the study from then on.

    Raises:
        ValueError: a line is damaged, or not of a journal.
        OSError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._guard = JournalFileSymlinkLock(str(path))
        self._path = path
        super().__init__(str(path), self._guard)
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
            if not _is_record(line):
                raise ValueError(
                    f"{path} is damaged in line {number}: put a copy of it in its place, or give a new study a name "
                    "with sweep.study=NAME; the run directories beside it are as they were"
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
                    while data:  # a disk that is nearly full takes a part
                        data = data[file.write(data) :]
                    os.fsync(file.fileno())
                except BaseException:
                    file.truncate(end)
                    raise
        finally:
            self._guard.release()


def _is_record(line: bytes) -> bool:
    """Whether a line is of a journal; the start of one will do for the last."""
    if not line.endswith(b"\n"):
        return line.startswith(b"{")
    try:
        return isinstance(json.loads(line)["op_code"], int)
    except (ValueError, KeyError, TypeError):
        return False


def _end_of_lines(file: IO[bytes]) -> int:
    """Where the last whole line ends."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(end - 4096, 0)
        file.seek(start)
        if (found := file.read(end - start).rfind(b"\n")) >= 0:
            return start + found + 1
        end = start
    return 0


class Grid(BaseSampler):
    """Every combination of some values, each once, over all workers and after any stop.

    Which are done is told by the values of trials, so workers need not agree on an order. (Optuna's own sampler
    shuffles by its seed and counts trials that failed as done.)

    Args:
        space: the values by setting.
        folder: of the study; a trial whose run directory in it has no living owner is done again.
    """

    def __init__(self, space: Mapping[str, Sequence[Any]], folder: Path) -> None:
        self.space = {name: list(values) for name, values in space.items()}
        self.folder = folder
        self._values: dict[str, Any] = {}

    def is_done(self, study: Study) -> bool:
        """Whether every combination has a trial that finished."""
        return self._covers(study.get_trials(deepcopy=False, states=FINISHED))

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        others = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
        done = {self._key(t.params) for t in others if t.state in FINISHED}
        running = [t for t in others if t.state == TrialState.RUNNING and t.params]
        alive = {self._key(t.params) for t in running if holder(self.folder / f"trial_{t.number:03d}" / "lock")}
        started = {self._key(t.params) for t in running}
        mine = self._at(trial.number)
        for taken in (done | started, done | alive, done, set()):
            if self._key(mine) not in taken:
                break
            left = [c for c in product(*self.space.values()) if self._key(self._named(c)) not in taken]
            if left:
                mine = self._named(left[trial.number % len(left)])
                break
        self._values = mine

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        if state == TrialState.FAIL:
            return
        finished = [t for t in study.get_trials(deepcopy=False) if t.number == trial.number or t.state in FINISHED]
        if self._covers(finished):
            study.stop()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._values[param_name]

    def _covers(self, trials: Sequence[FrozenTrial]) -> bool:
        return len({self._key(trial.params) for trial in trials}) >= prod(map(len, self.space.values()))

    def _at(self, index: int) -> dict[str, Any]:
        """The combination of a number, over and over."""
        chosen = {}
        for name, values in self.space.items():
            index, place = divmod(index, len(values))
            chosen[name] = values[place]
        return chosen

    def _named(self, combination: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(self.space, combination, strict=True))

    def _key(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(repr(values.get(name)) for name in self.space)
