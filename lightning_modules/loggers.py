"""Loggers: a CSV file that a resumed run continues, Weights & Biases, TensorBoard, MLflow, Comet."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pytorch_lightning.loggers import CometLogger, MLFlowLogger, TensorBoardLogger, WandbLogger
from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
from pytorch_lightning.utilities import rank_zero_only

from hairgan.curves import read_curves
from hairgan.extras import how_to_install
from hairgan.files import write_text, write_whole
from lightning_modules.launch.folders import numbered

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
        need("tensorboard", "tensorboard", how_to_install("tensorboard"))
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


class MLFlow(MLFlowLogger):
    """Lightning's logger. A resumed run continues its run in MLflow, which is found by a tag.

    Args:
        id: a word that no other run has, kept in the config.
        tags: words for finding the run; each becomes a tag without a value.
        notes: a sentence about the run, shown as its description.
        tracking_uri: address of a server, or of a database; None: `mlflow.db` in `save_dir`.
        save_dir: folder of the database and of artifacts.
        options: as in Lightning's logger: `experiment_name`, `run_name`.
    """

    ID = "hairgan.id"

    def __init__(
        self,
        id: str,
        save_dir: str,
        tracking_uri: str | None = None,
        tags: Sequence[str] = (),
        notes: str | None = None,
        **options: Any,
    ) -> None:
        need("mlflow", "mlflow", how_to_install("mlflow"))
        described = {"mlflow.note.content": notes} if notes else {}
        if tracking_uri is None:
            folder = Path(save_dir).absolute()
            folder.mkdir(parents=True, exist_ok=True)
            tracking_uri = f"sqlite:///{folder / 'mlflow.db'}"
            options.setdefault("artifact_location", (folder / "mlruns").as_uri())
        super().__init__(
            tags={self.ID: id, **dict.fromkeys(map(str, tags), ""), **described},
            tracking_uri=tracking_uri, save_dir=save_dir, **options,
        )  # fmt: skip
        self._id = id

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        if self._run_id is None:
            experiment = self._mlflow_client.get_experiment_by_name(self._experiment_name)
            query = f"tags.`{self.ID}` = '{self._id}'"
            runs = self._mlflow_client.search_runs([experiment.experiment_id], query) if experiment else []
            self._run_id = runs[0].info.run_id if runs else None
        return super().experiment

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any], *_: Any, **__: Any) -> None:
        """Write the config of a run. MLflow never changes a parameter: what a resumed run changes becomes a tag."""
        client, run = self.experiment, self.run_id
        before = client.get_run(run).data.params
        plain = {name: str(value)[:500] for name, value in params.items()}
        super().log_hyperparams({name: value for name, value in plain.items() if name not in before})
        for name in before.keys() & plain.keys():
            if plain[name][:250] != before[name]:
                client.set_tag(run, f"resumed/{name}", plain[name])

    @rank_zero_only
    def log_summary(self, final: Mapping[str, float], best: Mapping[str, float]) -> None:
        """Log the best values; the final values are already logged."""
        self.log_metrics(dict(best), step=int(final["steps_done"]))


class Comet(CometLogger):
    """Lightning's logger. Offline, it writes an archive that `comet upload` sends later.

    Args:
        mode: `offline` or `online`.
        id: the experiment's key, 32 to 50 letters and digits, kept in the config: a resumed run continues it.
        tags: words for finding the run.
        notes: a sentence about the run.
        save_dir: folder of the offline archive; with a number after it for each part of a resumed run.
        options: as in Lightning's logger and `comet_ml.ExperimentConfig`: `project`, `workspace`, `name`.

    Raises:
        ValueError: `online` without an API key.
    """

    def __init__(
        self,
        mode: str,
        id: str,
        tags: Sequence[str] = (),
        notes: str | None = None,
        save_dir: str | None = None,
        **options: Any,
    ) -> None:
        need("comet", "comet_ml", how_to_install("comet"))
        self._is_online, self._notes = mode == "online", notes
        options.setdefault("display_summary_level", 0)
        if save_dir is not None:  # Comet would replace the archive of the run's earlier part
            free = (path for path in numbered(Path(save_dir)) if not any(path.glob("*.zip")))
            options["offline_directory"] = str(next(free))
        super().__init__(experiment_key=id, mode="get_or_create", tags=list(map(str, tags)), **options)

    def _create_experiment(self) -> None:
        import comet_ml

        self._online = self._is_online  # Lightning would switch off what is offline, instead of writing it down
        if self._is_online and not comet_ml.get_config("comet.api_key"):
            raise ValueError(
                "logger.comet.mode=online needs an API key of Comet: run `comet login`, or set COMET_API_KEY; "
                "logger.comet.mode=offline needs neither, and `comet upload` uploads later"
            )
        super()._create_experiment()
        if self._notes:
            self.experiment.log_other("notes", self._notes)

    @rank_zero_only
    def log_summary(self, final: Mapping[str, float], best: Mapping[str, float]) -> None:
        """Write the best values beside the experiment; the final values are already logged."""
        self.experiment.log_others(dict(best))

    @rank_zero_only
    def finalize(self, status: str) -> None:
        super().finalize(status)
        self.experiment.end()  # writes the archive, before the next run in this process starts its own


def need(logger: str, module: str, how: str) -> None:
    """Refuse a logger whose package is not installed.

    Raises:
        ValueError: with the command that installs it.
    """
    if importlib.util.find_spec(module) is None:
        raise ValueError(f"logger={logger} needs another package: {how}")
