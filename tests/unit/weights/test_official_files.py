"""Published files become parts of a bundle; files that hold more than tensors are refused, not run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from hairgan.cli import cli
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder
from hairgan.weights.bundles import load_bundle
from hairgan.weights.files import read_tensors
from hairgan.weights.official_files import import_files
from tests.golden import rule

NARROW = {"image_size": 32, "base_width": 4, "max_width": 8}


@pytest.fixture(scope="module")
def parser_state() -> dict[str, torch.Tensor]:
    return rule.fill_state(rule.GOLDEN / "bisenet" / "keys.json")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, parser_state: dict) -> dict[str, Path]:
    """Files as published, but for widths: StarGAN v2's first release lacks `hpf.filter`."""
    folder = tmp_path_factory.mktemp("official")
    torch.manual_seed(0)
    generator = Generator(**NARROW, w_hpf=1.0).state_dict()
    del generator["hpf.filter"]
    states = {
        "generator": generator,
        "mapping_network": MappingNetwork(2, hidden_dim=8).state_dict(),
        "style_encoder": StyleEncoder(**NARROW, num_domains=2).state_dict(),
    }
    paths = {name: folder / name for name in ("100000_nets_ema.ckpt", "79999_iter.pth", "wing.ckpt")}
    torch.save(states, paths["100000_nets_ema.ckpt"])
    torch.save(parser_state, paths["79999_iter.pth"])
    fan = rule.fill_state(rule.GOLDEN / "stargan_v2" / "fan" / "keys.json")
    torch.save({"epoch": 7, "state_dict": fan}, paths["wing.ckpt"])
    return {"stargan": paths["100000_nets_ema.ckpt"], "bisenet": paths["79999_iter.pth"], "fan": paths["wing.ckpt"]}


def test_from_files_to_a_bundle(files: dict[str, Path], tmp_path: Path, parser_state: dict) -> None:
    arguments = [text for name, path in files.items() for text in (f"--{name}", str(path))]
    arguments += ["--w-hpf", "1", "--out", str(tmp_path / "b")]
    result = CliRunner().invoke(cli, ["import-official", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    assert "parser" in result.output and "13,300,416 parameters" in result.output
    bundle = load_bundle(tmp_path / "b")
    assert set(bundle.networks) == {"parser", "stargan_generator", "mapping_network", "style_encoder", "fan"}
    assert bundle.domains == ("female", "male")
    assert "non-commercial" in bundle.card["licence"]["parser"]
    stored = bundle.networks["parser"].state_dict()["backbone.conv1.weight"]
    assert torch.equal(stored, parser_state["cp.resnet.conv1.weight"])
    generator = bundle.networks["stargan_generator"]
    assert isinstance(generator, Generator) and generator.w_hpf == 1
    direct = import_files(**files, w_hpf=1.0)
    x, s = torch.zeros(1, 3, 32, 32), torch.ones(1, 64)
    assert torch.equal(generator(x, s), direct["stargan_generator"](x, s))


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.path),)


def test_a_file_that_holds_code_is_refused(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    torch.save({"generator": Trap(trap)}, tmp_path / "evil.ckpt")
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pth")
    for name in ("evil.ckpt", "module.pth"):
        with pytest.raises(ValueError, match=rf"{name} is refused"):
            import_files(stargan=tmp_path / name)
    assert not trap.exists()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_files_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.pth is (not a PyTorch file|refused|damaged)"):
        read_tensors(tmp_path / "x.pth")
    with pytest.raises(ValueError, match="there is no file"):
        read_tensors(tmp_path / "y.pth")


def test_files_of_the_wrong_kind(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"79999_iter\.pth has no 'generator'"):
        import_files(stargan=files["bisenet"])
    with pytest.raises(ValueError, match=r"nets_ema\.ckpt holds no state dict"):
        import_files(bisenet=files["stargan"])
    with pytest.raises(ValueError, match=r"79999_iter\.pth: not a SEAN generator"):
        import_files(sean=files["bisenet"])
    for arguments, message in (
        (["--stargan", str(files["stargan"]), "--domains", "a,b,c"], "has 2 domains, --domains names 3"),
        ([], "at least one file"),
    ):
        with pytest.raises(ValueError, match=message):
            CliRunner().invoke(
                cli, ["import-official", "--out", str(tmp_path / "c"), *arguments], catch_exceptions=False
            )
