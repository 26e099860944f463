"""A photo: its pixels, and the metadata of its file that an edit must keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import ExifTags, Image

from hairgan.photos.profiles import ColorProfile

BAND = 2**21  # pixels that are converted at a time, so that no step needs memory for a second copy of the photo

TURNS = {
    # EXIF orientation -> (quarter turns counter-clockwise, then mirrored left to right)
    1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False),
}  # fmt: skip

STRUCTURE = frozenset({
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 288, 289,
    290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336, 337, 338,
    339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 700, 33723, 34377, 34675,
})  # fmt: skip
"""EXIF tags that are not kept. Some describe the storage of a TIFF file or a thumbnail; others are handled separately:
orientation (274), resolution (282, 283, 296), XMP (700), IPTC (33723, 34377), profile (34675)."""


class Unusable(ValueError):
    """Why a picture cannot be used. The message is the rest of a sentence that begins with the picture's name."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, upright, with 8 bits per channel, in the colors of its profile."""

    pixels: UInt8[ndarray, "h w 3"]
    alpha: UInt8[ndarray, "h w"] | None = None
    """Opacity, 0 to 255; None if no part of the photo is transparent."""
    profile: ColorProfile | None = None
    """The color profile of `pixels`; None for sRGB."""
    exif: Mapping[int, Any] = field(default_factory=dict)
    """Tag -> value; the value of a nested directory is a mapping. Without the orientation (the pixels are upright), the
    thumbnail, and the tags that describe the old file."""
    dpi: tuple[float, float] | None = None
    """Pixels per inch, across and down."""

    @cached_property
    def srgb(self) -> UInt8[ndarray, "h w 3"]:
        """The photo in sRGB, on white where it is transparent: the input of networks and edits."""
        if self.alpha is None and (self.profile is None or self.profile.is_srgb):
            return self.pixels
        out = np.empty_like(self.pixels)
        for rows in bands(*out.shape[:2]):
            part = self.pixels[rows]
            if self.profile is not None:
                part = self.profile.to_srgb(part)
            if self.alpha is not None:
                over = Image.fromarray(np.dstack([part, self.alpha[rows]]))
                part = np.asarray(Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB"))
            out[rows] = part
        return out


def read_photo(image: Image.Image) -> Photo:
    """Decode an opened picture, and close it.

    Gray, palette, CMYK, YCbCr, Lab and 16-bit pictures become RGB in 8 bits; of an animation the first frame is taken.
    A profile of another color space than RGB is applied, so that the photo is in sRGB.

    Raises:
        Unusable: floating-point pixels.
    """
    if image.mode == "F":
        raise Unusable("has floating-point pixels of unknown range; save it with 8 or 16 bits")
    image.load()
    exif, orientation = _exif(image)
    profile = ColorProfile.read(image.info.get("icc_profile"))
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    alpha = np.empty(pixels.shape[:2], np.uint8) if image.has_transparency_data else None
    for rows in bands(*pixels.shape[:2]):
        part = image.crop((0, rows.start, image.width, rows.stop))
        if alpha is not None:
            alpha[rows] = np.asarray(part.convert("RGBA").getchannel("A"))
        pixels[rows] = np.asarray(_to_rgb(part, profile))
    dpi = _dpi(image.info.get("dpi"))
    image.close()  # frees its memory before the pixels are turned
    turns, mirrored = TURNS.get(orientation, (0, False))
    pixels = _upright(pixels, turns, mirrored)
    alpha = _upright(alpha, turns, mirrored) if alpha is not None and alpha.min() < 255 else None
    if dpi and turns % 2:
        dpi = dpi[::-1]
    _correct_size(exif, *pixels.shape[:2])
    return Photo(pixels, alpha, profile if profile is not None and profile.mode == "RGB" else None, exif, dpi)


def bands(height: int, width: int) -> Iterator[slice]:
    """Slices of rows that together cover a picture."""
    step = max(1, BAND // width)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))


def _to_rgb(image: Image.Image, profile: ColorProfile | None) -> Image.Image:
    """As RGB: in the colors of an RGB profile, otherwise in sRGB."""
    if image.mode.startswith("I"):  # 16-bit gray
        gray = np.asarray(image).astype(np.int64)
        image = Image.fromarray(np.clip((gray + 128) // 257, 0, 255).astype(np.uint8))
    if image.mode == "LAB":
        profile = profile if profile is not None and profile.mode == "LAB" else ColorProfile.lab()
    own = {"LA": "L", "La": "L", "1": "L"}.get(image.mode, image.mode)
    if image.has_transparency_data:
        image = image.convert("RGBA")
    if profile is not None and profile.mode == own != "RGB":
        return profile.apply(image.convert(own))
    return image.convert("RGB")


def exif_bytes(tags: Mapping[int, Any]) -> bytes:
    """EXIF data in the form in which files store it."""
    exif = Image.Exif()
    exif.update(tags)
    return exif.tobytes()


def _exif(image: Image.Image) -> tuple[dict[int, Any], int]:
    """The EXIF tags to keep, and the orientation; damaged data is dropped."""
    try:
        found = image.getexif()
        orientation = found.get(ExifTags.Base.Orientation, 1)
        tags: dict[int, Any] = {tag: value for tag, value in found.items() if tag not in STRUCTURE}
        for ifd in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            tags.pop(ifd, None)
            if found.get_ifd(ifd):
                tags[ifd] = dict(found.get_ifd(ifd))
    except Exception:  # damaged data can raise any exception
        return {}, 1
    return {tag: value for tag, value in tags.items() if _can_be_written(tag, value)}, orientation


def _can_be_written(tag: int, value: Any) -> bool:
    try:
        return bool(exif_bytes({tag: value}))
    except Exception:  # as above
        return False


def _correct_size(exif: dict[int, Any], height: int, width: int) -> None:
    """Correct the size in px, if the tags state one."""
    ifd = exif.get(ExifTags.IFD.Exif, {})
    for tag, side in ((ExifTags.Base.ExifImageWidth, width), (ExifTags.Base.ExifImageHeight, height)):
        if tag in ifd:
            ifd[tag] = side


def _dpi(value: Any) -> tuple[float, float] | None:
    try:
        across, down = (float(side) for side in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None


Plane = TypeVar("Plane", UInt8[ndarray, "_ _ 3"], UInt8[ndarray, "_ _"])


def _upright(plane: Plane, turns: int, mirrored: bool) -> Plane:
    turned = np.rot90(plane, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)
