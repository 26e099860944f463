import pytest
import torch
from safetensors.torch import save_file

from hairgan.editing.style_codes import fill_absent, load_mean_codes, mean_style_codes, present_regions, save_mean_codes
from hairgan.networks.sean import SEANGenerator


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
    codes, counts = mean_style_codes(generator, [(images[:2], labels[:2]), (images[2:], labels[2:])])
    with torch.no_grad():
        each = generator.encode_styles(images, labels)
    assert counts.tolist() == [3, 3, 1, 0]
    torch.testing.assert_close(codes[:2], each[:, :2].mean(dim=0))
    assert torch.equal(codes[2], each[0, 2])
    assert (codes[3] == 0).all()
    with pytest.raises(ValueError, match="0 batches"):
        mean_style_codes(generator, [])


def test_absent_regions_take_their_mean(generator, data):
    images, labels = data
    present = present_regions(labels, 4)
    assert present.tolist() == [[True, True, True, False], [True, True, False, False], [True, True, False, False]]
    with torch.no_grad():
        styles = generator.encode_styles(images, labels)
    mean = torch.rand(4, 8)
    filled = fill_absent(styles, present, mean)
    assert torch.equal(filled[1, 2], mean[2])
    assert torch.equal(filled[0, :3], styles[0, :3])


def test_files(generator, tmp_path):
    codes, counts = torch.rand(4, 8), torch.tensor([3, 2, 1, 0])
    save_mean_codes(tmp_path / "mean.safetensors", codes, counts)
    again = load_mean_codes(tmp_path / "mean.safetensors", generator)
    assert torch.equal(again[0], codes)
    assert torch.equal(again[1], counts)
    other = SEANGenerator(32, width=2, num_regions=5, style_dim=8)
    with pytest.raises(ValueError, match=r"\(4, 8\) instead of \(5, 8\)"):
        load_mean_codes(tmp_path / "mean.safetensors", other)
    save_file({"weights": codes}, tmp_path / "other.safetensors")
    for file in ("other.safetensors", "absent.safetensors"):
        with pytest.raises(ValueError, match=f"{file} is no file of mean style codes"):
            load_mean_codes(tmp_path / file, generator)
