import pytest
import torch
from torch import nn
from torchvision import models

from hairgan.networks.bisenet import BiSeNet
from hairgan.networks.cbam import HairClassifier
from hairgan.networks.resnet import fold_batch_norm


@pytest.mark.parametrize("depth", [18, 34, 50])
@pytest.mark.parametrize("size", [(64, 48), (37, 90), (8, 8), (1, 5)])
def test_any_size(depth, size):
    parser = BiSeNet(depth, base_width=4).eval()
    with torch.inference_mode():
        assert parser(torch.zeros(2, 3, *size)).shape == (2, 19, *size)


def test_every_parameter_is_trained():
    torch.manual_seed(0)
    parser = BiSeNet(base_width=4)
    outputs = parser.with_auxiliary(torch.rand(2, 3, 64, 64) * 2 - 1)
    assert [output.shape for output in outputs] == [(2, 19, 64, 64)] * 3
    sum(output.square().mean() for output in outputs).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in parser.parameters())


def test_wrong_use():
    with pytest.raises(ValueError, match="at least 2 images a batch and process, got 1"):
        BiSeNet(base_width=4).with_auxiliary(torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="not 20"):
        BiSeNet(20)
    with pytest.raises(ValueError, match="64, not 4"):
        BiSeNet(base_width=4).backbone.load_imagenet()


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_the_trunk_is_torchvisions(depth):
    theirs = getattr(models, f"resnet{depth}")(weights=None).eval()
    state = {k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")}
    with torch.inference_mode():
        trunk = BiSeNet(depth).backbone.eval()
        trunk.load_state_dict(state)
        images = torch.rand(1, 3, 64, 64)
        ours = theirs.fc(trunk.stages(images)[-1].mean(dim=(2, 3)))
        torch.testing.assert_close(ours, theirs(images))


@pytest.mark.parametrize("depth", [18, 50])
def test_folding_changes_nothing(depth):
    torch.manual_seed(0)
    parser, classifier = BiSeNet(depth, base_width=8), HairClassifier(depth, base_width=8)
    images = torch.rand(4, 3, 64, 64) * 2 - 1
    parser.with_auxiliary(images)  # batch statistics that are not the initial ones
    classifier(images)
    with torch.inference_mode():
        for network in (parser.eval(), classifier.eval()):
            folded = fold_batch_norm(network)
            assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
            torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-4)
