"""Masks of the high-pass skip from a drawn label map."""

import torch

from hairgan.networks.region_masks import region_masks
from hairgan.regions import Region


def drawn_face(size: int = 128) -> torch.Tensor:
    """Hair around a face that ends above a neck; brows, eyes, nose and mouth in it."""
    labels = torch.zeros(1, size, size, dtype=torch.int64)
    unit = size // 32

    def paint(region: Region, top: int, bottom: int, left: int, right: int) -> None:
        labels[:, top * unit : bottom * unit, left * unit : right * unit] = int(region)

    paint(Region.HAIR, 1, 20, 4, 28)
    paint(Region.SKIN, 6, 26, 8, 24)
    paint(Region.NECK, 26, 32, 12, 20)
    paint(Region.R_BROW, 9, 10, 10, 13)
    paint(Region.L_EYE, 12, 14, 19, 22)
    paint(Region.NOSE, 14, 18, 15, 17)
    paint(Region.U_LIP, 21, 22, 13, 19)
    return labels


def test_what_the_masks_keep() -> None:
    labels = drawn_face()
    face, detail = region_masks(None, labels)
    assert face.shape == detail.shape == (1, 1, 128, 128)
    for region in (Region.L_EYE, Region.NOSE):
        assert bool((detail[:, 0][labels == region] == 1).all())
    for region in (Region.R_BROW, Region.U_LIP):
        assert bool((face[:, 0][labels == region] == 1).all())
        assert not detail[:, 0][labels == region].mean() > 0.1
    assert face[0, 0, 26 * 4 - 1, 64] == 1  # the chin line
    assert not detail[0, 0, 26 * 4 - 1, 64]
    assert not face[0, 0, 12 * 4, 9 * 4]  # a cheek
    assert not face[:, 0][labels == Region.HAIR].any()
    assert bool((face >= detail).all())


def test_edges_are_soft_and_in_range() -> None:
    for mask in region_masks(None, drawn_face()):
        assert float(mask.min()) >= 0 and float(mask.max()) == 1
        assert ((mask > 0) & (mask < 1)).any()
        assert float(mask.diff(dim=2).abs().max()) < 0.5


def test_masks_scale_with_the_label_map() -> None:
    small, large = region_masks(None, drawn_face(64))[0], region_masks(None, drawn_face(256))[0]
    assert float((torch.nn.functional.avg_pool2d(large, 4) - small).abs().mean()) < 0.05


def test_no_face_no_mask() -> None:
    for mask in region_masks(None, torch.full((2, 32, 32), int(Region.HAIR))):
        assert not mask.any()
