"""Bundles on the hub: pushed, downloaded, cached, and the sentence for each way in which that fails."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner, Result
from PIL import Image

from hairgan.cli import cli, main
from hairgan.editing.salon import Salon
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.weights import load_bundle, save_bundle
from hairgan.weights.cards import read_card
from hairgan.weights.hub import HubName, is_bundle, push
from hairgan.weights.model_cards import OURS, hub_license
from hairgan.weights.sources import load_network
from hairgan.weights.starting_weights import find, read
from tests import hub_stub

hub_client = pytest.importorskip("huggingface_hub")
constants = pytest.importorskip("huggingface_hub.constants")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub_stub.Hub]:
    """A hub with an empty cache, and the owner's token."""
    for name, value in {
        "HF_HUB_CACHE": str(tmp_path / "cache"), "HF_TOKEN_PATH": str(tmp_path / "token"), "HF_HUB_DISABLE_XET": True,
        "HF_HUB_OFFLINE": False, "HF_HUB_DISABLE_PROGRESS_BARS": True,
    }.items():  # fmt: skip
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("HF_TOKEN", hub_stub.TOKEN)
    with hub_stub.running() as running:
        use(running.address, monkeypatch)
        yield running


def use(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT sets before the client is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")


TRAINING = {"step": 7, "dataset": {"source": "portraits_randomized", "size": 32, "counts": {"train": {"all": 70}}},
            "metrics": {"val/mean_iou": 0.75, "val/iou/hair": 0.5}}  # fmt: skip


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A parser and a classifier, both free to use."""
    torch.manual_seed(0)
    networks = {"parser": BiSeNet(base_width=4, image_size=32), "classifier": HairClassifier(depth=18, base_width=4)}
    facts = {"licence": "MIT", "training": {"parser": TRAINING, "classifier": TRAINING}, "domains": ["bob", "short"]}
    save_bundle(tmp_path / "bundle", {name: network.eval() for name, network in networks.items()}, **facts)
    return tmp_path / "bundle"


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, [*words], catch_exceptions=False)


def test_a_bundle_is_pushed_and_comes_back_the_same(hub, bundle, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "drawn people.png")
    output = run("push", str(bundle), "me/hair", "--private", "--message", "first", "--picture",
                 str(tmp_path / "drawn people.png")).output  # fmt: skip
    commit = hub.repositories["me/hair"].revisions["main"]
    assert f"pushed me/hair@{commit}" in output and hub.repositories["me/hair"].messages[-1] == "first"
    assert hub.repositories["me/hair"].private
    files = hub.files("me/hair")
    assert set(files) - {".gitattributes"} == {
        "card.yaml", "README.md", "parser.safetensors", "classifier.safetensors", "pictures/drawn_people.png",
    }  # fmt: skip
    for file in ("card.yaml", "README.md", "parser.safetensors"):
        assert files[file] == (bundle / file).read_bytes()
    there, here = load_bundle("me/hair"), load_bundle(bundle)
    for name, network in here.networks.items():
        assert all(
            torch.equal(a, b) for a, b in zip(network.parameters(), there.networks[name].parameters(), strict=True)
        )
    assert there.domains == ("bob", "short") and there.card == here.card == read_card(bundle)
    assert Salon.from_pretrained("me/hair", revision=commit).parser.network.config["image_size"] == 32


def test_the_model_card_says_what_the_card_says(hub, bundle):
    push(bundle, "me/hair")
    _, front, text = (bundle / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(front) == {
        "license": "mit", "library_name": "hairgan", "tags": ["hair", "face", "face-parsing", "hair-classification"],
        "pipeline_tag": "image-segmentation", "datasets": ["hairgan-portraits"], "metrics": ["mean_iou"],
        "model-index": [{"name": "hair", "results": [
            {"task": {"type": task, "name": part}, "metrics": [{"type": "mean_iou", "value": 0.75}],
             "dataset": {"type": "hairgan-portraits", "name": "hairgan-portraits", "split": "validation"}}
            for part, task in (("parser", "image-segmentation"), ("classifier", "image-classification"))
        ]}],
    }  # fmt: skip
    assert "--bundle me/hair" in text and "Hair domains: bob, short" in text and "commercially" not in text
    assert "| parser | hairgan-portraits | MIT: people drawn by hairgan | 70 | 32 px | 7 | nothing |" in text
    assert "| parser | mean_iou | 0.75 |" in text and "iou/hair" not in text
    assert hub_client.ModelCard.load(bundle / "README.md").data.license == "mit", "the client reads the same"


def test_only_what_is_needed_is_downloaded_and_only_once(hub, bundle):
    push(bundle, "me/hair")
    hub.asked.clear()
    assert isinstance(load_network("parser", "me/hair"), BiSeNet)
    downloaded = [line for line in hub.asked if line.startswith("GET /me/")]
    assert [line.rpartition("/")[2] for line in downloaded] == ["card.yaml", "parser.safetensors"]
    hub.asked.clear()
    output = run("weights", "me/hair").output
    load_network("parser", "me/hair")
    assert not [line for line in hub.asked if line.startswith("GET /me/")]
    assert "classifier" in output and "not downloaded yet" in output


def test_each_push_is_a_revision_that_can_be_named(hub, bundle, tmp_path):
    first = push(bundle, "me/hair")
    hub.repositories["me/hair"].revisions["v1"] = HubName.parse(first).revision
    save_bundle(bundle, {"parser": BiSeNet(base_width=6, image_size=32)}, overwrite=True, licence="MIT",
                training={"parser": TRAINING})  # fmt: skip
    assert not (bundle / "README.md").exists()
    push(bundle, "me/hair")
    assert "classifier.safetensors" not in hub.files("me/hair"), "a part that the bundle no longer has is gone"
    assert set(load_bundle("me/hair").networks) == {"parser"}
    for name, revision in (("me/hair@v1", None), ("me/hair", "v1"), (first, None), ("me/hair@v1", "v1")):
        assert set(load_bundle(name, revision=revision).networks) == {"parser", "classifier"}
    result = run("bundle", "me/hair@v1", "--out", str(tmp_path / "again"), "--license", "MIT")
    assert "classifier" in result.output and read_card(tmp_path / "again")["licence"]["parser"] == "MIT"
    with pytest.raises(ValueError, match=r"^me/hair has no revision v9 on the hub"):
        load_bundle("me/hair@v9")
    with pytest.raises(ValueError, match=r"^me/hair@v1 names the revision v1, not v2"):
        load_bundle("me/hair@v1", revision="v2")
    with pytest.raises(ValueError, match="is a folder, and has no revision v1"):
        Salon.from_pretrained(str(bundle), revision="v1")


def test_without_a_network_what_was_downloaded_works(hub, bundle, monkeypatch):
    commit = HubName.parse(push(bundle, "me/hair")).revision
    load_bundle("me/hair", ["parser"])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        use(f"http://127.0.0.1:{closed.getsockname()[1]}", monkeypatch)  # nobody listens there
        for name in ("me/hair", "me/hair@main", f"me/hair@{commit}"):
            load_bundle(name, ["parser"])
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        load_bundle("me/hair", ["parser"])
        for name in ("me/hair", "you/hair", "me/hair@v1"):
            with pytest.raises(ValueError, match=r"not downloaded before: the hub cannot be reached \(HF_HUB_OFFLINE"):
                load_bundle(name)
        with pytest.raises(ValueError, match=r"^the hub cannot be reached for me/hair"):
            push(bundle, "me/hair")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between the client's attempts
        with pytest.raises(ValueError, match=r"^there is no folder you/hair, .*: the hub cannot be reached$"):
            load_bundle("you/hair")


def test_what_the_hub_refuses_is_one_sentence(hub, bundle, tmp_path, monkeypatch, capsys):
    hub.repositories["me/other"] = hub_stub.Repository(private=False)
    hub.repositories["me/other"].commit({"model.bin": b""}, "not ours")
    push(bundle, "me/hair", private=True)
    with pytest.raises(ValueError, match=r"me/other.* on the hub .* is not a bundle of hairgan, or not a whole one"):
        load_bundle("me/other")
    with pytest.raises(ValueError, match=r"^me/other is public already, and --private is for new ones"):
        push(bundle, "me/other", private=True)
    with pytest.raises(ValueError, match=r"no model me/hairs on the hub .*private \(your token may not see it"):
        load_bundle("me/hairs")
    monkeypatch.setenv("HF_TOKEN", hub_stub.READER)
    with pytest.raises(ValueError, match=r"^the token may not write to you/hair on the hub"):
        push(bundle, "you/hair")
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    for ask in (lambda: load_bundle("me/hair@main"), lambda: push(bundle, "me/hair")):
        with pytest.raises(ValueError, match="the hub does not accept the token: a token of the hub with the right"):
            ask()
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ValueError, match=r"no model me/hair on .*\(a private one needs a token: `hf auth login`"):
        load_bundle("me/hair")
    with pytest.raises(SystemExit, match=r"^hairgan: to push, a token of the hub .* run `hf auth login`, or set HF"):
        main(["push", str(bundle), "me/hair"])
    assert "Traceback" not in capsys.readouterr().err


def test_a_file_that_was_altered_is_neither_pushed_nor_loaded(hub, bundle):
    push(bundle, "me/hair")
    files = hub.files("me/hair")
    files["parser.safetensors"] = files["parser.safetensors"][:-1] + b"\x01"
    with pytest.raises(ValueError, match=r"parser\.safetensors was altered: its SHA-256 is"):
        load_bundle("me/hair", ["parser"])
    file = bundle / "parser.safetensors"
    file.write_bytes(files["parser.safetensors"])
    hub.asked.clear()
    with pytest.raises(ValueError, match=r"parser\.safetensors was altered: its SHA-256 is"):
        push(bundle, "me/hair")
    file.unlink()
    with pytest.raises(ValueError, match=r"lacks parser\.safetensors"):
        push(bundle, "me/hair")
    assert not hub.asked


def test_nothing_is_pushed_without_licenses(hub, bundle, tmp_path):
    network = {"parser": BiSeNet(base_width=4, image_size=32), "classifier": HairClassifier(depth=18, base_width=4)}
    own = tmp_path / "own"
    training = {"parser": TRAINING, "classifier": {"dataset": {"source": "image_folder"}}}
    license = {"parser": "CC BY-NC 4.0 (someone)", "classifier": "not stated"}
    save_bundle(own, network, licence=license, training=training)
    with pytest.raises(ValueError, match=r"^the license of classifier is not stated in the card.*: --license NAME"):
        push(own, "me/own")
    with pytest.raises(ValueError, match=r"^the license of the training data of classifier is .*--data-license"):
        push(own, "me/own", license="mit")
    assert not hub.asked and not (own / "README.md").exists()
    run("push", str(own), "me/own", "--license", "mit", "--data-license", "photos of my friends, with their consent")
    card = read_card(own)
    assert card["licence"] == {"parser": "CC BY-NC 4.0 (someone)", "classifier": "mit"}
    assert card["data_licence"]["classifier"] == "photos of my friends, with their consent"
    readme = (own / "README.md").read_text()
    assert "license: other\nlicense_name: licenses-of-the-parts" in readme and "must not be used commercially" in readme
    assert "photos of my friends, with their consent" in readme
    with pytest.raises(ValueError, match=r"^the license of every part is stated already, so --license changes"):
        push(own, "me/own", license="mit")
    assert load_bundle("me/own").card == card


SEAN = {"path": "official", "kind": "bundle", "licence": {"sean": "CC BY-NC-SA 4.0 (ZPdesu/SEAN)"}}


@pytest.mark.parametrize(("training", "why", "shown"), [
    (TRAINING | {"init": [SEAN]}, r"weights under CC BY-NC-SA 4.0 \(ZPdesu/SEAN\)", "| 7 | official |"),
    ({"dataset": {"source": "celebamask_hq"}}, "its data, CelebAMask-HQ", "| CelebAMask-HQ | non-commercial research"),
])  # fmt: skip
def test_what_was_made_from_non_commercial_weights_or_data_stays_so(training, why, shown, hub, tmp_path):
    own = tmp_path / "own"
    license = "not stated; the training started from weights under: CC BY-NC-SA 4.0"
    save_bundle(own, {"parser": BiSeNet(base_width=4)}, licence=license, training={"parser": training})
    with pytest.raises(ValueError, match=rf"^the license of parser is not .* not for commercial use \({why}\)"):
        push(own, "me/own")
    with pytest.raises(ValueError, match=rf"^the license of parser is mit, which allows commercial use, .*\({why}\)"):
        push(own, "me/own", license="MIT")
    assert not hub.asked
    push(own, "me/own", license="cc-by-nc-sa-4.0")
    push(own, "me/own")  # the card states it now
    text = (own / "README.md").read_text()
    assert "license: cc-by-nc-sa-4.0" in text and shown in text and "must not be used commercially" in text


def test_a_training_can_start_from_the_hub(hub, bundle):
    commit = push(bundle, "me/hair")
    assert find("me/hair@main") == "me/hair@main" and find("me/hair") == "me/hair"
    networks = {network.name: network for network in read("me/hair@main", {"parser": BiSeNet})}
    assert set(networks) == {"parser"} and networks["parser"].source.path == commit
    assert networks["parser"].source.licence == {"parser": "MIT"}


def test_a_model_card_of_the_users_own_is_kept(hub, bundle):
    push(bundle, "me/hair")
    readme = bundle / "README.md"
    readme.write_text(readme.read_text().replace(OURS, "My own words."))
    push(bundle, "me/hair")
    assert b"My own words." in hub.files("me/hair")["README.md"]
    with pytest.raises(ValueError, match=r"holds more than a bundle, and is not replaced: move README.md"):
        save_bundle(bundle, {"parser": BiSeNet(base_width=4)}, overwrite=True)


@pytest.mark.parametrize(("text", "name"), [
    ("owner/name", HubName("owner/name")), ("o-1/n.a_m", HubName("o-1/n.a_m")), ("o/n@v1.2", HubName("o/n", "v1.2")),
    ("o/n@refs/pr/1", HubName("o/n", "refs/pr/1")), ("../name", None), ("a/b/c", None), ("name", None), ("o/n@", None),
    ("./n", None), ("o/n@../x", None), ("https://a/b", None), ("ö/n", None),
])  # fmt: skip
def test_names(text, name):
    assert HubName.parse(text) == name


def test_folders_come_before_names_on_the_hub(bundle, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    bundle.rename("runs/parser")
    assert set(load_bundle("runs/parser", ["parser"]).networks) == {"parser"}
    assert is_bundle("runs/parser") and is_bundle("no/folder") and not is_bundle("runs") and not is_bundle("a/b/c")
    for name in ("a folder", "owner/name@v1"):
        with pytest.raises(ValueError, match=f"^a bundle is pushed to owner/name, not to {name}$"):
            push("runs/parser", name)


@pytest.mark.parametrize(("text", "name"), [
    ("MIT", "mit"), ("CC BY-NC-SA 4.0 (ZPdesu/SEAN); trained on", "cc-by-nc-sa-4.0"), ("cc-by-nc-4.0", "cc-by-nc-4.0"),
    ("code MIT (zllrunning)", None), ("mitten", None), ("CC BY 4.0", "cc-by-4.0"), ("as distributed", None),
])  # fmt: skip
def test_licenses_by_the_names_of_the_hub(text, name):
    assert hub_license(text) == name
