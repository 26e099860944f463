"""Where logged values go: a CSV that survives resuming, Weights & Biases, TensorBoard."""

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

    Lightning's `CSVLogger` deletes the file of the run that it resumes; this one keeps the rows up to the step at which
    the run goes on and drops the later ones, which the resumed run writes again.
    """

    def __init__(self, save_dir: str | Path) -> None:
        super().__init__()
        self.path = Path(save_dir) / "metrics.csv"
        self._columns: list[str] = []  # of the file as it stands
        self._last: dict[str, Any] = {}  # the row of the current step, not yet written

    @property
    def name(self) -> str:
        return "curves"

    @property
    def version(self) -> str:
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run directory holds the config."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if self._last and self._last["step"] != step:
            self.save()
        self._last = {**self._last, "step": step, **metrics}

    @rank_zero_only
    def resume_at(self, step: int) -> None:
        """Keep what was logged up to and including a step; 0 starts afresh."""
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
    def insist_on_rows(self) -> None:
        """Refuse a file of that name that no logger wrote, before anything is changed.

        Raises:
            ValueError: naming it.
        """
        self._rows()

    def _rows(self) -> list[dict[str, Any]]:
        rows = read_curves(self.path) if self.path.exists() else []
        if any("step" not in row for row in rows):
            raise ValueError(f"{self.path} is damaged (a row without a step); without it, the curves begin anew")
        return rows

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with write_whole(self.path, "w", newline="") as file:
            writer = csv.DictWriter(file, self._columns or ["step"])
            writer.writeheader()
            writer.writerows(rows)


class QuietWandbLogger(WandbLogger):
    """Lightning's, without the setting that it always passes on and of which wandb warns that it does nothing; the run
    is finished when training ends.

    Args:
        mode: `offline`, `online` or `disabled`.
        tags: words to find the run by; one that is given twice counts once.
        options: of Lightning's logger and of `wandb.init`: `name`, `project`, `id`, `group`, `notes`, `save_dir`.

    Raises:
        ValueError: `online` without a key.
    """

    def __init__(self, mode: str = "offline", tags: Sequence[str] = (), **options: Any) -> None:
        if mode == "online" and rank_zero_only.rank == 0 and not has_wandb_key():
            raise ValueError(
                "logger.mode=online needs an API key of Weights & Biases: `wandb login` asks for it and keeps it, or "
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
                f"Weights & Biases did not take the run ({' '.join(str(error).split())})"
                + (f"; {OFFLINE}" if self._wandb_init.get("mode") == "online" else "")
            ) from error

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log values under our own step, also as wandb's: the parts of a resumed run then follow each other."""
        self.experiment.log(dict(metrics) | {STEP: step}, step=step)

    @rank_zero_only
    def log_summary(self, final: Mapping[str, float], best: Mapping[str, float]) -> None:
        """Say what came of the run: its final values, and the best ones."""
        self.experiment.summary.update({**final, **best})

    @rank_zero_only
    def finalize(self, status: str) -> None:
        super().finalize(status)
        if self._experiment is not None:  # so that the next run of this process, of a sweep, is one of its own
            self._experiment.finish(exit_code=0 if status == "success" else 1)
            self._experiment = None


def has_wandb_key() -> bool:
    """Whether wandb finds credentials, in its environment variables or in those that `wandb login` wrote."""
    from wandb.errors import Error as WandbError

    try:
        from wandb.sdk import wandb_setup
        from wandb.sdk.lib.wbauth import authenticate_session
    except ImportError:  # another version's inner parts: it will say so itself
        return True
    host = wandb_setup.singleton().settings.base_url
    try:
        found = authenticate_session(host=host, source="hairgan", prompt=False, update_session=False)
    except WandbError as error:
        raise ValueError(f"the API key of Weights & Biases cannot be one: {' '.join(str(error).split())}") from error
    return found is not None


class TensorBoard(TensorBoardLogger):
    """Lightning's, which says what to install where its package is missing, and whose table of runs (HPARAMS) shows the
    metrics beside the config.
    """

    def __init__(self, **options: Any) -> None:
        if importlib.util.find_spec("tensorboard") is None:
            raise ValueError(f"logger=tensorboard needs the package tensorboard: {how_to_install('tensorboard')}")
        super().__init__(default_hp_metric=False, **options)

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None, **_: Any) -> None:
        """Write the config of a run; `metrics` names the values that its table shows, as they are logged later."""
        from torch.utils.tensorboard.summary import hparams

        plain = {n: v if isinstance(v, (bool, int, float, str)) else str(v) for n, v in params.items()}
        for part in hparams(plain, dict(metrics or {})):
            self.experiment._get_file_writer().add_summary(part)
        write_text(Path(self.log_dir) / self.NAME_HPARAMS_FILE, yaml.safe_dump(dict(params)))

    @rank_zero_only
    def log_summary(self, final: Mapping[str, float], best: Mapping[str, float]) -> None:
        """Add the best values; the final ones are the last ones logged."""
        self.log_metrics(dict(best), step=int(final["steps_done"]))
