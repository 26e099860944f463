"""Opening pictures as people have them: any mode, any rotation, and one sentence about what cannot be opened."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, ImageOps, UnidentifiedImageError

MIN_EDGE = 8  # px
MAX_PIXELS = 89_478_485  # Pillow's own mark for a decompression bomb: 256 MiB of RGB


def open_rgb(source: str | Path | BinaryIO | io.BytesIO, name: str | None = None) -> UInt8[ndarray, "h w 3"]:
    """Open a picture as 8-bit RGB, upright.

    Grey, palette, CMYK, YCbCr and 16-bit pictures are converted; transparent ones are laid on white; the EXIF
    rotation is applied; of an animation the first frame is taken. Colour profiles are ignored, as in the training data.

    Args:
        source: a path or an open binary file.
        name: what messages call the picture; by default its file name.

    Raises:
        ValueError: one sentence with the name: not a picture, damaged, an edge below 8 px, more than 89 megapixels.
        OSError: the file is not there or cannot be read.
    """
    name = name or str(getattr(source, "name", source if isinstance(source, str | Path) else "the picture"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # it is refused below
            image = Image.open(source)
        with image:
            _check_size(image.size, name)
            return np.array(_to_rgb(ImageOps.exif_transpose(image), name))
    except UnidentifiedImageError:
        raise ValueError(f"{name} is not a picture of a known format") from None
    except Image.DecompressionBombError:
        raise ValueError(f"{name} is too large: more than twice {MAX_PIXELS / 1e6:.0f} megapixels") from None
    except (MemoryError, _Unusable):
        raise
    except Exception as error:  # decoders of damaged files raise nearly anything
        if isinstance(error, OSError) and error.errno is not None:  # the file system's, not the decoder's
            raise
        raise ValueError(f"{name} is damaged or incomplete ({str(error) or type(error).__name__})") from error


class _Unusable(ValueError):
    """Our own sentence, to be passed on as it is."""


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if min(size) < MIN_EDGE:
        raise _Unusable(f"{name} is too small: {width} x {height} px, at least {MIN_EDGE} x {MIN_EDGE} are needed")
    if width * height > MAX_PIXELS:
        megapixels = width * height / 1e6
        raise _Unusable(f"{name} is too large: {megapixels:.0f} megapixels, at most {MAX_PIXELS / 1e6:.0f} are read")


def _to_rgb(image: Image.Image, name: str) -> Image.Image:
    if image.mode == "F":
        raise _Unusable(f"{name} has floating-point pixels of unknown range; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16-bit grey
        grey = np.asarray(image).astype(np.int64)
        return Image.fromarray(np.clip((grey + 128) // 257, 0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")
