"""StarGAN v2's networks against the published implementation: goldens at full size, the plain oracle at small ones."""

import math

import pytest
import torch
from torch import nn

from hairgan.networks.stargan import Discriminator, Generator, HighPass, MappingNetwork, StyleEncoder
from hairgan.weights.official import from_official
from tests.golden.rule import Golden, image, mask, randn
from tests.oracles import published_stargan as published

Y_TRG = torch.tensor([3, 1])


def network(name: str, golden: Golden) -> nn.Module:
    return from_official(f"stargan_v2/{name}", golden.state())


# -- full size: goldens --


@torch.no_grad()
def test_golden_generator_without_skip() -> None:
    golden = Golden("stargan_v2/generator_hpf0")
    y = network("generator", golden)(image(1, 2)[:1], randn(6, 2, 64)[:1])
    assert golden.error("y", y) < 1e-4


@torch.no_grad()
def test_golden_generator_with_skip() -> None:
    golden = Golden("stargan_v2/generator_hpf1")
    generator = network("generator", golden)
    encoding, s = generator.encode_source(image(1, 2)[:1]), randn(6, 2, 64)[:1]
    masked = generator.decode_styled(encoding, s, (mask(7, 2)[:1], mask(8, 2)[:1]))
    assert golden.error("y", masked) < 1e-4
    assert golden.error("y_nomask", generator.decode_styled(encoding, s)) < 1e-4


@torch.no_grad()
def test_golden_mapping_network() -> None:
    golden = Golden("stargan_v2/mapping")
    assert golden.error("s", network("mapping_network", golden)(randn(4, 2, 16), Y_TRG)) < 1e-4


@torch.no_grad()
def test_golden_style_encoder() -> None:
    golden = Golden("stargan_v2/style_encoder")
    assert golden.error("s", network("style_encoder", golden)(image(1, 2), Y_TRG)) < 1e-4


@torch.no_grad()
def test_golden_discriminator() -> None:
    golden = Golden("stargan_v2/discriminator")
    assert golden.error("logit", network("discriminator", golden)(image(1, 2), Y_TRG)) < 1e-4


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (lambda: Generator(256, w_hpf=1.0), 43_467_395),
        (lambda: Generator(256, w_hpf=0.0), 33_892_995),
        (lambda: Generator(512, w_hpf=1.0), 43_538_499),
        (lambda: Generator(128, w_hpf=0.0), 33_632_003),
        (lambda: MappingNetwork(2), 2_438_272),
        (lambda: MappingNetwork(7), 6_542_272),
        (lambda: StyleEncoder(256, 2), 20_916_928),
        (lambda: StyleEncoder(256, 7), 21_081_088),
        (lambda: Discriminator(256, 2), 20_852_290),
        (lambda: Discriminator(256, 7), 20_854_855),
    ],
)
def test_published_parameter_counts(build, parameters: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in build().parameters()) == parameters


# -- small: every size and width --


@pytest.mark.parametrize("w_hpf", [0.0, 2.0])
@pytest.mark.parametrize(("size", "base_width", "max_width"), [(32, 6, 8), (64, 4, 24), (128, 2, 32)])
def test_generator_equals_the_published_order(size: int, base_width: int, max_width: int, w_hpf: float) -> None:
    torch.manual_seed(size)
    generator = Generator(size, style_dim=5, max_width=max_width, base_width=base_width, w_hpf=w_hpf).double()
    for parameter in generator.parameters():  # biases and norms off their initial constants
        parameter.data += 0.1 * torch.randn_like(parameter)
    x, s = torch.randn(2, 3, size, size).double(), torch.randn(2, 5).double()
    masks = tuple(torch.rand(2, 2, 1, 256, 256).double()) if w_hpf else None
    parameters = {name: p.detach() for name, p in generator.named_parameters()}
    expected = published.generator(parameters, x, s, masks, w_hpf)
    assert expected.std() > 0.1
    torch.testing.assert_close(generator(x, s, masks), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_trunks_equal_the_published_order(size: int) -> None:
    torch.manual_seed(size)
    encoder = StyleEncoder(size, 3, style_dim=5, max_width=16, base_width=4).double()
    discriminator = Discriminator(size, 3, max_width=16, base_width=4).double()
    x, y = torch.randn(4, 3, size, size).double(), torch.tensor([2, 0, 1, 2])
    for net, oracle in ((encoder, published.style_encoder), (discriminator, published.discriminator)):
        for parameter in net.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        torch.testing.assert_close(net(x, y), oracle(dict(net.named_parameters()), x, y), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("size", [32, 64, 128, 256, 512, 1024])
def test_bottlenecks_of_every_size(size: int) -> None:
    with torch.device("meta"):
        x = torch.empty(1, 3, size, size)
        for w_hpf, bottleneck in ((0.0, 16), (1.0, 8)):
            generator = Generator(size, w_hpf=w_hpf)
            encoding = generator.encode_source(x)
            assert encoding.features.shape[2:] == (bottleneck, bottleneck)
            assert sorted(encoding.skips) == ([side for side in (32, 64, 128) if side <= size] if w_hpf else [])
            assert generator.decode_styled(encoding, torch.empty(1, 64)).shape == x.shape


def test_training_and_evaluation_mode_are_the_same() -> None:
    generator = Generator(32, max_width=16, base_width=4)
    x, s = torch.randn(2, 3, 32, 32), torch.randn(2, 64)
    assert torch.equal(generator.train()(x, s), generator.eval()(x, s))


def test_domains_select_their_head() -> None:
    torch.manual_seed(0)  # with some weights, no unit of so small a network is active
    mapping = MappingNetwork(3, latent_dim=4, style_dim=6, hidden_dim=8)
    z = torch.randn(1, 4).expand(3, -1)
    s = mapping(z, torch.arange(3))
    assert not torch.allclose(s[0], s[1])
    assert torch.allclose(mapping(z, torch.tensor([2, 2, 0]))[[2, 0]], s[[0, 2]])


def test_heads_of_absent_domains_get_zero_gradients_not_none() -> None:
    mapping = MappingNetwork(3, hidden_dim=8)
    mapping(torch.randn(2, 16), torch.tensor([0, 2])).sum().backward()
    absent = mapping.unshared[1][0].weight.grad
    assert absent is not None
    assert not absent.any()


@torch.no_grad()
def test_biases_before_normalisations_have_no_effect() -> None:
    """Whatever is added to a whole map is taken away by the next instance normalisation; shortcuts pass it on."""
    torch.manual_seed(0)
    generator = Generator(32, base_width=8, max_width=16, w_hpf=0).double()
    x, s = torch.rand(2, 3, 32, 32).double(), torch.randn(2, 64).double()
    before = generator(x, s)
    biases = {name: p for name, p in generator.named_parameters() if ".conv" in name and name.endswith("bias")}
    for bias in [*biases.values(), generator.from_rgb.bias]:
        bias.normal_()
    assert len(biases) == 12
    assert float((generator(x, s) - before).abs().max()) < 1e-9  # the rounding of 1e-16, divided by small deviations
    generator.decode[0].norm1.fc.bias.normal_()
    assert float((generator(x, s) - before).abs().max()) > 1e-3


def test_shortcuts_of_a_decoder_with_skip_are_dead() -> None:
    generator = Generator(32, max_width=16, base_width=4, w_hpf=1.0)
    generator(torch.randn(1, 3, 32, 32), torch.randn(1, 64)).sum().backward()
    dead = {name for name, p in generator.named_parameters() if p.grad is None}
    assert dead == {name for name, _ in generator.named_parameters() if "decode" in name and "conv1x1" in name} != set()


def test_larger_w_hpf_is_a_weaker_skip() -> None:
    x = torch.randn(1, 2, 8, 8)
    torch.testing.assert_close(HighPass(4.0)(x), HighPass(1.0)(x) / 4)
    flat = HighPass(1.0)(torch.ones(1, 2, 8, 8))
    assert not flat[:, :, 1:-1, 1:-1].any()


def test_he_initialisation() -> None:
    torch.manual_seed(0)
    generator = Generator(64, w_hpf=0.0, max_width=128)
    for name, p in generator.named_parameters():
        if p.dim() > 1 and p.numel() > 10_000:
            assert float(p.detach().std()) == pytest.approx(math.sqrt(2 / p[0].numel()), rel=0.05), name
        elif "bias" in name:
            assert not p.any(), name


# -- user errors --


@pytest.mark.parametrize("size", [16, 48, 250])
@pytest.mark.parametrize("build", [Generator, StyleEncoder, Discriminator])
def test_impossible_image_size(build, size: int) -> None:
    with pytest.raises(ValueError, match=f"at least 32, got {size}"):
        build(size)


def test_generator_errors() -> None:
    generator = Generator(32, max_width=16, base_width=4, w_hpf=0.0)
    x, s = torch.zeros(2, 3, 32, 32), torch.zeros(2, 64)
    masks = (torch.zeros(2, 1, 32, 32), torch.zeros(2, 1, 32, 32))
    with pytest.raises(ValueError, match="64 x 64 pixels, but the network takes 32 x 32"):
        generator(torch.zeros(2, 3, 64, 64), s)
    with pytest.raises(ValueError, match=r"\(3, 64\) instead of \(2, 64\)"):
        generator(x, torch.zeros(3, 64))
    with pytest.raises(ValueError, match=r"\(2, 63\) instead of \(2, 64\)"):
        generator(x, s[:, 1:])
    with pytest.raises(ValueError, match="w_hpf = 0"):
        generator(x, s, masks)
    with pytest.raises(ValueError, match="masks of batch size 2 for 1 images"):
        Generator(32, max_width=16, base_width=4)(x[:1], s[:1], masks)
    with pytest.raises(ValueError, match=r"w_hpf must be .* got -1"):
        Generator(32, w_hpf=-1.0)


@pytest.mark.parametrize("build", [StyleEncoder, Discriminator])
def test_image_and_domain_errors(build) -> None:
    net = build(32, 3, max_width=8, base_width=4)
    x = torch.zeros(2, 3, 32, 32)
    with pytest.raises(ValueError, match="64 x 64 pixels, but the network takes 32 x 32"):
        net(torch.zeros(2, 3, 64, 64), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="1 domains for a batch of 2"):
        net(x, torch.tensor([0]))
    for wrong in (3, -1):
        with pytest.raises(ValueError, match=rf"domains \[0, {wrong}\] outside \[0, 3\)"):
            net(x, torch.tensor([0, wrong]))


def test_mapping_network_errors() -> None:
    mapping = MappingNetwork(3, hidden_dim=8)
    with pytest.raises(ValueError, match=r"outside \[0, 3\)"):
        mapping(torch.zeros(1, 16), torch.tensor([3]))
    with pytest.raises(ValueError, match="2 domains for a batch of 1"):
        mapping(torch.zeros(1, 16), torch.tensor([0, 1]))


@pytest.mark.parametrize("w_hpf", [0.0, 1.0])
def test_training_networks_take_images_of_half_the_side(w_hpf: float) -> None:
    """All parameters are used, so that every process and every optimizer sees the same ones at both sizes."""
    networks = [
        Generator(64, style_dim=8, max_width=8, base_width=4, w_hpf=w_hpf),
        StyleEncoder(64, 3, style_dim=8, max_width=8, base_width=4),
        Discriminator(64, 3, max_width=8, base_width=4),
    ]
    x, y = torch.rand(2, 3, 32, 32), torch.tensor([0, 2])
    masks = (torch.ones(2, 1, 32, 32),) * 2 if w_hpf else None
    generator, style_encoder, discriminator = networks
    with_outputs = {
        generator: lambda: generator(x, torch.ones(2, 8), masks),
        style_encoder: lambda: style_encoder(x, y),
        discriminator: lambda: discriminator(x, y),
    }
    for (network, output), shape in zip(with_outputs.items(), [(2, 3, 32, 32), (2, 8), (2,)], strict=True):
        assert output().shape == shape
        output().pow(2).sum().backward()
        unused = [name for name, p in network.named_parameters() if p.grad is None and "conv1x1" not in name]
        assert not [name for name in unused if "unshared.1" not in name]
        network.eval()
        with pytest.raises(ValueError, match="32 x 32 pixels, but the network takes 64 x 64"):
            output()
