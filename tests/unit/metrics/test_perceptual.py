import itertools

import pytest
import torch
import torchvision
from torchmetrics.functional.image.lpips import _LPIPS

from hairgan.metrics.perceptual import LPIPS


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_equals_torchmetrics_on_the_same_backbone(images, tmp_path):
    torch.manual_seed(0)
    theirs = _LPIPS(pretrained=True, net="alex", pnet_rand=True, use_dropout=True, eval_mode=True)
    with torch.device("meta"):
        network = torchvision.models.alexnet()
    # torchmetrics cuts the convolutions into slices, but keeps their numbers
    convolutions = {f"features.{k.split('.', 1)[1]}": v for k, v in theirs.net.state_dict().items()}
    state = {k: convolutions.get(k, torch.zeros(1).expand(v.shape)) for k, v in network.state_dict().items()}
    assert convolutions.keys() == {k for k in state if k.startswith("features.")}
    torch.save(state, tmp_path / "backbone.pth")
    ours = LPIPS(tmp_path / "backbone.pth")
    a, b = images[0], images[1]
    with torch.no_grad():
        torch.testing.assert_close(ours(a, b), theirs(a, b).flatten(), rtol=1e-4, atol=1e-6)


def test_identical_images_have_no_distance(images):
    lpips = LPIPS("embedded")
    assert lpips.name == "lpips_embedded"
    assert lpips(images[0], images[0]).tolist() == [0] * 4
    assert lpips(images[0], images[1]).min() > 0.01
    assert lpips.diversity(images[:, :1].expand(2, 4, 3, 64, 64)).tolist() == [0, 0]


def test_diversity_is_the_mean_over_pairs(images):
    lpips = LPIPS("embedded")
    pairs = [lpips(images[:, i], images[:, j]) for i, j in itertools.combinations(range(4), 2)]
    torch.testing.assert_close(lpips.diversity(images), torch.stack(pairs).mean(0))


def test_wrong_use(images):
    with pytest.raises(ValueError, match="at least 2 outputs per source, got 1"):
        LPIPS("embedded").diversity(images[:, :1])
    with pytest.raises(ValueError, match="differ in shape"):
        LPIPS("embedded")(images[0], images[0, :, :, :32, :32])
