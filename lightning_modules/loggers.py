"""Loggers: a CSV file that a resumed run continues, Weights & Biases, TensorBoard."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pytorch_lightning.loggers import TensorBoardLogger, WandbLogger
from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
from pytorch_lightning.utilities import rank_zero_only

from hairgan.curves import read_curves
from hairgan.extras import how_to_install
from hairgan.files import write_text, write_whole

OFFLINE = "logger.mode=offline needs no account and no connection, and `wandb sync` uploads later"
STEP = "trainer/global_step"  # Lightning's name for the x axis in wandb


class CurvesLogger(Logger):
    """Writes `metrics.csv`: one row per step, one column per logged name, empty where a name was not logged at a step.

    Lightning's `CSVLogger` deletes the file of the run that it resumes. This logger keeps the rows up to the step
    from which the run is resumed, and drops later ones, which the resumed run writes again.
    """

    def __init__(self, save_dir: str | Path) -> None:
        super().__init__()
        self.path = Path(save_dir) / "metrics.csv"
        self._columns: list[str] = []  # columns of the file
        self._last: dict[str, Any] = {}  # row of the current step, not yet written

    @property
    def name(self) -> str:
        return "curves"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Does nothing: the config is in the run directory."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if self._last and self._last["step"] != step:
            self.save()
        self._last = {**self._last, "step": step, **metrics}

    @rank_zero_only
    def resume_at(self, step: int) -> None:
        """Keep the rows up to and including a step; 0 deletes all."""
        rows = [row for row in self._rows() if row["step"] <= step]
        self._columns = list(dict.fromkeys(name for row in rows for name in row))
        self._rewrite(rows)

    @rank_zero_only
    def save(self) -> None:
        if not self._last:
            return
        row, self._last = self._last, {}
        if not set(row) <= set(self._columns):
            rows = self._rows()
            self._columns += [name for name in row if name not in self._columns]
            self._rewrite([*rows, row])
            return
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns).writerow(row)

    def finalize(self, status: str) -> None:
        self.save()

    @rank_zero_only
    def check_file(self) -> None:
        """Refuse a file of that name that this logger did not write, before anything is changed.

        Raises:
            ValueError: naming it.
        """
        self._rows()

    def _rows(self) -> list[dict[str, Any]]:
        rows = read_curves(self.path) if self.path.exists() else []
        if any("step" not in row for row in rows):
            raise ValueError(f"{self.path} is damaged: a row has no step; delete it to start new curves")
        return rows

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with write_whole(self.path, "w", newline="") as file:
            writer = csv.DictWriter(file, self._columns or ["step"])
            writer.writeheader()
            writer.writerows(rows)


class QuietWandbLogger(WandbLogger):
    """Lightning's logger, which finishes the wandb run when training ends.

    It does not pass on the setting `anonymous`, about which wandb warns that it has no effect.

    Args:
        mode: `offline`, `online` or `disabled`.
        tags: words for finding the run; duplicates are removed.
        options: as in Lightning's logger and `wandb.init`: `name`, `project`, `id`, `group`, `notes`, `save_dir`.

    Raises:
        ValueError: `online` without an API key.
    """

    def __init__(self, mode: str = "offline", tags: Sequence[str] = (), **options: Any) -> None:
        if mode == "online" and rank_zero_only.rank == 0 and not has_wandb_key():
            raise ValueError(
                "logger.mode=online needs an API key of Weights & Biases: run `wandb login`, or "
                f"set WANDB_API_KEY; {OFFLINE}"
            )
        super().__init__(mode=mode, tags=list(dict.fromkeys(map(str, tags))), **options)
        self._wandb_init.pop("anonymous", None)

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        from wandb.errors import Error as WandbError

        try:
            return super().experiment
        except WandbError as error:
            raise ValueError(
                f"Weights & Biases could not start the run ({' '.join(str(error).split())})"
                + (f"; {OFFLINE}" if self._wandb_init.get("mode") == "online" else "")
            ) from error

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log values with the training step as wandb's step, so that a resumed run continues its curves."""
        self.experiment.log(dict(metrics) | {STEP: step}, step=step)

    @rank_zero_only
    def log_summary(self, final: Mapping[str, float], best: Mapping[str, float]) -> None:
        """Write the final and the best values into the run's summary."""
        self.experiment.summary.update({**final, **best})

    @rank_zero_only
    def finalize(self, status: str) -> None:
        super().finalize(status)
        if self._experiment is not None:  # the next run in this process, for example of a sweep, starts its own
            self._experiment.finish(exit_code=0 if status == "success" else 1)
            self._experiment = None


def has_wandb_key() -> bool:
    """Whether wandb finds an API key in its environment variables or in the file of `wandb login`."""
    from wandb.errors import Error as WandbError

    try:
        from wandb.sdk import wandb_setup
        from wandb.sdk.lib.wbauth import authenticate_session
    except ImportError:  # another version of wandb: it reports a missing key itself
        return True
    host = wandb_setup.singleton().settings.base_url
    try:
        found = authenticate_session(host=host, source="hairgan", prompt=False, update_session=False)
    except WandbError as error:
        raise ValueError(f"the API key of Weights & Biases is not valid: {' '.join(str(error).split())}") from error
    return found is not None


class TensorBoard(TensorBoardLogger):
    """Lightning's logger. Its table of runs (HPARAMS) shows the metrics beside the config, and a missing package is
    reported with the command that installs it.
    """

    def __init__(self, **options: Any) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise ValueError(f"logger=tensorboard needs the package tensorboard: {how_to_install('tensorboard')}")
        super().__init__(default_hp_metric=False, **options)

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None, **_: Any) -> None:
        """Write the config of a run. The keys of `metrics` are the logged values that the table of runs shows."""
        from torch.utils.tensorboard.summary import hparams

        plain = {n: v if isinstance(v, (bool, int, float, str)) else str(v) for n, v in params.items()}
        for part in hparams(plain, dict(metrics or {})):
            self.experiment._get_file_writer().add_summary(part)
        write_text(Path(self.log_dir) / self.NAME_HPARAMS_FILE, yaml.safe_dump(dict(params)))

    @rank_zero_only
    def log_summary(self, final: Mapping[str, float], best: Mapping[str, float]) -> None:
        """Log the best values; the final values are already logged."""
        self.log_metrics(dict(best), step=int(final["steps_done"]))
