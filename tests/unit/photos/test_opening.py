"""Photos of every mode open as upright 8-bit RGB; what is not to be opened is named in one sentence."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from hairgan.photos import opening
from hairgan.photos.opening import check_image, open_rgb

RED = (200, 40, 30)


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def colour_image(mode: str) -> Image.Image:
    image = Image.new("RGB", (20, 10), RED)
    return image.quantize() if mode == "P" else image.convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "P", "CMYK", "YCbCr"])
def test_colour_modes(tmp_path: Path, mode: str) -> None:
    suffix = "png" if mode in ("RGB", "P") else "tif"
    options = {} if suffix == "png" else {"compression": "tiff_lzw"}  # Pillow 12.3 cannot read its own plain YCbCr
    image = open_rgb(saved(colour_image(mode), tmp_path / f"a.{suffix}", **options))
    assert image.shape == (10, 20, 3) and image.dtype == np.uint8
    assert np.abs(image.astype(int) - RED).max() <= 2


@pytest.mark.parametrize(("mode", "value", "expected"), [("L", 77, 77), ("1", 1, 255), ("LA", (77, 255), 77)])
def test_grey_modes(tmp_path: Path, mode: str, value: Any, expected: int) -> None:
    image = open_rgb(saved(Image.new(mode, (20, 10), value), tmp_path / "a.png"))
    assert image.shape == (10, 20, 3) and (image == expected).all()


def test_sixteen_bits(tmp_path: Path) -> None:
    values = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257  # 0 .. 65535
    image = open_rgb(saved(Image.fromarray(values), tmp_path / "a.png"))
    np.testing.assert_array_equal(image[..., 1], np.arange(256).reshape(16, 16))


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    rgba = Image.new("RGBA", (10, 10), (*RED, 0))
    rgba.paste((*RED, 255), (0, 0, 5, 10))
    image = open_rgb(saved(rgba, tmp_path / "a.png"))
    assert (image[:, :5] == RED).all() and (image[:, 5:] == 255).all()
    palette = Image.new("P", (10, 10), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    assert (open_rgb(saved(palette, tmp_path / "p.png", transparency=1)) == 255).all()


def test_exif_rotation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the top of the scene lies on the right of the pixels
    pixels = Image.new("RGB", (32, 16))
    pixels.paste(RED, (16, 0, 32, 16))
    image = open_rgb(saved(pixels, tmp_path / "a.png", exif=exif))
    assert image.shape == (32, 16, 3)
    rotated = np.asarray(pixels.rotate(-90, expand=True))
    np.testing.assert_array_equal(image, rotated)


def test_open_file(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (20, 10), RED), tmp_path / "a.png")
    with path.open("rb") as file:
        assert (open_rgb(file) == RED).all()


def test_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    for suffix in ("jpg", "png"):
        whole = saved(noise, tmp_path / f"whole.{suffix}").read_bytes()
        (tmp_path / f"cut.{suffix}").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ValueError, match=rf"cut\.{suffix} is damaged or incomplete"):
            open_rgb(tmp_path / f"cut.{suffix}")
    (tmp_path / "text.jpg").write_text("not a picture")
    with pytest.raises(ValueError, match=r"text\.jpg is not a picture of a known format"):
        open_rgb(tmp_path / "text.jpg")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ValueError, match=r"empty\.jpg is not a picture"):
        open_rgb(tmp_path / "empty.jpg")
    with pytest.raises(ValueError, match=r"small\.png is too small: 40 x 7 px, at least 8 x 8"):
        open_rgb(saved(Image.new("RGB", (40, 7)), tmp_path / "small.png"))
    with pytest.raises(ValueError, match=r"float\.tif has floating-point pixels"):
        open_rgb(saved(Image.new("F", (10, 10)), tmp_path / "float.tif"))
    with pytest.raises(FileNotFoundError):
        open_rgb(tmp_path / "absent.jpg")
    monkeypatch.setattr(opening, "MAX_PIXELS", 1_000_000)
    with pytest.raises(ValueError, match=r"large\.png is too large: 2 megapixels, at most 1 are read"):
        open_rgb(saved(Image.new("L", (2000, 1000)), tmp_path / "large.png"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900_000)
    with pytest.raises(ValueError, match=r"large\.png is too large: more than twice"):
        open_rgb(tmp_path / "large.png")


def test_only_named_formats_are_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow would hand PostScript to Ghostscript, whatever the file is called."""
    monkeypatch.setattr("PIL.EpsImagePlugin.EpsImageFile._open", lambda image: pytest.fail("PostScript was opened"))
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\nshowpage\n"
    (tmp_path / "me.jpg").write_bytes(script)
    for source in (tmp_path / "me.jpg", script, io.BytesIO(script)):
        with pytest.raises(ValueError, match="is not a picture of a known format"):
            open_rgb(source)
    file = io.BytesIO()
    Image.new("RGB", (20, 10)).save(file, "TGA")
    with pytest.raises(ValueError, match=r"me\.tga is not a picture of a known format \(JPEG, PNG"):
        open_rgb(file.getvalue(), "me.tga")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    for name in ("pipe.jpg", "/dev/zero"):
        with pytest.raises(ValueError, match="is not a regular file"):
            open_rgb(tmp_path / name)
    with pytest.raises(ValueError, match="is a folder"):
        open_rgb(tmp_path / "folder.jpg")
    with pytest.raises(OSError, match=r"circle\.jpg"):
        open_rgb(tmp_path / "circle.jpg")


def test_bytes_are_counted_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(Image.new("RGB", (20, 10), RED), tmp_path / "a.bmp")
    monkeypatch.setattr(opening, "MAX_BYTES", 600)
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        with pytest.raises(ValueError, match="is too large"):
            open_rgb(source)


def test_sizes_are_known_without_decoding(tmp_path: Path) -> None:
    whole = saved(Image.new("RGB", (200, 100), RED), tmp_path / "a.png").read_bytes()
    assert check_image(whole[: len(whole) // 2]) == (200, 100)


@pytest.mark.parametrize("suffix", ["webp", "gif", "bmp", "avif", "tif"])
def test_other_formats(tmp_path: Path, suffix: str) -> None:
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow does not know AVIF")
    image = open_rgb(saved(Image.new("RGB", (20, 10), RED), tmp_path / f"a.{suffix}"))
    assert np.abs(image.astype(int) - RED).max() <= 4


def test_heic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    path = saved(Image.new("RGB", (64, 32), RED), tmp_path / "a.heic")
    assert np.abs(open_rgb(path).astype(int) - RED).max() <= 4


def test_heic_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda name: None)
    start = (24).to_bytes(4, "big") + b"ftypheic" + bytes(4) + b"mif1heic"
    with pytest.raises(ValueError, match=r"me\.heic is a HEIC picture, which needs another package: pip install -e"):
        open_rgb(start, "me.heic")
    with pytest.raises(ValueError, match="not a picture of a known format"):
        open_rgb((16).to_bytes(4, "big") + b"ftypisom" + bytes(4), "film.jpg")


def test_no_torch() -> None:
    """Listing and looking at photos must not wait for torch: mistakes are told at once."""
    code = "import sys; import hairgan.photos.opening, hairgan.photos.listing; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
