"""Sheets of images with named rows and columns: sample grids, contact sheets, comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, ImageDraw, ImageFont

from hairgan.files import write_whole

BACKGROUND = (250, 250, 248)
INK = (40, 40, 48)
GAP = 4  # px between images


def sheet(
    rows: Sequence[Sequence[UInt8[ndarray, "_ _ 3"] | None]],
    row_names: Sequence[str] = (),
    column_names: Sequence[str] = (),
    *,
    title: str = "",
    height: int | None = None,
) -> UInt8[ndarray, "H W 3"]:
    """Arrange images in rows and columns on a light background, each scaled to the same height.

    A column is as wide as its widest image or its name. An image that is enlarged more than twice is not smoothed, so
    that its pixels are visible.

    Args:
        rows: images per row, RGB, of any sizes; None leaves a place empty. Rows may differ in length.
        row_names: a name per row, written left of it.
        column_names: a name per column, written above it.
        title: a line above everything.
        height: of each image in the sheet, pixels; by default that of the tallest.

    Raises:
        ValueError: there is no image, or the numbers of names and of rows or columns differ.
    """
    images = [image for row in rows for image in row if image is not None]
    if not images:
        raise ValueError("a sheet needs at least one image")
    columns = max(len(row) for row in rows)
    if row_names and len(row_names) != len(rows):
        raise ValueError(f"{len(row_names)} row names for {len(rows)} rows")
    if column_names and len(column_names) != columns:
        raise ValueError(f"{len(column_names)} column names for {columns} columns")
    height = height or max(len(image) for image in images)
    tiles = [[None if image is None else _scaled(image, height) for image in row] for row in rows]

    text_size = max(10, min(20, height // 7))
    font = ImageFont.load_default(size=text_size)
    line = int(text_size * 1.6)
    left = max((int(font.getlength(name)) for name in row_names), default=-2 * GAP) + 3 * GAP
    top = GAP + line * (bool(title) + bool(column_names))
    widths = [max((tile.width for tile in column if tile), default=height) for column in zip_longest(*tiles)]
    if column_names:
        widths = [max(width, int(font.getlength(name))) for width, name in zip(widths, column_names, strict=True)]
    edges = [left]  # the left edge of each column, and the sheet's right edge
    for width in widths:
        edges.append(edges[-1] + width + GAP)

    width = max(edges[-1], left + int(font.getlength(title)) + GAP)
    canvas = Image.new("RGB", (width, top + len(rows) * (height + GAP)), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    if title:
        draw.text((left, GAP), title, INK, font)
    for column, name in enumerate(column_names):
        draw.text((edges[column] + widths[column] // 2, top - line // 2), name, INK, font, anchor="mm")
    for number, row in enumerate(tiles):
        y = top + number * (height + GAP)
        if row_names:
            draw.text((left - 2 * GAP, y + height // 2), row_names[number], INK, font, anchor="rm")
        for column, tile in enumerate(row):
            if tile is not None:
                canvas.paste(tile, (edges[column] + (widths[column] - tile.width) // 2, y))
    return np.asarray(canvas)


def save_picture(image: UInt8[ndarray, "h w 3"] | UInt8[ndarray, "h w"], path: str | Path) -> Path:
    """Write a picture as PNG if its name ends in `.png`, else as JPEG; makes its folder, and returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as file:
        Image.fromarray(image).save(file, "PNG" if path.suffix.lower() == ".png" else "JPEG")
    return path


def _scaled(image: UInt8[ndarray, "_ _ 3"], height: int) -> Image.Image:
    picture, scale = Image.fromarray(image), height / len(image)
    if scale == 1:
        return picture
    size = (max(1, round(picture.width * scale)), height)
    return picture.resize(size, Image.Resampling.NEAREST if scale > 2 else Image.Resampling.LANCZOS)
