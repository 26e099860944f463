"""Weights move between networks of a kind: equal ones as they are, others by what they mean."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.hair_layout import HairLayoutNet
from hairgan.networks.sean import SEANDiscriminator, SEANGenerator
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.weights.carry_over import carry_over, origins, rows, table

SIZES = {"image_size": 32, "base_width": 4, "max_width": 8}
SEAN = {"image_size": 32, "width": 2, "style_dim": 6, "label_width": 4}
SEVEN = ("bang", "no_bang", "long_straight", "long_perm", "bob", "short", "blond")
EIGHT = ("bang", "curly", "no_bang", "long_straight", "long_perm", "bob", "short", "blond")


def made(cls, seed=0, **arguments):
    torch.manual_seed(seed)
    network = cls(**arguments).eval()
    for name, buffer in network.named_buffers():
        if "running_" in name:  # as after a training
            buffer += 0.1 * torch.rand_like(buffer)
    return network


def carried(new, old, domains=None):
    return carry_over(new, old.state_dict(), old.config, domains)


def share(outcomes, *actions):
    return sum(each.values for each in outcomes if each.action in actions) / sum(each.values for each in outcomes)


NETWORKS = [
    (Generator, SIZES | {"w_hpf": 0.0}),
    (MappingNetwork, {"num_domains": 2, "hidden_dim": 8}),
    (StyleEncoder, SIZES),
    (Discriminator, SIZES),
    (SEANGenerator, SEAN),
    (SEANDiscriminator, {"width": 4}),
    (BiSeNet, {"base_width": 4}),
    (HairClassifier, {"base_width": 4}),
    (HairLayoutNet, {"image_size": 32}),
]


@pytest.mark.parametrize(("cls", "arguments"), NETWORKS, ids=[cls.__name__ for cls, _ in NETWORKS])
def test_equal_networks_are_taken_whole(cls, arguments):
    old, new = made(cls, **arguments), made(cls, seed=1, **arguments)
    outcomes = carried(new, old, origins("ab", "ab") if hasattr(old, "num_domains") else None)
    assert {(each.action, each.note) for each in outcomes} == {("taken", "")}
    assert [each.tensor for each in outcomes] == list(new.state_dict())
    torch.testing.assert_close(new.state_dict(), old.state_dict(), rtol=0, atol=0)


def codes_and_images():
    random = torch.Generator().manual_seed(5)
    return torch.randn(3, 16, generator=random), torch.rand(3, 3, 32, 32, generator=random) * 2 - 1


@torch.no_grad()
def outputs(network, name, names):
    """What a network with domains says of the same codes or images for a domain."""
    codes, images = codes_and_images()
    return network(codes if isinstance(network, MappingNetwork) else images, torch.full((3,), names.index(name)))


@pytest.mark.parametrize(("cls", "arguments"), NETWORKS[1:4], ids=["mapping", "encoder", "discriminator"])
def test_an_eighth_domain_keeps_the_seven_and_is_their_mean(cls, arguments):
    old = made(cls, **arguments | {"num_domains": 7})
    new = made(cls, seed=1, **arguments | {"num_domains": 8})
    outcomes = carried(new, old, origins(EIGHT, SEVEN))
    for name in SEVEN:
        torch.testing.assert_close(outputs(new, name, EIGHT), outputs(old, name, SEVEN), rtol=1e-6, atol=1e-6)
    mean = torch.stack([outputs(old, name, SEVEN) for name in SEVEN]).mean(dim=0)
    if cls is not MappingNetwork:  # its heads have several layers: see the next test
        torch.testing.assert_close(outputs(new, "curly", EIGHT), mean)
    made_of = {each.note for each in outcomes if each.action == "resized"}
    assert made_of and all("curly is new: it starts from the mean of bang, no_bang" in note for note in made_of)
    assert share(outcomes, "taken", "resized") == 1


@torch.no_grad()
def test_the_head_of_a_new_domain_gives_the_mean_style_codes_of_the_old_ones():
    old = made(MappingNetwork, num_domains=7, hidden_dim=64)
    for head in old.unshared:
        head[-1].bias += 0.2 * torch.randn(64)
    new = made(MappingNetwork, 1, num_domains=8, hidden_dim=64)
    carried(new, old, origins(EIGHT, SEVEN))
    z = torch.randn(500, 16, generator=torch.Generator().manual_seed(9))
    codes = torch.stack([old(z, torch.full((500,), domain)) for domain in range(7)])
    mean, curly = codes.mean(dim=0), new(z, torch.full((500,), EIGHT.index("curly")))
    error = (curly - mean).square().mean()
    of_weights = copy.deepcopy(new.unshared[0])
    of_weights.load_state_dict(
        {
            name: torch.stack([head.state_dict()[name] for head in old.unshared]).mean(dim=0)
            for name in of_weights.state_dict()
        }
    )
    others = [(each - mean).square().mean() for each in (*codes, of_weights(old.shared(z)))]
    assert error < 0.25 * min(others)  # nearer than any old domain, and than the mean of the heads' weights
    assert curly.std(dim=0).mean() > 0.7 * mean.std(dim=0).mean()  # it still depends on the latent code


@pytest.mark.parametrize(("cls", "arguments"), NETWORKS[1:4], ids=["mapping", "encoder", "discriminator"])
def test_domains_are_matched_by_name_or_as_chosen(cls, arguments):
    old = made(cls, **arguments | {"num_domains": 7})
    new = made(cls, seed=1, **arguments | {"num_domains": 3})
    names = ("short", "pixie", "bang")
    outcomes = carried(new, old, origins(names, SEVEN, {"pixie": "bob"}))
    for name, start in {"short": "short", "pixie": "bob", "bang": "bang"}.items():
        torch.testing.assert_close(outputs(new, name, names), outputs(old, start, SEVEN), rtol=1e-6, atol=1e-6)
    assert any("pixie starts from bob" in each.note for each in outcomes)
    if cls is not Discriminator:
        left_out = {each.note for each in outcomes if each.action == "left out"}
        assert left_out == {f"{name} is not a domain of this run" for name in set(SEVEN) - {"short", "bob", "bang"}}


def test_domains_without_names_are_matched_in_order_or_by_number():
    same = origins(("cat", "dog"), (), number=2)
    assert same.indices == ((0,), (1,)) and "the source does not name" not in " ".join(same.notes)
    more = origins(("cat", "dog", "fox"), (), {"fox": "1"}, number=2)
    assert more.indices == ((0, 1), (0, 1), (1,))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"curlyy": "bob"}, "init.map names 'curlyy'; the domains of this run are bang, curly"),
        ({"curly": "bobb"}, "init.map.curly is 'bobb'; the domains of the source are bang, no_bang"),
    ],
)
def test_a_chosen_domain_that_there_is_not_is_refused(chosen, message):
    with pytest.raises(ValueError, match=message):
        origins(EIGHT, SEVEN, chosen)


def test_longer_style_codes_of_stargan_change_no_output_at_first():
    old, new = (made(Generator, seed, **SIZES, w_hpf=0.0, style_dim=dim) for seed, dim in ((0, 8), (1, 12)))
    outcomes = carried(new, old)
    assert {each.note for each in outcomes if each.action == "resized"} == {"style codes of 12 values instead of 8"}
    codes, images = codes_and_images()
    with torch.no_grad():
        expected = old(images, codes[:, :8])
        torch.testing.assert_close(new(images, codes[:, :12]), expected)
        assert not torch.allclose(expected, old(images, codes[:, 4:12]))

    for cls, arguments in NETWORKS[1:3]:
        old, new = (made(cls, seed, **arguments, style_dim=dim) for seed, dim in ((0, 8), (1, 12)))
        carried(new, old, origins("ab", "ab"))
        torch.testing.assert_close(outputs(new, "a", "ab")[:, :8], outputs(old, "a", "ab"))
        assert outputs(new, "a", "ab")[:, 8:].abs().min() > 0  # as it was: they can learn


def test_longer_style_codes_of_sean_change_no_output_at_first_and_shorter_ones_are_cut():
    old, new = (made(SEANGenerator, seed, **SEAN | {"style_dim": dim}) for seed, dim in ((0, 6), (1, 9)))
    carried(new, old)
    labels = torch.randint(0, 19, (2, 32, 32), generator=torch.Generator().manual_seed(0))
    _, images = codes_and_images()
    with torch.no_grad():
        before, now = old.encode_styles(images[:2], labels), new.encode_styles(images[:2], labels)
        torch.testing.assert_close(now[..., :6], before)
        torch.testing.assert_close(new(labels, now), old(labels, before))
    shorter = made(SEANGenerator, 2, **SEAN | {"style_dim": 4})
    outcomes = carried(shorter, old)
    assert share(outcomes, "taken", "resized") == 1
    with torch.no_grad():
        torch.testing.assert_close(shorter.encode_styles(images[:2], labels), before[..., :4])


@pytest.mark.parametrize("width", [4, 2])
@pytest.mark.parametrize(("cls", "arguments"), [NETWORKS[0], *NETWORKS[2:4]], ids=["generator", "encoder", "judge"])
def test_another_image_size_of_stargan(cls, arguments, width):
    """Blocks are matched by resolution if widths double with it, otherwise by number."""
    old = made(cls, **arguments)
    new = made(cls, seed=1, **arguments | {"image_size": 64, "base_width": width})
    outcomes = carried(new, old, origins("ab", "ab") if hasattr(old, "num_domains") else None)
    old_values = sum(value.numel() for value in old.state_dict().values())
    taken = sum(each.values for each in outcomes if each.action == "taken")
    assert taken > 0.95 * old_values
    if cls is Generator:
        first = 0 if width == 4 else 1
        assert torch.equal(new.encode[first].conv1.weight, old.encode[0].conv1.weight)


def test_the_high_pass_filter_is_a_setting():
    old, new = (made(Generator, seed, **SIZES, w_hpf=w_hpf) for seed, w_hpf in ((0, 1.0), (1, 2.0)))
    outcomes = carried(new, old)
    assert [(each.tensor, each.note) for each in outcomes if each.action != "taken"] == [
        ("hpf.filter", "a setting (w_hpf)")
    ]
    assert float(new.hpf.filter[1, 1]) < 6


def test_a_layer_is_left_out_as_a_whole():
    old, new = made(SEANGenerator, **SEAN), made(SEANGenerator, 1, **SEAN | {"label_width": 8})
    before = new.state_dict()["blocks.head.ace_0.noise_scale"].clone() + 0
    outcomes = {each.tensor: each for each in carried(new, old)}
    assert outcomes["blocks.head.ace_0.embed_weight"].note == "3 x 3 x 19 x 4 in the source, 3 x 3 x 19 x 8 here"
    assert outcomes["blocks.head.ace_0.noise_scale"].note == "the rest of the layer does not fit"
    assert torch.equal(new.state_dict()["blocks.head.ace_0.noise_scale"], before)
    assert outcomes["blocks.head.ace_0.style.weight"].action == "taken"


def test_other_widths_leave_a_network_as_it_is():
    old, new = made(BiSeNet, base_width=4), made(BiSeNet, 1, base_width=8)
    before = {name: value.clone() for name, value in new.state_dict().items()}
    outcomes = carried(new, old)
    assert share(outcomes, "taken") == 0
    assert {each.note for each in outcomes} == {"next to nothing fits: the source has base_width 4, not 8"}
    torch.testing.assert_close(new.state_dict(), before, rtol=0, atol=0)


def test_another_head_or_depth_of_the_parser():
    old = made(BiSeNet, base_width=4)
    for other in ({"detail": True}, {"depth": 34}):
        new = made(BiSeNet, 1, base_width=4, **other)
        outcomes = carried(new, old)
        assert torch.equal(new.backbone.conv1.weight, old.backbone.conv1.weight)
        assert {"taken", "new"} <= {each.action for each in outcomes}


def test_classes_of_the_hair_classifier_are_matched_by_name():
    old = made(HairClassifier, base_width=4, heads={"bangs": ["no", "yes"], "color": ["black", "blond"]})
    new = made(HairClassifier, 1, base_width=4, heads={"color": ["blond", "red", "black"], "beard": ["no", "yes"]})
    outcomes = {each.tensor: each for each in carried(new, old)}
    before, now = old.heads["color"], new.heads["color"]
    assert torch.equal(now.bias[0], before.bias[1]) and torch.equal(now.bias[2], before.bias[0])
    torch.testing.assert_close(now.weight[1], before.weight.mean(dim=0))
    assert outcomes["heads.beard.weight"].action == "new" and outcomes["heads.bangs.weight"].action == "left out"
    assert new.temperatures[0] == old.temperatures[1]


def test_a_network_of_another_kind_gives_nothing():
    new = nn.Sequential(nn.Linear(3, 3))
    outcomes = carry_over(new, {"weight": torch.zeros(2)})
    assert {each.action for each in outcomes} == {"new"}


def test_the_table_has_a_row_for_each_reason():
    old = made(MappingNetwork, num_domains=7, hidden_dim=8)
    new = made(MappingNetwork, 1, num_domains=8, hidden_dim=8)
    found = rows("mapping_network", carried(new, old, origins(EIGHT, SEVEN)))
    assert [row["action"] for row in found] == ["taken", "resized"]
    assert found[1]["tensors"] == 8 and found[1]["note"].startswith("unshared.1: curly is new")
    lines = table(found).splitlines()
    assert lines[0].split() == ["network", "weights", "tensors", "values"]
    assert lines[2].startswith("mapping_network  resized")
