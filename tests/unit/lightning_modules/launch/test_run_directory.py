"""Run directories: their owner, finding and resuming runs, SLURM jobs, and rewinding to an older checkpoint."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path

import pytest
import torch
import yaml
from omegaconf import DictConfig, OmegaConf

from hairgan.locks import LockedError, Owner
from lightning_modules.launch import choice, record, run_directory
from lightning_modules.launch.choice import choose_run, trainer_config
from lightning_modules.launch.rewind import rewind_run
from lightning_modules.launch.run_directory import NotEmptyError, own_run_directory
from tests.integration.runs import torchrun_variables


@pytest.fixture
def config(tmp_path: Path) -> DictConfig:
    return OmegaConf.create(
        {
            "name": "test", "paths": {"outputs": str(tmp_path)}, "steps": 4,
            "model": {}, "trainer": {"accelerator": "cpu", "devices": 1, "strategy": "auto"},
            "resume": None, "reproduce": None, "run_dir": None, "dry_run": False,
        }
    )  # fmt: skip


def begin(run: Path, cfg: DictConfig, steps: tuple[int, ...] = (), day: int = 1, **facts: object) -> Path:
    """Write the files of a run that has saved checkpoints at some steps."""
    run.mkdir(parents=True, exist_ok=True)
    started = datetime.datetime(2026, 1, day).astimezone().isoformat()
    record.write(run, cfg, {"started": started, **facts})
    for step in steps:
        save(run / "checkpoints" / f"step_{step:08d}.ckpt", step)
    return run


def save(path: Path, step: int) -> None:
    path.parent.mkdir(exist_ok=True)
    torch.save({"steps_done": step, "state_dict": {}}, path)


def lock_from_another_host(run: Path) -> None:
    run.mkdir(parents=True, exist_ok=True)
    owner = {**Owner.this_process().__dict__, "host": "node7"}
    (run / "lock").write_text(json.dumps(owner))


def test_runs_that_start_in_the_same_second_get_different_directories(config, monkeypatch):
    monkeypatch.setattr(run_directory, "timestamp", lambda: "now")
    with own_run_directory(choose_run(config)) as a, own_run_directory(choose_run(config)) as b:
        assert [a.path.name, b.path.name] == ["now", "now_2"]
        assert (a.path / "lock").exists() and (b.path / "lock").exists()


def test_the_directory_of_a_run_that_failed_to_start_is_deleted(config, tmp_path):
    with pytest.raises(OSError, match="no data"), own_run_directory(choose_run(config)):
        raise OSError("no data")
    assert list((tmp_path / "test").iterdir()) == []
    config.run_dir = str(tmp_path / "mine")
    (tmp_path / "mine").mkdir()
    with own_run_directory(choose_run(config)):
        pass
    assert (tmp_path / "mine").is_dir()  # it was there before


def test_a_new_run_is_refused_in_the_directory_of_another(config, tmp_path):
    run = begin(tmp_path / "a run", config, steps=(2,))
    config.run_dir = str(run)
    with (
        pytest.raises(NotEmptyError, match=r"already holds a run\. .* 'resume=.*/a run'"),
        own_run_directory(choose_run(config)),
    ):
        pass
    assert sorted(p.name for p in run.iterdir()) == ["checkpoints", "config.yaml", "config_as_written.yaml", "run.yaml"]


@pytest.mark.parametrize("held", ["notes.txt", "checkpoints", "photos"])
def test_a_new_run_needs_a_new_or_empty_directory(held, config, tmp_path):
    config.run_dir = str(tmp_path / "mine")
    (tmp_path / "mine" / ".hydra").mkdir(parents=True)
    for name in (".gitkeep", "slurm-12.out", "wandb"):  # these are ignored
        (tmp_path / "mine" / name).touch()
    with own_run_directory(choose_run(config)) as run:
        assert run.path == tmp_path / "mine"
    (tmp_path / "mine" / held).touch()
    before = sorted(path.name for path in run.path.iterdir())
    with (
        pytest.raises(NotEmptyError, match=rf"mine is not empty \({held}\): a new run needs a"),
        own_run_directory(choose_run(config)),
    ):
        pass
    assert sorted(path.name for path in run.path.iterdir()) == before
    config.run_dir = "/"
    with pytest.raises(NotEmptyError, match=r"^/ is not empty \(.* more\)"), own_run_directory(choose_run(config)):
        pass
    assert not Path("/lock").exists()


@pytest.mark.parametrize("wrong", ["checkpoints", "samples", "metrics.csv"])
def test_a_file_in_place_of_a_folder_or_a_folder_in_place_of_a_file_is_refused(wrong, config, tmp_path):
    run = begin(tmp_path / "run", config)
    (run / wrong).mkdir() if wrong == "metrics.csv" else (run / wrong).touch()
    config.resume = str(run)
    sentence = rf"^{run}/{wrong} must be a f\w+, because the run writes there"
    with pytest.raises(ValueError, match=sentence), own_run_directory(choose_run(config)):
        pass
    assert not (run / "lock").exists()


@pytest.mark.parametrize("setting", ["resume", "auto", "run_dir"])
def test_the_directory_of_a_running_process_is_refused(setting, config, tmp_path):
    run = begin(tmp_path / "test" / "run", config, steps=(2,))
    lock_from_another_host(run)
    config["run_dir" if setting == "run_dir" else "resume"] = "auto" if setting == "auto" else str(run)
    with (
        pytest.raises(LockedError, match=rf"{run} is in use by process {os.getpid()} on node7"),
        own_run_directory(choose_run(config)),
    ):
        pass


def test_resume_auto_continues_the_run_that_started_last(config, tmp_path, capsys):
    config.resume = "auto"
    assert choose_run(config).run is None and "there is no run" in capsys.readouterr().out
    begin(tmp_path / "test" / "z_older", config, steps=(2, 4), day=1)
    newest = begin(tmp_path / "test" / "a_newer", config, day=2)
    (tmp_path / "test" / "0_no_run").mkdir()
    with own_run_directory(choose_run(config)) as run:  # although it crashed before its first checkpoint
        assert (run.path, run.checkpoint, run.start) == (newest, None, 0)
    assert "has no checkpoint yet, so it starts from its first step" in capsys.readouterr().out
    lock_from_another_host(tmp_path / "test" / "preparing")
    with pytest.raises(LockedError, match="preparing, is being started by"):
        choose_run(config)


@pytest.mark.parametrize("resume", ["auto", "path"])
def test_processes_of_a_resumed_run_connect_with_its_trainer_config(resume, config, tmp_path, monkeypatch):
    strategy = {"_target_": "lightning_modules.strategy.PhasedDDPStrategy", "process_group_backend": "gloo"}
    several = OmegaConf.merge(config, {"trainer": {"devices": 2, "strategy": strategy}})
    run = begin(tmp_path / "test" / "a", several, (2,))
    config.resume = "auto" if resume == "auto" else str(run)
    assert trainer_config(config) is config.trainer, "one process"
    for name, value in torchrun_variables(0, 2, 1234).items():
        monkeypatch.setenv(name, value)
    assert trainer_config(config) == several.trainer
    config.resume = None
    assert trainer_config(config) is config.trainer


def test_a_run_is_resumed_from_a_chosen_checkpoint(config, tmp_path):
    run = begin(tmp_path / "run", config, steps=(2, 4))
    for resume, step in ((run, 4), (run / "checkpoints" / "step_00000002.ckpt", 2)):
        config.resume = str(resume)
        with own_run_directory(choose_run(config)) as found:
            assert (found.path, found.start, found.continues) == (run, step, True)


@pytest.mark.parametrize(("best", "start"), [(1, 2), (3, 3), (None, 2)])
def test_a_run_is_resumed_from_the_best_checkpoint_if_it_is_the_newest(best, start, config, tmp_path):
    run = begin(tmp_path / "run", config, steps=(2,))
    if best is None:
        (run / "checkpoints" / "best.ckpt").write_bytes(b"damaged")
    else:
        save(run / "checkpoints" / "best.ckpt", best)
    config.resume = str(run)
    with own_run_directory(choose_run(config)) as found:
        assert found.start == start
    (run / "checkpoints" / "step_00000002.ckpt").unlink()
    with own_run_directory(choose_run(config)) as found:
        assert found.start == (best or 0)


@pytest.mark.parametrize(("other", "value"), [("reproduce", "x"), ("run_dir", "y")])
def test_resume_excludes_reproduce_and_run_dir(other, value, config):
    config.resume, config[other] = "auto", value
    with pytest.raises(ValueError, match="resume"):
        choose_run(config)


@pytest.mark.parametrize("swept", [False, True])
def test_one_run_dir_for_all_jobs_of_a_sweep_is_refused(swept, config, tmp_path, monkeypatch):
    monkeypatch.setattr(choice, "is_sweep", lambda: True)
    config.run_dir = str(tmp_path / "a")
    monkeypatch.setattr("sys.argv", ["train.py", "-m", f"run_dir={config.run_dir}" + ",b" * swept, "seed=1,2"])
    if swept:
        assert choose_run(config).new_path is None
        return
    with pytest.raises(ValueError, match="would use one directory for all jobs"):
        choose_run(config)


class TestSLURM:
    @pytest.fixture(autouse=True)
    def job(self, monkeypatch):
        monkeypatch.setattr("lightning_modules.launch.slurm.job", lambda: "12")
        monkeypatch.delenv("SLURM_RESTART_COUNT", raising=False)

    def test_the_same_command_continues_its_run_and_another_command_starts_a_new_one(self, config, tmp_path, capsys):
        run = begin(tmp_path / "test" / "job_12", config, steps=(2,), asked=choice.fingerprint(config))
        assert choose_run(config).run == run
        config.steps = 8
        with own_run_directory(choose_run(config)) as second:
            assert second.path.name == "job_12_2" and not second.continues
        assert "holds another run of this SLURM job, so" in capsys.readouterr().out

    def test_a_requeued_job_continues_its_only_run(self, config, tmp_path, monkeypatch):
        run = begin(tmp_path / "test" / "job_12", config, steps=(2,), asked="before the code was changed")
        monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
        assert choose_run(config).run == run

    def test_each_command_of_a_job_with_several_runs_finds_its_own(self, config, tmp_path, monkeypatch):
        begin(tmp_path / "test" / "job_12", config, steps=(2,), asked="something else")
        second = begin(tmp_path / "test" / "job_12_2", config, steps=(2,), asked=choice.fingerprint(config))
        monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
        assert choose_run(config).run == second
        config.steps = 8
        assert choose_run(config).run is None


def test_rewinding_moves_later_files_to_a_run_directory_that_can_be_resumed(config, tmp_path):
    run = begin(tmp_path / "run", config, steps=(2, 4, 6))
    save(run / "checkpoints" / "best.ckpt", 5)
    (run / "checkpoints" / "mean_styles_00000006.safetensors").touch()
    (run / "samples").mkdir()
    for step in (2, 4, 6):
        (run / "samples" / f"grid_{step:08d}.png").touch()
    (run / "metrics.csv").write_text("step\n1\n6\n")
    aside = rewind_run(run, run / "checkpoints" / "step_00000004.ckpt", 4)
    assert aside == run / "until_step_00000006"
    kept = sorted(path.name for folder in ("checkpoints", "samples") for path in (run / folder).iterdir())
    assert kept == ["grid_00000002.png", "grid_00000004.png", "step_00000002.ckpt", "step_00000004.ckpt"]
    moved = sorted(path.name for folder in ("checkpoints", "samples") for path in (aside / folder).iterdir())
    assert moved == ["best.ckpt", "grid_00000006.png", "mean_styles_00000006.safetensors", "step_00000006.ckpt"]
    assert (aside / "metrics.csv").read_text() == "step\n1\n6\n"
    config.resume = str(aside)
    with own_run_directory(choose_run(config)) as found:
        assert (found.path, found.start) == (aside, 6)
    assert rewind_run(run, run / "checkpoints" / "step_00000004.ckpt", 4) is None


def test_rewinding_to_the_best_checkpoint_makes_it_the_newest(config, tmp_path):
    run = begin(tmp_path / "run", config, steps=(4, 6))
    save(run / "checkpoints" / "best.ckpt", 3)
    rewind_run(run, run / "checkpoints" / "best.ckpt", 3)
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "step_00000003.ckpt"}


def test_damaged_records_are_ignored(tmp_path):
    (tmp_path / "run.yaml").write_text("a: [")
    assert record.read(tmp_path) == []
    (tmp_path / "run.yaml").write_text(yaml.safe_dump({"a": 1}))
    assert record.read(tmp_path) == []
