"""Learning rates and device values in the logs of a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from lightning_modules.callbacks import DeviceStats, LearningRates


def trainer_and_module(steps_done: int) -> tuple[Any, Any, list[dict[str, float]]]:
    parameters = [[torch.nn.Parameter(torch.zeros(1))] for _ in range(3)]
    one = torch.optim.SGD(parameters[0], lr=0.5)
    two = torch.optim.SGD([{"params": parameters[1], "lr": 0.25}, {"params": parameters[2], "lr": 0.125}])
    logged: list[dict[str, float]] = []
    module = SimpleNamespace(
        networks={"parser": None, "style_encoder": None},
        steps_done=steps_done,
        device=torch.device("cpu"),
        log_to_loggers=lambda values: logged.append(dict(values)),
    )
    return SimpleNamespace(log_every_n_steps=10, optimizers=[one, two]), module, logged


def test_learning_rates_by_network_and_group():
    for steps_done, expected in ((1, 1), (5, 0), (10, 1)):  # as losses are logged
        trainer, module, logged = trainer_and_module(steps_done)
        LearningRates().on_train_batch_end(trainer, module)
        assert len(logged) == expected
    assert logged == [{"lr/parser": 0.5, "lr/style_encoder/0": 0.25, "lr/style_encoder/1": 0.125}]


def test_device_values_of_a_processor():
    trainer, module, logged = trainer_and_module(10)
    stats = DeviceStats()
    stats.on_train_start(trainer, module)
    torch.randn(300, 300) @ torch.randn(300, 300)
    stats.on_train_batch_end(trainer, module)
    (values,) = logged
    assert set(values) == {"device/cpu_cores", "device/host_memory_gb"}
    assert 0 < values["device/cpu_cores"] < 100 and 0.05 < values["device/host_memory_gb"] < 1000
