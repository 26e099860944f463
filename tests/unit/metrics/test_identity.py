import pytest
import torch
from torch import nn

from hairgan.metrics.identity import FaceEmbedder, IdentitySimilarity, identity_similarity


def write_network(file, batch=None):
    """Means over a grid of 2 x 2; for any number of images, or for `batch`."""
    network = nn.Sequential(nn.AvgPool2d(56), nn.Flatten())
    example, names = (torch.zeros(batch or 1, 3, 112, 112),), ["images"]
    dynamic = {} if batch else {"images": {0: "b"}}
    torch.onnx.export(network, example, str(file), dynamo=False, input_names=names, dynamic_axes=dynamic)
    return file


@pytest.fixture
def source():
    return torch.rand(3, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_hair_above_the_face_does_not_count(tmp_path, source):
    edited = source.clone()
    edited[:, :, :30] = -1
    metric = IdentitySimilarity(FaceEmbedder(write_network(tmp_path / "face.onnx")))
    metric.update(source, edited)
    assert metric.compute()["identity_similarity"] == pytest.approx(1, abs=1e-5)
    edited[1, :, 35:110] = 1
    metric.update(source, edited)
    assert metric.compute()["identity_similarity"] < 0.99


def test_a_fixed_batch_size_does_not_matter(tmp_path, source):
    free = FaceEmbedder(write_network(tmp_path / "free.onnx"))(source)
    for batch in (1, 2, 5):
        fixed = FaceEmbedder(write_network(tmp_path / f"{batch}.onnx", batch))
        torch.testing.assert_close(fixed(source), free)


def test_mean_over_the_outputs_of_a_source():
    def embed(images):
        return images[:, 0, 0, :2]  # the first two pixels

    source, outputs = torch.full((1, 3, 8, 8), -1.0), torch.full((1, 2, 3, 8, 8), -1.0)
    source[..., 0, :2] = torch.tensor([1.0, 1.0])
    outputs[:, 0, :, 0, :2] = torch.tensor([1.0, 1.0])  # the same direction
    outputs[:, 1, :, 0, :2] = torch.tensor([-1.0, 1.0])  # at a right angle
    assert identity_similarity(embed, source, outputs).tolist() == pytest.approx([0.5], abs=1e-5)


def test_unusable_files(tmp_path):
    with pytest.raises(ValueError, match="no face-embedding network"):
        FaceEmbedder(tmp_path / "absent.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ValueError, match=r"text.onnx is not an ONNX network"):
        FaceEmbedder(tmp_path / "text.onnx")
    torch.onnx.export(
        nn.Flatten(), (torch.zeros(1, 1, 8, 8),), str(tmp_path / "gray.onnx"), dynamo=False, input_names=["images"]
    )
    with pytest.raises(ValueError, match=r"must take images of a fixed size, .* not \(1, 1, 8, 8\)"):
        FaceEmbedder(tmp_path / "gray.onnx")
