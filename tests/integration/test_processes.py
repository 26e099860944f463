"""Several processes give what one gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.integration import runs


def run_world(overrides: list[str], log: Path, size: int = 2) -> None:
    port = runs.free_port()
    ranks = [runs.start(overrides, log.with_suffix(f".{rank}"), runs.world(rank, size, port)) for rank in range(size)]
    for rank, process in enumerate(ranks):
        process.join(120)
        assert process.exitcode == 0, log.with_suffix(f".{rank}").read_text()[-3000:]


@pytest.mark.parametrize("model", ["stargan", "sean"])
def test_two_processes_train_as_one(model, settings, tmp_path):
    shared = [*settings(model, steps=3), "logger=[csv]", "data.num_workers=0"]
    one = runs.start([*shared, "trainer=cpu", f"run_dir={tmp_path / 'one'}"], tmp_path / "log.one")
    run_world([*shared, "trainer=ddp_sim", f"paths.outputs={tmp_path / 'outputs'}"], tmp_path / "log")
    one.join(120)
    (two,) = (tmp_path / "outputs" / model).iterdir()  # one directory for both ranks
    a, b = runs.load(tmp_path / "one"), runs.load(two)
    for name, value in a["state_dict"].items():
        torch.testing.assert_close(b["state_dict"][name], value, rtol=0, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")
    for ours, theirs in zip(runs.logged(two), runs.logged(tmp_path / "one"), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
