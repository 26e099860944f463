import pytest
import torch

from hairgan.losses.perceptual import VGG19Perceptual
from hairgan.losses.sean import SEANWeights, discriminator_loss, feature_matching_loss, generator_loss
from hairgan.networks.sean import SEANDiscriminator, SEANGenerator, pixel_noise


@pytest.fixture
def networks():
    torch.manual_seed(0)
    return SEANGenerator(32, width=2, num_regions=4, style_dim=8), SEANDiscriminator(width=4, num_regions=4)


@pytest.fixture
def batch():
    torch.manual_seed(1)
    labels = torch.randint(0, 4, (2, 4, 4)).repeat_interleave(8, 1).repeat_interleave(8, 2)
    return torch.rand(2, 3, 32, 32) * 2 - 1, labels


def test_a_phase_leaves_the_other_network_alone(networks, batch):
    generator, discriminator = networks
    loss, terms = generator_loss(generator, discriminator, *batch, noise=pixel_noise(0, 0, batch=2))
    assert set(terms) == {"adversarial", "feature_matching"}
    assert not any(term.requires_grad for term in terms.values())
    loss.backward(inputs=list(generator.parameters()))
    assert all(p.grad is not None for p in generator.parameters())
    assert all(p.grad is None for p in discriminator.parameters())
    generator.zero_grad()
    loss, terms = discriminator_loss(generator, discriminator, *batch)
    assert set(terms) == {"fake", "real"}
    loss.backward()
    assert all(p.grad is not None for p in discriminator.parameters())
    assert all(p.grad is None for p in generator.parameters())


def test_weights(networks, batch):
    generator, discriminator = (network.eval() for network in networks)
    perceptual = VGG19Perceptual("random")
    loss, terms = generator_loss(
        generator, discriminator, *batch, weights=SEANWeights(lambda_feat=3.0, lambda_vgg=5.0), perceptual=perceptual
    )
    expected = terms["adversarial"] + 3 * terms["feature_matching"] + 5 * terms["perceptual"]
    torch.testing.assert_close(loss.detach(), expected)
    assert terms["perceptual"] > 0


def test_both_phases_move_the_generators_statistics(networks, batch):
    generator, discriminator = networks
    seen = []
    for phase in (generator_loss, discriminator_loss):
        phase(generator, discriminator, *batch)
        seen.append([value.clone() for value in generator.buffers()])
    assert not any(torch.equal(a, b) for a, b in zip(*seen, strict=True))


def test_feature_matching_leaves_out_logits_and_averages_over_scales():
    zeros = [[torch.zeros(1, 2, 2, 2), torch.zeros(1, 1, 2, 2)] for _ in range(2)]
    ones = [[torch.ones(1, 2, 2, 2, requires_grad=True), torch.full((1, 1, 2, 2), 9.0)] for _ in range(2)]
    assert feature_matching_loss(zeros, ones) == 1
    assert not feature_matching_loss(zeros, ones).requires_grad
    assert feature_matching_loss(ones, zeros).requires_grad
