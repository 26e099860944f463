"""Color profiles (ICC): from a photo's own colors to sRGB and back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, ImageCms

MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Color space of a profile -> Pillow mode of the pixels that it describes."""


@dataclass(frozen=True, eq=False)
class ColorProfile:
    """A color profile that can be applied."""

    data: bytes
    """The profile as stored in files."""
    mode: str
    """Pillow mode of the pixels that it describes: a value of `MODES`."""

    @classmethod
    def read(cls, data: bytes | None) -> ColorProfile | None:
        """The profile of a file; None if there is none, or it cannot be applied."""
        if not data:
            return None
        try:
            profile = cls(data, MODES[ImageCms.ImageCmsProfile(io.BytesIO(data)).profile.xcolor_space.strip()])
            if not profile.is_srgb and profile.mode == "RGB":
                profile.from_srgb(np.zeros((1, 1, 3), np.uint8))  # some profiles convert only in one direction
        except Exception:  # damaged data can raise any exception
            return None
        return profile

    @classmethod
    def lab(cls) -> ColorProfile:
        """CIE Lab with the white of D50, as in TIFF files without a profile."""
        return cls(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(), "LAB")

    @cached_property
    def is_srgb(self) -> bool:
        """Whether its colors equal those of sRGB, up to one level of 255."""
        if self.mode != "RGB":
            return False
        steps = np.linspace(0, 255, 18).astype(np.uint8)
        colors = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
        return bool(np.abs(_through(self._to_srgb, colors).astype(int) - colors).max() <= 1)

    def apply(self, image: Image.Image) -> Image.Image:
        """A picture of the profile's own mode, in sRGB."""
        return _applied(self._to_srgb, image)

    def to_srgb(self, pixels: UInt8[ndarray, "h w 3"]) -> UInt8[ndarray, "h w 3"]:
        """Pixels of an RGB profile, in sRGB; colors outside sRGB are clipped."""
        return pixels if self.is_srgb else _through(self._to_srgb, pixels)

    def from_srgb(self, pixels: UInt8[ndarray, "h w 3"]) -> UInt8[ndarray, "h w 3"]:
        """Pixels in sRGB, in the colors of an RGB profile."""
        return pixels if self.is_srgb else _through(self._from_srgb, pixels)

    @cached_property
    def _to_srgb(self) -> ImageCms.ImageCmsTransform:
        return self._transform(forward=True)

    @cached_property
    def _from_srgb(self) -> ImageCms.ImageCmsTransform:
        return self._transform(forward=False)

    def _transform(self, *, forward: bool) -> ImageCms.ImageCmsTransform:
        own: Any = io.BytesIO(self.data)
        srgb: Any = ImageCms.createProfile("sRGB")
        ends = (own, srgb, self.mode, "RGB") if forward else (srgb, own, "RGB", self.mode)
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        return ImageCms.buildTransform(*ends, intent, flags)


def _through(transform: ImageCms.ImageCmsTransform, pixels: UInt8[ndarray, "h w 3"]) -> UInt8[ndarray, "h w 3"]:
    return np.asarray(_applied(transform, Image.fromarray(pixels)))


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    result = ImageCms.applyTransform(image, transform)
    assert result is not None  # not in place
    return result
