"""Where logged values go."""

from __future__ import annotations

from pathlib import Path

from lightning_modules.loggers import QuietWandbLogger


def test_a_tag_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    logger = QuietWandbLogger("disabled", ["b", "a", "b"], save_dir=str(tmp_path))
    assert logger._wandb_init["tags"] == ["b", "a"]
