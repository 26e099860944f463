"""Overrides for a run that is continued are applied or refused."""

from __future__ import annotations

import pytest
from omegaconf import DictConfig, OmegaConf

from lightning_modules.launch.overrides import apply_overrides

GROUPS = dict.fromkeys(("model", "data", "data/domains", "trainer", "logger", "callbacks"))


@pytest.fixture
def resumed(compose_config):
    def config(*words: str, before: tuple[str, ...] = ("model=stargan",)) -> DictConfig:
        """The config of a run that was started with the overrides `before` and is continued with `words`."""
        run = compose_config(*before)
        if OmegaConf.select(run, "logger.wandb"):
            run.logger.wandb.id = "its id"
        return apply_overrides(run, compose_config(*words), list(words), GROUPS, "RUN")

    return config


def test_values_are_set_added_and_deleted(resumed):
    cfg = resumed("steps=7", "+model.more={a: 1}", "~callbacks.collapse_warning", "model.lambda_sty=2")
    assert (cfg.steps, cfg.model.more.a, cfg.model.lambda_sty) == (7, 1, 2)
    assert "collapse_warning" not in cfg.callbacks and "collapse_warning" in resumed("steps=7").callbacks


def test_trainer_loggers_and_callbacks_can_be_chosen_again(resumed):
    before = ("model=stargan", "callbacks.checkpoints.keep=5", "trainer.log_every_n_steps=3", "logger=[csv,wandb]")
    cfg = resumed("trainer=ddp_sim", "trainer.log_every_n_steps=4", before=before)
    assert cfg.trainer.devices == 2 and cfg.trainer.log_every_n_steps == 4
    assert cfg.trainer.strategy._target_.endswith("PhasedDDPStrategy")
    assert resumed("trainer=ddp_sim", before=before).trainer.log_every_n_steps == 3  # the run's own
    assert list(resumed("logger=[csv]", before=before).logger) == ["csv"]
    assert resumed("logger=[csv,wandb]", before=before).logger.wandb.id == "its id"
    assert resumed("callbacks=default", before=before).callbacks.checkpoints.keep == 5
    assert resumed("callbacks=none", before=before).callbacks.enabled is False


@pytest.mark.parametrize(("choice", "precision"), [
    ("cpu", "16-mixed"), ("ddp_sim", "16-mixed"), ("default", "32-true"), ("gpu", "bf16-mixed"), ("ddp", "bf16-mixed"),
])  # fmt: skip
def test_a_run_keeps_its_precision_unless_the_chosen_trainer_states_one(choice, precision, resumed):
    before = ("model=stargan", "trainer.precision=16-mixed")
    assert resumed(f"trainer={choice}", before=before).trainer.precision == precision
    assert resumed(f"trainer={choice}", "trainer.precision=32-true", before=before).trainer.precision == "32-true"


@pytest.mark.parametrize("word", ["model=sean", "data=image_folder", "data/domains=gender2", "experiment=quickstart"])
def test_model_data_and_experiment_cannot_be_chosen_again(word, resumed):
    with pytest.raises(ValueError, match=rf"{word} is .* RUN"):
        resumed(word)


@pytest.mark.parametrize(
    ("model", "name"), [("stargan", "model.optimizers.generator"), ("face_parser", "model.optimizer")]
)
def test_the_class_of_an_optimizer_cannot_be_chosen_again(model, name, resumed):
    choice = f"model={model}"
    same = OmegaConf.select(resumed(choice, before=(choice,)), name)._target_
    resumed(choice, f"{name}._target_={same}", f"{name}.lr=7", before=(choice,))
    with pytest.raises(ValueError, match=rf"{name}._target_=torch.optim.AdamW cannot .* {same} in RUN: .* init=RUN"):
        resumed(choice, f"{name}._target_=torch.optim.AdamW", before=(choice,))


def test_a_debug_choice_is_for_a_new_run(resumed):
    with pytest.raises(
        ValueError,
        match=r"debug=overfit is for a new run: the run in RUN started without it .data.repeat_batches is None",
    ):
        resumed("debug=overfit", "steps=3")
    assert resumed("debug=overfit", "steps=300", before=("debug=overfit",)).steps == 300


def test_the_original_choices_can_be_repeated(resumed):
    words = ("experiment=quickstart", "model=stargan", "data=portraits", "trainer=cpu", "steps=9")
    assert resumed(*words, before=("experiment=quickstart",)).steps == 9
