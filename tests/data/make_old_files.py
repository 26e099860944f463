"""Wrote `old_bundle.tar.xz` and `old_run.tar.xz` with the code of November 2026, before cards and runs were checked by
a schema: later code has to go on reading them. Not to be run again with later code.

    python -m tests.data.make_old_files OUT
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from torch import nn

from hairgan.data.packing import pack
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.weights.bundles import load_bundle, save_bundle
from hairgan.weights.runs import networks_from_run
from tests.conftest import ROOT, Faces

STARGAN = {"image_size": 32, "base_width": 2, "max_width": 4}


def fill(network: nn.Module) -> nn.Module:
    """Weights in a short pattern, which compresses well."""
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not name.endswith("hpf.filter"):
            pattern = 0.04 * ((torch.arange(tensor.numel()) % 7) - 2.5)
            if name.endswith("running_var"):
                pattern = pattern.abs() + 0.5
            tensor.copy_(pattern.reshape(tensor.shape))
    return network


def summary(networks: dict[str, nn.Module]) -> dict[str, float]:
    """One number for each network: the sum of the absolute values of its weights."""
    return {
        name: float(sum(tensor.double().abs().sum() for tensor in network.state_dict().values()))
        for name, network in networks.items()
    }


def main(out: Path) -> None:
    networks = {
        "parser": BiSeNet(base_width=4, image_size=64),
        "classifier": HairClassifier(base_width=4, image_size=32),
        "sean": SEANGenerator(32, width=1, style_dim=4, label_width=2),
        "mean_styles": MeanStyles(style_dim=4),
        "stargan_generator": Generator(**STARGAN, w_hpf=1.0),
        "mapping_network": MappingNetwork(2, hidden_dim=4),
        "style_encoder": StyleEncoder(**STARGAN, num_domains=2),
    }
    training = {"run": "old", "step": 5, "dataset": {"fingerprint": "ab12", "size": 64}, "metrics": {"val/x": 0.5}}
    save_bundle(
        out / "bundle", {name: fill(network) for name, network in networks.items()},
        domains=["bob", "short"], licence=dict.fromkeys(networks, "MIT"),
        training={name: training if name != "parser" else "as published" for name in networks},
    )  # fmt: skip
    pack(Faces(32), 40, out / "faces", size=32, source={"kind": "test faces"}, workers=0, progress=False)
    overrides = [
        "logger=[csv]", "trainer=cpu", "data=celeba_hq", "data/domains=gender2", f"data.root={out / 'faces'}",
        "data.num_workers=0", "image_size=32", "steps=2", "batch_size=4", "callbacks.checkpoints.every_n_steps=2",
        "callbacks.generative_metrics=null", "callbacks.sample_grids=null", "callbacks.loss_curves=null",
        "model.generator.base_width=1", "model.generator.max_width=2", "model.generator.style_dim=8",
        "model.mapping_network.hidden_dim=4",
        f"paths.outputs={out / 'outputs'}", f"paths.cache={out / 'cache'}", f"run_dir={out / 'run'}",
    ]  # fmt: skip
    from lightning_modules.launch.training import train

    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        train(compose("config", overrides))
    expected = {
        "bundle": summary(load_bundle(out / "bundle").networks),
        "run": summary(networks_from_run(out / "run")[0]),
    }
    (out / "bundle" / "expected.json").write_text(json.dumps(expected["bundle"]))
    (out / "run" / "expected.json").write_text(json.dumps(expected["run"]))
    for file in (out / "run").glob("*.yaml"):
        file.write_text(file.read_text().replace(str(out.absolute()), "/somewhere"))
    for name in ("bundle", "run"):
        shutil.make_archive(str(out / f"old_{name}"), "xztar", out, name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
