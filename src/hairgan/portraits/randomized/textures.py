"""Noise textures: large tiles, computed once per process, of which each picture uses a rotated and scaled piece."""

from __future__ import annotations

from functools import cache
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from hairgan.randomness import numpy_generator

TILE = 512
Kind = Literal["grain", "cloud", "strands", "spots"]


@cache
def _tile(kind: Kind) -> Float32[ndarray, "tile tile"]:
    """A periodic tile with mean 0 and standard deviation 1."""
    rng = numpy_generator(0, "randomized/tile/" + kind)
    wave = np.fft.fftfreq(TILE)
    x, y = np.meshgrid(wave, wave)
    radius = np.sqrt(x**2 + y**2)
    safe = np.maximum(radius, 1 / TILE)
    spectrum = {
        "grain": np.exp(-((radius / 0.35) ** 2)),
        "cloud": safe**-1.45,  # close to photographs, whose amplitudes fall as 1/f
        "strands": np.exp(-np.abs(y) * 45) * np.maximum(np.abs(x), 0.008) ** -0.5 * np.exp(-((x / 0.33) ** 2)),
        "spots": np.exp(-(((radius - 0.045) / 0.02) ** 2)),
    }[kind]
    spectrum[0, 0] = 0
    tile = np.fft.ifft2(np.fft.fft2(rng.standard_normal((TILE, TILE))) * spectrum).real
    return (tile / tile.std()).astype(np.float32)


@cache
def _doubled(kind: Kind) -> Float32[ndarray, "2*tile 2*tile"]:
    return np.tile(_tile(kind), (2, 2))


def texture(
    rng: np.random.Generator, kind: Kind, width: int, height: int, zoom: float, angle: float | None = None
) -> Float32[ndarray, "height width"]:
    """A piece of a tile: mean near 0, standard deviation near 1.

    Args:
        rng: chooses the position in the tile.
        kind: "grain" is fine, "cloud" has all scales, "strands" has streaks along y, "spots" has spots of one size.
        width: of the result in pixels.
        height: of the result in pixels.
        zoom: pixels of the result per pixel of the tile; without an angle it is increased if one tile is too small.
        angle: radians by which the piece is rotated; None mirrors it at random instead, which is faster.
    """
    left, top = rng.uniform(0, TILE, 2)
    if angle is None:
        columns, rows = (min(max(1, round(n / zoom)), TILE) for n in (width, height))
        piece = _doubled(kind)[int(top) : int(top) + rows, int(left) : int(left) + columns]
        mirror = int(rng.integers(4))
        piece = piece[:: -1 if mirror & 1 else 1, :: -1 if mirror & 2 else 1]
        if piece.shape == (height, width):
            return piece
        return cv2.resize(np.ascontiguousarray(piece), (width, height), interpolation=cv2.INTER_LINEAR)
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    matrix = np.array([[cos, sin, left], [-sin, cos, top]], dtype=np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(_tile(kind), matrix, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)


def white_noise(rng: np.random.Generator, size: int, channels: int) -> Float32[ndarray, "size size channels"]:
    """Independent standard normal numbers, from a tile that is computed once, which is faster than drawing them."""
    if size > TILE:
        return rng.standard_normal((size, size, channels), dtype=np.float32)
    tile = _white()
    pieces = []
    for _ in range(channels):
        left, top, mirror = int(rng.integers(TILE)), int(rng.integers(TILE)), int(rng.integers(4))
        piece = tile[top : top + size, left : left + size]
        pieces.append(np.ascontiguousarray(piece[:: -1 if mirror & 1 else 1, :: -1 if mirror & 2 else 1]))
    return cv2.merge(pieces).reshape(size, size, channels)


@cache
def _white() -> Float32[ndarray, "2*tile 2*tile"]:
    rng = numpy_generator(0, "randomized/tile/white")
    return np.tile(rng.standard_normal((TILE, TILE), dtype=np.float32), (2, 2))
