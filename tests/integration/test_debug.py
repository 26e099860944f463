"""`debug=NAME` trains every model."""

from __future__ import annotations

from functools import partial

import pytest

from hairgan.curves import read_curves
from hairgan.weights.runs import find_checkpoint
from lightning_modules.launch.training import train
from tests.integration.conftest import SMALL

NETWORKS = {  # small networks, without the settings that the debug files set themselves
    model: [
        override for override in overrides
        if not override.endswith("=null") and not override.startswith(("validate_every", "model.schedule"))
    ]
    for model, overrides in SMALL.items()
}  # fmt: skip
NETWORKS["sean"].append("model.perceptual=null")  # its weights need a download


@pytest.fixture
def small(packed_faces, tmp_path):
    """Overrides for a small network on test faces of 32 px."""

    def make(model: str) -> list[str]:
        data = ["data=celeba_hq", f"data.root={packed_faces(32)}", "image_size=32", f"run_dir={tmp_path / 'run'}"]
        return [f"model={model}", *data, *NETWORKS[model]]

    return make


@pytest.mark.parametrize("model", SMALL)
def test_fast_runs_one_step_of_everything(model, small, compose_config, tmp_path):
    metrics = train(compose_config(*small(model), "debug=fast"))
    assert find_checkpoint(tmp_path / "run").name == "step_00000001.ckpt"
    assert list((tmp_path / "run" / "samples").glob("*_00000001.png"))
    assert any(name.startswith("metrics/" if model == "stargan" else "val/") for name in metrics)


@pytest.mark.parametrize("model", SMALL)
def test_overfit_repeats_one_batch_and_lowers_its_loss(model, small, compose_config, tmp_path, monkeypatch):
    seen = []

    def read(self, step, *, original):
        batch = original(self, step)
        seen.append((batch["step"], batch["ids"].tolist()))
        return batch

    from hairgan.data import batches

    for kind in (batches.Batches, batches.TranslationBatches):
        original = partial(read, original=kind.read)
        monkeypatch.setattr(kind, "read", lambda self, step, original=original: original(self, step))
    steps = 3 if model in ("stargan", "sean") else 25
    train(
        compose_config(*small(model), "debug=overfit", f"steps={steps}", "batch_size=4", "trainer.log_every_n_steps=1")
    )
    assert len(seen) >= steps and len({str(batch) for batch in seen}) == 1
    rows = read_curves(tmp_path / "run" / "metrics.csv")
    loss = {"face_parser": "parse/loss", "hair_classifier": "classify/loss"}.get(model)
    assert loss is None or rows[-1][loss] < 0.8 * rows[0][loss]


@pytest.mark.parametrize("debug", ["limit", "profiler"])
def test_limit_and_profiler_run_twenty_steps(debug, small, compose_config, tmp_path):
    train(compose_config(*small("face_parser"), f"debug={debug}", "batch_size=4"))
    assert find_checkpoint(tmp_path / "run").name == "step_00000020.ckpt"
    profile = tmp_path / "run" / "fit-profile.txt"
    assert profile.exists() == (debug == "profiler") and (
        debug == "limit" or "run_training_batch" in profile.read_text()
    )
