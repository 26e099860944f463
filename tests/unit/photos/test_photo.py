"""What comes with the pixels of a photo: orientation, profile, EXIF, resolution, transparency."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from hairgan.photos.opening import open_photo, open_rgb
from hairgan.photos.photo import exif_bytes
from tests.unit.photos.profiles import DISPLAY_P3


def noise(height: int = 20, width: int = 30) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int) -> None:
    exif = Image.Exif()
    exif.update({0x0112: orientation, 0x010F: "camera", 0x8769: {0xA002: 30, 0xA003: 20}})
    data = encoded(noise(), exif=exif, dpi=(100, 200))
    photo = open_photo(data)
    assert np.array_equal(photo.pixels, np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))))
    height, width = photo.pixels.shape[:2]
    assert photo.exif == {0x010F: "camera", 0x8769: {0xA002: width, 0xA003: height}}
    assert photo.dpi == pytest.approx((200, 100) if orientation > 4 else (100, 200), abs=0.1)


def test_exif_says_nothing_of_the_old_file() -> None:
    exif = exif_bytes({0x010F: "camera", 0x8825: {1: "N"}})
    photo = open_photo(encoded(noise(), "TIFF", exif=exif))
    assert photo.exif == {0x010F: "camera", 0x8825: {1: "N"}}
    assert len(exif_bytes(photo.exif)) < 100


def test_damaged_extras_do_not_matter() -> None:
    photo = open_photo(encoded(noise(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff", icc_profile=b"no profile"))
    assert photo.exif == {} and photo.profile is None


def test_a_profile_is_applied_for_the_networks() -> None:
    red = Image.new("RGB", (16, 16), (200, 60, 60))
    photo = open_photo(encoded(red, icc_profile=DISPLAY_P3))
    assert (photo.pixels == (200, 60, 60)).all()
    assert photo.profile is not None and not photo.profile.is_srgb
    assert np.abs(photo.srgb[0, 0].astype(int) - (217, 42, 52)).max() <= 2  # by the matrices of both spaces
    assert np.abs(photo.profile.from_srgb(photo.srgb).astype(int) - photo.pixels).max() <= 1


def test_srgb_profiles_change_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = open_photo(encoded(noise(), icc_profile=profile))
    assert photo.profile is not None and photo.profile.is_srgb and photo.profile.data == profile
    assert photo.srgb is photo.pixels


def test_profiles_of_other_colors_are_applied_and_gone() -> None:
    lab = ImageCms.profileToProfile(
        noise(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    photo = open_photo(encoded(lab, "TIFF"))
    assert photo.profile is None and np.abs(photo.pixels.astype(int) - np.asarray(noise())).mean() < 2


def test_transparency_is_kept_beside_the_pixels() -> None:
    rgba = noise().convert("RGBA")
    rgba.putalpha(Image.linear_gradient("L").resize(rgba.size))
    photo = open_photo(encoded(rgba))
    assert np.array_equal(photo.pixels, np.asarray(noise()))
    assert photo.alpha is not None and np.array_equal(photo.alpha, np.asarray(rgba.getchannel("A")))
    white = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    assert np.array_equal(photo.srgb, np.asarray(white))
    opaque = noise().convert("RGBA")
    assert open_photo(encoded(opaque)).alpha is None


def test_large_photos_are_converted_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(noise().convert("RGBA"), icc_profile=DISPLAY_P3)
    whole = open_rgb(data)
    monkeypatch.setattr("hairgan.photos.photo.BAND", 70)
    assert np.array_equal(open_rgb(data), whole)
