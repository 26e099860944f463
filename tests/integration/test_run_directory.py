"""The files of a run directory after a start that fails, and after a resume from an older checkpoint."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from omegaconf import DictConfig, open_dict

from hairgan.curves import read_curves
from hairgan.files import write_text
from hairgan.weights.runs import by_step
from lightning_modules.launch import choice, record
from lightning_modules.launch.training import train
from tests.integration.runs import load


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def steps(run: Path) -> list[int]:
    return [int(path.stem.split("_")[1]) for path in by_step(run / "checkpoints")]


@pytest.fixture
def resume(settings, compose_config, monkeypatch):
    """Resumes a run with overrides."""

    def resume_from(path: Path, *overrides: str) -> None:
        def config_of(run: Path, composed: DictConfig, original=choice._config_of) -> DictConfig:
            cfg = original(run, composed)
            with open_dict(cfg):
                cfg.merge_with_dotlist(list(overrides))
            return cfg

        with monkeypatch.context() as patch:
            patch.setattr(choice, "_config_of", config_of)
            train(compose_config(*settings("hair_classifier"), f"resume={path}"))

    return resume_from


def test_failed_starts_change_nothing_and_later_checkpoints_are_set_aside(
    settings, compose_config, tmp_path, resume, capsys
):
    small = settings("hair_classifier", run_dir=tmp_path / "run", **{"callbacks.checkpoints.keep": 3})
    run = tmp_path / "run"
    train(compose_config(*small, "callbacks.checkpoints.every_n_steps=1", "callbacks.early_stopping=null"))
    assert not (run / "lock").exists()
    before = content(run)

    # a start that fails changes nothing
    with pytest.raises(ValueError, match=r"holds a run\. Continue it with resume="):
        train(compose_config(*small))
    with pytest.raises(ValueError, match="and steps=3: raise steps to continue"):
        resume(run, "steps=3")
    with pytest.raises(Exception, match=r"image_size is 64|64 px"):
        resume(run, "image_size=64", "data.image_size=64", "steps=6")
    with pytest.raises(ValueError, match=r"classifier does not fit HairClassifier: .* of another shape"):
        resume(run, "model.classifier.base_width=16", "steps=6")
    assert content(run) == before

    # a resume from an older checkpoint sets later files aside
    shutil.rmtree(run / "samples")
    capsys.readouterr()
    resume(run / "checkpoints" / "step_00000002.ckpt", "seed=5", "steps=3")
    aside = run / "until_step_00000004"
    printed = capsys.readouterr().out
    assert f"moved the checkpoints and samples after step 2 to {os.path.relpath(aside)}" in printed
    assert f"continue python train.py resume={os.path.relpath(run)} steps=6" in printed
    assert steps(aside) == [4, 3] and steps(run) == [3, 2]
    assert [row["step"] for row in read_curves(aside / "metrics.csv")] == [1, 2, 3, 4]
    assert [row["step"] for row in read_curves(run / "metrics.csv")] == [1, 2, 3]
    assert "trained on other data" not in printed
    fingerprint = record.read(aside)[-1]["dataset"]["fingerprint"]
    write_text(aside / record.RECORD, (aside / record.RECORD).read_text().replace(fingerprint, "other"))
    resume(aside, "steps=5")
    assert steps(aside) == [5, 4, 3] and steps(run) == [3, 2]
    assert f"fingerprint other; now 180 images, fingerprint {fingerprint}" in capsys.readouterr().out


def test_settings_that_a_checkpoint_holds_too_are_those_that_are_typed(
    settings, compose_config, tmp_path, resume, capsys
):
    run, adam = tmp_path / "run", "model.optimizers.generator"
    train(compose_config(*settings("stargan", steps=2, run_dir=run)))
    assert " then, " not in capsys.readouterr().out

    typed = {f"{adam}.lr": 0.5e-4, f"{adam}.betas": [0.5, 0.9], f"{adam}.weight_decay": 0.0}
    resume(run, "steps=3", "model.generator.w_hpf=2.0", *(f"{name}={value}" for name, value in typed.items()))
    printed = capsys.readouterr().out
    assert "  changed  steps: 2 then, 3 now\n" in printed and f" {adam}.lr: 0.0001 then, 5e-05 now\n" in printed
    assert f" {adam}.betas: [0.0, 0.99] then, [0.5, 0.9] now\n" in printed and printed.count(" then, ") == 5

    state = load(run)
    (group,) = state["optimizer_states"][0]["param_groups"]
    assert (group["lr"], list(group["betas"]), group["weight_decay"]) == (0.5e-4, [0.5, 0.9], 0.0)
    assert state["optimizer_states"][1]["param_groups"][0]["lr"] == 1e-6  # of another network
    assert state["optimizer_states"][0]["state"][0]["step"] == 6  # two phases per step
    assert {float(state["state_dict"][f"{kind}.generator.hpf.filter"][1, 1]) for kind in ("networks", "ema")} == {4.0}
