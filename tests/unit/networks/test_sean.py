import copy
from dataclasses import replace

import pytest
import torch
import torch.distributed as dist
from torch.nn import functional as F

from hairgan.networks.batch_norm import ParameterFreeBatchNorm
from hairgan.networks.label_layout import Layout, find_neighborhoods
from hairgan.networks.sean import SEANDiscriminator, SEANGenerator, pixel_noise
from hairgan.networks.spectral_norm import SpectralConv2d
from hairgan.weights.official import from_official
from hairgan.weights.sean import converted
from tests.oracles.sean_loop import SEANLoop, settle_spectral_norm

SIZE, REGIONS, STYLE = 64, 5, 12


def rough_labels(batch=2, size=SIZE):
    """Blobs of regions, with one absent region, one single pixel, and an image of one region."""
    labels = (
        torch.randint(0, REGIONS - 2, (batch, 8, 8)).repeat_interleave(size // 8, 1).repeat_interleave(size // 8, 2)
    )
    labels[0, 32, 32] = REGIONS - 1  # the only pixel of its region, on all grids
    labels[1] = 2
    return labels


def random_labels(batch=2, size=SIZE):
    return torch.randint(0, REGIONS, (batch, size, size))


@pytest.fixture(scope="module")
def oracle():
    torch.manual_seed(0)
    network = SEANLoop(SIZE, width=8, num_regions=REGIONS, style_dim=STYLE)
    for name, value in [*network.named_parameters(), *network.named_buffers()]:
        if name.endswith(("noise_var", "blending_gamma", "blending_beta", "running_mean")):
            value.data.normal_(std=0.3)
        elif name.endswith("running_var"):
            value.data.uniform_(0.5, 1.5)
    settle_spectral_norm(network)
    return network


@pytest.fixture
def generator(oracle):
    return from_official("sean/generator", oracle.state_dict(), image_size=SIZE)


def dense(layout):
    """The layout as it is on accelerators, without neighborhoods."""
    levels = {size: replace(level, neighborhoods=None) for size, level in layout.levels.items()}
    return Layout(layout.labels, levels, None)


@pytest.mark.parametrize("make_labels", [rough_labels, random_labels])
def test_the_loop_version_agrees(oracle, generator, make_labels):
    torch.manual_seed(1)
    labels, images = make_labels(), torch.rand(2, 3, SIZE, SIZE) * 2 - 1
    oracle.eval()
    with torch.no_grad():
        expected_styles = oracle.encode_styles(images, labels)
        styles = generator.encode_styles(images, labels)
        torch.testing.assert_close(styles, expected_styles, rtol=1e-5, atol=1e-6)
        expected = oracle(labels, styles)
        layout = generator.layout(labels)
        assert expected.std() > 0.1
        for painted in (
            generator(labels, styles),
            generator.paint(layout, styles),
            generator.paint(dense(layout), styles),
        ):
            assert (painted - expected).abs().max() < 1e-5
    absent = (F.one_hot(labels[:, ::2, ::2], REGIONS).sum(dim=(1, 2)) == 0).unsqueeze(2)
    assert (styles.masked_select(absent) == 0).all()


def test_rough_labels_use_neighborhoods_and_random_ones_do_not(generator):
    rough, random = generator.layout(rough_labels()), generator.layout(random_labels())
    assert rough.levels[SIZE].neighborhoods is not None
    assert all(level.neighborhoods is None for level in random.levels.values())


@pytest.mark.parametrize("how", ["neighborhoods", "dense"])
def test_gradients_and_batch_statistics_are_the_loop_versions(oracle, generator, how):
    """In training mode with noise, in float64, as many gradients in front of a batch norm are nearly zero."""
    torch.manual_seed(2)
    oracle, generator = copy.deepcopy(oracle).double().train(), generator.double().train()
    labels, styles = rough_labels(), torch.randn(2, REGIONS, STYLE, dtype=torch.float64)
    noise = [torch.randn(2, size, size, dtype=torch.float64) for _, size in generator._normalizations()]
    target = torch.randn(2, 3, SIZE, SIZE)
    layout = generator._layout(labels)
    layout = dense(layout) if how == "dense" else layout

    images, style_gradients = [], []
    for paint in (
        lambda codes: oracle(labels, codes, noise),
        lambda codes: generator.paint(layout, codes, lambda layer, shape: noise[layer]),
    ):
        codes = styles.clone().requires_grad_()
        images.append(paint(codes))
        (images[-1] * target).sum().backward()
        style_gradients.append(codes.grad)
    torch.testing.assert_close(*images)
    torch.testing.assert_close(*style_gradients)

    expected = {  # a layer of a region that is absent everywhere has no gradient in the loop version
        name: torch.zeros_like(value) if value.grad is None else value.grad for name, value in oracle.named_parameters()
    }
    expected = converted(expected | dict(oracle.named_buffers()))
    for name, value in generator.named_parameters():
        if not name.startswith("style_encoder"):
            assert value.grad.abs().max() > 0, name
            torch.testing.assert_close(value.grad, expected[name], rtol=1e-6, atol=1e-7, msg=name)
    for name, value in generator.named_buffers():
        torch.testing.assert_close(value, expected[name], msg=name)


def test_neighborhoods_are_told_apart():
    labels = torch.zeros(2, 6, 6, dtype=torch.int64)
    one = find_neighborhoods(labels, 3)
    # per image, 3x3 patches: inside, four edges, four corners; 5x5: distances 0, 1, 2 or more to each of two sides
    assert len(one.style_rows) == 2 * 9
    assert len(one.label_rows) == 2 * 25
    labels[1, 3, 3] = 2
    assert len(find_neighborhoods(labels, 3).style_rows) == 2 * 9 + 9


@pytest.mark.parametrize(("upsampling", "size"), [("normal", 32), ("normal", 96), ("more", 64), ("most", 128)])
def test_every_upsampling_paints_and_trains(upsampling, size):
    torch.manual_seed(0)
    generator = SEANGenerator(size, width=2, num_regions=REGIONS, style_dim=STYLE, upsampling=upsampling)
    labels = torch.randint(0, REGIONS, (2, size // 16, size // 16)).repeat_interleave(16, 1).repeat_interleave(16, 2)
    styles = generator.encode_styles(torch.rand(2, 3, size, size) * 2 - 1, labels)
    assert styles.shape == (2, REGIONS, STYLE)
    image = generator(labels, styles, pixel_noise(0, 0, batch=2))
    assert image.shape == (2, 3, size, size)
    image.square().mean().backward()
    assert all(p.grad is not None for p in generator.parameters())


def test_start():
    torch.manual_seed(0)
    small = SEANGenerator(32, width=4, style_dim=64)
    ace = small.blocks["head"].ace_0
    for weight, fan in [(ace.style.region_weight, 128), (ace.style.weight, 9 * 128), (ace.label_weight, 9 * 192)]:
        assert float(weight.detach().std()) == pytest.approx(0.02 * (2 / fan) ** 0.5, rel=0.05)
    assert float(small.blocks["head"].conv_0.weight.detach().std()) == pytest.approx(
        (9 * 64) ** -0.5 / 3**0.5, rel=0.05
    )
    assert SEANGenerator(**small.config).config == small.config


def test_noise_depends_on_counters_and_position_only():
    whole = pixel_noise(3, 7, batch=4)(2, (4, 8, 8))
    half = pixel_noise(3, 7, batch=4, first=2)(2, (2, 8, 8))
    assert torch.equal(whole[2:], half)
    assert not torch.equal(whole, pixel_noise(3, 8, batch=4)(2, (4, 8, 8)))
    assert not torch.equal(whole, pixel_noise(3, 7, batch=4)(3, (4, 8, 8)))


def test_noise_reaches_the_image_only_if_asked_for(generator):
    labels, styles = rough_labels(), torch.randn(2, REGIONS, STYLE)
    with torch.no_grad():
        plain, again = generator(labels, styles), generator(labels, styles)
        noisy, noisy_again = (generator(labels, styles, pixel_noise(0, 1, batch=2)) for _ in range(2))
    assert torch.equal(plain, again)
    assert torch.equal(noisy, noisy_again)
    assert not torch.equal(plain, noisy)


@pytest.mark.parametrize("training", [False, True])
def test_bfloat16_stays_close(generator, training):
    torch.manual_seed(0)
    labels, images = rough_labels(), torch.rand(2, 3, SIZE, SIZE) * 2 - 1
    generator.train(training)
    with torch.no_grad():
        exact = generator(labels, generator.encode_styles(images, labels))
    with torch.autocast("cpu", torch.bfloat16):
        half = generator(labels, generator.encode_styles(images, labels))
    assert (half.float() - exact).abs().mean() < 0.05
    half.float().square().mean().backward()
    assert all(torch.isfinite(p.grad).all() for p in generator.parameters() if p.grad is not None)


def test_statistics_over_two_processes_of_equal_halves(monkeypatch):
    torch.manual_seed(0)
    x, target = torch.randn(3, 4, 5, 5) * 2 + 1, torch.randn(3, 4, 5, 5)
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "all_reduce", lambda value: value.mul_(2))

    def run(norm, maps, repeats):
        maps = maps.clone().requires_grad_()
        out = norm(maps)
        (out * target.repeat(repeats, 1, 1, 1)).sum().backward()
        return out[:3], maps.grad[:3], norm.running_mean, norm.running_var

    ours = run(ParameterFreeBatchNorm(4), x, 1)
    expected = run(ParameterFreeBatchNorm(4, synchronized=False), x.repeat(2, 1, 1, 1), 2)
    for mine, theirs in zip(ours, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


def test_spectral_norm_takes_classic_steps():
    torch.manual_seed(0)
    classic = torch.nn.utils.spectral_norm(torch.nn.Conv2d(3, 6, 3, padding=1))
    ours = SpectralConv2d(3, 6, 3, padding=1)
    ours.load_state_dict(
        {
            "weight": classic.weight_orig.permute(0, 2, 3, 1),
            "bias": classic.bias,
            "u": classic.weight_u,
            "v": classic.weight_v.view(3, 3, 3).permute(1, 2, 0).flatten(),
        }
    )
    x = torch.randn(2, 3, 8, 8)
    for _ in range(3):
        torch.testing.assert_close(ours(x), classic(x))
    classic.eval()
    ours.eval()
    ours(x).square().sum().backward()
    classic(x).square().sum().backward()
    torch.testing.assert_close(ours.weight.grad.permute(0, 3, 1, 2), classic.weight_orig.grad, rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), classic(x))


def test_discriminator_sizes():
    torch.manual_seed(0)
    discriminator = SEANDiscriminator(width=4, num_regions=REGIONS)
    outputs = discriminator(random_labels(2, 256), torch.zeros(2, 3, 256, 256))
    assert [[f.shape[2] for f in scale] for scale in outputs] == [[129, 65, 33, 34], [65, 33, 17, 18]]


def test_wrong_use(generator):
    styles, images = torch.zeros(2, REGIONS, STYLE), torch.zeros(2, 3, SIZE, SIZE)
    labels = random_labels()
    with pytest.raises(ValueError, match="labels range from 0 to 5, but regions are numbered 0 to 4"):
        generator(labels.clamp(max=0).index_fill(2, torch.tensor([3]), 5), styles)
    with pytest.raises(ValueError, match="-1"):
        generator.encode_styles(images, labels - 1 - labels)
    with pytest.raises(ValueError, match=r"32x32 pixels.*64x64"):
        generator(labels[:, ::2, ::2], styles)
    with pytest.raises(ValueError, match=r"\(2, 3, 64, 64\).*\(2, 32, 32\)"):
        generator.encode_styles(images, labels[:, ::2, ::2])
    with pytest.raises(ValueError, match=r"\(1, 3, 64, 64\).*\(2, 64, 64\)"):
        SEANDiscriminator(2, REGIONS)(labels, images[:1])
    with pytest.raises(ValueError, match=r"the batch is empty.*\(0, 64, 64\)"):
        generator(labels[:0], styles[:0])
    with pytest.raises(ValueError, match=r"\(2, 19, 12\) instead of \(2, 5, 12\)"):
        generator(labels, torch.zeros(2, 19, STYLE))
    with pytest.raises(ValueError, match="100 is not a multiple of 32"):
        SEANGenerator(100)
    with pytest.raises(ValueError, match="'least'"):
        SEANGenerator(upsampling="least")


def test_bounded_widths_are_kept_and_by_default_are_as_published() -> None:
    bounded = SEANGenerator(64, width=8, style_dim=8, max_width=24, label_width=16)
    assert {len(ace.noise_scale) for ace, _ in bounded._normalizations()} == {24, 16, 8}
    assert {ace.embed_weight.shape[-1] for ace, _ in bounded._normalizations()} == {16}
    published = SEANGenerator(64, width=8, style_dim=8)
    assert max(len(ace.noise_scale) for ace, _ in published._normalizations()) == 128
    assert {ace.embed_weight.shape[-1] for ace, _ in published._normalizations()} == {128}
    assert SEANGenerator(**bounded.config).load_state_dict(bounded.state_dict())
