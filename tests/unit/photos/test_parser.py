import numpy as np
import pytest
import torch
from PIL import Image

from hairgan.networks.face_parser import BiSeNet
from hairgan.photos.face_finders import RegionFinder
from hairgan.photos.faces import Face, align_face
from hairgan.photos.opening import open_rgb
from hairgan.photos.parser import FaceParser
from hairgan.regions import PALETTE, Region, colorize
from tests.unit.labelling.painted import PaintParser, face


def test_a_face_in_a_photo_and_back(tmp_path):
    labels = np.zeros((300, 500), np.uint8)
    labels[40:296, 200:456] = face(0.7)
    Image.fromarray(colorize(labels)).save(tmp_path / "photo.png")
    points = np.array([200, 40]) + 256 * np.array([[0.4, 0.47], [0.6, 0.47], [0.5, 0.58], [0.43, 0.66], [0.57, 0.66]])
    photo = open_rgb(tmp_path / "photo.png")
    alignment = align_face(photo, lambda photo: [Face(points)], 256).alignment
    crop = alignment.crop(photo)
    parsed, empty = FaceParser(PaintParser()).parse([crop, np.full_like(crop, PALETTE[Region.BACKGROUND])])
    assert parsed.certainty > 0.9
    assert empty.certainty == 0  # nothing but background
    is_hair = parsed.labels == Region.HAIR
    assert is_hair.mean() > 0.1
    assert np.median(parsed.hair[is_hair]) > 0.9 and np.median(parsed.hair[~is_hair]) < 0.1
    back = alignment.carry_labels(parsed.labels, 300, 500)
    assert back.shape == labels.shape
    left, top = np.ceil(alignment.corners.min(axis=0)).astype(int)
    right, bottom = np.floor(alignment.corners.max(axis=0)).astype(int)
    inside = np.s_[max(top, 0) : bottom, max(left, 0) : right]
    assert (back[inside] == labels[inside]).mean() > 0.97
    outside = np.ones_like(labels, dtype=bool)
    outside[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = False
    assert (back[outside] == Region.BACKGROUND).all()


@pytest.mark.parametrize(("width", "height"), [(8, 8), (8, 3000), (12_000, 8), (7, 7), (12_000, 12_000)])
def test_unusual_sizes_end_in_one_sentence(tmp_path, width, height):
    path = tmp_path / "photo.png"
    Image.new("L", (width, height)).save(path)
    for finder in (None, RegionFinder(FaceParser(PaintParser(64)))):
        with pytest.raises(ValueError, match=rf"{width} x {height}|no face|megapixels") as error:
            align_face(open_rgb(path), finder, 512)
        assert "\n" not in str(error.value)


def test_a_huge_photo_is_read(tmp_path):
    Image.fromarray(colorize(face(0.7))).resize((3000, 3000), Image.Resampling.NEAREST).save(tmp_path / "photo.png")
    photo = open_rgb(tmp_path / "photo.png")
    (parsed,) = FaceParser(PaintParser()).parse([align_face(photo, None, 256).alignment.crop(photo)])
    assert (parsed.labels == face(0.7)).mean() > 0.98
    assert parsed.labels.dtype == np.uint8 and parsed.hair.dtype == np.float32


def test_label_maps_come_at_the_size_of_the_images():
    labels = torch.from_numpy(face(0.7)).long()
    images = torch.from_numpy(colorize(face(0.7))).permute(2, 0, 1)[None].float() / 127.5 - 1
    for size in (128, 256):  # the parser looks at enlarged images, or at the images themselves
        found = FaceParser(PaintParser(size)).label_maps(images)
        assert found.shape == (1, 256, 256) and (found[0] == labels).float().mean() > 0.97


def test_a_bisenet_is_folded_and_answers_the_same():
    torch.manual_seed(0)
    network = BiSeNet(base_width=8, image_size=64).eval()
    parser = FaceParser(network)
    assert parser.size == 64 and not any(isinstance(m, torch.nn.BatchNorm2d) for m in parser.network.modules())
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    same = parser.label_maps(images) == network(images).argmax(1)
    assert same.float().mean() > 0.999
