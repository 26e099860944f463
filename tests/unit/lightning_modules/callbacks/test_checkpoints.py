"""Regular and best checkpoints, monitors, and early stopping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from hairgan.weights.runs import BEST, FOLDER, by_step, find_checkpoint
from lightning_modules.callbacks import Checkpoints, EarlyStopping
from lightning_modules.phase import NonFiniteError
from tests.unit.lightning_modules.two_networks import Measures, TwoNetworks, Validated, fit


def step_of(path: Path) -> int:
    return torch.load(path, weights_only=True)["steps_done"]


NAN = float("nan")


@pytest.mark.parametrize(("mode", "step"), [("max", 4), ("min", 6)])
@pytest.mark.parametrize("measured_by", ["val", "metrics"])
def test_the_best_checkpoint_is_kept_for_any_source_of_the_metric(measured_by, mode, step, tmp_path):
    values = {2: NAN, 4: 0.9, 6: 0.2, 8: 0.5}
    module: TwoNetworks = Validated(*values.values()) if measured_by == "val" else TwoNetworks()
    callbacks = [] if measured_by == "val" else [Measures(values)]
    callbacks.append(Checkpoints(3, monitor=f"{measured_by}/quality", mode=mode))
    every = {"validate_every": 2} if measured_by == "val" else {}
    fit(module, steps=9, tmp_path=tmp_path, callbacks=callbacks, **every)
    assert step_of(find_checkpoint(tmp_path, "best")) == step
    assert [path.name for path in by_step(tmp_path / FOLDER)] == ["step_00000009.ckpt", "step_00000006.ckpt"]
    assert (callbacks[-1].best, callbacks[-1].best_step) == (values[step], step)


def test_a_resumed_run_keeps_its_best(tmp_path):
    fit(Validated(0.9, 0.5), steps=2, tmp_path=tmp_path, callbacks=(first := checkpoints()), validate_every=1)
    assert first[0].best_step == 1
    module, again = Validated(0.8, 0.95), checkpoints()
    again[0].load_state_dict(first[0].state_dict())
    module.steps_done = 2
    trainer = fit(module, steps=2, tmp_path=tmp_path, callbacks=again, validate_every=1)
    assert (again[0].best, again[0].best_step) == (0.95, 4) and step_of(tmp_path / FOLDER / BEST) == 4

    (tmp_path / FOLDER / BEST).unlink()  # it was set aside, so the next value is the best
    third = checkpoints()
    third[0].load_state_dict(again[0].state_dict())
    third[0].forget_missing_best(trainer)
    fit(Validated(0.1), steps=1, tmp_path=tmp_path, callbacks=third, validate_every=1)
    assert step_of(tmp_path / FOLDER / BEST) == 1


@pytest.mark.parametrize("now", [{"monitor": "val/other"}, {"monitor": "val/quality", "mode": "min"}])
def test_the_best_by_one_measure_is_not_the_best_by_another(now):
    before = checkpoints()[0]
    before.best, before.best_step = 0.9, 1
    saved = before.state_dict()
    for state, found in ((saved, None), ({"best": 0.9, "best_step": 1}, 0.9)):  # the latter is of an older version
        after = Checkpoints(10, **now)
        after.load_state_dict(state)
        assert after.best == found


@pytest.mark.parametrize("kind", [EarlyStopping, pl.callbacks.EarlyStopping])
@pytest.mark.parametrize(("patience", "steps"), [(2, 3), (4, 5)])
def test_a_resumed_run_has_the_patience_that_is_asked_for_now(kind, patience, steps, tmp_path):
    def stopping(patience: int) -> list[pl.Callback]:
        return [kind("val/quality", mode="max", patience=patience, strict=False), Checkpoints(2)]

    fit(Validated(0.9, 0.5, 0.5), steps=3, tmp_path=tmp_path, callbacks=stopping(3), validate_every=1)
    saved = by_step(tmp_path / FOLDER)[-1]
    module, now = Validated(0.5, 0.5, 0.5, 0.5), stopping(patience)
    fit(module, steps=6, tmp_path=tmp_path, ckpt_path=saved, callbacks=now, validate_every=1)
    assert (now[0].patience, module.steps_done) == (patience, steps)  # 0.9 came first


def checkpoints() -> list[Checkpoints]:
    return [Checkpoints(10, monitor="val/quality")]


@pytest.mark.parametrize("callback", [Checkpoints(1, monitor="val/qualty"), EarlyStopping("val/qualty", mode="max")])
def test_a_misspelled_monitor_is_refused_before_the_first_step(callback, tmp_path):
    name = "checkpoints" if isinstance(callback, Checkpoints) else "early_stopping"
    module = Validated(0.5)
    with pytest.raises(ValueError) as error:
        fit(module, tmp_path=tmp_path, callbacks=[callback], validate_every=1)
    assert str(error.value) == (
        f"callbacks.{name}.monitor is 'val/qualty', which this run does not measure (did you mean 'val/quality'?); "
        "it measures val/quality"
    )
    assert module.steps_done == 0


class Undeclared(TwoNetworks):
    def validation_step(self, batch: dict[str, Any], batch_idx: int) -> None: ...

    def on_validation_epoch_end(self) -> None:
        self.log_measured({"val/quality": 0.5})


def test_undeclared_names_are_checked_after_the_first_validation(tmp_path):
    fit(Undeclared(), tmp_path=tmp_path, callbacks=[Checkpoints(1, monitor="val/quality")], validate_every=1)
    module = Undeclared()
    with pytest.raises(ValueError, match=r"did you mean 'val/quality'"):
        fit(module, tmp_path=tmp_path, callbacks=[Checkpoints(1, monitor="val/qualty")], validate_every=1)
    assert module.steps_done == 1


def test_without_validation_a_warning_says_that_there_is_no_best(tmp_path):
    options = {"callbacks": [Checkpoints(1, monitor="val/quality")], "validate_every": 1, "limit_val_batches": 0}
    with pytest.warns(UserWarning, match="no best checkpoint will be kept: val/quality needs a validation"):
        fit(Validated(), tmp_path=tmp_path, **options)
    with pytest.raises(ValueError, match=r"keeps no best checkpoint: callbacks\.checkpoints\.monitor names the metric"):
        find_checkpoint(tmp_path, "best")


@pytest.mark.parametrize("validate_every", [1, None])
def test_early_stopping_counts_measurements_and_keeps_the_best_and_the_last_step(validate_every, tmp_path):
    stop = EarlyStopping("metrics/quality", mode="max", patience=2)
    measured = Measures({2: 0.9, 5: 0.5, 7: 0.6})
    module = Validated(*[0.0] * 10) if validate_every else TwoNetworks()  # validations in between do not count
    callbacks = [measured, stop, Checkpoints(100, monitor="metrics/quality")]
    fit(module, steps=10, tmp_path=tmp_path, callbacks=callbacks, validate_every=validate_every)
    assert module.steps_done == 7 == step_of(find_checkpoint(tmp_path))
    assert step_of(find_checkpoint(tmp_path, "best")) == 2


def test_a_failed_evaluation_is_skipped(tmp_path):
    module = Validated(0.9, None, None, None, 0.95)
    callbacks = [EarlyStopping("val/quality", mode="max", patience=1), Checkpoints(1, monitor="val/quality")]
    with pytest.warns(
        UserWarning, match=r"step 2: validation failed and is skipped, training continues \(ValueError: no"
    ):
        fit(module, steps=5, tmp_path=tmp_path, callbacks=callbacks, validate_every=1)
    assert module.steps_done == 5 and step_of(find_checkpoint(tmp_path, "best")) == 5
    log = (tmp_path / "failures.log").read_text()
    assert log.count("step ") == 3 and "Traceback" in log and "nothing to measure" in log


def test_weights_that_are_not_finite_are_never_saved(tmp_path):
    class Overflowing(TwoNetworks):
        def training_step(self, batch: dict[str, Any], batch_idx: int) -> None:
            super().training_step(batch, batch_idx)
            if self.steps_done == 2:
                self.networks["first"].weight.data[0, 0] = float("inf")

    with pytest.raises(NonFiniteError, match=r"step 2: networks.first.weight holds NaN or infinite values"):
        fit(Overflowing(), tmp_path=tmp_path, callbacks=[Checkpoints(1)])
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["step_00000001.ckpt"]
