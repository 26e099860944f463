"""The settings of a training run, checked before anything heavy is imported or made."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator
from typing import Annotated, Any, ClassVar, Literal

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ConfigDict, Field

from lightning_modules.launch.settings import names
from lightning_modules.launch.settings.current_names import use_current_names
from lightning_modules.launch.settings.hints import POPULAR
from lightning_modules.launch.settings.kinds import (
    Count,
    ImageSize,
    Meaning,
    Part,
    Path,
    Positive,
    RunName,
    Seed,
    Settings,
    Share,
    Text,
    Trust,
    check,
    distinct,
    meaning_of,
    nearest,
    shown,
)  # fmt: skip
from lightning_modules.launch.settings.parts import BatchSize, Evaluate, settings_of

PHASED = "lightning_modules.strategy.PhasedDDPStrategy"
BUILT = ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")  # what instantiate reads, not the part
BACKENDS = ("inductor", "eager", "aot_eager", "aot_eager_decomp_partition", "cudagraphs", "onnxrt", "openxla", "tvm")

ONE_PASS = "a run is one pass over its steps, so set steps=N"
OWN = "train.py decides that"

Devices = Annotated[
    Annotated[int, Field(ge=1, le=4096)] | Literal[-1, "auto"] | distinct(Annotated[int, Field(ge=0, le=4095)]),
    Meaning("a whole number of 1 or more, -1 (all), auto or a list of device numbers"),
]


class Trainer(Settings):
    """Lightning's Trainer, of which a part is for us to decide."""

    model_config = ConfigDict(extra="forbid")

    HINTS: ClassVar = {
        "max_epochs": ONE_PASS, "min_epochs": ONE_PASS, "max_steps": ONE_PASS, "min_steps": ONE_PASS,
        "max_time": "Ctrl-C or SIGTERM ends a run and saves it", "limit_train_batches": ONE_PASS,
        "fast_dev_run": "debug=fast is a run of one step", "overfit_batches": "debug=overfit repeats one batch",
        "gradient_clip_val": "it is called gradient_clip=NORM here, for every model",
        "gradient_clip_algorithm": "gradient_clip=NORM clips by the norm",
        "accumulate_grad_batches": "it is called accumulate=N here",
        "sync_batchnorm": "statistics of a batch are over all processes already",
        "val_check_interval": "it follows validate_every", "check_val_every_n_epoch": "it is validate_every here",
        "num_sanity_val_steps": OWN, "use_distributed_sampler": "batches know their rows",
        "enable_checkpointing": "callbacks.checkpoints saves; callbacks.checkpoints=null turns it off",
        "enable_progress_bar": "callbacks.progress shows it; callbacks.progress=null turns it off",
        "enable_model_summary": "the sizes of the networks are printed at the start",
        "default_root_dir": "it is called run_dir=FOLDER here", "logger": "logger=none, or logger=[csv,tensorboard]",
        "callbacks": "callbacks.NAME._target_=...", "limit_test_batches": "evaluate.py measures",
        "limit_predict_batches": "evaluate.py measures",
        "strategy": "the strategy for several processes is chosen from trainer.devices and trainer.num_nodes",
    }  # fmt: skip

    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"] = "auto"
    devices: Devices = 1
    num_nodes: Annotated[int, Field(ge=1, le=4096)] = 1
    strategy: Annotated[Literal["auto"] | Part, Meaning("auto")] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "64-true", 32, 16, 64, "32", "16", "bf16", "64", None]
    log_every_n_steps: Count = 50
    val_check_interval: Count | None = None
    limit_val_batches: Annotated[
        Share | Annotated[int, Field(ge=0, le=10**9)],
        Meaning("a share of the batches from 0.0 to 1.0, or a whole number of them"),
    ] = 1.0
    deterministic: bool | Literal["warn"] = False
    benchmark: bool | None = True
    profiler: Annotated[Literal["simple", "advanced", "pytorch"] | Part | None, Meaning("simple, advanced or null")] = (
        None
    )
    detect_anomaly: bool = False
    plugins: list[Part] | Part | None = None
    max_epochs: Literal[1] = 1
    check_val_every_n_epoch: None = None
    num_sanity_val_steps: Literal[0] = 0
    use_distributed_sampler: Literal[False] = False
    enable_checkpointing: Literal[False] = False
    enable_progress_bar: Literal[False] = False
    enable_model_summary: Literal[False] = False


class Paths(Settings):
    data: Path
    cache: Path
    outputs: Path


class Run(Settings):
    """The values that several groups share, and the groups."""

    HINTS: ClassVar = POPULAR

    # groups
    model: Part
    data: Part
    batches: Part
    trainer: dict[str, Any]
    callbacks: dict[str, Any] | None = None
    logger: dict[str, Any] | None = None
    paths: dict[str, Any]
    sweep: dict[str, Any] | None = None
    # what the run is
    name: RunName
    seed: Seed
    image_size: ImageSize
    steps: Count
    batch_size: BatchSize
    validate_every: Count | None
    gradient_clip: Positive | None = None
    # which run is meant
    resume: Path | None = None
    reproduce: Path | None = None
    trust: Trust = None
    dry_run: bool = False
    run_dir: Path | None = None
    # what a tracker shows it by
    run_name: Text | None = None
    group: Text | None = None
    tags: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(default=[])
    notes: Text | None = None
    # how a step is computed
    accumulate: Count = 1
    compile: bool | Literal[BACKENDS] = False
    channels_last: bool = False
    activation_checkpointing: bool = False
    tf32: bool = False
    # the rest
    optimized_metric: Text | None = None
    domain_names: list[str] | None = None
    num_domains: Count | None = None


class LoggerGroup(Settings):
    """What the loggers share; the loggers themselves are parts of any name."""

    model_config = ConfigDict(extra="allow")

    HINTS: ClassVar = {"mode": "where it is not given, WANDB_MODE of the environment decides"}

    mode: Literal["offline", "online", "disabled"] = "offline"


def check_training(cfg: DictConfig) -> None:
    """Refuse settings that no run can be made of. Of a run that goes on or is repeated, this is only what was typed: it
    is checked as far as that goes alone, and `check_run_config` checks the whole.

    Raises:
        ValueError: one sentence with the setting, what it may be and what it is.
    """
    use_current_names(cfg)
    values = _outermost(cfg, typed=None)
    if not (cfg.resume or cfg.reproduce):
        _check_all(values, typed=None)


def check_run_config(cfg: DictConfig, typed: Container[str]) -> None:
    """Refuse the config of a run together with what was typed for it, if no run can be made of them.

    Args:
        typed: the names given on the command line, which must be known; what else a run's config holds may be of an
            earlier version.

    Raises:
        ValueError: as `check_training`.
    """
    _check_all(_outermost(cfg, typed), typed)


def _outermost(cfg: DictConfig, typed: Container[str] | None) -> dict[str, Any]:
    """The values of a config, the outermost checked."""
    if not os.environ.get("WANDB_MODE", "set").strip():  # empty counts as not set, for the config that refers to it
        del os.environ["WANDB_MODE"]
    for name, field in Run.model_fields.items():
        if field.is_required() and name not in cfg:
            raise ValueError(f"{name} is missing; it must be {meaning_of(field)}")
    values = plain(cfg)
    others = _referred(cfg) - set(Run.model_fields)
    check(Run, {name: value for name, value in values.items() if name not in others}, "", typed=typed)
    check(Paths, values["paths"], "paths", typed=typed)
    check(Trainer, {n: v for n, v in values["trainer"].items() if n not in BUILT}, "trainer", typed=typed)
    if isinstance(values.get("logger"), dict):
        check(LoggerGroup, values["logger"], "logger")
    return values


def _check_all(values: dict[str, Any], typed: Container[str] | None) -> None:
    """Check the parts of a config, and what its values must be together."""
    for group in ("batches", "model", "data"):
        _check_parts(values[group], group, typed)
    for group in ("callbacks", "logger"):
        for name, node in parts_of(values, group).items():
            _check_parts(node, f"{group}.{name}", typed)
    _check_derived(values)
    _check_processes(values)
    _check_execution(values)
    _check_metrics(values)


def plain(cfg: DictConfig) -> dict[str, Any]:
    """The values of a config, references resolved.

    Raises:
        ValueError: a reference leads nowhere.
    """
    try:
        return OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise ValueError(_unresolved(error)) from None
    except RecursionError:
        raise ValueError("values of the config refer to each other in a circle") from None


def _unresolved(error: OmegaConfBaseException) -> str:
    what, name = str(error).splitlines()[0], error.full_key or "the config"
    if found := re.search(r"node `(.+?)` is not a container", what):
        return f"{found.group(1)} must be a group of settings"
    if found := re.search(r"Interpolation key '(.+?)' not found", what):
        return f"{name} refers to {found.group(1)}, which is not there"
    return f"{name}: {what}"


def parts_of(values: Any, group: str) -> dict[str, Any]:
    """The callbacks or loggers of a config that are on, by name; those of `GROUP=none` and those set to null are off.

    Raises:
        ValueError: one has lost what it is made from, which is what `~callbacks` leaves of some.
    """
    nodes = values.get(group) or {}
    if not isinstance(nodes.get("enabled", True), bool):
        raise ValueError(f"{group}.enabled must be true or false, not {shown(nodes['enabled'])}")
    if not nodes.get("enabled", True):
        return {}
    off = {name for name in nodes if nodes[name] is None or name in ("enabled", "mode")}
    found = {name: nodes[name] for name in nodes if name not in off}
    for name, node in found.items():
        if not hasattr(node, "get") or not isinstance(node.get("_target_"), str):
            raise ValueError(
                f"{group}.{name} must be a part with a _target_ or null, not {shown(_unwrapped(node))}: "
                f"{group}=none turns all {group} off, {group}.{name}=null this one"
            )
    return found


def _unwrapped(node: Any) -> Any:
    return OmegaConf.to_container(node) if OmegaConf.is_config(node) else node


def _referred(cfg: DictConfig) -> set[str]:
    """First names of what the config's values refer to: a user's own value may stand at the top for others."""
    return set(re.findall(r"\$\{(\w+)", str(OmegaConf.to_container(cfg, resolve=False))))


def _check_parts(node: Any, where: str, typed: Container[str] | None) -> None:
    """Check a part, and the parts in it."""
    for path, part in _walk(node, where):
        target = part["_target_"]
        kind = settings_of(target) if isinstance(target, str) else None
        if target == "torch.optim.LBFGS":
            raise ValueError(f"{path}._target_ cannot be {target}, which asks for the loss several times in a step")
        if kind is not None:
            if part.get("_partial_", False) is not kind.PARTIAL:
                raise ValueError(f"{path}._partial_ must be {shown(kind.PARTIAL)} for {target}")
            check(kind, {n: v for n, v in part.items() if n not in BUILT}, path, typed=typed, target=target)


def targets_of(cfg: DictConfig) -> dict[str, str]:
    """What a config's parts are made from, by their full names."""
    return {path: part["_target_"] for group, node in plain(cfg).items() for path, part in _walk(node, str(group))}


def _walk(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if "_target_" in node:
            yield where, node
        for name, value in node.items():
            yield from _walk(value, f"{where}.{name}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, f"{where}[{number}]")


FILLED_IN = ("domain_names", "num_domains")
SIZED = ("generator", "style_encoder", "discriminator", "parser", "classifier")
STYLED = ("mapping_network", "style_encoder")
BY_DOMAIN = (*STYLED, "discriminator")
FOLLOWS = {  # what is derived -> the one place to set it
    **{f"data.{name}": name for name in ("image_size", "batch_size", "steps", "seed", "batches")},
    **{f"model.{network}.image_size": "image_size" for network in SIZED},
    **{f"model.{network}.num_domains": "num_domains" for network in BY_DOMAIN},
    **{f"model.{network}.style_dim": "model.generator.style_dim" for network in STYLED},
    "model.seed": "seed",
    "model.domain_names": "domain_names",
    "trainer.val_check_interval": "validate_every",
}


def _check_derived(values: dict[str, Any]) -> None:
    for name, source in FOLLOWS.items():
        missing = object()
        value, wanted = (_select(values, path, missing) for path in (name, source))
        if missing in (value, wanted) or value == wanted:
            continue
        if source in FILLED_IN:
            raise ValueError(f"{name} is filled in once the data is known: data.domains decides, not {shown(value)}")
        raise ValueError(f"{name} follows {source}, which is {shown(wanted)}: set {source}, not {name}={shown(value)}")


def check_filled_in(cfg: DictConfig) -> None:
    """Refuse values that are not what the data says, once that is known.

    Raises:
        ValueError: naming the setting.
    """
    _check_derived(plain(cfg))


def _select(values: Any, path: str, otherwise: Any) -> Any:
    for name in path.split("."):
        if not isinstance(values, dict) or name not in values:
            return otherwise
        values = values[name]
    return values


def choose_strategy(cfg: DictConfig) -> None:
    """Where a trainer is for several processes and leaves the strategy open, set the one that is right for phases."""
    trainer = cfg.trainer
    devices = trainer.get("devices", 1)
    several = len(devices) > 1 if OmegaConf.is_list(devices) else devices not in (0, 1)
    if trainer.accelerator == "cpu" and devices == "auto":
        several = False
    several = several or trainer.get("num_nodes", 1) > 1
    strategy = trainer.get("strategy", "auto")
    if not several and OmegaConf.is_dict(strategy) and strategy.get("_target_") == PHASED:
        trainer.strategy = "auto"  # of a run that had several processes until now
    elif several and strategy == "auto":
        trainer.strategy = {"_target_": PHASED, "timeout": {"_target_": "datetime.timedelta", "seconds": 1800}}


def _check_processes(values: dict[str, Any]) -> None:
    trainer = values["trainer"]
    target = trainer["strategy"]["_target_"] if isinstance(trainer.get("strategy"), dict) else ""
    if target.startswith(("pytorch_lightning.", "lightning.")):
        raise ValueError(
            f"trainer.strategy must be auto or a {PHASED}, not {target}: {Trainer.HINTS['strategy']}, and another "
            "would not average the gradients of phases that take turns"
        )
    devices = trainer.get("devices", 1)
    devices = len(devices) if isinstance(devices, list) else devices
    if devices == -1 and trainer.get("accelerator") == "cpu":
        raise ValueError("trainer.devices=-1 means all GPUs; on a CPU say how many processes, e.g. trainer.devices=2")
    if isinstance(trainer.get("devices"), list) and trainer.get("accelerator") == "cpu":
        raise ValueError(
            f"trainer.devices={shown(trainer['devices'])} are numbers of GPUs; on a CPU say how many processes, e.g. "
            "trainer.devices=2"
        )
    if isinstance(devices, int) and devices > 0:
        processes = devices * trainer.get("num_nodes", 1)
        if values["batch_size"] % processes:
            raise ValueError(
                f"a batch_size of {values['batch_size']} cannot be shared by the {processes} processes of "
                f"trainer.devices={shown(trainer.get('devices', 1))} evenly"
            )


def _check_execution(values: dict[str, Any]) -> None:
    rows, parts = values["batch_size"], values.get("accumulate", 1)
    if rows % parts:
        raise ValueError(f"accumulate={parts} cannot share out the {rows} images of a batch evenly")
    family = names.family_of(values["model"])
    read, wanted = values["batches"]["_target_"], names.BATCHES.get(str(family))
    if wanted and read != wanted and read in names.BATCHES.values():
        raise ValueError(f"batches._target_ must be {wanted} for {family}, or a class of your own, not {read}")
    crop = (
        values["batches"].get("crop_share", 1.0) * values["image_size"] if read == names.BATCHES["face_parser"] else 32
    )
    if crop < 16:
        raise ValueError(
            f"batches.crop_share={values['batches']['crop_share']} of image_size={values['image_size']} makes crops of "
            f"{crop:.0f} px; a face parser needs 16 or more"
        )
    if values.get("activation_checkpointing") and family in ("face_parser", "hair_classifier"):
        raise ValueError(f"activation_checkpointing=true is for stargan and sean, not for {family}")


def _check_metrics(values: dict[str, Any]) -> None:
    """Refuse metrics that are not there, and a look at values that this run does not log."""
    family = names.family_of(values["model"])
    if family is None:
        return
    callbacks = parts_of(values, "callbacks")
    for name, callback in callbacks.items():
        if settings_of(callback["_target_"]) is Evaluate:
            check_wanted(family, callback, f"callbacks.{name}.")
            if family == "sean" and callback.get("max_sources") == 1:
                raise ValueError(
                    f"callbacks.{name}.max_sources must be 2 or more for sean, whose edits take another image's style, "
                    "not 1"
                )
            if not callback.get("metrics") and family not in names.DEFAULT_METRICS:
                known = " and ".join(names.DEFAULT_METRICS)
                raise ValueError(f"callbacks.{name} is for {known}, not for {family}")
    if any(settings_of(callback["_target_"]) is None for callback in callbacks.values()):
        return  # a callback of the user's own may log anything
    validates = values["trainer"].get("limit_val_batches", 1.0) != 0
    measured = names.measured(family, callbacks, validates=True)
    for name, callback in callbacks.items():
        _known(f"callbacks.{name}.monitor", callback.get("monitor"), measured, family)
    losses = names.losses(family)
    _known("optimized_metric", values.get("optimized_metric"), [*measured, *losses], family)
    if not validates:
        measured = names.measured(family, callbacks, validates=False)
    if values.get("sweep"):
        _known("sweep.metric", values["sweep"].get("metric"), [*measured, *losses], family)


def check_wanted(family: str, asked: dict[str, Any], where: str = "") -> None:
    """Refuse metrics that a family has not, and those that cannot be measured as asked.

    Args:
        asked: `metrics`, and what they need: `classifier`, `parser`, `num_outputs`.
        where: what the names begin with, for the sentence.
    """
    for metric in asked.get("metrics") or ():
        if metric not in names.METRICS[family]:
            raise ValueError(
                f"there is no metric {shown(metric)} for {family} ({where}metrics); there are "
                + ", ".join(names.METRICS[family])
                + (f"; '{metric}' is a protocol: {where}protocol={metric}" if metric in names.PROTOCOLS else "")
            )
    wanted = asked.get("metrics") or (("lpips",) if family == "stargan" else ())
    if family == "stargan" and "lpips" in wanted and asked.get("num_outputs", 10) < 2:
        raise ValueError(
            f"{where}num_outputs must be 2 or more for lpips, which compares the outputs of a source, not "
            f"{asked['num_outputs']}; {where}metrics=[fid] needs one only"
        )
    for metric, judge, kind in (
        ("domain_accuracy", "classifier", "hair classifier"),
        ("segmentation", "parser", "face parser"),
    ):
        if metric in (asked.get("metrics") or ()) and family in ("stargan", "sean") and not asked.get(judge):
            raise ValueError(f"the metric '{metric}' needs a {kind}: {where}{judge}=RUN_OR_BUNDLE")


def _known(name: str, value: str | None, measured: list[str], family: str) -> None:
    if value is None or value in measured:
        return
    shown_names = ", ".join(measured[:8]) + (f" and {len(measured) - 8} more" if len(measured) > 8 else "")
    raise ValueError(
        f"{name}: this run ({family}) does not measure {shown(value)}{nearest(str(value), measured)}"
        + (f"; it measures {shown_names}" if measured else "; it measures nothing")
    )
