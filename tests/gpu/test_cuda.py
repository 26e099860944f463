"""The goldens, training and resuming on a CUDA device: `HAIRGAN_GPU_TESTS=1 pytest tests/gpu -m gpu`."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hairgan.curves import read_curves
from hairgan.losses.sean import discriminator_loss, generator_loss
from hairgan.losses.stargan import StarGANv2Step
from hairgan.weights.official import from_official
from lightning_modules.launch.training import train
from tests.golden.rule import GOLDEN, Golden, image, label, randn
from tests.integration.conftest import SMALL
from tests.integration.runs import assert_same_run

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]
UPDATES = {
    "d_latent": ("discriminator",),
    "d_reference": ("discriminator",),
    "g_latent": ("generator", "mapping_network", "style_encoder"),
    "g_reference": ("generator",),
}


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    """No TensorFloat-32, which keeps three digits."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


def on_cuda(name: str, folder: str, channels_last: bool = False) -> tuple[nn.Module, Golden]:
    golden = Golden(folder)
    network = from_official(name, golden.state()).cuda()
    return (network.to(memory_format=torch.channels_last) if channels_last else network), golden


@pytest.mark.parametrize("channels_last", [False, True])
def test_golden_stargan(channels_last: bool) -> None:
    with torch.inference_mode():
        generator, golden = on_cuda("stargan_v2/generator", "stargan_v2/generator_hpf0", channels_last)
        y = generator(image(1, 2)[:1].cuda(), randn(6, 2, 64)[:1].cuda())
    assert golden.error("y", y.cpu()) < 1e-4


@pytest.mark.parametrize("channels_last", [False, True])
def test_golden_sean(channels_last: bool) -> None:
    labels = label(22, 2)[:, 0]
    labels[1][labels[1] >= 13] -= 13
    with torch.inference_mode():
        generator, golden = on_cuda("sean/generator", "sean_generator", channels_last)
        styles = generator.encode_styles(image(21, 2).cuda(), labels.cuda())
        painted = generator(labels.cuda(), styles)
    assert golden.error("style_codes", styles.cpu()) < 1e-4
    assert golden.error("y", painted.cpu()) < 1e-4


def test_golden_classifier() -> None:
    with torch.inference_mode():
        network, golden = on_cuda("resnet_cbam", "cbam_resnet34")
        logits = network(image(33, 2, 256)[..., :224, :224].cuda())
    assert golden.error("logits", logits.cpu()) < 1e-4


def stargan_networks() -> dict[str, Any]:
    folders = {"generator": "generator_hpf0", "mapping_network": "mapping"}
    names = ("generator", "mapping_network", "style_encoder", "discriminator")
    return {name: on_cuda(f"stargan_v2/{name}", f"stargan_v2/{folders.get(name, name)}")[0] for name in names}


def stargan_batch() -> dict[str, Tensor]:
    images = {name: image(tag, 2) for tag, name in ((1, "x"), (2, "x_ref"), (3, "x_ref2"))}
    domains = {"y_org": torch.tensor([0, 5]), "y_trg": torch.tensor([3, 1])}
    batch = images | domains | {"z": randn(4, 2, 16), "z2": randn(5, 2, 16)}
    return {name: value.cuda() for name, value in batch.items()}


@pytest.mark.parametrize("phase", list(UPDATES))
def test_golden_phase_of_stargan(phase: str) -> None:
    losses = json.loads((GOLDEN / "stargan_v2/training/losses.json").read_text())
    expected = losses[phase.replace("reference", "ref")]
    networks = stargan_networks()
    loss, terms = getattr(StarGANv2Step(**networks, **stargan_batch()), phase)()
    assert float(loss.detach()) == pytest.approx(expected["total"], rel=1e-4)
    for name, term in terms.items():
        assert float(term) == pytest.approx(expected[name], rel=1e-4), name
    loss.backward(inputs=[p for name in UPDATES[phase] for p in networks[name].parameters()])
    for name in UPDATES[phase]:
        norm = sum(p.grad.double().pow(2).sum() for p in networks[name].parameters() if p.grad is not None)
        assert float(norm.sqrt()) == pytest.approx(expected["grad_l2"][name], rel=1e-3), name


def test_sean_losses_equal_those_of_the_cpu() -> None:
    """The accelerator computes ACE densely, the CPU by neighborhoods of the label map."""
    from hairgan.networks.sean import SEANDiscriminator, SEANGenerator

    torch.manual_seed(0)
    generator = SEANGenerator(64, width=8, num_regions=19, style_dim=16).train()
    discriminator = SEANDiscriminator(width=16).train()
    images, labels = image(21, 2, 64), label(22, 2, 64)[:, 0]
    values = []
    for device in ("cpu", "cuda"):
        nets = [copy.deepcopy(network).to(device) for network in (generator, discriminator)]
        on_device = [value.to(device) for value in (images, labels)]
        loss, _ = generator_loss(*nets, *on_device, perceptual=None)
        loss.backward()
        grads = [p.grad.double().norm() for p in nets[0].parameters() if p.grad is not None]
        critic, _ = discriminator_loss(*nets, *on_device)
        values.append([float(loss), float(critic), float(torch.stack(grads).norm())])
    assert values[1] == pytest.approx(values[0], rel=1e-3)


@pytest.fixture
def cuda_settings(settings: Callable[..., list[str]]) -> Callable[..., list[str]]:
    def make(model: str, *extra: str, **more: Any) -> list[str]:
        return [*settings(model, size=64 if model == "sean" else 32, **more), "trainer=gpu", *extra]

    return make


@pytest.mark.parametrize("model", SMALL)
def test_a_resumed_run_equals_an_uninterrupted_one(
    model: str, cuda_settings: Any, compose_config: Any, tmp_path: Path, stop_after_three_steps: Callable[[], Any]
) -> None:
    exact = ["trainer.deterministic=warn", "trainer.benchmark=false"]
    train(compose_config(*cuda_settings(model, *exact, run_dir=tmp_path / "whole")))

    with stop_after_three_steps():
        train(compose_config(*cuda_settings(model, *exact, run_dir=tmp_path / "halves")))
    train(compose_config(*cuda_settings(model, *exact, resume=tmp_path / "halves")))
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


WITHOUT_DEVICE_NOISE = {"sean": ["model.noise=false"], "hair_classifier": ["model.classifier.dropout=0.0"]}
"""Dropout and ACE's noise are drawn on the device: other numbers on another kind of device."""


@pytest.mark.parametrize("model", SMALL)
def test_losses_equal_those_of_the_cpu(model: str, cuda_settings: Any, compose_config: Any, tmp_path: Path) -> None:
    """The first step in float32: later ones amplify rounding."""
    same = ["trainer.precision=32-true", *WITHOUT_DEVICE_NOISE.get(model, [])]
    for device in ("cpu", "gpu"):
        values = [value for value in cuda_settings(model, *same, run_dir=tmp_path / device) if value != "trainer=gpu"]
        train(compose_config(*values, f"trainer={device}"))
    cpu, gpu = (read_curves(tmp_path / device / "metrics.csv")[0] for device in ("cpu", "gpu"))
    names = [name for name in cpu if "/" in name and not name.startswith(("throughput", "metrics", "val", "lr"))]
    assert names
    for name in names:
        assert gpu[name] == pytest.approx(cpu[name], rel=2e-2, abs=1e-4), name
