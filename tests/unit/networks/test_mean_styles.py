import pytest
import torch
from safetensors.torch import save_file

from hairgan.networks.mean_styles import MeanStyles, mean_styles, present_regions
from hairgan.networks.sean import SEANGenerator
from hairgan.weights.mean_styles import load_mean_styles, save_mean_styles


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return SEANGenerator(32, width=2, num_regions=4, style_dim=8).eval()


@pytest.fixture(scope="module")
def data():
    torch.manual_seed(1)
    labels = torch.randint(0, 2, (3, 32, 32))
    labels[0, 8, 8] = 2  # in one image only
    labels[:, 1, 1] = 3  # lost at half the resolution
    return torch.rand(3, 3, 32, 32) * 2 - 1, labels


def test_means_are_over_the_images_that_have_the_region(generator, data):
    images, labels = data
    means = mean_styles(generator, [(images[:2], labels[:2]), (images[2:], labels[2:])])
    with torch.no_grad():
        each = generator.encode_styles(images, labels)
    assert means.counts.tolist() == [3, 3, 1, 0]
    torch.testing.assert_close(means.codes[:2], each[:, :2].mean(dim=0))
    torch.testing.assert_close(means.codes[2], each[0, 2])
    assert (means.codes[3] == 0).all()
    with pytest.raises(ValueError, match="0 batches"):
        mean_styles(generator, [])


def test_absent_regions_take_their_mean(generator, data):
    images, labels = data
    assert present_regions(labels, 4).tolist() == [
        [True, True, True, False],
        [True, True, False, False],
        [True, True, False, False],
    ]
    with torch.no_grad():
        styles = generator.encode_styles(images, labels)
    means = MeanStyles(4, 8)
    means.codes.copy_(torch.rand(4, 8))
    filled = means(styles, labels)
    assert torch.equal(filled[1, 2], means.codes[2])
    assert torch.equal(filled[0, :3], styles[0, :3])


def test_files(tmp_path):
    means = MeanStyles(4, 8)
    means.codes.copy_(torch.rand(4, 8))
    means.counts.copy_(torch.tensor([3, 2, 1, 0]))
    save_mean_styles(tmp_path / "mean.safetensors", means)
    again = load_mean_styles(tmp_path / "mean.safetensors")
    assert torch.equal(again.codes, means.codes) and torch.equal(again.counts, means.counts)
    save_file({"weights": means.codes}, tmp_path / "other.safetensors")
    for file in ("other.safetensors", "absent.safetensors"):
        with pytest.raises(ValueError, match=file):
            load_mean_styles(tmp_path / file)
