"""The formats that pictures are written in, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hairgan.extras import how_to_install
from hairgan.photos.names import printable

QUALITY = 95

FORMATS: dict[str, tuple[str, bool, int]] = {
    # suffix -> (Pillow format, whether it can be lossless, longest side in px)
    ".png": ("PNG", True, 2**31 - 1),
    ".tif": ("TIFF", True, 2**31 - 1),
    ".tiff": ("TIFF", True, 2**31 - 1),
    ".webp": ("WEBP", True, 16_383),
    ".jpg": ("JPEG", False, 65_500),
    ".jpeg": ("JPEG", False, 65_500),
    ".avif": ("AVIF", False, 65_536),
    ".heic": ("HEIF", False, 65_535),
}


@dataclass(frozen=True)
class Encoding:
    """How a picture is written."""

    format: str
    lossless: bool
    longest: int
    """Longest side in px."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, path: str | Path, quality: int | None = None) -> Encoding:
        """The encoding for the suffix of a path.

        Args:
            quality: 1 to 100, for lossy formats; 95 by default. WEBP is lossless unless a quality is given.

        Raises:
            ValueError: the suffix is unknown, or a quality was given for a lossless format.
        """
        suffix = Path(path).suffix.lower()
        if suffix not in FORMATS:
            raise ValueError(f"'{printable(path)}' ends in none of {', '.join(FORMATS)}: choose one of these formats")
        pillow_format, lossless, longest = FORMATS[suffix]
        _check_support(pillow_format)
        if quality is not None and not 1 <= quality <= 100:
            raise ValueError(f"a quality is 1 to 100, not {quality}")
        if pillow_format == "WEBP" and quality is not None:
            return cls(pillow_format, False, longest, {"quality": quality})
        if lossless:
            if quality is not None:
                lossy = ", ".join(s for s, (_, whole, _) in FORMATS.items() if not whole)
                raise ValueError(f"a quality is for {lossy} and .webp: {suffix} is lossless")
            return cls(pillow_format, True, longest, {"lossless": True} if pillow_format == "WEBP" else {})
        options = {"quality": quality or QUALITY} | ({"subsampling": 0} if pillow_format == "JPEG" else {})
        return cls(pillow_format, False, longest, options)

    def check_size(self, height: int, width: int) -> None:
        """Raise ValueError if a picture is too large for the format."""
        if max(height, width) > self.longest:
            raise ValueError(f"{self.format} takes at most {self.longest:,} pixels per side, not {width} x {height}")


def _check_support(pillow_format: str) -> None:
    """Raise ValueError for a format that only some installations write. Pillow is imported for these alone."""
    if pillow_format == "AVIF":
        from PIL import features

        if not features.check("avif"):
            raise ValueError("this Pillow does not write AVIF: pip install 'pillow>=11.3'")
    if pillow_format == "HEIF":
        from hairgan.photos.opening import enable_heif

        if not enable_heif():
            raise ValueError(f"writing HEIC needs another package: {how_to_install('heic')}")
