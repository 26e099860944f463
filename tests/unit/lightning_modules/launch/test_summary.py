"""Printed lines: a change of the data before a run starts, and the best checkpoint after it ends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from lightning_modules.callbacks import Checkpoints
from lightning_modules.launch.summary import _data_change, summary

NOW: dict[str, Any] = {"path": "data/b", "fingerprint": "22", "counts": {"train": {"all": 8}, "val": {"all": 2}}}


def test_a_change_of_the_data_is_described(tmp_path: Path) -> None:
    before = {"path": "data/a", "fingerprint": "11", "counts": {"train": {"all": 6}, "val": {"all": 2}}}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump([{"dataset": NOW}, {"dataset": before}]))
    text = _data_change(tmp_path, NOW)
    assert "8 images in data/a, fingerprint 11; now 10 images, fingerprint 22" in text


@pytest.mark.parametrize("history", [[{"dataset": NOW}], [], [{}], [{"dataset": None}], "text"])
def test_unchanged_or_unknown_data_is_not_mentioned(tmp_path: Path, history: Any) -> None:
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(history))
    assert _data_change(tmp_path, NOW) == ""


def test_the_best_checkpoint_is_named_if_its_file_exists(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "step_00000004.ckpt").touch()
    checkpoints = Checkpoints(2, monitor="val/ssim")
    module: Any = SimpleNamespace(steps_done=4)

    def printed() -> str:
        return summary(OmegaConf.create({"steps": 4}), module, [checkpoints], tmp_path)

    checkpoints.best, checkpoints.best_step = 0.81234, 2
    assert "best.ckpt" not in printed() and "=best" not in printed(), "the file does not exist"
    (tmp_path / "checkpoints" / "best.ckpt").touch()
    assert "  best     val/ssim 0.8123 at step 2, in best.ckpt\n" in printed()
    assert printed().endswith(" checkpoint=best")
