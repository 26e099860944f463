"""The callback that measures during training, and the three callbacks of older configs that it replaces."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from hairgan.metrics.registry import value_names
from hairgan.networks.sean import SEANGenerator
from lightning_modules.callbacks import Evaluate
from lightning_modules.callbacks.evaluate import _in_float32
from lightning_modules.launch.settings import use_current_names
from lightning_modules.launch.settings.logged_values import seconds_name

SEAN = SimpleNamespace(networks={"generator": SEANGenerator(image_size=32, width=1, style_dim=2)})


@pytest.mark.parametrize(
    ("old", "metrics", "seconds"),
    [
        ("GenerativeMetrics", ("fid", "reconstruction"), "metrics/seconds"),
        ("EditMetrics", ("edits",), "metrics/seconds_edits"),
        ("SegmentationMetrics", ("segmentation",), "metrics/seconds_segmentation"),
    ],
)
def test_callbacks_of_older_configs_measure_and_log_what_they_did(old, metrics, seconds, tmp_path):
    node = {"_target_": f"lightning_modules.callbacks.{old}", "every_n_steps": 5, "cache": str(tmp_path)}
    cfg = OmegaConf.create({"callbacks": {"old": node, "older": {**node, "metrics": ["kid"]}}})
    use_current_names(cfg)
    callback, own_metrics = instantiate(cfg.callbacks.old), instantiate(cfg.callbacks.older)
    assert type(callback) is Evaluate and callback.every_n_steps == 5
    assert callback.measures(SEAN) == [f"metrics/{name}" for name in value_names("sean", metrics)]
    assert own_metrics.measures(SEAN) == ["metrics/kid_embedded"]
    assert seconds_name(callback.name) == seconds


def test_names_in_a_config_are_updated_and_its_references_kept():
    schedule = {"_target_": "lightning_modules.schedules.linear_decay", "_partial_": True, "steps": "${steps}"}
    cfg = OmegaConf.create({"steps": 10, "model": {"schedule": schedule}})
    use_current_names(cfg)
    assert OmegaConf.to_container(cfg.model.schedule, resolve=False)["steps"] == "${steps}"
    assert instantiate(cfg.model.schedule)(step=10) == 0.0


def test_a_network_trained_in_float64_is_measured_in_float32():
    network = torch.nn.Linear(2, 2)
    assert _in_float32(network) is network
    copy = _in_float32(network.double())
    assert copy is not network and copy.weight.dtype == torch.float32 and network.weight.dtype == torch.float64
