"""A training step never makes the host wait for the device."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor
from torch.utils.data import default_convert

from hairgan.regions import NUM_REGIONS
from lightning_modules import fused_optimizers
from lightning_modules.launch.components import build_data_and_module
from lightning_modules.step_values import StepValues
from tests.unit.lightning_modules.two_networks import TwoNetworks, fit

SMALL = {
    "stargan": ["model.generator.base_width=8", "model.generator.max_width=16", "model.mapping_network.hidden_dim=16"],
    "sean": [
        "model.generator.width=4",
        "model.generator.style_dim=8",
        "model.discriminator.width=8",
        "model.perceptual.weights=random",
    ],
    "face_parser": ["model.parser.base_width=8", "model.schedule.warmup_steps=1", "model/optimizer=adamw"],
    "hair_classifier": ["model.classifier.base_width=8", "model.classifier.depth=18"],
    "hair_layout": ["model.schedule.warmup_steps=1"],
}


@pytest.fixture
def device_without_values(monkeypatch: pytest.MonkeyPatch) -> str:
    """The meta device as an accelerator: its tensors have no values, so that reading one is an error.

    PyTorch does not know autocast and fused optimizers for it.
    """
    monkeypatch.setattr(torch, "autocast", lambda *args, **options: nullcontext())
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda device: False)
    monkeypatch.setattr(torch, "get_autocast_dtype", lambda device: torch.bfloat16)
    optimizer = importlib.import_module("torch.optim.optimizer")
    monkeypatch.setattr(optimizer, "_get_fused_kernels_supported_devices", lambda: ["meta"])
    monkeypatch.setattr(fused_optimizers, "DEVICES", ("meta",))
    return "meta"


@pytest.mark.parametrize("model", SMALL)
def test_a_step_reads_no_value_of_the_device(
    model: str,
    device_without_values: str,
    packed_faces: Callable[[int], Path],
    compose_config: Callable[..., DictConfig],
) -> None:
    settings = [f"model={model}", "image_size=32", "batch_size=2", "steps=10", *SMALL[model]]
    if model == "hair_layout":  # its data would be drawn
        module = instantiate(compose_config(*settings, "data=portraits").model)
        names = ("source", "reference", "target")
        batch = {name: torch.randint(NUM_REGIONS, (2, 32, 32)).to(device_without_values) for name in names}
    else:
        cfg = compose_config(*settings, "data=celeba_hq", f"data.root={packed_faces(32)}")
        data, module = build_data_and_module(cfg)
        batch = batch_on_device(data, device_without_values)
    module.to(device_without_values)
    optimizers = module.configure_optimizers()
    module.optimizers = lambda use_pl_optimizer: optimizers
    module._trainer = SimpleNamespace(  # type: ignore[assignment]
        log_every_n_steps=100,
        num_training_batches=10,
        loggers=[],
        precision_plugin=SimpleNamespace(),
        global_rank=0,
        strategy=SimpleNamespace(backward=lambda loss, optimizer, **options: loss.backward(**options)),
    )
    module.steps_done = 3  # a step that is not logged
    module.on_train_batch_start(batch, 3)
    module.training_step(batch, 3)
    assert module.steps_done == 4 and module.checked_step == 0


def batch_on_device(data: Any, device: str) -> dict[str, Any]:
    data.setup()
    batches = data.batches("train")
    batch = default_convert(batches.read(3))
    on_device = {name: value.to(device) if isinstance(value, Tensor) else value for name, value in batch.items()}
    return batches.augment(on_device)


def test_the_values_of_a_step_are_read_after_the_next_step(tmp_path, monkeypatch):
    events = []
    for name, original in (("send", StepValues.send), ("read", StepValues.read)):

        def noted(self: StepValues, name: str = name, original: Callable[..., Any] = original) -> Any:
            events.append(f"{name} {self.step}")
            return original(self)

        monkeypatch.setattr(StepValues, name, noted)
    fit(TwoNetworks(), steps=5, tmp_path=tmp_path, log_every_n_steps=3)
    assert events == [
        "send 0", "read 0",  # the first step is logged
        "send 1",
        "send 2", "read 1", "read 2",  # so is every third
        "send 3",
        "send 4", "read 3", "read 4",  # and at the end nothing stays unread
    ]  # fmt: skip


def test_optimizers_that_cannot_skip_an_update_wait_for_the_values(tmp_path):
    class Plain(TwoNetworks):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self._make_optimizer["second"] = lambda parameters: torch.optim.RMSprop(parameters, lr=0.1)

    good, bad = Plain(), Plain(poison_at=1)
    fit(good, steps=1, tmp_path=tmp_path)
    with pytest.raises(RuntimeError, match="step 1, phase both: loss is nan"):
        fit(bad, tmp_path=tmp_path)
    torch.testing.assert_close(bad.state_dict(), good.state_dict(), rtol=0, atol=0)
    assert bad.steps_done == 1


def test_no_checkpoint_takes_a_value_that_is_not_finite_at_its_step(tmp_path):
    class SavesAtTwo(pl.Callback):
        def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
            if pl_module.steps_done == 2:
                pl_module.check_weights_are_finite()  # type: ignore[operator]

    module = TwoNetworks(poison_at=1)
    with pytest.raises(RuntimeError, match="step 1, phase both: loss is nan"):
        fit(module, steps=5, tmp_path=tmp_path, callbacks=[SavesAtTwo()])
    assert module.steps_done == 2
