"""Exports: the modules that are exported compute what the networks compute, and a bundle becomes files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from hairgan.cli import cli
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.weights.bundles import save_bundle
from hairgan.weights.exporting import recipes

NARROW = {"image_size": 32, "base_width": 4, "max_width": 8}


@torch.inference_mode()
def test_what_is_exported_is_the_network() -> None:
    torch.manual_seed(0)
    sean = SEANGenerator(image_size=32, width=2, style_dim=4)
    labels = recipes("sean", sean, 2)["sean"].inputs["labels"]
    for _ in range(20):  # spectral norm and batch statistics settle, so that the image is not saturated
        sean(labels, torch.rand(2, 19, 4))
    mapping, encoder = MappingNetwork(3, hidden_dim=8), StyleEncoder(**NARROW, num_domains=3)
    generator, classifier = Generator(**NARROW, w_hpf=1.0), HairClassifier(base_width=4).eval()
    sean.eval()

    def pair(part: str, network: nn.Module, name: str = "") -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        recipe = recipes(part, network, 2)[name or part]
        return recipe.module(*recipe.inputs.values()), recipe.inputs

    image, inputs = pair("sean", sean)
    assert image.std() > 1e-3
    torch.testing.assert_close(image, sean(inputs["labels"], inputs["codes"]), rtol=0, atol=1e-5)
    codes, inputs = pair("sean", sean, "sean_encoder")
    torch.testing.assert_close(codes, sean.encode_styles(inputs["images"], inputs["labels"]))
    styles, inputs = pair("mapping_network", mapping)
    assert torch.equal(styles, mapping(inputs["latents"], inputs["domains"]))
    styles, inputs = pair("style_encoder", encoder)
    assert torch.equal(styles, encoder(inputs["images"], inputs["domains"]))
    rough, inputs = pair("stargan_generator", generator)
    masks = inputs["mask_all"], inputs["mask_detail"]
    assert torch.equal(rough, generator(inputs["images"], inputs["styles"], masks))
    recipe = recipes("classifier", classifier, 2)["classifier"]
    for name, logits in zip(recipe.outputs, recipe.module(recipe.inputs["images"]), strict=True):
        assert torch.equal(logits, classifier(recipe.inputs["images"])[name])
    assert recipes("unknown", mapping, 2) == {}


def test_a_bundle_becomes_files(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    mapping = MappingNetwork(3, hidden_dim=8).eval()
    parser = BiSeNet(base_width=4, image_size=64).eval()
    save_bundle(tmp_path / "b", {"mapping_network": mapping, "parser": parser})
    arguments = ["export", str(tmp_path / "b"), "--out", str(tmp_path / "onnx")]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0 and "largest difference" in result.output
    session = onnxruntime.InferenceSession(str(tmp_path / "onnx" / "mapping_network.onnx"))
    z, y = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32), np.array([0, 2, 1, 1, 0])
    with torch.no_grad():
        expected = mapping(torch.from_numpy(z), torch.from_numpy(y)).numpy()
    assert np.abs(session.run(None, {"latents": z, "domains": y})[0] - expected).max() < 1e-5
    session = onnxruntime.InferenceSession(str(tmp_path / "onnx" / "parser.onnx"))
    images = torch.rand(3, 3, 96, 40) * 2 - 1
    with torch.no_grad():
        expected = parser(images).numpy()
    assert np.abs(session.run(None, {"images": images.numpy()})[0] - expected).max() < 1e-3, "parses any size"
    with pytest.raises(ValueError, match="has no part sean"):
        CliRunner().invoke(cli, [*arguments, "--part", "sean"], catch_exceptions=False)


def test_files_are_not_overwritten_unasked(tmp_path: Path) -> None:
    save_bundle(tmp_path / "b", {"mapping_network": MappingNetwork(2, hidden_dim=4)})
    (tmp_path / "mapping_network.onnx").write_text("mine")
    with pytest.raises(ValueError, match=r"mapping_network\.onnx exists already"):
        CliRunner().invoke(cli, ["export", str(tmp_path / "b"), "--out", str(tmp_path)], catch_exceptions=False)
    assert (tmp_path / "mapping_network.onnx").read_text() == "mine"
