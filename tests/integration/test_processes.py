"""Several processes compute the same run as one process, and all of them end if one ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

from hairgan.weights.runs import find_checkpoint, networks_from_run
from lightning_modules.callbacks import evaluate
from tests.integration import runs
from tests.integration.conftest import EXACT, GANS


def start_processes(
    overrides: list[str], log: Path, size: int = 2, nodes: int = 1, prepare: Callable[[], None] | None = None
) -> list[BaseProcess]:
    port = runs.free_port()
    return [
        runs.start(
            overrides, log.with_suffix(f".{rank}"), runs.torchrun_variables(rank, size, port, nodes), prepare=prepare
        )
        for rank in range(size)
    ]


@pytest.mark.parametrize("model", GANS)
def test_two_processes_train_the_same_weights_as_one(model, exact_settings, tmp_path):
    """With R1, synchronized batch norm, noise, Adam, averages and a validation."""
    assert_two_equal_one(model, exact_settings(model, steps=3), EXACT, tmp_path)


IN_FLOAT32 = {"stargan": 1e-6, "sean": 1e-3}  # SEAN's running variances: see docs/scaling.md


@pytest.mark.slow
@pytest.mark.parametrize("model", GANS)
def test_a_step_of_two_processes_is_close_in_float32(model, settings, compose_config, tmp_path):
    overrides = settings(model, steps=1, size=64 if model == "sean" else 32)
    sgd = "_target_: torch.optim.SGD, _partial_: true, lr: 1.0e-4"  # Adam turns rounding errors into full steps
    networks = compose_config(*overrides).model.optimizers
    overrides += [f"~model.optimizers.{name}" for name in networks]
    overrides += [f"+model.optimizers.{name}={{{sgd}}}" for name in networks]
    assert_two_equal_one(model, overrides, IN_FLOAT32[model], tmp_path)


WITHOUT_EFFECT = ["from_rgb.bias"] + [
    f"{half}.{block}.conv{n}.bias" for half in ("encode", "decode") for block in range(3) for n in (1, 2)
]
"""Biases of StarGAN's generator (w_hpf=0, 32 px) that the next instance normalization removes: see docs/scaling.md and
tests/unit/networks/test_stargan.py."""


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "rate"), [(20, 1e-4), (6, 1e-3)])  # as published; as in experiment=quickstart
def test_networks_of_two_processes_have_the_outputs_of_one(steps, rate, exact_settings, tmp_path):
    rates = [f"model.optimizers.{name}.lr={rate}" for name in ("generator", "style_encoder", "discriminator")]
    overrides = [*exact_settings("stargan", steps=steps), "model.generator.w_hpf=0", *rates]
    one, two = train_in_one_and_in_two("stargan", overrides, tmp_path)
    for kind in ("ema", "networks"):
        for output, other in zip(outputs(one, kind), outputs(two, kind), strict=True):
            assert float((output - other).abs().max()) < EXACT
    weights, others = (runs.load(run)["state_dict"] for run in (one, two))
    differ = {name: float((weights[name] - others[name]).abs().max()) for name in weights}
    noise = max(differ.pop(f"networks.generator.{bias}") for bias in WITHOUT_EFFECT)
    for bias in WITHOUT_EFFECT:
        del differ[f"ema.generator.{bias}"]
    assert max(differ.values()) < EXACT
    assert noise > 1e-4 if rate > 1e-4 else noise < EXACT


@torch.no_grad()
def outputs(run: Path, kind: str) -> list[torch.Tensor]:
    """The outputs of a StarGAN v2 run's networks, averaged (`ema`) or not (`networks`), for fixed images and codes."""
    networks, state = networks_from_run(run)[0], runs.load(run)["state_dict"]
    for name, network in networks.items():
        prefix = f"{kind}.{name}." if f"ema.{name}." in "".join(state) else f"networks.{name}."
        network.double().load_state_dict(
            {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        )
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(4, 3, 32, 32, generator=generator, dtype=torch.float64) * 2 - 1
    codes = torch.randn(4, 16, generator=generator, dtype=torch.float64)
    domains = torch.tensor([0, 1, 0, 1])
    styles = networks["mapping_network"](codes, domains)
    translated = networks["generator"](images, styles)
    return [translated, networks["style_encoder"](images, domains), networks["discriminator"](images, domains), styles]


def assert_two_equal_one(model: str, overrides: list[str], tolerance: float, tmp_path: Path) -> None:
    runs.assert_close_runs(*train_in_one_and_in_two(model, overrides, tmp_path), tolerance)


def train_in_one_and_in_two(model: str, overrides: list[str], tmp_path: Path) -> tuple[Path, Path]:
    """Train in one process and in two processes; returns both run directories."""
    shared = [*overrides, "logger=[csv]", "data.num_workers=0"]
    one = runs.start([*shared, "trainer=cpu", f"run_dir={tmp_path / 'one'}"], tmp_path / "log.one")
    two = start_processes([*shared, "trainer=ddp_sim", f"paths.outputs={tmp_path / 'outputs'}"], tmp_path / "log")
    for process in (one, *two):
        process.join(300)
    assert [process.exitcode for process in (one, *two)] == [0, 0, 0], runs.read_log(tmp_path / "log.0")[-3000:]
    (run,) = (tmp_path / "outputs" / model).iterdir()  # one directory for both ranks
    return tmp_path / "one", run


@pytest.mark.slow
def test_two_nodes_of_two_processes_train_the_same_weights_as_one(exact_settings, tmp_path):
    shared = [*exact_settings("stargan", steps=2), "logger=[csv]", "data.num_workers=0"]
    one = runs.start([*shared, "trainer=cpu", f"run_dir={tmp_path / 'one'}"], tmp_path / "log.one")
    nodes = [*shared, "trainer=ddp_sim", "trainer.num_nodes=2", f"paths.outputs={tmp_path / 'outputs'}"]
    four = start_processes(nodes, tmp_path / "log", size=4, nodes=2)
    for process in (one, *four):
        process.join(300)
    assert [process.exitcode for process in (one, *four)] == [0] * 5, runs.read_log(tmp_path / "log.0")[-3000:]
    (run,) = (tmp_path / "outputs" / "stargan").iterdir()
    runs.assert_close_runs(tmp_path / "one", run, EXACT)


def signal_one_of_two(number: signal.Signals, settings, tmp_path: Path) -> list[BaseProcess]:
    """Send a signal to the second of two training processes; returns both processes after they have ended."""
    endless = [*settings("stargan", steps=100000), "callbacks.checkpoints.every_n_steps=100000", "trainer=ddp_sim"]
    endless += ["callbacks.sample_grids=null", "logger=[csv]", "data.num_workers=0", f"run_dir={tmp_path / 'run'}"]
    ranks = start_processes(endless, tmp_path / "log")
    runs.wait_for(lambda: "step/s" in runs.read_log(tmp_path / "log.0") or any(r.exitcode is not None for r in ranks))
    assert ranks[1].pid is not None
    os.kill(ranks[1].pid, number)
    for process in ranks:
        process.join(120)
    return ranks


@pytest.mark.slow
def test_sigterm_to_one_process_saves_and_ends_all(settings, tmp_path):
    ranks = signal_one_of_two(signal.SIGTERM, settings, tmp_path)
    assert [rank.exitcode for rank in ranks] == [128 + signal.SIGTERM] * 2, runs.read_log(tmp_path / "log.0")[-3000:]
    assert runs.load(tmp_path / "run")["steps_done"] == int(find_checkpoint(tmp_path / "run").stem.split("_")[1])


@pytest.mark.slow
def test_a_lost_process_is_named(settings, tmp_path):
    ranks = signal_one_of_two(signal.SIGKILL, settings, tmp_path)
    assert ranks[0].exitcode == 1
    last = runs.read_log(tmp_path / "log.0").splitlines()[-1]
    assert last == "train.py: process 0 of 2 got no answer from process 1 in 10 s"


def fail_to_evaluate() -> None:
    """Let the evaluation fail in all processes at the first step, and in only one of them at the second."""

    def failing(*arguments: Any, **options: Any) -> None:
        steps.append(0)
        if len(steps) == 1:
            raise ValueError("the domain bob has no images")
        if dist.get_rank() == 1:
            time.sleep(0.5)
            raise MemoryError("in one process")
        dist.barrier()

    steps: list[int] = []
    evaluate.evaluate_networks = failing


@pytest.mark.slow
def test_an_evaluation_that_fails_in_all_processes_is_skipped(settings, tmp_path):
    callback = "{_target_:lightning_modules.callbacks.Evaluate,every_n_steps:1,cache:${paths.cache}}"
    two = [*settings("stargan", steps=3), "trainer=ddp_sim", "logger=[csv]", "data.num_workers=0"]
    two += ["callbacks.sample_grids=null", "callbacks.checkpoints.every_n_steps=1", f"run_dir={tmp_path / 'run'}"]
    ranks = start_processes(
        [*two, f"callbacks.generative_metrics={callback}"], tmp_path / "log", prepare=fail_to_evaluate
    )
    for process in ranks:
        process.join(120)
    assert [rank.exitcode for rank in ranks] == [1, 1]
    logs = [runs.read_log(tmp_path / f"log.{rank}") for rank in (0, 1)]
    assert "step 1: generative_metrics failed and is skipped" in logs[0], logs[0][-3000:]
    assert "MemoryError: in one process" in logs[1], logs[1][-3000:]
    assert find_checkpoint(tmp_path / "run").name == "step_00000001.ckpt"
