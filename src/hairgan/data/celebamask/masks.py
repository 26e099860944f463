"""Read the part masks of CelebAMask-HQ, of which an image has some fourteen.

The masks are 512 px PNG files in RGB with equal channels, almost all zeros: 0.8 MB unpacked, 2 KB packed. Unpacking
took more time than the photo. So zlib-ng inflates each in one call, and only the first channel is unfiltered, and only
in rows that are not zero. What this does not expect (other color types, interlacing, a filter that masks do not use,
a damaged file) is left to Pillow.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from zlib_ng import zlib_ng

from hairgan.photos.opening import MAX_PIXELS, MIN_EDGE, open_image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""Channels by color type, of those whose pixels are no palette indices."""

NONE, SUB, UP, AVERAGE, PAETH = range(5)
"""PNG's filters (section 9.2 of its specification)."""


def read_mask(data: bytes, name: str) -> UInt8[ndarray, "h w"]:
    """1 where the first channel of a mask is not 0.

    Args:
        data: the file, PNG or any other format of `hairgan.photos.opening`.
        name: of the mask, in messages.

    Raises:
        ValueError, OSError: as `open_image`.
    """
    channel = _first_channel(data)
    if channel is None:
        with open_image(data, name) as image:
            rgb = image.convert("RGB") if image.mode == "P" else image
            channel = np.asarray(rgb.getchannel(0) if len(rgb.getbands()) > 1 else rgb)
    return (channel != 0).view(np.uint8)


def _first_channel(data: bytes) -> UInt8[ndarray, "h w"] | None:
    """The first channel of a PNG of 8 bits per channel; None where only Pillow can read it, or refuse it."""
    try:
        header, packed = _chunks(data)
        width, height, bits, color, _, _, interlaced = struct.unpack(">IIBBBBB", header)
        if bits != 8 or color not in CHANNELS or interlaced:
            return None
        if min(width, height) < MIN_EDGE or width * height > MAX_PIXELS:
            return None
        channels = CHANNELS[color]
        row = 1 + width * channels
        unpacker = zlib_ng.decompressobj()
        raw = unpacker.decompress(packed, height * row)
        if len(raw) != height * row:
            return None
    except (ValueError, struct.error, zlib_ng.error):  # type: ignore[misc]  # its stubs call it a value
        return None
    return _unfiltered(np.frombuffer(raw, np.uint8).reshape(height, row), channels)


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """The header of a PNG, and its compressed pixels.

    Raises:
        ValueError: a chunk is missing, or its checksum is wrong, or pixels are made transparent by their color.
    """
    if not data.startswith(SIGNATURE):
        raise ValueError("no PNG")
    header, pixels, place = b"", [], len(SIGNATURE)
    while True:
        size, kind = struct.unpack_from(">I4s", data, place)
        content = data[place + 8 : place + 8 + size]
        (checksum,) = struct.unpack_from(">I", data, place + 8 + size)
        if zlib.crc32(content, zlib.crc32(kind)) != checksum:
            raise ValueError("damaged")
        if kind == b"IHDR":
            header = content
        elif kind == b"IDAT":
            pixels.append(content)
        elif kind == b"IEND":
            return header, b"".join(pixels)
        place += 12 + size


def _unfiltered(raw: UInt8[ndarray, "h r"], channels: int) -> UInt8[ndarray, "h w"] | None:
    """Undo the filters of the first channel, which do not mix channels; None if a row needs another way.

    Args:
        raw: the rows, each behind the number of its filter.
        channels: of a pixel.
    """
    filters, coded = raw[:, 0], raw[:, 1::channels]
    out = np.zeros(coded.shape, np.uint8)
    filled = np.logical_or.reduce(raw[:, 1:], axis=1)
    plain = filled & (filters == NONE)
    out[plain] = coded[plain]
    summed = filled & (filters == SUB)
    out[summed] = np.cumsum(coded[summed], axis=1, dtype=np.uint8)
    for row in np.flatnonzero(filters > SUB).tolist():
        above = out[row - 1] if row else np.zeros_like(out[0])
        if not filled[row] and filters[row] in (UP, PAETH):
            out[row] = above
        elif filters[row] == UP:
            np.add(coded[row], above, out=out[row])
        elif filters[row] == PAETH and (decoded := _paeth_of_mask(coded[row], above)) is not None:
            out[row] = decoded
        else:
            return None
    return out


def _paeth_of_mask(coded: UInt8[ndarray, " w"], above: UInt8[ndarray, " w"]) -> UInt8[ndarray, " w"] | None:
    """Undo the Paeth filter of a row of 0 and 255 below another such row; None if one of them has other values.

    Of three such neighbors, the predictor is the pixel above where that differs from the pixel above on the left, and
    otherwise the pixel on the left: a sum that starts anew wherever the row above changes.
    """
    before = np.empty_like(above)
    before[0], before[1:] = 0, above[:-1]
    starts = above != before
    sums = np.cumsum(coded, dtype=np.uint8)
    offsets = np.where(starts, above + coded - sums, 0)
    starts[0] = True
    row = sums + offsets[np.maximum.accumulate(np.where(starts, np.arange(len(above)), 0))]
    return row if _is_binary(row) and _is_binary(above) else None


def _is_binary(row: UInt8[ndarray, " w"]) -> bool:
    return bool(((row == 0) | (row == 255)).all())
