"""Overrides are accepted, or refused in one sentence with the setting, its value and what it may be."""

from __future__ import annotations

import functools

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from lightning_modules.launch import settings
from lightning_modules.launch.errors import one_sentence
from lightning_modules.launch.settings import logged_values
from lightning_modules.launch.settings.training import Run
from tests.config.effective_values import ROOT

WHOLE = "must be a whole number of 1 or more, not"
SHARE = "must be a number of 0 or more and below 1"
REFUSED = {  # overrides -> a part of the message
    "experiment=quickstart model=sean": "style_encoder': only stargan has it; leave out the experiment",
    "data.domains.queries={a:Male}": "'data.domains.queries.a': a set of domains is a file in conf/data/domains",
    "model=sean +model.optimizers.extra=1": "model.optimizers.extra'; model.optimizers has generator, discriminator",
    "trainer.accelerator=cpu trainer.devices=[0]": "[0] means GPUs by number; on a CPU give the number of",
    "model=sean callbacks.generative_metrics.max_sources=1": "max_sources must be 2 or more for sean",
    "sweep=random sweep.space={seed:[1]}": "there is no setting 'sweep.space.seed': the settings that a sweep varies",
    "resume=~/run": "~ is not expanded; write the full path",
    "callbacks=none callbacks.checkpoints.keep=2": "there is no setting 'callbacks.checkpoints",
    "model=face_parser model.ohem_threshold=0": "model.ohem_threshold must be a number above 0 and at most 1, not 0",
    "model.optimizers.generator._target_=torch.optim.SGD": "betas'; torch.optim.SGD has lr, weight_decay,",
    "model.discriminator._target_=hairgan.networks.sean.SEANDiscriminator": "SEANDiscriminator has width, num_scales",
    "experiment=quickstart model=face_parser": "only stargan and sean have it; leave out the experiment that sets it",
    # the run
    "steps=0": f"steps {WHOLE} 0",
    "steps=true": f"steps {WHOLE} true",
    "steps=1.5": f"steps {WHOLE} 1.5",
    "steps=text": f"steps {WHOLE} 'text'",
    "steps=null": f"steps {WHOLE} null",
    "steps=[1]": f"steps {WHOLE} [1]",
    "steps={a:1}": f"steps {WHOLE} {{'a': 1}}",
    "steps=99999999999999999999": "steps must be at most 1000000000, not 99999999999999999999",
    "steps=${nothing}": "steps refers to nothing, which does not exist",
    "steps=${steps}": "steps: Recursive interpolation detected",
    "steps=???": "steps is missing; it must be a whole number of 1 or more",
    "~steps": "steps is missing; it must be a whole number of 1 or more",
    "batch_size=-4": "batch_size must be a whole number of 1 or more and at most 65536, not -4",
    "image_size=100": "image_size must be a power of two from 32 to 4096, not 100",
    "image_size=16": "image_size must be a power of two",
    "image_size=1048576": "image_size must be a power of two",
    "image_size=256.0": "image_size must be a power of two",
    "seed=null": "seed must be a whole number of 0 or more and at most 4294967295, not null",
    "seed=-1": "seed must be a whole number of 0 or more",
    "seed=4294967296": "seed must be a whole number of 0 or more and at most 4294967295",
    "name=": "name must be a name for a folder",
    "name=../x": "name must be a name for a folder",
    "name=/x": "name must be a name for a folder",
    "name=2024": "name must be a name for a folder (no empty or '..' parts, no spaces around it), not 2024",
    "name=null": "name must be a name for a folder",
    "validate_every=0": "validate_every must be a whole number of 1 or more, or null, not 0",
    "accumulate=0": f"accumulate {WHOLE} 0",
    "accumulate=3": "accumulate=3 does not divide the 8 images of a batch",
    "gradient_clip=0": "gradient_clip must be a number above 0, or null, not 0",
    "gradient_clip=inf": "gradient_clip must be a number above 0, or null, not inf",
    "compile=text": "compile must be true or false, or inductor, ",
    "tf32=text": "tf32 must be true or false, not 'text'",
    "tf32=1": "tf32 must be true or false, not 1",
    "resume=5": "resume must be a path, or null, not 5; quotes make it text: resume='\"5\"'",
    "run_dir=": "run_dir must be a path, or null, not ''",
    "paths.outputs=null": "paths.outputs must be a path, not null",
    "dry_run=maybe": "dry_run must be true or false",
    "optimized_metric=unknown": "optimized_metric: this run (stargan) does not measure 'unknown'",
    "optimized_metric=val/mean_iou": "optimized_metric: this run (stargan) does not measure 'val/mean_iou'",
    # the weights to start from
    "init.freeze=[generator]": "init.freeze needs weights to start from: init=RUN, a bundle or a file",
    "init.source=run init.freeze=[style_encodr]": "init.freeze names 'style_encodr' (did you mean 'style_encoder'?); "
    "stargan has generator, mapping_network, style_encoder, discriminator",
    "init.source=run init.lr_factors={generatr:0.1}": "init.lr_factors names 'generatr' (did you mean 'generator'?)",
    "init.source=run init.lr_factors={generator:0}": "init.lr_factors.generator must be",
    "init.source=run init.freeze=[generator,mapping_network,style_encoder,discriminator]": "nothing is left to train",
    "init.source=run init.freeze=generator": "init.freeze must be a list of networks, or of parts of them, not 'gen",
    "init.source=run init.exact=maybe": "init.exact must be true or false, not 'maybe'",
    "init.source=5": "init.source must be",
    "init.source=[]": "init.source must be",
    "init=run": "init must be a group of settings, or null, not 'run'",
    "+init.frozen=[generator]": "there is no setting 'init.frozen'",
    "model=sean init.source=run init.map={bob:short}": "init.map is for stargan, whose networks have a head for each",
    "model=face_parser init.source=run model.imagenet=true steps=9999": "init and model.imagenet=true both give the",
    "model=face_parser init.source=run init.freeze=[generator] steps=9999": "face_parser has parser",
    # the trainer
    "trainer.max_epochs=3": "trainer.max_epochs must be 1, not 3: a run is one epoch, whose length is steps=N",
    "+trainer.max_steps=3": "there is no setting 'trainer.max_steps': a run is one epoch, whose length is steps=N",
    "+trainer.gradient_clip_val=1": "it is called gradient_clip=NORM here",
    "+trainer.nothing=3": "there is no setting 'trainer.nothing'",
    "trainer.devices=0": "trainer.devices must be a whole number of 1 or more, -1 (all), auto or a list of device",
    "trainer.devices=text": "trainer.devices must be",
    "trainer.devices=[0,0]": "trainer.devices must be",
    "trainer.devices=3": "batch_size=8 cannot be divided among the 3 processes of trainer.devices=3",
    "trainer.devices=-1": "trainer.devices=-1 means all GPUs; on a CPU give the number of processes",
    "trainer.strategy=ddp": "trainer.strategy must be auto, not 'ddp': the strategy for several processes is chosen",
    "trainer.strategy={_target_: pytorch_lightning.strategies.DDPStrategy}": "must be auto or lightning_m",
    "trainer.accelerator=typo": "trainer.accelerator must be auto, cpu, gpu, cuda or mps, not 'typo'",
    "trainer.precision=bf16-true": "trainer.precision must be 32-true, bf16-mixed, 16-mixed, ",
    "trainer.log_every_n_steps=0": f"trainer.log_every_n_steps {WHOLE} 0",
    "trainer.log_every_n_steps=-1": f"trainer.log_every_n_steps {WHOLE} -1",
    "trainer.limit_val_batches=2.0": "trainer.limit_val_batches must be a share of the batches",
    "trainer.val_check_interval=7": "trainer.val_check_interval is taken from validate_every",
    "~trainer": "trainer is missing",
    "batch_size=1000000": "batch_size must be a whole number of 1 or more and at most 65536",
    "model.generator=text": "model.generator must be a group of settings",
    "~model.generator": "model.mapping_network.style_dim refers to model.generator.style_dim, which does not exist",
    "model.masks=null": "model.masks must not be null while model.generator.w_hpf is 1.0",
    "model.masks.path=5": "model.masks.path must be text that is not empty, not 5",
    "model.optimizers.generator._partial_=false": "model.optimizers.generator._partial_ must be true for torch",
    "+model.generator._partial_=true": "model.generator._partial_ must be false for hairgan.networks.stargan.Generator",
    "model.mapping_network.num_domains=5": "num_domains is set from the data (data.domains) and cannot be 5",
    "model=face_parser model.parser.depth=18.0": "model.parser.depth must be 18, 34 or 50, not 18.0",
    "batches._target_=hairgan.data.batches.Batches": "batches._target_ must be hairgan.data.batches.TranslationBatches",
    "+callbacks.enabled=text": "callbacks.enabled must be true or false, not 'text'",
    # the model
    "model.ema_decay=2": f"model.ema_decay {SHARE}, not 2",
    "model.ema_decay=nan": f"model.ema_decay {SHARE}, not nan",
    "model.phases=both": "model.phases must be separate or fused, not 'both'",
    "model.half_resolution_steps=-1": "model.half_resolution_steps must be a whole number of 0 or more, not -1",
    "model.phases=fused optimized_metric=d_latent/loss": "'d_latent/loss' (did you mean 'd_both/loss'?)",
    "model.lambda_reg=-1": "model.lambda_reg must be a number of 0 or more, not -1",
    "model.lambda_reg=text": "model.lambda_reg must be a number of 0 or more, not 'text'",
    "model.lambda_reg=inf": "model.lambda_reg must be a number of 0 or more, not inf",
    "+model.lambda_cycle=3": "there is no setting 'model.lambda_cycle' (did you mean 'lambda_cyc'?)",
    "model.generator.base_width=0": "model.generator.base_width must be a whole number of 1 or more",
    "model.generator.max_width=0": "model.generator.max_width must be a whole number of 1 or more",
    "model.generator.max_width=1000000000": "model.generator.max_width must be a whole number of 1 or more and at most",
    "model.generator.w_hpf=nan": "model.generator.w_hpf must be a number of 0 or more, not nan",
    "model.generator.image_size=64": "image_size is taken from image_size, which is 256: set image_size",
    "model.generator=null": "model.generator",
    "model.mapping_network.hidden_dim=0": "model.mapping_network.hidden_dim must be a whole number of 1 or more",
    "model.mapping_network.style_dim=3": "model.mapping_network.style_dim is taken from model.generator.style_dim",
    "model.optimizers.generator.lr=text": "model.optimizers.generator.lr must be a number of 0 or more, not 'text'",
    "model.optimizers.generator.betas=[0.5]": "model.optimizers.generator.betas must be two numbers of 0 or more",
    "~model.optimizers.generator": "model.optimizers.generator is missing",
    "model.seed=3": "model.seed is taken from seed, which is 777",
    "model=sean model.ema=1.0": f"model.ema {SHARE}, or null, not 1.0",
    "model=sean image_size=32 model.generator.upsampling=most": "needs an image_size of 128 or more, not 32",
    "model=face_parser steps=10": "model.schedule.warmup_steps=1000 must be below the run's 10 steps",
    "model=face_parser model.optimizer=sgd": "model.optimizer must be a group with a _target_, not 'sgd': choose",
    "model=face_parser activation_checkpointing=true": "activation_checkpointing=true is for stargan and sean",
    "model=hair_classifier model.classifier.depth=20": "model.classifier.depth must be 18, 34 or 50, not 20",
    "model=hair_classifier model.classifier.dropout=1": f"model.classifier.dropout {SHARE}",
    # the data
    "experiment=quickstart data=image_folder": "there is no setting 'data.count': only data=portraits has it",
    "data.repeat_batches=0": "data.repeat_batches must be a whole number of 1 or more, or null, not 0",
    "data.image_size=64": "data.image_size is taken from image_size, which is 256: set image_size",
    "data.batch_size=3": "data.batch_size is taken from batch_size, which is 8: set batch_size",
    "data.count=0": "data.count must be a whole number of 1 or more",
    "data.portrait_seed=-1": "data.portrait_seed must be a whole number of 0 or more",
    "data.num_workers=text": "data.num_workers must be a whole number of 0 or more and at most 1024, not 'text'",
    "data.num_workers=1000000": "data.num_workers must be a whole number of 0 or more and at most 1024",
    "data.domains.queries.bob=null": "data.domains.queries.bob must be a query for each domain, as text, not null",
    "model=face_parser batches.scales=[1000]": "batches.scales must be a list of numbers from 0.0625 to 16, not [1000]",
    "model=face_parser batches.crop_share=0.01": "batches.crop_share=0.01 of image_size=256 makes crops of 3 px",
    "model.optimizers.generator._target_=torch.optim.LBFGS": "cannot be torch.optim.LBFGS, which evaluates",
    "batches.flip_probability=2": "batches.flip_probability must be a number of 0 or more and at most 1",
    # callbacks and loggers
    "callbacks.checkpoints.monitor=typo": "callbacks.checkpoints.monitor: this run (stargan) does not measure 'typo'",
    "callbacks.checkpoints.mode=best": "callbacks.checkpoints.mode must be min or max, not 'best'",
    "callbacks.checkpoints.every_n_steps=0": f"callbacks.checkpoints.every_n_steps {WHOLE} 0",
    "callbacks.checkpoints=5": "callbacks.checkpoints must be a group with a _target_ or null, not 5",
    "callbacks.generative_metrics.metrics=[fid,typo]": "there is no metric 'typo' for stargan",
    "callbacks.generative_metrics.metrics=[fid,fid]": "callbacks.generative_metrics.metrics must be",
    "callbacks.generative_metrics.protocol=typo": "protocol must be embedded, stargan_v2 or standard, not 'typo'",
    "+callbacks.generative_metrics.num_outputs=1": "num_outputs must be 2 or more for lpips",
    "+callbacks.generative_metrics.every=1": "there is no setting 'callbacks.generative_metrics.every'",
    "model=hair_classifier callbacks.early_stopping.monitor=val/mean_iou": "does not measure 'val/mean_iou'",
    "logger=wandb logger.mode=typo": "logger.mode must be offline, online or disabled, not 'typo': where it is not",
    "tags=hair": "tags must be a list whose values are text, not 'hair'",
    "tags=[hair,'']": "tags must be a list whose values are text",
    "notes=5": "notes must be text that is not empty, or null, not 5; quotes make it text",
    # names
    "+foo=3": "there is no setting 'foo'",
    "+lambda_ds=3": "there is no setting 'lambda_ds' (did you mean 'model.lambda_ds'?)",
    "+model.w_hpf=3": "there is no setting 'model.w_hpf' (did you mean 'model.generator.w_hpf'?)",
    "+stepz=3": "there is no setting 'stepz' (did you mean 'steps'?)",
    "ckpt_path=x": "there is no setting 'ckpt_path': resume=",
    "+ckpt_path=x": "there is no setting 'ckpt_path': resume=",
    "train=true": "there is no setting 'train': train.py trains, evaluate.py measures",
    "test=true": "there is no setting 'test': evaluate.py",
    "hparams_search=optuna": "there is no setting 'hparams_search': sweep.py",
    "max_epochs=5": "there is no setting 'max_epochs': a run is one epoch, whose length is steps=N",
    "lr=0.1": "there is no setting 'lr': each optimizer has its own",
    "steps": "'steps' is not of the form NAME=VALUE",
    "data=image_folder data/domains=gender2": "the domains of an image folder are its folders",
    "model/optimizer@model.optimizer=sgd": "stargan and sean have model.optimizers.NETWORK",
}  # fmt: skip

ACCEPTED = [
    "trainer.max_epochs=1",
    "data.batch_size=8",
    "compile=aot_eager",
    "gradient_clip=1",
    "callbacks=none",
    "callbacks=[]",
    "logger=none",
    "logger=[]",
    "callbacks.checkpoints=null",
    "tags=[hair7,small]",
    "+callbacks.progress.line_seconds=5",
    "callbacks.checkpoints.monitor=metrics/latent/fid_embedded/mean",
    "model=face_parser callbacks.checkpoints.monitor=val/iou/hair",
    "model=face_parser model/optimizer=adamw",
    "model=sean model.ema=null",
    "optimized_metric=g_latent/loss",
    "model.phases=fused optimized_metric=g_both/loss",
    "trainer=ddp_sim",
    "trainer.devices=2",
    "trainer.devices=2 batch_size=6",
    "trainer.limit_val_batches=0",
    "trainer.limit_val_batches=3",
    "trainer.precision=bf16",
    "++trainer.profiler=simple",
    "name=a/b",
    "name='grüße 1'",
    "name='\"2024\"'",
    "model.generator._target_=my_net.MyGenerator +model.generator.anything=1",
    "+callbacks.mine._target_=my_callbacks.Mine callbacks.checkpoints.monitor=my/value",
    "+width=24 model.generator.base_width=${width}",
    "data.domains.queries.bob=Male",
    "~data.domains.queries.bob",
    "model.optimizers.generator._target_=torch.optim.RAdam",
    "experiment=quickstart model.lambda_ds=0",
    "+callbacks.more={_target_: lightning_modules.callbacks.GenerativeMetrics, every_n_steps: 9, cache: here}",
]


BASE = ("trainer=cpu", "paths.data=data", "paths.cache=cache")


@functools.cache
def composed(choices: tuple[str, ...]) -> DictConfig:
    """The config with choices of groups; cached, because composing is slow."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("config", [*BASE, *choices])


def config_of(overrides: str) -> DictConfig:
    """The config of a command line: choices of groups are composed, then Hydra sets the values."""
    words = overrides.split(" ") if "'" not in overrides and ": " not in overrides else [overrides]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        parsed = OverridesParser.create().parse_overrides(words)
        choices = [o for o in parsed if loader.repository.group_exists(o.key_or_group) or o.package is not None]
    cfg = composed(tuple(str(o.input_line) for o in choices)).copy()
    loader._apply_overrides_to_config([o for o in parsed if o not in choices], cfg)
    return cfg


def refusal(overrides: str) -> str | None:
    """The message with which overrides are refused; None if they are accepted."""
    try:
        settings.check_training(config_of(overrides))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        return one_sentence(error)
    return None


@pytest.mark.parametrize("overrides", REFUSED)
def test_settings_with_which_no_run_can_start_are_refused(overrides):
    message = refusal(overrides)
    assert message is not None and REFUSED[overrides] in message and "\n" not in message and len(message) < 600, message


@pytest.mark.parametrize("overrides", ACCEPTED)
def test_settings_with_which_a_run_can_start_are_accepted(overrides):
    assert refusal(overrides) is None


def test_a_continued_run_may_have_settings_of_older_versions():
    older = config_of("model=face_parser +forgotten=1 +model.forgotten=1 +trainer.forgotten=1 num_domains=7")
    settings.check_run_config(older, ["steps"])
    for name in ("model.forgotten", "trainer.forgotten", "forgotten"):
        with pytest.raises(ValueError, match=f"there is no setting '{name}'"):
            settings.check_run_config(older, [name])
    older.steps = 50
    with pytest.raises(ValueError, match="warmup_steps=1000 must be below the run's 50 steps"):
        settings.check_run_config(older, ["steps"])
    assert refusal("resume=somewhere steps=50 accumulate=3") is None, "the config of the run is not known yet"
    assert "steps must be a whole number" in str(refusal("resume=somewhere steps=0"))


@pytest.mark.parametrize(("overrides", "several"), [
    ("trainer.devices=2", True), ("trainer.num_nodes=2", True), ("trainer.devices=1", False), ("trainer=ddp_sim", True),
    ("trainer.devices=[0,1]", True), ("trainer.devices=[1]", False), ("trainer.devices=auto", False),
])  # fmt: skip
def test_the_strategy_fits_the_number_of_processes(overrides, several):
    cfg = config_of(overrides)
    settings.choose_strategy(cfg)
    assert ("PhasedDDPStrategy" in str(cfg.trainer.strategy)) == several


def test_repeated_names_equal_those_of_the_code():
    from lightning_modules import callbacks

    assert f"{callbacks.__name__}.{callbacks.Evaluate.__name__}" == logged_values.EVALUATE


def test_every_shared_value_is_a_setting():
    assert set(composed(())) - set(Run.model_fields) == set(), "add the new value to settings.training.Run"
