import pytest
import torch

from hairgan.hair_attributes import HEADS
from hairgan.networks.hair_classifier import ChannelAttention, HairClassifier, ResNetCBAM, SpatialAttention


@pytest.mark.parametrize("depth", [18, 34, 50])
@pytest.mark.parametrize("size", [(32, 32), (64, 50)])
def test_any_size(depth, size):
    classifier = HairClassifier(depth, base_width=4).eval()
    with torch.inference_mode():
        logits = classifier(torch.zeros(2, 3, *size))
    assert {head: tuple(value.shape) for head, value in logits.items()} == {h: (2, len(c)) for h, c in HEADS.items()}


def test_too_small():
    with pytest.raises(ValueError, match="at least 32 pixels wide and high, got 31x40"):
        ResNetCBAM(18, base_width=4)(torch.zeros(1, 3, 40, 31))


def test_channel_attention_by_hand():
    attention = ChannelAttention(2, reduction=2)
    with torch.no_grad():
        attention.fc1.weight[:] = torch.tensor([[1.0, -1.0]]).view(1, 2, 1, 1)
        attention.fc2.weight[:] = torch.tensor([[2.0], [3.0]]).view(2, 1, 1, 1)
        x = torch.tensor([[[[1.0, 3.0]], [[0.0, 0.0]]]])  # means (2, 0), maxima (3, 0)
        torch.testing.assert_close(
            attention(x).flatten(), torch.sigmoid(torch.tensor([2 * 2 + 2 * 3.0, 3 * 2 + 3 * 3]))
        )


def test_spatial_attention_takes_the_mean_first():
    attention = SpatialAttention()
    with torch.no_grad():
        attention.conv1.weight.zero_()
        attention.conv1.weight[0, :, 3, 3] = torch.tensor([1.0, 10.0])
        x = torch.tensor([1.0, 3.0]).view(1, 2, 1, 1)  # mean 2, maximum 3
        torch.testing.assert_close(attention(x).item(), torch.sigmoid(torch.tensor(2.0 + 30.0)).item())


def test_temperature_scales_probabilities():
    torch.manual_seed(0)
    classifier = HairClassifier(18, base_width=4).eval()
    images = torch.rand(2, 3, 48, 48)
    classifier.temperatures[1] = 2.0
    with torch.inference_mode():
        logits, probabilities = classifier(images), classifier.probabilities(images)
    torch.testing.assert_close(probabilities["length"], (logits["length"] / 2).softmax(1))
    torch.testing.assert_close(probabilities["bangs"], logits["bangs"].softmax(1))


def test_every_parameter_is_trained():
    torch.manual_seed(0)
    classifier = HairClassifier(18, base_width=16, dropout=0.1)
    sum(value.square().sum() for value in classifier(torch.rand(2, 3, 96, 96)).values()).backward()
    idle = [n for n, p in classifier.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert idle == []
