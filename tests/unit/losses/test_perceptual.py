from urllib.error import URLError

import pytest
import torch

from hairgan.losses.perceptual import VGG19Perceptual


@pytest.fixture(scope="module")
def perceptual():
    torch.manual_seed(0)
    return VGG19Perceptual("random")


def test_only_fakes_get_a_gradient_and_checkpoints_stay_small(perceptual):
    fake, real = (torch.rand(1, 3, 32, 32, requires_grad=True) for _ in range(2))
    loss = perceptual(fake, real)
    loss.backward()
    assert loss > 0
    assert fake.grad.abs().sum() > 0
    assert real.grad is None
    assert perceptual(real, real) == 0
    assert not list(perceptual.parameters())
    assert not perceptual.state_dict()


def test_a_local_file(perceptual, tmp_path):
    """In torchvision's layout, with what else is in such a file."""
    state = {f"features.{name.split('_')[1]}.{name.split('_')[0]}": value for name, value in perceptual.named_buffers()}
    for index in (30, 32, 34):
        state |= {f"features.{index}.weight": torch.zeros(512, 512, 3, 3), f"features.{index}.bias": torch.zeros(512)}
    state["classifier.6.bias"] = torch.zeros(1000)
    file = tmp_path / "vgg19.pth"
    torch.save(state, file)
    images = torch.rand(2, 3, 16, 16)
    loaded = VGG19Perceptual(str(file))
    for ours, theirs in zip(loaded.features(images), perceptual.features(images), strict=True):
        assert torch.equal(ours, theirs)

    torch.save(state | {"features.5.weight": torch.zeros(128, 3, 3, 3)}, file)
    with pytest.raises(
        ValueError, match=r"1 of another shape: features.5.weight \(128, 3, 3, 3\) instead of \(128, 64, 3, 3\)"
    ):
        VGG19Perceptual(str(file))
    state.pop("features.28.bias")
    torch.save(state, file)
    with pytest.raises(ValueError, match=r"1 missing: features\.28\.bias"):
        VGG19Perceptual(str(file))
    file.write_bytes(b"no weights")
    with pytest.raises(ValueError, match="is refused: it is damaged"):
        VGG19Perceptual(str(file))
    with pytest.raises(ValueError, match="there is no weights file"):
        VGG19Perceptual(str(tmp_path / "absent.pth"))


def test_the_download(perceptual, monkeypatch, tmp_path):
    def unreachable(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(ValueError, match=r"could not be downloaded.*put the file.*weights=PATH.*perceptual=null"):
        VGG19Perceptual()
    state = {f"features.{name.split('_')[1]}.{name.split('_')[0]}": value for name, value in perceptual.named_buffers()}
    for index in (30, 32, 34):
        state |= {f"features.{index}.weight": torch.zeros(512, 512, 3, 3), f"features.{index}.bias": torch.zeros(512)}
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda url, file, **_: torch.save(state, file))
    images = torch.rand(1, 3, 16, 16)
    assert torch.equal(VGG19Perceptual().features(images)[-1], perceptual.features(images)[-1])
