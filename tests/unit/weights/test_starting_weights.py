"""A training starts from the weights of a run, a bundle or a published file."""

from __future__ import annotations

import copy
import json

import pytest
import torch
import yaml
from torch import nn

from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier, ResNetCBAM
from hairgan.networks.sean import SEANDiscriminator, SEANGenerator
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.weights.bundles import save_bundle
from hairgan.weights.files import sha256
from hairgan.weights.starting_weights import find, match, read, start
from tests.golden import rule

SMALL = {"image_size": 32, "base_width": 4, "max_width": 8}
DOMAINS = ("bob", "short")


def stargan(seed: int, domains: int = 2) -> dict[str, nn.Module]:
    torch.manual_seed(seed)
    return {
        "generator": Generator(**SMALL, w_hpf=0.0),
        "mapping_network": MappingNetwork(domains, hidden_dim=8),
        "style_encoder": StyleEncoder(**SMALL, num_domains=domains),
        "discriminator": Discriminator(**SMALL, num_domains=domains),
    }


AVERAGED = ("generator", "mapping_network", "style_encoder")


def averages_of(networks: dict[str, nn.Module]) -> dict[str, nn.Module]:
    return {name: copy.deepcopy(network) for name, network in networks.items() if name in AVERAGED}


def write_run(path, networks, averages, module="StarGANv2Module", domains=DOMAINS):
    model = {
        name: {"_target_": f"{type(network).__module__}.{type(network).__qualname__}", **network.config}
        for name, network in networks.items()
    }
    (path / "checkpoints").mkdir(parents=True)
    config = {"model": {"_target_": f"lightning_modules.{module}", **model}, "domain_names": list(domains)}
    (path / "config.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(config))))
    state = {f"networks.{name}.{key}": v for name, net in networks.items() for key, v in net.state_dict().items()}
    state |= {f"ema.{name}.{key}": v for name, net in averages.items() for key, v in net.state_dict().items()}
    torch.save({"state_dict": state, "steps_done": 30}, path / "checkpoints" / "step_00000030.ckpt")
    return path


def started(networks, averages, *sources, domains=DOMAINS, **options):
    classes = {name: type(network) for name, network in networks.items()}
    found = [network for source in sources for network in read(find(str(source)), classes)]
    matched = match(found, classes)
    return matched, start(networks, averages, matched, domains=domains, **options)


def assert_equal(one: nn.Module, other: nn.Module) -> None:
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)


def differs(one: nn.Module, other: nn.Module) -> bool:
    others = other.state_dict()
    return any(not torch.equal(value, others[name]) for name, value in one.state_dict().items())


def actions(found):
    return {(row["network"], row["action"]) for row in found}


@pytest.mark.parametrize("form", ["folder", "checkpoint"])
def test_a_run_gives_trained_weights_averages_and_discriminator(tmp_path, form):
    old, old_averages = stargan(1), averages_of(stargan(2))
    run = write_run(tmp_path / "run", old, old_averages)
    new = stargan(3)
    averages = averages_of(new)
    checkpoint = run / "checkpoints" / "step_00000030.ckpt"
    matched, found = started(new, averages, run if form == "folder" else checkpoint)
    assert actions(found) == {(name, "taken") for name in new}
    for name, network in new.items():
        assert_equal(network, old[name])
    for name, average in averages.items():
        assert_equal(average, old_averages[name])
    facts = matched["generator"].source.facts()
    assert facts == {
        "path": str(checkpoint), "kind": "run", "step": 30, "domains": ["bob", "short"],
        "sha256": {checkpoint.name: sha256(checkpoint)},
    }  # fmt: skip


def test_what_is_frozen_gets_the_averages(tmp_path):
    old, old_averages = stargan(1), averages_of(stargan(2))
    new = stargan(3)
    started(new, averages_of(new), write_run(tmp_path / "run", old, old_averages),
            frozen=["style_encoder", "generator.encode"])  # fmt: skip
    assert_equal(new["style_encoder"], old_averages["style_encoder"])
    assert_equal(new["generator"].encode, old_averages["generator"].encode)
    assert_equal(new["generator"].decode, old["generator"].decode)
    assert_equal(new["mapping_network"], old["mapping_network"])


def test_a_bundle_gives_averages_and_leaves_the_discriminator_new(tmp_path):
    old, new = stargan(1), stargan(3)
    parts = {"stargan_generator": "generator", "mapping_network": "mapping_network", "style_encoder": "style_encoder"}
    networks = {part: old[name] for part, name in parts.items()} | {"parser": BiSeNet(base_width=4)}
    save_bundle(tmp_path / "b", networks, domains=["bob", "short"], licence={"stargan_generator": "CC BY"})
    averages, discriminator = averages_of(new), copy.deepcopy(new["discriminator"])
    matched, found = started(new, averages, tmp_path / "b")
    for name in AVERAGED:
        assert_equal(new[name], old[name])
        assert_equal(averages[name], old[name])
    assert_equal(new["discriminator"], discriminator)
    assert ("discriminator", "new") in actions(found) and found[-1]["note"] == "not in the source"
    source = matched["generator"].source
    assert set(source.sha256) == {f"{part}.safetensors" for part in parts}
    assert source.licence["stargan_generator"] == "CC BY"


def test_the_bundle_that_ships():
    parser = BiSeNet(base_width=8)
    (network,) = read(find("shipped"), {"parser": BiSeNet})
    assert network.source.licence == {"parser": "MIT"} and network.config["base_width"] > 0
    parser = BiSeNet(**network.config)
    start({"parser": parser}, {}, {"parser": network})
    torch.testing.assert_close(parser.state_dict(), dict(network.averaged), rtol=0, atol=0)


def test_published_files_of_stargan(tmp_path):
    """The file of averages alone, and with the file of all networks as they were trained."""
    trained, averaged = stargan(1), averages_of(stargan(2))
    for name, networks in (("nets", trained), ("nets_ema", averaged)):
        torch.save({key: network.state_dict() for key, network in networks.items()}, tmp_path / f"9_{name}.ckpt")
    new = stargan(3)
    averages = averages_of(new)
    _, found = started(new, averages, tmp_path / "9_nets_ema.ckpt", domains=("male", "female"))
    assert_equal(new["generator"], averaged["generator"])
    heads, old_heads = new["mapping_network"].unshared, averaged["mapping_network"].unshared
    assert_equal(heads[0], old_heads[1])  # published as female, male
    assert ("discriminator", "new") in actions(found)

    started(new, averages, tmp_path / "9_nets_ema.ckpt", tmp_path / "9_nets.ckpt", domains=("female", "male"))
    for name, network in new.items():
        assert_equal(network, trained[name])
    for name, average in averages.items():
        assert_equal(average, averaged[name])
    with pytest.raises(ValueError, match=r"9_nets\.ckpt holds a generator, which .*9_nets\.ckpt also holds"):
        started(new, averages, tmp_path / "9_nets.ckpt", tmp_path / "9_nets.ckpt", domains=("female", "male"))


def test_published_files_of_sean(tmp_path):
    """Generator and discriminator are two files."""
    states = {
        "9_net_G.pth": rule.fill_state(rule.GOLDEN / "sean_generator" / "keys.json"),
        "9_net_D.pth": rule.fill_state(rule.GOLDEN / "sean_discriminator" / "keys.json"),
    }
    for name, state in states.items():
        torch.save(state, tmp_path / name)
    arguments = [next(network.config for network in read(str(tmp_path / name), {})) for name in states]
    new = {"generator": SEANGenerator(**arguments[0]), "discriminator": SEANDiscriminator(**arguments[1])}
    _, found = started(new, {}, *(tmp_path / name for name in states), domains=())
    assert actions(found) == {("generator", "taken"), ("discriminator", "taken")}
    assert torch.equal(new["generator"].to_rgb.weight, states["9_net_G.pth"]["conv_img.weight"])


def test_published_files_of_the_parser_and_the_classifier(tmp_path):
    torch.save(rule.fill_state(rule.GOLDEN / "bisenet" / "keys.json"), tmp_path / "79999_iter.pth")
    parser = BiSeNet(image_size=64)
    matched, found = started({"parser": parser}, {}, tmp_path / "79999_iter.pth", domains=())
    assert actions(found) == {("parser", "taken")}
    assert matched["parser"].source.licence["parser"].startswith("code MIT")
    backbone = ResNetCBAM(18, 4, num_classes=9)
    torch.save({f"module.{name}": value for name, value in backbone.state_dict().items()}, tmp_path / "cbam.pth")
    classifier = HairClassifier(18, 4)
    _, found = started({"classifier": classifier}, {}, tmp_path / "cbam.pth", domains=())
    assert torch.equal(classifier.backbone.conv1.weight, backbone.conv1.weight)
    assert actions(found) == {("classifier", "taken"), ("classifier", "new")}


class MyGenerator(Generator):
    """Somebody's own."""

    def __init__(self, image_size, base_width, max_width, w_hpf):
        super().__init__(image_size, 64, max_width, base_width, w_hpf)
        self.flavor = nn.Parameter(torch.zeros(3))


def test_own_networks_start_from_the_published_kind_and_from_their_own(tmp_path):
    old = stargan(1)
    run = write_run(tmp_path / "run", old, {})
    new = stargan(3) | {"generator": MyGenerator(**SMALL, w_hpf=0.0)}
    _, found = started(new, {}, run)
    assert_equal(new["generator"].decode, old["generator"].decode)
    assert [(row["action"], row["values"]) for row in found if row["network"] == "generator"][-1] == ("new", 3)
    mine = {"generator": new["generator"]}
    again = {"generator": MyGenerator(**SMALL, w_hpf=0.0)}
    started(again, {}, write_run(tmp_path / "mine", mine, {}, module="MyModule"))  # nothing of it needs to be trusted
    assert_equal(again["generator"], new["generator"])


def test_a_checkpoint_without_its_run_is_matched_by_name(tmp_path):
    old, new = stargan(1), stargan(3)
    checkpoint = write_run(tmp_path / "run", old, {}) / "checkpoints" / "step_00000030.ckpt"
    moved = checkpoint.rename(tmp_path / "copy.ckpt")
    started(new, {}, moved)
    for name, network in new.items():
        assert_equal(network, old[name])


# -- what is refused --


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "absent", "init=.*absent: there is no such run, bundle or file"),
        (lambda path: path, "is neither a run directory .with a config.yaml. nor a bundle .with a card.yaml."),
        (lambda path: save(path / "x.pth", {"weight": torch.zeros(2)}), "is none of the files that are known: StarGAN"),
        (lambda path: save(path / "x.pth", [3]), "is none of the files that are known"),
        (lambda path: text(path / "x.pth"), "is not a PyTorch file|is refused"),
        (lambda path: text(path / "x.safetensors"), "give the bundle's folder"),
    ],
)
def test_no_source(tmp_path, make, message):
    new = stargan(3)
    with pytest.raises(ValueError, match=message):
        started(new, {}, make(tmp_path))


def save(path, content):
    torch.save(content, path)
    return path


def text(path):
    path.write_text("weights")
    return path


def test_a_source_with_nothing_for_the_model(tmp_path):
    run = write_run(tmp_path / "run", stargan(1), {})
    parser = {"parser": BiSeNet(base_width=4)}
    with pytest.raises(ValueError, match=r"has nothing for this model: it holds generator, mapping_network, style_enc"):
        started(parser, {}, run)
    sean = {"generator": SEANGenerator(32, 2), "discriminator": SEANDiscriminator(2)}
    with pytest.raises(ValueError, match=r"the model has generator \(SEANGenerator\), discriminator \(SEANDisc"):
        started(sean, {}, run)
    save_bundle(tmp_path / "b", parser)
    with pytest.raises(ValueError, match="has nothing for this model: it holds parser; the model has generator"):
        started(stargan(3), {}, tmp_path / "b")


def test_other_widths(tmp_path):
    save_bundle(tmp_path / "b", {"parser": BiSeNet(base_width=4)})
    with pytest.raises(ValueError, match=r"nothing of init=.*b fits this model: .* the source has base_width 4, not 8"):
        started({"parser": BiSeNet(base_width=8)}, {}, tmp_path / "b", domains=())


def test_exact_refuses_any_difference(tmp_path):
    run = write_run(tmp_path / "run", stargan(1), {})
    started(stargan(3), {}, run, exact=True)
    with pytest.raises(ValueError, match=r"init\.exact=true, but mapping_network of .* does not fit exactly: unshared"):
        started(stargan(3, domains=3), {}, run, domains=("bob", "short", "new"), exact=True)


def test_chosen_domains_need_heads(tmp_path):
    save_bundle(tmp_path / "b", {"parser": BiSeNet(base_width=4)})
    with pytest.raises(ValueError, match=r"init\.map is for networks with heads of domains"):
        started({"parser": BiSeNet(base_width=4)}, {}, tmp_path / "b", chosen={"bob": "short"})
