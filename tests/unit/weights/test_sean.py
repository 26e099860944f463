import json

import pytest
import torch

from hairgan.losses.perceptual import VGG19Perceptual
from hairgan.losses.sean import discriminator_loss, generator_loss
from hairgan.networks.sean import SEANGenerator
from hairgan.regions import Region
from hairgan.weights.official import from_official
from tests.golden import rule
from tests.oracles.sean_loop import SEANLoop

BLOCKS = {
    "head": "head_0",
    "middle_0": "G_middle_0",
    "middle_1": "G_middle_1",
    **{f"up_{number}": f"up_{number}" for number in range(4)},
}


def source():
    """Images and label maps; in the second image regions 13 to 18 are absent."""
    labels = rule.label(22, 2)[:, 0]
    labels[1][labels[1] >= 13] -= 13
    return rule.image(21, 2), labels


@pytest.fixture(scope="module")
def golden():
    return rule.Golden("sean_generator")


@pytest.fixture(scope="module")
def generator(golden):
    return from_official("sean/generator", golden.state())


@pytest.fixture(scope="module")
def discriminator_state():
    return rule.Golden("sean_discriminator").state()


def test_golden_image_and_style_codes(golden, generator):
    dead = 6  # blending weights of the three layers without styles
    assert sum(p.numel() for p in generator.parameters()) == 266_907_367 - dead
    outputs = {}
    hooks = [
        generator.blocks[name].register_forward_hook(lambda block, inputs, out, name=name: outputs.update({name: out}))
        for name in BLOCKS
    ]
    images, labels = source()
    with torch.inference_mode():
        styles = generator.encode_styles(images, labels)
        painted = generator(labels, styles)
    for hook in hooks:
        hook.remove()
    assert golden.error("style_codes", styles) < 1e-4
    assert golden.error("y", painted) < 1e-4
    for name, theirs in BLOCKS.items():
        channels = outputs[name].shape[1]
        assert golden.error(f"block_{theirs}", outputs[name][:, :: max(1, channels // 16)]) < 1e-4


@pytest.mark.slow
def test_golden_dyeing_and_styling(golden, generator):
    """Another image's hair code on the own layout; the own codes on another image's layout."""
    labels, other_labels = rule.label(25, 1, drop=(18,))[:, 0], rule.label(27, 1)[:, 0]
    with torch.inference_mode():
        codes = generator.encode_styles(rule.image(24, 1), labels)
        other_codes = generator.encode_styles(rule.image(26, 1), other_labels)
        dyed_codes = codes.clone()
        dyed_codes[:, Region.HAIR] = other_codes[:, Region.HAIR]
        dyed, styled = generator(labels, dyed_codes), generator(other_labels, codes)
    assert golden.error("codes_src", codes) < 1e-4
    assert golden.error("codes_other", other_codes) < 1e-4
    assert golden.error("dyeing", dyed) < 1e-4
    assert golden.error("styling", styled) < 1e-4


@pytest.mark.slow
def test_golden_training(golden, discriminator_state):
    """Losses and gradient norms in training mode: a generator step without its optimizer, then the discriminator's."""
    expected = json.loads((rule.GOLDEN / "sean_training" / "losses.json").read_text())
    generator = from_official("sean/generator", golden.state()).train()
    discriminator = from_official("sean/discriminator", discriminator_state).train()
    perceptual = vgg19()
    images, labels = source()

    parameters = dict(generator.named_parameters())
    noise_scales = [name for name in parameters if name.endswith("noise_scale")]
    for name in noise_scales:
        parameters.pop(name)
    loss, terms = generator_loss(generator, discriminator, images, labels, perceptual=perceptual)
    loss.backward(inputs=list(parameters.values()))
    step = expected["train_generated"]
    assert float(terms["adversarial"]) == pytest.approx(step["GAN"], abs=1e-5)
    assert 10 * float(terms["feature_matching"]) == pytest.approx(step["GAN_Feat"], rel=1e-4)
    assert 10 * float(terms["perceptual"]) == pytest.approx(step["VGG"], rel=1e-4)
    assert float(loss.detach()) == pytest.approx(step["total"], rel=1e-4)
    assert all(p.grad is None for p in discriminator.parameters())

    def norm(prefix=""):
        return sum(float(p.grad.double().square().sum()) for n, p in parameters.items() if n.startswith(prefix)) ** 0.5

    assert norm() == pytest.approx(step["grad_l2_G"], rel=1e-3)
    ours = {"Zencoder": "style_encoder", "fc": "start", "conv_img": "to_rgb", "head_0": "blocks.head"}
    for theirs, value in step["grad_l2_G_sub"].items():
        assert norm(ours.get(theirs, f"blocks.{theirs}") + ".") == pytest.approx(value, rel=1e-3), theirs

    buffers = {
        "head_0.ace_0.param_free_norm.running_mean": "blocks.head.ace_0.norm.running_mean",
        "head_0.ace_0.param_free_norm.running_var": "blocks.head.ace_0.norm.running_var",
        "up_0.conv_0.weight_u": "blocks.up_0.conv_0.u",
        "up_3.ace_1.param_free_norm.running_var": "blocks.up_3.ace_1.norm.running_var",
    }
    for theirs, name in buffers.items():
        value = generator.get_buffer(name).double()
        expected_mean, expected_norm = expected["buffers_after_one_train_forward_mean_l2"][theirs]
        assert float(value.mean()) == pytest.approx(expected_mean, rel=1e-4, abs=1e-6)
        assert float(value.norm()) == pytest.approx(expected_norm, rel=1e-4)

    loss, terms = discriminator_loss(generator, discriminator, images, labels)
    loss.backward()
    step = expected["train_generated_D"]
    assert float(terms["fake"]) == pytest.approx(step["D_Fake"], rel=1e-4)
    assert float(terms["real"]) == pytest.approx(step["D_real"], rel=1e-4)
    gradient = sum(float(p.grad.double().square().sum()) for p in discriminator.parameters()) ** 0.5
    assert gradient == pytest.approx(step["grad_l2_D"], rel=1e-3)


def vgg19():
    perceptual = VGG19Perceptual("random")
    for name, value in rule.Golden("vgg19").state().items():
        _, index, kind = name.split(".")
        if hasattr(perceptual, f"{kind}_{index}"):
            perceptual.get_buffer(f"{kind}_{index}").copy_(value)
    return perceptual


class GivenImages(SEANGenerator):
    """A generator whose images are given."""

    def __init__(self, images):
        super().__init__(32, width=2)
        self.images = images

    def encode_styles(self, images, labels):
        return None

    def forward(self, labels, styles, noise):
        return self.images


def test_golden_features_and_losses(discriminator_state):
    golden, vgg_golden = rule.Golden("sean_discriminator"), rule.Golden("vgg19")
    discriminator, perceptual = from_official("sean/discriminator", discriminator_state), vgg19()
    images, labels = source()
    with torch.inference_mode():
        for scale, features in enumerate(discriminator(labels, images)):
            for layer, value in enumerate(features):
                assert golden.error(f"D{scale}_{layer}", value[:, :: max(1, value.shape[1] // 8)]) < 1e-4
        for stage, value in enumerate(perceptual.features(images), start=1):
            assert vgg_golden.error(f"relu{stage}_1", value[:, :: value.shape[1] // 8]) < 1e-4
        expected = json.loads((rule.GOLDEN / "sean_training" / "losses.json").read_text())["eval_independent_fake"]
        painter = GivenImages(rule.image(28, 2))
        loss, terms = generator_loss(painter, discriminator, images, labels, perceptual=perceptual)
        assert float(loss) == pytest.approx(expected["GAN"] + expected["GAN_Feat"] + expected["VGG"], rel=1e-5)
        assert float(terms["adversarial"]) == pytest.approx(expected["GAN"], rel=1e-4)
        assert 10 * float(terms["perceptual"]) == pytest.approx(expected["VGG"], rel=1e-4)
        loss, terms = discriminator_loss(painter, discriminator, images, labels)
        assert float(terms["fake"]) == pytest.approx(expected["D_Fake"], rel=1e-4)
        assert float(terms["real"]) == pytest.approx(expected["D_real"], rel=1e-4)


@pytest.fixture(scope="module")
def small_state():
    return SEANLoop(64, width=4, num_regions=5, style_dim=8).state_dict()


def test_sizes_are_read_from_the_shapes(small_state):
    generator = from_official("sean/generator", small_state, image_size=128, upsampling="more")
    assert generator.config == {
        "image_size": 128, "width": 4, "num_regions": 5, "style_dim": 8, "upsampling": "more",
        "max_width": None, "label_width": 128,
    }  # fmt: skip
    assert not generator.training


def test_everything_is_accounted_for(small_state, discriminator_state):
    for key in ("fc.weight", "head_0.conv_0.weight_u", "up_1.ace_0.fc_mu3.weight", "conv_img.bias"):
        with pytest.raises(ValueError, match=r"missing|instead of"):
            from_official("sean/generator", {k: v for k, v in small_state.items() if k != key}, image_size=64)
    with pytest.raises(ValueError, match=r"unexpected: fc_extra\.weight"):
        from_official("sean/generator", small_state | {"fc_extra.weight": torch.zeros(1)}, image_size=64)
    wider = SEANLoop(64, width=6, num_regions=5, style_dim=8).state_dict()
    mixed = small_state | {k: v for k, v in wider.items() if k.startswith("conv_img")}
    with pytest.raises(ValueError, match=r"to_rgb\.weight \(3, 6, 3, 3\) instead of \(3, 4, 3, 3\)"):
        from_official("sean/generator", mixed, image_size=64)
    with pytest.raises(ValueError, match=r"differ in shape: \(4, 128, 3, 3\), \(6, 128, 3, 3\)"):
        key = "up_3.ace_1.Spade.mlp_beta.weight"
        from_official("sean/generator", small_state | {key: wider[key]}, image_size=64)
    with pytest.raises(ValueError, match="discriminator_0"):
        from_official("sean/discriminator", small_state)
    with pytest.raises(ValueError, match="not a SEAN generator"):
        from_official("sean/generator", discriminator_state)
