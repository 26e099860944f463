import urllib.error

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torchvision.transforms.v2.functional import InterpolationMode, gaussian_blur, resize

from hairgan.metrics.extractors import EmbeddedExtractor, TorchFidelityInception, TorchvisionInception
from hairgan.metrics.generative import FID
from hairgan.metrics.images import as_bytes


def noise(count, size, seed=0):
    return torch.randint(0, 256, (count, 3, size, size), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


@pytest.fixture(scope="module")
def torchvision_inception(tmp_path_factory):
    torch.manual_seed(0)
    network = torchvision.models.inception_v3(weights=None, init_weights=False).eval()
    for parameter in network.parameters():
        if parameter.ndim == 4:  # the default initialisation fades to nothing
            torch.nn.init.kaiming_normal_(parameter)
    file = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(network.state_dict(), file)
    return network, file


def test_torchvision_inception_from_a_file(torchvision_inception):
    network, file = torchvision_inception
    images = noise(2, 64)
    features = TorchvisionInception(file)(images)
    pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()).resize((299, 299), Image.BILINEAR) for image in images]
    x = torch.stack([torch.from_numpy(np.array(picture)).permute(2, 0, 1) for picture in pictures]) / 255
    x = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    seen = []
    network.fc.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    with torch.no_grad():
        network(x)
    torch.testing.assert_close(features, seen[0], rtol=1e-3, atol=1e-3)
    assert features.std(0).max() > 0.01  # images differ


def test_torch_fidelity_inception_from_a_file(tmp_path):
    class Unloaded(FeatureExtractorInceptionV3):
        def load_state_dict(self, state_dict):
            pass

    torch.manual_seed(0)
    torch.save({}, tmp_path / "empty.pth")
    network = Unloaded("inception", ["2048"], feature_extractor_weights_path=tmp_path / "empty.pth")
    torch.save(network.state_dict(), tmp_path / "inception.pth")
    extractor = TorchFidelityInception(tmp_path / "inception.pth")
    images = noise(2, 32)
    torch.testing.assert_close(extractor(images), network(images)[0])
    assert extractor(images).shape == (2, extractor.num_features)


def test_resizing_is_that_of_pil():
    for size in (64, 400):
        image = noise(1, size)[0]
        expected = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((299, 299), Image.BILINEAR)
        ours = resize(image, [299, 299], InterpolationMode.BILINEAR, antialias=True).permute(1, 2, 0).numpy()
        assert np.abs(ours.astype(int) - np.array(expected)).max() <= 1


def test_embedded_is_the_same_on_every_machine():
    extractor = EmbeddedExtractor()
    assert extractor.fingerprint == "bb9ba756234d4f2a"
    ramp = torch.linspace(-1, 1, 64).expand(1, 3, 64, 64)
    features = extractor(ramp)[0]
    assert features.shape == (extractor.num_features,)
    np.testing.assert_allclose(
        features[[0, 48, 100, 300, 463]], [-0.228677, -0.582082, -0.438849, -0.89872, -0.857854], rtol=1e-3
    )


def test_embedded_distance_grows_with_the_damage():
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(300, 3, 64, 64)
    for cells, amplitude in ((3, 0.5), (8, 0.3), (24, 0.2), (64, 0.12)):  # texture at several scales
        coarse = torch.rand(300, 3, cells, cells, generator=generator) * 2 - 1
        images += amplitude * torch.nn.functional.interpolate(coarse, size=64, mode="bicubic")
    noise = torch.randn(150, 3, 64, 64, generator=generator)
    kinds = {
        "noise": [images[150:] + strength * noise for strength in (0.1, 0.3)],
        "blur": [gaussian_blur(images[150:], [9, 9], [sigma] * 2) for sigma in (1.0, 2.0)],
        "light": [images[150:] - strength for strength in (0.1, 0.2)],
    }
    metric = FID(EmbeddedExtractor())
    metric.update(images[:150], real=True)

    def distance(damaged):
        metric.fake_count, metric.fake_total, metric.fake_outer = (
            torch.zeros_like(state) for state in (metric.fake_count, metric.fake_total, metric.fake_outer)
        )
        metric.update(damaged, real=False)
        return float(metric.compute())

    undamaged = distance(images[150:])
    for kind, (little, much) in kinds.items():
        assert 1.2 * undamaged < distance(little), kind
        assert 1.2 * distance(little) < distance(much), kind


def test_quantisation_is_that_of_a_written_file():
    values = (
        torch.tensor([-2.0, -1.0, -1 + 0.99 / 255, -1 + 1.01 / 255, 0.0, 1.0, 3.0]).view(1, 1, 1, 7).repeat(1, 3, 1, 1)
    )
    assert as_bytes(values)[0, 0, 0].tolist() == [0, 0, 0, 1, 128, 255, 255]


def test_no_network(tmp_path, monkeypatch):
    def refuse(url, *arguments, **options):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    for extractor, name in (
        (TorchFidelityInception, "weights-inception-2015-12-05-6726825d.pth"),
        (TorchvisionInception, "inception_v3_google-0cc3c7bd.pth"),
    ):
        with pytest.raises(ValueError) as error:
            extractor()
        assert str(tmp_path / "checkpoints" / name) in str(error.value)
        assert "protocol=embedded needs no file" in str(error.value)


def test_unusable_files(tmp_path, torchvision_inception):
    with pytest.raises(ValueError, match="there is no weights file"):
        TorchvisionInception(tmp_path / "absent.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(ValueError, match="is refused: it is damaged"):
        TorchvisionInception(tmp_path / "text.pth")
    torch.save({"fc.bias": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="does not fit Inception3"):
        TorchvisionInception(tmp_path / "other.pth")


def test_nan_in_an_image():
    images = torch.zeros(3, 3, 16, 16)
    images[1, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="1 of 3 images hold NaN"):
        EmbeddedExtractor()(images)
