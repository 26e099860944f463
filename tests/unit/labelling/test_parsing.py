import numpy as np
import pytest
import torch
from PIL import Image

from hairgan.labelling.parsing import align, parse_crops
from hairgan.photos.faces import Face, RegionFinder
from hairgan.photos.opening import open_rgb
from hairgan.regions import Region, colorize
from tests.unit.labelling.painted import PaintParser, face


def test_a_face_in_a_photo_and_back(tmp_path):
    labels = np.zeros((300, 500), np.uint8)
    labels[40:296, 200:456] = face(0.7)
    Image.fromarray(colorize(labels)).save(tmp_path / "photo.png")
    points = np.array([200, 40]) + 256 * np.array([[0.4, 0.47], [0.6, 0.47], [0.5, 0.58], [0.43, 0.66], [0.57, 0.66]])
    photo = open_rgb(tmp_path / "photo.png")
    alignment = align(photo, lambda photo: [Face(points)], 256)
    crop = alignment.crop(photo)
    parser = PaintParser()
    maps, certainties = parse_crops(parser, [crop, np.full_like(crop, (24, 24, 32))])
    assert certainties[0] > 0.9
    assert certainties[1] == 0  # nothing but background
    assert (maps[0] == Region.HAIR).mean() > 0.1
    back = alignment.carry_labels(maps[0], 300, 500)
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
    for finder in (None, RegionFinder(PaintParser(64))):
        with pytest.raises(ValueError, match=rf"{width} x {height}|no face|megapixels") as error:
            align(open_rgb(path), finder)
        assert "\n" not in str(error.value)


def test_a_huge_photo_is_read(tmp_path):
    Image.fromarray(colorize(face(0.7))).resize((3000, 3000), Image.Resampling.NEAREST).save(tmp_path / "photo.png")
    photo = open_rgb(tmp_path / "photo.png")
    maps, _ = parse_crops(PaintParser(), [align(photo, None, 256).crop(photo)])
    assert (maps[0] == face(0.7)).mean() > 0.98
    assert torch.from_numpy(maps).dtype == torch.uint8
