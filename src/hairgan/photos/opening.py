"""Open a photo from a path, bytes or an open file. All commands and datasets open photos here.

Only the formats named here are decoded, regardless of the file's name: by default, Pillow would start Ghostscript for a
PostScript file named `me.jpg`. Sizes are checked before anything is decoded.
"""

from __future__ import annotations

import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Literal

from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, PngImagePlugin, UnidentifiedImageError, features

from hairgan.extras import how_to_install
from hairgan.photos.names import printable
from hairgan.photos.photo import Photo, Unusable, read_photo

MIN_EDGE = 8  # px
MAX_PIXELS = 89_478_485  # Pillow's own threshold for a decompression bomb: 256 MiB of RGB
MAX_BYTES = 2**29  # of a file: that number of pixels, uncompressed, with 16 bits per channel

PngImagePlugin.MAX_TEXT_CHUNK = max(PngImagePlugin.MAX_TEXT_CHUNK, 2**24)  # bytes; 2**20 refuses large profiles

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Names, in Pillow, of the formats that are always read; besides AVIF, and HEIF with the extra `heic`."""

Source = str | Path | bytes | BinaryIO


@contextmanager
def open_image(source: Source, name: str | None = None) -> Iterator[Image.Image]:
    """A Pillow image, for a `with` block. Decode it inside the block, where errors are reported as errors of the photo.

    Args:
        source: a path, the bytes of a file, or an open binary file that can seek.
        name: of the picture in messages; by default its path.

    Raises:
        ValueError: one sentence with the name. The picture is not a regular file, of no known format, damaged,
            smaller than 8 px, or larger than 89 megapixels or 512 MiB.
        OSError: the file does not exist or cannot be read.
    """
    name = name or _name(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about formats; decompression bombs are refused below
            image = Image.open(*_opened(source))
        with image:
            _check_size(image.size)
            yield image
    except UnidentifiedImageError:
        raise ValueError(f"{name} is not a picture of a known format ({', '.join(FORMATS)}, AVIF, HEIC)") from None
    except Image.DecompressionBombError:
        raise ValueError(f"{name} is too large: more than twice {MAX_PIXELS / 1e6:.0f} megapixels") from None
    except Unusable as error:
        raise ValueError(f"{name} {error}") from error.__cause__
    except MemoryError:
        raise ValueError(f"{name} does not fit in memory") from None
    except Exception as error:  # for damaged files, decoders raise almost any exception
        if isinstance(error, OSError) and error.errno is not None:  # the file system's, not the decoder's
            raise
        raise ValueError(f"{name} is damaged or incomplete ({str(error) or type(error).__name__})") from error


def check_image(source: Source, name: str | None = None) -> tuple[int, int]:
    """Check a picture without decoding its pixels.

    Returns:
        width and height in px, as stored.

    Raises:
        ValueError, OSError: as in `open_image`, as far as the header shows it.
    """
    with open_image(source, name) as image:
        return image.size


def open_photo(source: Source, name: str | None = None) -> Photo:
    """Read a photo, upright and in 8 bits, with its color profile, EXIF, resolution and transparency.

    Raises:
        ValueError, OSError: as in `open_image`.
    """
    with open_image(source, name) as image:
        return read_photo(image)


def open_rgb(source: Source, name: str | None = None) -> UInt8[ndarray, "h w 3"]:
    """Read a photo as upright sRGB, the input of all networks: `open_photo(...).srgb`.

    Raises:
        ValueError, OSError: as in `open_image`.
    """
    return open_photo(source, name).srgb


def _name(source: Source) -> str:
    if isinstance(source, bytes):
        return "the picture"
    name = source if isinstance(source, str | Path) else getattr(source, "name", None)
    return printable(name) if isinstance(name, str | Path) else "the picture"


def _opened(source: Source) -> tuple[Path | BinaryIO, Literal["r"], tuple[str, ...]]:
    """The arguments of `Image.open`; nothing is decoded yet."""
    if isinstance(source, str | Path):
        source = Path(source)
        status = source.stat()  # before opening, because opening a pipe would wait for its other end
        if not stat.S_ISREG(status.st_mode):
            raise Unusable("is a folder" if stat.S_ISDIR(status.st_mode) else "is not a regular file")
        _check_bytes(status.st_size)
        with source.open("rb") as start:
            return source, "r", _formats(start.read(64))
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    _check_bytes(file.seek(0, os.SEEK_END))
    file.seek(0)
    return file, "r", _formats(file.read(64))


def _formats(start: bytes) -> tuple[str, ...]:
    """The formats to try, from the first bytes of a file.

    Raises:
        Unusable: the reader of the format is not installed.
    """
    if start[4:8] != b"ftyp":  # the container of AVIF and HEIC
        return FORMATS
    brands = {start[i : i + 4] for i in range(8, min(int.from_bytes(start[:4], "big"), len(start)), 4)}
    if brands & {b"avif", b"avis"}:
        if not features.check("avif"):
            raise Unusable("is an AVIF picture, which this Pillow does not read: pip install 'pillow>=11.3'")
        return ("AVIF",)
    if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}:
        if not enable_heif():
            raise Unusable(f"is a HEIC picture, which needs another package: {how_to_install('heic')}")
        return ("HEIF",)
    return FORMATS


def enable_heif() -> bool:
    """Enable HEIC in Pillow, and return whether the extra `heic` is installed."""
    if find_spec("pillow_heif") is None:
        return False
    import pillow_heif

    pillow_heif.register_heif_opener()
    return True


def _check_bytes(size: int) -> None:
    if size > MAX_BYTES:
        raise Unusable(f"is too large: {size / 2**20:,.0f} MiB, at most {MAX_BYTES / 2**20:.0f} are read")


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if min(size) < MIN_EDGE:
        raise Unusable(f"is too small: {width} x {height} px, at least {MIN_EDGE} x {MIN_EDGE} are needed")
    if width * height > MAX_PIXELS:
        megapixels = width * height / 1e6
        raise Unusable(f"is too large: {megapixels:.0f} megapixels, at most {MAX_PIXELS / 1e6:.0f} are read")
