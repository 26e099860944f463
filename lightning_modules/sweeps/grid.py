"""Every combination of some values, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hairgan.locks import holder
from lightning_modules.sweeps.trial import FINISHED


class Grid(BaseSampler):
    """Samples every combination of some values once, over all workers and after any stop.

    The settings of finished trials tell which combinations are done, so workers need no common order. (Optuna's own
    sampler shuffles with its seed, and counts failed trials as done.)

    Args:
        space: the values per setting.
        folder: folder of the study; the combination of a running trial whose run directory has no living owner is
            tried again.
    """

    def __init__(self, space: Mapping[str, Sequence[Any]], folder: Path) -> None:
        self.space = {name: list(values) for name, values in space.items()}
        self.folder = folder
        self._values: dict[str, Any] = {}

    def is_done(self, study: Study) -> bool:
        """Whether every combination has a finished trial."""
        return self._covers(study.get_trials(deepcopy=False, states=FINISHED))

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        others = [other for other in study.get_trials(deepcopy=False) if other.number != trial.number]
        done = {self._key(other.params) for other in others if other.state in FINISHED}
        running = [other for other in others if other.state == TrialState.RUNNING and other.params]
        started = {self._key(other.params) for other in running}
        alive = {self._key(other.params) for other in running if self._has_owner(other)}
        self._values = self._choose(trial.number, [done | started, done | alive, done])

    def _choose(self, number: int, taken: Sequence[set[tuple[str, ...]]]) -> dict[str, Any]:
        """A combination outside the first of some sets that leaves one; its place follows from the trial's number."""
        usual = self._combination(number)
        for combinations in taken:
            if self._key(usual) not in combinations:
                return usual
            every = (dict(zip(self.space, values, strict=True)) for values in product(*self.space.values()))
            free = [combination for combination in every if self._key(combination) not in combinations]
            if free:
                return free[number % len(free)]
        return usual

    def _has_owner(self, trial: FrozenTrial) -> bool:
        return holder(self.folder / f"trial_{trial.number:03d}" / "lock") is not None

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        if state == TrialState.FAIL:
            return
        others = study.get_trials(deepcopy=False)
        finished = [other for other in others if other.number == trial.number or other.state in FINISHED]
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

    def _combination(self, index: int) -> dict[str, Any]:
        """The combination at an index, starting again after the last one."""
        chosen = {}
        for name, values in self.space.items():
            index, position = divmod(index, len(values))
            chosen[name] = values[position]
        return chosen

    def _key(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(repr(values.get(name)) for name in self.space)
