import pytest
import torch
from torch import nn
from torchvision import models

from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.resnet import fold_batch_norm
from hairgan.regions import swap_left_right


@pytest.mark.parametrize("depth", [18, 34, 50])
@pytest.mark.parametrize("size", [(64, 48), (37, 90), (8, 8), (1, 5)])
def test_any_size(depth, size):
    parser = BiSeNet(depth, base_width=4).eval()
    with torch.inference_mode():
        assert parser(torch.zeros(2, 3, *size)).shape == (2, 19, *size)


def test_a_finer_stem_keeps_the_weights_and_makes_finer_maps():
    states = [BiSeNet(base_width=4, stem_stride=stride).state_dict() for stride in (4, 2, 1)]
    assert all({k: v.shape for k, v in state.items()} == {k: v.shape for k, v in states[0].items()} for state in states)
    for stride in (4, 2, 1):
        parser = BiSeNet(base_width=4, stem_stride=stride).eval()
        with torch.inference_mode():
            maps = parser.backbone.stages(torch.zeros(1, 3, 64, 64))
            assert [m.shape[-1] for m in maps] == [64 // stride // 2**stage for stage in range(4)]
            assert parser(torch.zeros(1, 3, 64, 64)).shape == (1, 19, 64, 64)


@pytest.mark.parametrize("stride", [4, 2, 1])
@pytest.mark.parametrize("size", [(64, 48), (37, 90), (8, 8)])
def test_a_detail_head_takes_any_size_and_folds(stride, size):
    torch.manual_seed(0)
    parser = BiSeNet(base_width=4, stem_stride=stride, detail=True)
    with torch.inference_mode():
        parser.with_auxiliary(torch.randn(2, 3, 64, 64))  # running statistics that are not 0 and 1
        images = torch.randn(2, 3, *size)
        logits = parser.eval()(images)
        assert logits.shape == (2, 19, *size)
        torch.testing.assert_close(fold_batch_norm(parser)(images), logits, rtol=1e-4, atol=1e-4)


def test_a_detail_head_sees_single_pixels():
    """Logits differ from pixel to pixel, where those of a coarser head are interpolated."""
    torch.manual_seed(0)
    images, edges = torch.randn(1, 3, 64, 64), []
    for detail in (False, True):
        parser = BiSeNet(base_width=4, stem_stride=2, detail=detail).eval()
        with torch.inference_mode():
            logits = parser(images)
        edges.append(logits.diff(n=2, dim=3).abs().mean() / logits.std())
    assert edges[1] > 3 * edges[0]


@pytest.mark.parametrize("detail", [False, True])
def test_every_parameter_is_trained(detail):
    torch.manual_seed(0)
    parser = BiSeNet(base_width=4, detail=detail)
    outputs = parser.with_auxiliary(torch.rand(2, 3, 64, 64) * 2 - 1)
    sides = [64, 8, 4] if detail else [64, 64, 64]
    assert [output.shape for output in outputs] == [(2, 19, side, side) for side in sides]
    sum(output.square().mean() for output in outputs).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in parser.parameters())


def test_wrong_use():
    with pytest.raises(ValueError, match="at least 2 images per batch and process, got 1"):
        BiSeNet(base_width=4).with_auxiliary(torch.zeros(1, 3, 64, 64))
    with pytest.raises(ValueError, match="not 20"):
        BiSeNet(20)
    with pytest.raises(ValueError, match="must be 1, 2 or 4, not 3"):
        BiSeNet(stem_stride=3)
    with pytest.raises(ValueError, match="mirrored needs the 19 regions"):
        BiSeNet(num_classes=11, mirrored=True)


def test_a_mirrored_parser_says_the_same_of_mirror_images():
    """Left and right exchanged; while it is trained it sees images alone, as any other."""
    torch.manual_seed(0)
    parser, plain = BiSeNet(base_width=4, mirrored=True), BiSeNet(base_width=4)
    plain.load_state_dict(parser.state_dict())
    images = torch.rand(2, 3, 64, 48) * 2 - 1
    assert torch.equal(parser(images), plain(images))
    folded = fold_batch_norm(parser.eval())
    with torch.inference_mode():
        for network in (parser, folded):
            labels, of_mirror = network(images).argmax(1), network(images.flip(-1)).argmax(1)
            assert torch.equal(of_mirror.flip(-1), swap_left_right(labels))
        logits, alone = parser(images), plain.eval()(images)
    assert not torch.allclose(logits, alone, atol=1e-3)


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
