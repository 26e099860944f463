"""Overrides of evaluate.py and sweep.py are accepted or refused."""

from __future__ import annotations

import functools

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from lightning_modules.launch import settings
from lightning_modules.launch.errors import one_sentence
from lightning_modules.launch.settings.evaluation import Evaluation
from tests.config.effective_values import ROOT

REFUSED = {
    "": "give the run to evaluate: run=outputs/NAME/DATE_TIME, or runs=[A,B]",
    "run=a runs=[b,c]": "give either run or runs, not both: run=a, runs=['b', 'c']",
    "runs=[]": "runs must be a list of run directories, none twice, or null, not []",
    "runs=[a,a]": "runs must be a list of run directories, none twice, or null, not ['a', 'a']",
    "runs=a": "runs must be a list of run directories",
    "run=5": "run must be a path, or null, not 5; quotes make it text",
    "run=a num_outputs=1": "num_outputs must be 2 or more for lpips, which compares the outputs of a source, not 1",
    "run=a num_outputs=0 metrics=[fid]": "num_outputs must be a whole number of 1 or more and at most 10000, not 0",
    "run=a batch_size=0": "batch_size must be a whole number of 1 or more and at most 65536, not 0",
    "run=a modes=[typo]": "modes must be a list of latent, reference or both, not ['typo']",
    "run=a modes=[]": "modes must be a list of latent, reference or both, not []",
    "run=a modes=latent": "modes must be a list of latent, reference or both, not 'latent'",
    "run=a split=typo": "split must be train, val or test, or null, not 'typo'",
    "run=a protocol=typo": "protocol must be embedded, stargan_v2 or standard, not 'typo'",
    "run=a protocol=null": "protocol must be embedded, stargan_v2 or standard, not null",
    "run=a device=typo": "device must be auto, cpu, cuda, cuda:NUMBER or mps, not 'typo'",
    "run=a device=cuda:x": "device must be auto, cpu, cuda, cuda:NUMBER or mps",
    "run=a metrics=[fidd]": "there is no metric 'fidd' (did you mean 'fid'?); the metrics are for face_parser seg",
    "run=a metrics=[embedded]": "embedded is a protocol: protocol=embedded",
    "run=a metrics=fid": "metrics must be a list of metrics, none twice, or null, not 'fid'",
    "run=a metrics=[]": "metrics must be a list of metrics",
    "run=a max_sources=0": "max_sources must be a whole number of 1 or more, or null, not 0",
    "run=a averaged=yes please": "averaged must be true or false, not 'yes please'",
    "run=a seed=-1": "seed must be a whole number of 0 or more",
    "run=a checkpoint=null": "checkpoint must be a path, not null",
    "run=a +steps=3": "there is no setting 'steps'",
    "ckpt_path=a": "there is no setting 'ckpt_path'",
    "+ckpt_path=a": "there is no setting 'ckpt_path': run=DIR names the run here, and checkpoint=NAME its checkpoint",
    "run=a model=sean": "the group model cannot be chosen here: evaluate.py uses that of the run",
    "run=a out=": "out must be a path, or null, not ''",
}
ACCEPTED = [
    "run=a",
    "runs=[a,b]",
    "run=a metrics=[fid] num_outputs=1",
    "run=a device=cuda:1 split=test modes=[reference]",
    "run=a checkpoint=best max_sources=10",
]
SWEEPS_REFUSED = {
    "": "choose a sweep: sweep=tpe, random or grid",
    "sweep=tpe sweep.sampler=typo": "sweep.sampler must be tpe, random or grid, not 'typo'",
    "sweep=tpe sweep.direction=up": "sweep.direction must be minimize or maximize, not 'up'",
    "sweep=tpe sweep.trials=0": "sweep.trials must be a whole number of 1 or more, or null, not 0",
    "sweep=tpe sweep.metric=unknown": "sweep.metric: this run (stargan) does not measure 'unknown'",
    "sweep=tpe sweep.metric=5": "sweep.metric: this run (stargan) does not measure 5",
    "sweep=tpe resume=x": "resume is for a single run, not for a sweep: the same command continues a study",
    "sweep=tpe dry_run=true": "dry_run is for a single run, not for a sweep",
    "sweep=tpe +sweep.space.image_size={low:64,high:128}": "sweep.space.image_size: with 83, image_size must",
    "sweep=classifier": "sweep.metric: this run (stargan) does not measure 'val/mean_accuracy'",
    "sweep=tpe sweep.study=../x": "sweep.study must be a name for a folder",
    "sweep=default": "sweep.space is missing",
    "sweep=grid sweep.sampler=grid +sweep.space.steps={low:1,high:2}": "must be a list of choices for a grid",
    "sweep=tpe +sweep.space.stepz=[1,2]": "there is no setting 'stepz' (did you mean 'steps'?)",
    "sweep=tpe +sweep.space.steps=[1,text]": "sweep.space.steps: with 'text', steps must be a whole number",
    "sweep=tpe +sweep.space.steps=[]": "sweep.space.steps must be a list of choices, none twice, not []",
    "sweep=tpe +sweep.space.steps=[1,1]": "sweep.space.steps must be a list of choices, none twice, not [1, 1]",
    "sweep=tpe +sweep.space.steps={low:3,high:2}": "sweep.space.steps.low must be below sweep.space.steps.high, not 3",
    "sweep=tpe +sweep.space.steps={low:1,high:2,step:1}": "there is no setting 'sweep.space.steps.step'",
    "sweep=tpe +sweep.space.accumulate={low:0,high:2}": "with 0, accumulate must be a whole number of 1 or more",
    "sweep=tpe +sweep.space.accumulate={low:0,high:2,log:true}": "low must be above 0 for log=true, not 0",
    "sweep=tpe +sweep.space.tf32={low:0.0,high:1.0}": "tf32 must be true or false",
    "sweep=tpe +sweep.space.seed=5": "sweep.space.seed must be {low, high, log} or a list of choices, not 5",
    "sweep=tpe +sweep.space.seed=[1,1.0]": "sweep.space.seed must be a list of choices, none twice, not [1, 1.0]",
    "sweep=tpe +sweep.space.run_dir=[a,b]": "a sweep cannot vary run_dir: the sweep sets it",
    "sweep=tpe +sweep.space.paths.outputs=[a,b]": "a sweep cannot vary paths: it is the same for all trials",
    "sweep=tpe +sweep.space.trainer.devices=[1,2]": "sweep.space.trainer.devices cannot be given here: the",
    "sweep=tpe +sweep.space.num_domains=[2,3]": "a sweep cannot vary num_domains: it is set from the data",
}
SWEEPS_ACCEPTED = [
    "sweep=tpe",
    "sweep=grid",
    "sweep=random experiment=quickstart",
    "sweep=classifier model=hair_classifier",
    "sweep=tpe +sweep.space.seed={low:1,high:9}",
    "sweep=tpe sweep.metric=g_latent/loss sweep.prune=false",
]


@functools.cache
def composed(config: str, overrides: str) -> DictConfig:
    words = overrides.split(" ", 1 if "please" in overrides else -1)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose(config, [word for word in words if word])


def refusal(config: str, overrides: str) -> str | None:
    """The message with which overrides are refused; None if they are accepted."""
    check = {"evaluate": settings.check_evaluation, "config": settings.check_sweep}[config]
    try:
        check(composed(config, overrides))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        return one_sentence(error)
    return None


@pytest.mark.parametrize(
    ("config", "overrides"),
    [*(("evaluate", each) for each in REFUSED), *(("config", each) for each in SWEEPS_REFUSED)],
)
def test_settings_that_cannot_be_used_are_refused(config, overrides):
    message = refusal(config, overrides)
    expected = (REFUSED if config == "evaluate" else SWEEPS_REFUSED)[overrides]
    assert message is not None and expected in message and "\n" not in message and len(message) < 600, message


@pytest.mark.parametrize(
    ("config", "overrides"),
    [*(("evaluate", each) for each in ACCEPTED), *(("config", each) for each in SWEEPS_ACCEPTED)],
)
def test_settings_that_can_be_used_are_accepted(config, overrides):
    assert refusal(config, overrides) is None


def test_every_value_of_the_config_is_a_setting():
    assert set(composed("evaluate", "")) - set(Evaluation.model_fields) == set()
