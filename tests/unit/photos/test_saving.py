"""What is written: the edit, and all else that the photo was."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from hairgan.photos import opening
from hairgan.photos.encoding import Encoding
from hairgan.photos.opening import open_photo
from hairgan.photos.photo import Photo
from hairgan.photos.saving import save_photo
from tests.unit.photos.profiles import DISPLAY_P3

EXIF = {0x0112: 6, 0x010F: "camera", 0x8769: {0x9003: "2026:11:25 12:00:00", 0xA002: 40}, 0x8825: {1: "N"}}
THUMBNAIL = b"\xff\xd8a thumbnail\xff\xd9"


def source(form: str = "PNG", **options: Any) -> Photo:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif.update(EXIF)
    file = io.BytesIO()
    image.save(file, form, icc_profile=DISPLAY_P3, exif=exif, dpi=(300, 300), **options)
    return open_photo(file.getvalue())


def edited(photo: Photo) -> Any:
    after = photo.srgb.copy()
    after[5:15, 5:15] = (180, 60, 40)
    return after


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg", ".avif"])
def test_what_came_with_the_photo_goes_with_the_result(tmp_path: Path, suffix: str) -> None:
    if suffix == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow does not know AVIF")
    photo = source("JPEG")
    save_photo(tmp_path / f"out{suffix}", photo, edited(photo))
    result = open_photo(tmp_path / f"out{suffix}")
    assert result.profile is not None and result.profile.data == DISPLAY_P3
    assert result.exif[0x010F] == "camera" and result.exif[0x8825] == {1: "N"}
    assert result.exif[0x8769][0x9003] == "2026:11:25 12:00:00" and result.exif[0x8769][0xA002] == 30
    if suffix not in (".webp", ".avif"):  # which know no resolution
        assert result.dpi == pytest.approx((300, 300), abs=0.1)
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert image.getexif().get(0x0112, 1) == 1 and not image.getexif().get_ifd(0x0201)
        assert image.size == (30, 40)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".webp"])
def test_pixels_that_were_not_edited_keep_their_bytes(tmp_path: Path, suffix: str) -> None:
    photo = source()
    after = edited(photo)
    save_photo(tmp_path / f"out{suffix}", photo, after)
    result = open_photo(tmp_path / f"out{suffix}")
    changed = (after != photo.srgb).any(axis=2)
    assert np.array_equal(result.pixels[~changed], photo.pixels[~changed])
    assert not Encoding.of("x.jpg").lossless and Encoding.of(f"x{suffix}").lossless


def test_an_edit_looks_the_same_in_the_photos_own_colors(tmp_path: Path) -> None:
    """Brought back as a difference: what sRGB cannot show stays where the edit was faint."""
    photo = source()
    after = edited(photo)
    save_photo(tmp_path / "out.png", photo, after)
    result = open_photo(tmp_path / "out.png")
    inside = np.s_[6:14, 6:14]
    assert np.abs(result.srgb[inside].astype(int) - (180, 60, 40)).mean() < 14  # clipped colours keep what was clipped
    green = Photo(np.full((16, 16, 3), (0, 255, 0), np.uint8), profile=photo.profile)
    faint = green.srgb.copy()
    faint[8:] -= np.minimum(faint[8:], 10)
    save_photo(tmp_path / "green.png", green, faint)
    rows = open_photo(tmp_path / "green.png").pixels
    assert (rows[:8] == (0, 255, 0)).all() and np.abs(rows[8:].astype(int) - (0, 245, 0)).max() <= 4


def test_transparency_stays(tmp_path: Path) -> None:
    photo = Photo(source().pixels, alpha=np.tile(np.linspace(0, 255, 30).astype(np.uint8), (40, 1)))
    after = edited(photo)
    save_photo(tmp_path / "out.png", photo, after)
    result = open_photo(tmp_path / "out.png")
    assert result.alpha is not None and photo.alpha is not None and np.array_equal(result.alpha, photo.alpha)
    changed = (after != photo.srgb).any(axis=2)
    assert np.array_equal(result.pixels[~changed], photo.pixels[~changed])
    save_photo(tmp_path / "out.jpg", photo)
    assert (open_photo(tmp_path / "out.jpg").pixels[:, 0] > 230).all(), "JPEG has none: white"


def test_quality(tmp_path: Path) -> None:
    photo = source()
    sizes = []
    for name, quality in (("a.jpg", 40), ("b.jpg", None), ("c.webp", 40), ("d.webp", None)):
        save_photo(tmp_path / name, photo, None, Encoding.of(name, quality))
        sizes.append((tmp_path / name).stat().st_size)
    assert sizes[0] < sizes[1] and sizes[2] < sizes[3]
    assert not Encoding.of("c.webp", 40).lossless
    for name, quality, message in (
        ("a.png", 90, "a quality is for .jpg, .jpeg, .avif, .heic and .webp: .png is lossless"),
        ("a.jpg", 101, "a quality is 1 to 100, not 101"),
        ("a.jpg", 0, "a quality is 1 to 100"),
        ("a.gif", None, "'a.gif' ends in none of .png"),
        ("a", None, "ends in none of"),
    ):
        with pytest.raises(ValueError, match=message):
            Encoding.of(name, quality)


def test_formats_have_limits() -> None:
    with pytest.raises(ValueError, match="WEBP takes at most 16,383 pixels per side, not 20000 x 9"):
        Encoding.of("a.webp").check_size(9, 20_000)


def test_exif_data_too_long_for_a_jpeg(tmp_path: Path) -> None:
    photo = source()
    for notes, kept in ((b"x" * 70_000, True), (b"x", True)):
        exif = {0x010F: "camera", 0x8769: {0x927C: notes, 0x9003: "2026:11:25 12:00:00"}}
        save_photo(tmp_path / "a.jpg", Photo(photo.pixels, exif=exif))
        assert (open_photo(tmp_path / "a.jpg").exif.get(0x010F) == "camera") == kept
    save_photo(tmp_path / "a.jpg", Photo(photo.pixels, exif={0x010F: "x" * 70_000}))
    assert open_photo(tmp_path / "a.jpg").exif == {}


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_photo(tmp_path / "out.png", source())
    before = (tmp_path / "out.png").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_photo(tmp_path / "out.png", source(), edited(source()))
    assert (tmp_path / "out.png").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_bands_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = source()
    save_photo(tmp_path / "whole.png", photo, edited(photo))
    monkeypatch.setattr("hairgan.photos.photo.BAND", 90)
    save_photo(tmp_path / "bands.png", photo, edited(photo))
    assert (tmp_path / "whole.png").read_bytes() == (tmp_path / "bands.png").read_bytes()


def test_heic(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    photo = source()
    save_photo(tmp_path / "a.heic", photo, edited(photo))
    result = open_photo(tmp_path / "a.heic")
    assert result.profile is not None and result.profile.data == DISPLAY_P3 and result.exif[0x010F] == "camera"
    assert result.pixels.shape == photo.pixels.shape


def test_heic_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "enable_heif", lambda: False)
    with pytest.raises(ValueError, match="writing HEIC needs another package"):
        Encoding.of("a.heic")


def test_a_large_profile_can_be_read_again(tmp_path: Path) -> None:
    image = Image.fromarray(np.zeros((30, 40, 3), np.uint8))
    file = io.BytesIO()
    image.save(file, "TIFF", icc_profile=DISPLAY_P3 + bytes(3_000_000))
    photo = open_photo(file.getvalue())
    save_photo(tmp_path / "out.png", photo)
    profile = open_photo(tmp_path / "out.png").profile
    assert profile is not None and len(profile.data) > 3_000_000
