"""Several processes give what one gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration import runs
from tests.integration.conftest import COMPARABLE


def run_world(overrides: list[str], log: Path, size: int = 2) -> None:
    port = runs.free_port()
    ranks = [runs.start(overrides, log.with_suffix(f".{rank}"), runs.world(rank, size, port)) for rank in range(size)]
    for rank, process in enumerate(ranks):
        process.join(300)
        assert process.exitcode == 0, log.with_suffix(f".{rank}").read_text()[-3000:]


@pytest.mark.parametrize("model", COMPARABLE)
def test_two_processes_train_as_one(model, settings, tmp_path):
    comparable, tolerance = COMPARABLE[model]
    shared = [*settings(model, steps=3), *comparable, "logger=[csv]", "data.num_workers=0"]
    one = runs.start([*shared, "trainer=cpu", f"run_dir={tmp_path / 'one'}"], tmp_path / "log.one")
    run_world([*shared, "trainer=ddp_sim", f"paths.outputs={tmp_path / 'outputs'}"], tmp_path / "log")
    one.join(300)
    (two,) = (tmp_path / "outputs" / model).iterdir()  # one directory for both ranks
    runs.assert_close_runs(tmp_path / "one", two, tolerance)
