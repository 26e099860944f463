"""Alignment: the crop of the paper, there and back, for photos smaller and larger than the crop."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hairgan.photos.alignment import Alignment, celeba_hq_alignment, whole_photo

FACE = np.array([[40.0, 50], [60, 50], [50, 60], [43, 72], [57, 72]])


def smooth(height: int, width: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), max(height, width) / 30)
    return np.clip(128 + 60 * blurred / blurred.std(), 0, 255).astype(np.uint8)


def test_the_crop_is_that_of_the_paper() -> None:
    """Karras et al. 2018, appendix C: side max(4 |x'|, 3.6 |y'|), centre 0.1 y' below the eyes."""
    alignment = celeba_hq_alignment(FACE, 256)
    assert alignment.scale == pytest.approx(256 / 80)
    assert alignment.corners.mean(axis=0) == pytest.approx([50, 52.2])
    assert alignment.corners[0] == pytest.approx([10, 12.2])


@pytest.mark.parametrize("angle", [0, 30, -100, 180])
def test_a_turned_face_gives_the_same_crop(angle: float) -> None:
    turn = cv2.getRotationMatrix2D((120, 90), angle, 1.7)
    turned = FACE @ turn[:, :2].T + turn[:, 2]
    alignment = celeba_hq_alignment(turned, 256)
    back = turned @ alignment.matrix[:, :2].T + alignment.matrix[:, 2]
    straight = celeba_hq_alignment(FACE, 256)
    assert back == pytest.approx(FACE @ straight.matrix[:, :2].T + straight.matrix[:, 2])
    round_trip = back @ alignment.inverse[:, :2].T + alignment.inverse[:, 2]
    assert round_trip == pytest.approx(turned)


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("angle", [0, 20])
def test_what_is_cut_out_and_pasted_stays_where_it_was(scale: float, angle: float) -> None:
    photo = smooth(700, 600)
    side = 128 / scale
    matrix = cv2.getRotationMatrix2D((250 + side / 8, 350), angle, scale)
    matrix[:, 2] += 64 - np.array([250, 350])
    alignment = Alignment(matrix, 128)
    shift = alignment.crop(photo).astype(np.float32)
    mask = np.zeros((128, 128), np.float32)
    mask[40:90, 30:100] = 1
    wholly = alignment.paste(photo, shift, shift, mask, mask)  # the old detail is taken out: only what the crop knows
    assert np.abs(wholly.astype(int) - photo).max() <= 8
    assert np.array_equal(alignment.paste(photo, shift, shift, mask, 0 * mask), photo)
    brighter = alignment.paste(photo, shift, shift + 20 * mask[..., None], mask, 0 * mask)
    changed = (brighter != photo).any(axis=2)
    assert (50 / scale - 2) * (70 / scale - 2) < changed.sum() < (50 / scale + 8) * (70 / scale + 8)
    inner = cv2.erode(changed.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    expected = np.minimum(photo[inner].astype(int) + 20, 255)
    assert np.abs(brighter[inner].astype(int) - expected).mean() < 1


def test_large_photos_are_averaged_not_sampled() -> None:
    photo = np.zeros((2000, 2000, 3), np.uint8)
    photo[:, ::2] = 200
    crop = whole_photo(2000, 2000, 64).crop(photo)
    assert np.abs(crop.astype(int) - 100).max() <= 4


def test_aligned_photos_are_taken_whole() -> None:
    photo = smooth(256, 256)
    assert np.array_equal(whole_photo(256, 256, 256).crop(photo), photo)
    assert np.array_equal(
        whole_photo(256, 256, 64).crop(photo), cv2.resize(photo, (64, 64), interpolation=cv2.INTER_AREA)
    )


def test_the_ramp_falls_only_where_the_photo_goes_on() -> None:
    inside = Alignment(np.array([[1.0, 0, -50], [0, 1, 0]]), 100).ramp(200, 300, 10.0)
    assert (inside[:80, [0, -1]] == 0).all()
    assert (inside[0, 20:-20] == 1).all(), "the photo ends at the crop's top"
    assert inside[50, 50] == 1
    assert (whole_photo(640, 640, 100).ramp(640, 640, 10.0) == 1).all()


def test_share_outside() -> None:
    assert Alignment(np.array([[1.0, 0, 0], [0, 1, 0]]), 100).share_outside(200, 200) == pytest.approx(0)
    assert Alignment(np.array([[1.0, 0, 50], [0, 1, 0]]), 100).share_outside(200, 200) == pytest.approx(0.5)


def test_faces_too_small() -> None:
    with pytest.raises(ValueError, match="too small to edit: 8 pixels, at least 16"):
        celeba_hq_alignment(FACE / 10, 256)
    with pytest.raises(ValueError, match="too small"):
        celeba_hq_alignment(0 * FACE, 256)


def test_a_crop_that_is_finer_than_the_photo_by_less_than_a_pixel() -> None:
    photo, size = smooth(64, 64) // 2, 64
    alignment = Alignment(np.array([[1.003, 0, 0], [0, 1.003, 0]]), size)
    before, mask = alignment.crop(photo).astype(np.float32), np.zeros((size, size), np.float32)
    mask[20:40, 20:40] = 1
    out = alignment.paste(photo, before, before + 9 * mask[..., None], mask, np.zeros_like(mask))
    assert (out[25:35, 25:35] - photo[25:35, 25:35].astype(int) == 9).all() and np.array_equal(out[:15], photo[:15])


def test_large_photos_are_pasted_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = smooth(300, 400)
    matrix = cv2.getRotationMatrix2D((200, 150), 20, 0.5)
    matrix[:, 2] += 64 - np.array([200, 150])
    alignment = Alignment(matrix, 128)
    crop = alignment.crop(photo).astype(np.float32)
    mask = np.zeros((128, 128), np.float32)
    mask[20:110, 10:120] = 1
    whole = alignment.paste(photo, crop, crop + 30, mask, mask / 2)
    monkeypatch.setattr("hairgan.photos.alignment.BAND", 2000)
    assert np.abs(alignment.paste(photo, crop, crop + 30, mask, mask / 2).astype(int) - whole).max() <= 1


def test_the_part_of_a_photo_around_a_crop_shows_the_same() -> None:
    photo = smooth(600, 500)
    for scale in (0.3, 2.0):
        matrix = cv2.getRotationMatrix2D((100, 300), 20, scale)
        matrix[:, 2] += 64 - np.array([100, 300])
        alignment = Alignment(matrix, 128)
        part, inside = alignment.around(photo)
        assert part.size < photo.size
        for size in (32, 100, 256):
            assert np.abs(inside.resized(size).crop(part).astype(int) - alignment.resized(size).crop(photo)).max() <= 1


def test_labels_go_back_into_panoramas() -> None:
    """Wider than OpenCV's warps are made for."""
    alignment = Alignment(np.array([[1.0, 0, -39_900], [0, 1, -4]]), 64)
    labels = np.arange(1, 65, dtype=np.uint8)[:, None].repeat(64, axis=1)
    out = alignment.carry_labels(labels, 80, 40_000)
    assert np.array_equal(out[4:68, 39_900:39_964], labels) and out.sum() == labels.sum()
    assert (alignment.ramp(80, 40_000, 4.0)[[0, -1], 20] == 0).all()
