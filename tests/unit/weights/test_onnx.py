import pytest
import torch

from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.resnet import fold_batch_norm
from hairgan.weights.onnx import export_onnx


@pytest.mark.parametrize("detail", [{}, {"stem_stride": 2, "detail": True}])
def test_dynamic_sizes(tmp_path, detail):
    import onnxruntime

    torch.manual_seed(0)
    parser = BiSeNet(base_width=8, **detail)
    parser.with_auxiliary(torch.randn(8, 3, 64, 64))  # batch statistics that are not the initial ones
    parser = fold_batch_norm(parser)  # half as many operators to export
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


def test_a_difference_is_an_error(tmp_path):
    network, images = torch.nn.Sequential(torch.nn.Linear(64, 64)).eval(), {"images": torch.rand(2, 64)}
    with pytest.raises(ValueError, match="more than the -1 allowed"):
        export_onnx(network, images, tmp_path / "network.onnx", outputs=["y"], tolerance=-1.0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="training mode"):
        export_onnx(network.train(), images, tmp_path / "network.onnx", outputs=["y"])


@pytest.mark.slow
def test_same_labels_on_portraits(tmp_path):
    """The published architecture on 50 drawn people: every pixel gets the same label from ONNX Runtime."""
    import onnxruntime

    from hairgan.data.augment import to_float
    from hairgan.portraits import portrait

    torch.manual_seed(0)
    parser = BiSeNet()
    images = to_float(torch.stack([torch.from_numpy(portrait(0, i, 128).image) for i in range(50)]))
    with torch.inference_mode():
        parser.with_auxiliary(images)
        parser.eval()
        expected = parser(images)
    export_onnx(parser, {"images": images[:2]}, tmp_path / "p.onnx", outputs=["logits"], dynamic={"images": (0, 2, 3)})
    (logits,) = onnxruntime.InferenceSession(tmp_path / "p.onnx").run(None, {"images": images.numpy()})
    assert (torch.from_numpy(logits) - expected).abs().max() < 1e-3
    assert torch.equal(torch.from_numpy(logits).argmax(1), expected.argmax(1))
