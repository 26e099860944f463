import pytest
import torch

from hairgan.networks.bisenet import BiSeNet
from hairgan.weights.onnx import export_onnx


@pytest.fixture(scope="module")
def parser() -> BiSeNet:
    torch.manual_seed(0)
    parser = BiSeNet(base_width=8)
    parser.with_auxiliary(torch.randn(8, 3, 64, 64))  # batch statistics that are not the initial ones
    return parser.eval()


def test_dynamic_sizes(parser, tmp_path):
    import onnxruntime

    path = tmp_path / "new" / "parser.onnx"
    checks = [{"images": torch.rand(*shape) * 2 - 1} for shape in ((1, 3, 80, 50), (3, 3, 33, 97))]
    difference = export_onnx(
        parser,
        {"images": torch.rand(2, 3, 64, 96) * 2 - 1},
        path,
        outputs=["logits"],
        dynamic={"images": (0, 2, 3)},
        checks=checks,
    )
    assert 0 < difference < 1e-3
    assert [p.name for p in path.parent.iterdir()] == ["parser.onnx"]
    images = torch.rand(50, 3, 64, 64) * 2 - 1
    session = onnxruntime.InferenceSession(path)
    (logits,) = session.run(["logits"], {"images": images.numpy()})
    with torch.inference_mode():
        assert torch.equal(torch.from_numpy(logits).argmax(1), parser(images).argmax(1))


def test_a_difference_is_an_error(parser, tmp_path):
    images = {"images": torch.rand(2, 3, 40, 40)}
    with pytest.raises(ValueError, match="more than the 1e-30 allowed"):
        export_onnx(parser, images, tmp_path / "parser.onnx", outputs=["logits"], tolerance=1e-30)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="training mode"):
        export_onnx(BiSeNet(base_width=4), images, tmp_path / "parser.onnx", outputs=["logits"])
