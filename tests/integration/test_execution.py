"""Ways to compute a step with equal results, repeated and continued runs, and failures that end a run."""

from __future__ import annotations

import resource

import pytest
import yaml

from hairgan.data.batches import Batches
from hairgan.weights.runs import find_checkpoint, networks_from_run
from lightning_modules.callbacks import checkpoints
from lightning_modules.launch.training import train
from tests.integration import runs
from tests.integration.conftest import EXACT, GANS, SMALL

EQUAL_SETTINGS = {  # no accumulate for SEAN, whose batch norm would be computed per part
    "stargan": [["accumulate=2"], ["channels_last=true"], ["activation_checkpointing=true", "accumulate=4"]],
    "sean": [["activation_checkpointing=true"], ["channels_last=true"]],
}


@pytest.mark.parametrize("model", ["stargan", pytest.param("sean", marks=pytest.mark.slow)])
def test_execution_settings_do_not_change_the_weights(model, exact_settings, compose_config, tmp_path):
    train(compose_config(*exact_settings(model, steps=2, run_dir=tmp_path / "plain")))
    for number, overrides in enumerate(EQUAL_SETTINGS[model]):
        run = tmp_path / str(number)
        train(compose_config(*exact_settings(model, steps=2, run_dir=run), *overrides))
        runs.assert_close_runs(tmp_path / "plain", run, EXACT)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["aot_eager", "true"])
@pytest.mark.parametrize("model", GANS)
def test_a_compiled_model_has_the_same_weights(model, backend, exact_settings, compose_config, tmp_path):
    for name, more in {"plain": [], "compiled": [f"compile={backend}"]}.items():
        train(compose_config(*exact_settings(model, steps=2, run_dir=tmp_path / name), *more))
    runs.assert_close_runs(tmp_path / "plain", tmp_path / "compiled", EXACT)


HALF_PRECISION = {  # on a CPU Lightning replaces 16-mixed by bfloat16, unless the plugin is given
    "bf16-mixed": ["trainer.precision=bf16-mixed"],
    "16-mixed": [
        "trainer.precision=null",
        "+trainer.plugins=[{_target_: pytorch_lightning.plugins.MixedPrecision, precision: 16-mixed, device: cpu, "
        "scaler: {_target_: torch.amp.GradScaler, device: cpu, init_scale: 256.0}}]",
    ],
}


@pytest.mark.parametrize("model", [pytest.param(m, marks=[pytest.mark.slow] if m != "stargan" else []) for m in SMALL])
@pytest.mark.parametrize("precision", HALF_PRECISION)
def test_half_precision_is_finite_and_close(model, precision, settings, compose_config, tmp_path):
    for name, more in {"single": [], "half": HALF_PRECISION[precision]}.items():
        train(compose_config(*settings(model, steps=2, run_dir=tmp_path / name), *more))
    for exact, rough in zip(runs.logged(tmp_path / "single"), runs.logged(tmp_path / "half"), strict=True):
        losses = {name for name in exact if name.endswith("/loss")}
        assert losses and {name: rough[name] for name in losses} == pytest.approx(
            {name: exact[name] for name in losses}, rel=0.05, abs=0.05
        )
    weights = runs.load(tmp_path / "half")["state_dict"]
    assert all(value.isfinite().all() and value.dtype.itemsize >= 4 for value in weights.values())


def test_a_dry_run_measures_and_leaves_no_files(settings, compose_config, tmp_path, capsys):
    measured = train(compose_config(*settings("stargan", steps=1000, dry_run="true")))
    assert measured["hours"] == pytest.approx(measured["seconds_per_step"] * 1000 / 3600)
    assert measured["seconds_per_step"] > 0 and measured["peak_memory"] > 0.05
    assert not (tmp_path / "outputs").exists()
    printed = capsys.readouterr().out
    assert "base_width: 8" in printed and "generator 0.0" in printed and "GiB" in printed


def test_a_run_is_reproduced_in_a_new_directory(settings, compose_config, tmp_path, capsys):
    train(compose_config(*settings("stargan", steps=2, run_dir=tmp_path / "first", seed=5)))
    record = tmp_path / "first" / "run.yaml"
    history = yaml.safe_load(record.read_text())
    history[0]["versions"]["torch"] = "1.4.0"
    record.write_text(yaml.safe_dump(history))
    train(compose_config(f"reproduce={tmp_path / 'first'}"))
    (again,) = (tmp_path / "outputs" / "stargan").iterdir()
    runs.assert_same_run(tmp_path / "first", again)
    assert "versions torch: 1.4.0 then, 2." in capsys.readouterr().out


def test_a_finished_run_can_be_continued_for_more_steps(settings, compose_config, tmp_path, one_thread):
    train(compose_config(*settings("hair_classifier", steps=4, run_dir=tmp_path / "whole")))
    train(compose_config(*settings("hair_classifier", steps=2, run_dir=tmp_path / "halves")))
    more = runs.start([f"resume={tmp_path / 'halves'}", "steps=4"], tmp_path / "log")
    more.join(300)
    assert more.exitcode == 0, runs.read_log(tmp_path / "log")
    runs.assert_same_run(tmp_path / "whole", tmp_path / "halves")


def test_early_stopping_with_patience_0_trains(settings, compose_config, tmp_path):
    run = settings("hair_classifier", steps=2, run_dir=tmp_path / "run")
    train(compose_config(*run, "callbacks.early_stopping.patience=0"))
    assert find_checkpoint(tmp_path / "run").name == "step_00000002.ckpt"


def test_a_resumed_run_that_stopped_early_stays_stopped(settings, compose_config, tmp_path):
    early = settings("hair_classifier", steps=40, run_dir=tmp_path / "run")
    train(compose_config(*early, "callbacks.early_stopping.patience=1", "model.optimizer.lr=0.0"))
    assert find_checkpoint(tmp_path / "run").name == "step_00000004.ckpt"
    train(compose_config(f"resume={tmp_path / 'run'}"))
    assert find_checkpoint(tmp_path / "run").name == "step_00000004.ckpt"
    _, about = networks_from_run(tmp_path / "run", "best")  # used by evaluate.py checkpoint=best and by bundle
    assert (about["checkpoint"].name, about["step"]) == ("best.ckpt", 2)


def test_a_full_disk_keeps_the_last_checkpoint(settings, compose_config, tmp_path, monkeypatch):
    run = tmp_path / "run"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def save(trainer, path, original=checkpoints.save):
        if path.name == "step_00000004.ckpt":
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
        original(trainer, path)

    monkeypatch.setattr(checkpoints, "save", save)
    try:
        with pytest.raises(OSError, match=r"could not be written .* earlier ones are complete"):
            train(compose_config(*settings("stargan", run_dir=run)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert find_checkpoint(run).name == "step_00000002.ckpt"
    assert not list(run.rglob("*.partial"))


def test_a_damaged_checkpoint_is_skipped(settings, compose_config, tmp_path):
    run = tmp_path / "run"
    train(compose_config(*settings("hair_classifier", run_dir=run)))
    newest = find_checkpoint(run)
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    with pytest.warns(UserWarning, match=r"step_00000004.ckpt is damaged; taking the one before"):
        assert find_checkpoint(run).name == "step_00000002.ckpt"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("accumulate=3", "accumulate=3 does not divide the 4 images"),
        ("accumulate=0", "accumulate must be a whole number of 1 or more, not 0"),
        ("trainer=gpu", "needs a GPU, but torch finds none"),
        ("model.generator._target_=my_net.Generator", "model.generator._target_=my_net.Generator cannot be imported: "),
        (
            "model.optimizers.generator._target_=torch.optim.Nothing",
            "_target_=torch.optim.Nothing cannot be imported: ",
        ),
    ],
)
def test_impossible_settings_are_refused(override, message, settings, compose_config, tmp_path):
    with pytest.raises(ValueError, match=message):
        train(compose_config(*settings("stargan", run_dir=tmp_path / "run"), override))


def test_an_error_in_a_worker_names_its_images(settings, compose_config, tmp_path, monkeypatch):
    def broken(self, chosen, original=Batches._pixels):
        return original(self, chosen + (len(self.dataset) if self.split == "train" else 0))  # past the end of the file

    monkeypatch.setattr(Batches, "_pixels", broken)
    with pytest.raises(IndexError, match=r"(?s)Traceback.*while reading the images \[\d+, .*\] of "):
        train(compose_config(*settings("hair_classifier", run_dir=tmp_path / "run"), "data.num_workers=1"))
