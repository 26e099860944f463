"""A Hydra sweep whose jobs submitit launches as separate processes, as `hydra/launcher=submitit_slurm` does."""

from __future__ import annotations

import pytest

from hairgan.weights.runs import find_checkpoint
from tests.integration import runs

pytest.importorskip("submitit")


@pytest.mark.slow
def test_each_job_of_a_sweep_is_a_process_with_its_own_directory(settings, tmp_path):
    jobs = [*settings("hair_classifier", steps=2), "trainer=cpu", "logger=[csv]", "data.num_workers=0"]
    launcher = ["-m", "hydra/launcher=submitit_local", "seed=1,2", f"paths.outputs={tmp_path / 'outputs'}"]
    sweep = runs.start([*launcher, *jobs], tmp_path / "log")
    sweep.join(300)
    assert sweep.exitcode == 0, runs.read_log(tmp_path / "log")[-3000:]
    (folder,) = (tmp_path / "outputs" / "sweeps").iterdir()
    assert {find_checkpoint(folder / job).name for job in "01"} == {"step_00000002.ckpt"}
    assert runs.logged(folder / "0") != runs.logged(folder / "1")
