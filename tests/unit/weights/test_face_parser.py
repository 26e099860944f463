from pathlib import Path

import pytest
import torch
from torchvision import models

from hairgan.networks.face_parser import IMAGENET_MEAN, IMAGENET_STD, BiSeNet
from hairgan.regions import BISENET_ORDER, FROM_BISENET, SWAP_LEFT_RIGHT, Region
from hairgan.weights.face_parser import load_imagenet
from hairgan.weights.official import from_official
from tests.golden import rule


@pytest.fixture(scope="module")
def golden() -> rule.Golden:
    return rule.Golden("bisenet")


@pytest.fixture(scope="module")
def state(golden):
    return golden.state()


def test_golden(golden, state):
    network = from_official("bisenet", state)
    assert sum(p.numel() for p in network.parameters()) == 13_300_416
    normalised = 2 * rule.image(31, 1, 512)  # the reference takes images normalised with ImageNet statistics
    mean, std = torch.tensor(IMAGENET_MEAN).view(3, 1, 1), torch.tensor(IMAGENET_STD).view(3, 1, 1)
    with torch.inference_mode():
        images = 2 * (normalised * std + mean) - 1
        outputs = network.with_auxiliary(images)
        main = network(images)
    assert torch.equal(main, outputs[0])
    for name, output in zip(("out", "out16", "out32"), outputs, strict=True):
        assert golden.error(name, output[:, list(BISENET_ORDER)]) < 1e-4
    ours = main.argmax(1)[..., ::4, ::4]
    theirs = torch.from_numpy(FROM_BISENET)[golden["argmax_x4"].long()]
    assert (ours == theirs).float().mean() > 0.9999


def test_hair_is_hair_and_sides_can_be_exchanged(state):
    straight, mirrored = from_official("bisenet", state), from_official("bisenet", state, mirrored=True)
    assert isinstance(straight, BiSeNet)
    assert isinstance(mirrored, BiSeNet)
    assert torch.equal(straight.classifier.score.weight[Region.HAIR], state["conv_out.conv_out.weight"][17])
    for head in ("classifier", "auxiliary8", "auxiliary16"):
        a, b = (getattr(network, head).score.weight for network in (straight, mirrored))
        assert torch.equal(a[SWAP_LEFT_RIGHT.tolist()], b)
        assert not torch.equal(a, b)


def test_wrong_state_dicts(state):
    with pytest.raises(ValueError, match=r"1 missing: fusion\.reduce\.weight"):
        from_official("bisenet", {k: v for k, v in state.items() if k != "ffm.conv1.weight"})
    with pytest.raises(ValueError, match=r"1 unexpected: sp\.conv1\.weight"):
        from_official("bisenet", {**state, "sp.conv1.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="not a public BiSeNet"):
        from_official("bisenet", {"conv1.weight": torch.zeros(1)})


def test_a_trunk_from_imagenet(tmp_path: Path) -> None:
    state = models.resnet18(weights=None).state_dict()
    old = {key: value for key, value in state.items() if not key.endswith(".num_batches_tracked")}
    for number, file_content in enumerate((state, old)):
        file = tmp_path / f"{number}.pth"
        torch.save(file_content, file)
        trunk = BiSeNet(18).backbone
        load_imagenet(trunk, file)
        assert all(torch.equal(value, state[key]) for key, value in trunk.state_dict().items())
    with pytest.raises(ValueError, match="64, not 4"):
        load_imagenet(BiSeNet(base_width=4).backbone, file)
    with pytest.raises(ValueError, match=r"of another shape: layer1\.0\.conv1\.weight|does not fit ResNet"):
        load_imagenet(BiSeNet(50).backbone, file)
