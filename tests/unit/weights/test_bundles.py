"""Bundles: what goes in comes out; what is missing, altered, foreign or of another size is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from hairgan.networks.face_parser import BiSeNet
from hairgan.weights.bundles import load_bundle, save_bundle
from hairgan.weights.cards import CARD


@pytest.fixture(scope="module")
def network() -> BiSeNet:
    torch.manual_seed(0)
    return BiSeNet(depth=18, base_width=4).eval()


@pytest.fixture
def bundle(tmp_path: Path, network: BiSeNet) -> Path:
    save_bundle(tmp_path / "b", {"parser": network}, licence="MIT", domains=["bang", "bob"], metrics={"hair_iou": 0.5})
    return tmp_path / "b"


def edit_card(bundle: Path, **changes: object) -> None:
    card = yaml.safe_load((bundle / CARD).read_text())
    card["parts"]["parser"].update(changes)
    (bundle / CARD).write_text(yaml.safe_dump(card))


def test_round_trip(bundle: Path, network: BiSeNet) -> None:
    loaded = load_bundle(bundle)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(loaded.networks["parser"](x), network(x))
    assert not loaded.networks["parser"].training
    assert loaded.domains == ("bang", "bob")
    part = loaded.card["parts"]["parser"]
    assert part["class"] == "hairgan.networks.face_parser:BiSeNet"
    assert part["config"] == network.config and part["config"]["base_width"] == 4
    assert part["parameters"] == sum(p.numel() for p in network.parameters())
    assert sorted(file.name for file in bundle.parent.iterdir()) == ["b"]
    assert load_bundle(bundle, names=["sean"]).networks == {}


def test_half_precision_is_half_the_size_and_read_as_float32(tmp_path: Path, bundle: Path, network: BiSeNet) -> None:
    save_bundle(tmp_path / "half", {"parser": network}, half=True)
    full, half = ((folder / "parser.safetensors").stat().st_size for folder in (bundle, tmp_path / "half"))
    assert half < 0.6 * full
    loaded = load_bundle(tmp_path / "half").networks["parser"]
    for (name, value), other in zip(loaded.state_dict().items(), network.state_dict().values(), strict=True):
        assert value.dtype == other.dtype, name
        torch.testing.assert_close(value, other, rtol=1e-3, atol=1e-6)


def test_what_half_precision_cannot_hold_is_refused(tmp_path: Path) -> None:
    network = BiSeNet(depth=18, base_width=4)
    next(network.parameters()).data.fill_(1e6)
    with pytest.raises(ValueError, match="float16 cannot hold"):
        save_bundle(tmp_path / "half", {"parser": network}, half=True)
    assert list(tmp_path.iterdir()) == []


def test_an_altered_or_missing_file_is_refused(bundle: Path) -> None:
    file = bundle / "parser.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"parser\.safetensors was altered"):
        load_bundle(bundle)
    file.unlink()
    with pytest.raises(ValueError, match="'parser' is missing"):
        load_bundle(bundle)


def test_weights_of_another_size_are_refused(bundle: Path) -> None:
    edit_card(bundle, config={"depth": 18, "base_width": 8, "num_classes": 19})
    with pytest.raises(ValueError, match=r"'parser' does not fit its card.*\(4, 3, 7, 7\) instead of \(8, 3, 7, 7\)"):
        load_bundle(bundle)


@pytest.mark.parametrize(
    "target", ["torch.nn:Linear", "os:system", "hairgan.networks.face_parser:nn", "hairgan.networks:x"]
)
def test_only_networks_of_the_package_are_built(bundle: Path, target: str) -> None:
    edit_card(bundle, **{"class": target, "config": {}})
    with pytest.raises(ValueError, match="is not a network of hairgan"):
        load_bundle(bundle)


def test_a_file_cannot_point_outside_the_bundle(bundle: Path) -> None:
    for file in ("../b/../../etc/passwd", "../parser.safetensors", "/parser.safetensors", "parser.pth"):
        edit_card(bundle, file=file)
        with pytest.raises(ValueError, match="must be the name of a safetensors file in the bundle"):
            load_bundle(bundle)


@pytest.mark.parametrize("text", ["[1, 2", "format: 99\nparts: {}", "!!python/object/apply:os.getcwd []", "\xff"])
def test_a_card_that_is_none(bundle: Path, text: str) -> None:
    (bundle / CARD).write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=CARD):
        load_bundle(bundle)


def test_a_bundle_is_whole_or_not_there(bundle: Path, network: BiSeNet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not empty"):
        save_bundle(bundle, {"parser": network})
    with pytest.raises(ValueError, match="is not a network"):
        save_bundle(tmp_path / "c", {"parser": network, "other": torch.nn.Linear(1, 1)})
    with pytest.raises(ValueError, match="does not name a part"):
        save_bundle(tmp_path / "c", {"../parser": network})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b"]
    save_bundle(bundle, {"parser": network}, overwrite=True, licence="other")
    assert load_bundle(bundle).card["licence"] == "other"


def test_only_a_bundle_is_replaced_and_nothing_beside_it(bundle: Path, network: BiSeNet, tmp_path: Path) -> None:
    notes = bundle / "notes.txt"
    notes.write_text("mine")
    before = {file.name: file.read_bytes() for file in bundle.iterdir()}
    with pytest.raises(ValueError, match=r"holds more than a bundle, and is not replaced: move notes\.txt"):
        save_bundle(bundle, {"parser": network}, overwrite=True)
    assert {file.name: file.read_bytes() for file in bundle.iterdir()} == before
    notes.rename(bundle / "other.safetensors")  # not of the card
    with pytest.raises(ValueError, match=r"move other\.safetensors"):
        save_bundle(bundle, {"parser": network}, overwrite=True)
    (bundle / "other.safetensors").unlink()
    (bundle / "pictures").mkdir()
    with pytest.raises(ValueError, match="move pictures"):
        save_bundle(bundle, {"parser": network}, overwrite=True)
    (bundle / "pictures").rmdir()
    with pytest.raises(ValueError, match="is a file; a bundle is a folder"):
        save_bundle(bundle / CARD, {"parser": network}, overwrite=True)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in "abcdef":
        (photos / f"{name}.jpg").touch()
    with pytest.raises(ValueError, match=r"not a bundle: it holds 6 of them: a\.jpg, b\.jpg, c\.jpg and 3 more"):
        save_bundle(photos, {"parser": network}, overwrite=True)
    assert len(list(photos.iterdir())) == 6
    (tmp_path / "link").symlink_to(bundle)
    save_bundle(tmp_path / "link", {"parser": network}, overwrite=True, licence="other")
    assert (tmp_path / "link").is_symlink() and load_bundle(bundle).card["licence"] == "other"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["b", "link", "photos"]


def test_a_bundle_stays_where_another_cannot_take_its_place(
    bundle: Path, network: BiSeNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(path: Path, target: Path, was=Path.rename) -> Path:
        if target == bundle and ".old" not in path.name:
            raise OSError("no space")
        return was(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="no space"):
        save_bundle(bundle, {"parser": network}, overwrite=True, licence="other")
    assert load_bundle(bundle).card["licence"] == "MIT"
    assert sorted(file.name for file in bundle.parent.iterdir()) == ["b"]


def test_our_networks_have_their_places(bundle: Path, network: BiSeNet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the part 'sean' must be a .*, not a hairgan\.networks\.face_parser:BiSeNet"):
        save_bundle(tmp_path / "c", {"sean": network})
    with pytest.raises(ValueError, match="at least one network"):
        save_bundle(tmp_path / "c", {})


def test_parts_of_before_networks_knew_their_size(tmp_path: Path, network: BiSeNet) -> None:
    training = {"parser": {"dataset": {"size": 96}}}
    save_bundle(tmp_path / "b", {"parser": network}, training=training)
    card = yaml.safe_load((tmp_path / "b" / CARD).read_text())
    del card["parts"]["parser"]["config"]["image_size"]
    (tmp_path / "b" / CARD).write_text(yaml.safe_dump(card))
    assert load_bundle(tmp_path / "b").networks["parser"].image_size == 96


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a bundle"):
        load_bundle(tmp_path / "nothing")


def test_odd_places(tmp_path: Path, network: BiSeNet) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        save_bundle(tmp_path / "loop", {"parser": network})
    save_bundle(tmp_path / ("x" * 255), {"parser": network})
    assert {path.name for path in tmp_path.iterdir()} == {"loop", "x" * 255}
