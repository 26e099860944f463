import pytest
import torch
from torch.nn import functional as F

from hairgan.weights.official import from_official
from tests.golden import rule


def test_resnet34_golden():
    golden = rule.Golden("cbam_resnet34")
    state = golden.state()
    images = rule.image(33, 2, 256)[..., :224, :224]
    with torch.inference_mode():
        network = from_official("resnet_cbam", state)
        logits = network(images)
    assert sum(p.numel() for p in network.parameters()) == 21_956_424
    assert golden.error("logits", logits) < 1e-4
    newer = {k.replace("ca.fc1.", "ca.fc.0.").replace("ca.fc2.", "ca.fc.2."): v for k, v in state.items()}
    renamed = from_official("resnet_cbam", {f"module.{k}": v for k, v in newer.items()})
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), renamed.parameters(), strict=True))
    with pytest.raises(ValueError, match=r"1 missing: layer4\.2\.sa\.conv1\.weight"):
        from_official("resnet_cbam", {k: v for k, v in state.items() if k != "layer4.2.sa.conv1.weight"})


def test_style_classifier_golden():
    golden = rule.Golden("style_classifier")
    with torch.inference_mode():
        backbone = from_official("resnet_cbam", golden.state())
        features = backbone.stages(rule.image(32, 2, 256))[-1]
    assert golden.error("base", F.avg_pool2d(features, 7, stride=1)) < 1e-4


def test_not_a_resnet():
    with pytest.raises(ValueError, match="not a ResNet-CBAM"):
        from_official("resnet_cbam", {"weight": torch.zeros(1)})
