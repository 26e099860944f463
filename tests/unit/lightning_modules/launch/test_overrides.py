"""What is typed to go on with a run is obeyed or refused."""

from __future__ import annotations

import pytest
from omegaconf import DictConfig, OmegaConf

from lightning_modules.launch.overrides import apply_overrides

GROUPS = dict.fromkeys(("model", "data", "data/domains", "trainer", "logger", "callbacks"))


@pytest.fixture
def typed(compose_config):
    def go_on(*words: str, before: tuple[str, ...] = ("model=stargan",)) -> DictConfig:
        """The config of a run made with `before`, gone on with by `words`."""
        run = compose_config(*before)
        if OmegaConf.select(run, "logger.wandb"):
            run.logger.wandb.id = "its id"
        return apply_overrides(run, compose_config(*words), list(words), GROUPS, "RUN")

    return go_on


def test_values(typed):
    cfg = typed("steps=7", "+model.more={a: 1}", "~callbacks.collapse_warning", "model.lambda_sty=2")
    assert (cfg.steps, cfg.model.more.a, cfg.model.lambda_sty) == (7, 1, 2)
    assert "collapse_warning" not in cfg.callbacks and "collapse_warning" in typed("steps=7").callbacks


def test_how_a_run_is_done_can_be_chosen_anew(typed):
    before = ("model=stargan", "callbacks.checkpoints.keep=5", "trainer.log_every_n_steps=3", "logger=[csv,wandb]")
    cfg = typed("trainer=ddp_sim", "trainer.log_every_n_steps=4", before=before)
    assert cfg.trainer.devices == 2 and cfg.trainer.log_every_n_steps == 4
    assert cfg.trainer.strategy._target_.endswith("PhasedDDPStrategy")
    assert typed("trainer=ddp_sim", before=before).trainer.log_every_n_steps == 3  # the run's own
    assert list(typed("logger=[csv]", before=before).logger) == ["csv"]
    assert typed("logger=[csv,wandb]", before=before).logger.wandb.id == "its id"
    assert typed("callbacks=default", before=before).callbacks.checkpoints.keep == 5
    assert typed("callbacks=none", before=before).callbacks.enabled is False


@pytest.mark.parametrize(("choice", "precision"), [
    ("cpu", "16-mixed"), ("ddp_sim", "16-mixed"), ("default", "32-true"), ("gpu", "bf16-mixed"), ("ddp", "bf16-mixed"),
])  # fmt: skip
def test_a_run_keeps_its_precision_unless_the_chosen_trainer_states_one(choice, precision, typed):
    before = ("model=stargan", "trainer.precision=16-mixed")
    assert typed(f"trainer={choice}", before=before).trainer.precision == precision
    assert typed(f"trainer={choice}", "trainer.precision=32-true", before=before).trainer.precision == "32-true"


@pytest.mark.parametrize("word", ["model=sean", "data=image_folder", "data/domains=gender2", "experiment=quickstart"])
def test_what_a_run_is_cannot_be_chosen_anew(word, typed):
    with pytest.raises(ValueError, match=rf"{word} is .* RUN"):
        typed(word)


def test_a_debug_choice_is_for_a_new_run(typed):
    with pytest.raises(
        ValueError,
        match=r"debug=overfit is for a new run: the run in RUN started without it .data.repeat_batches is None",
    ):
        typed("debug=overfit", "steps=3")
    assert typed("debug=overfit", "steps=300", before=("debug=overfit",)).steps == 300


def test_the_same_choice_again_is_no_other_run(typed):
    words = ("experiment=quickstart", "model=stargan", "data=portraits", "trainer=cpu", "steps=9")
    assert typed(*words, before=("experiment=quickstart",)).steps == 9
