"""Sheets of images with names on rows and columns: sample grids, contact sheets, comparisons."""

from __future__ import annotations

from collections.abc import Sequence
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
    rows: Sequence[Sequence[UInt8[ndarray, "h w 3"] | None]],
    row_names: Sequence[str] = (),
    column_names: Sequence[str] = (),
    *,
    title: str = "",
    cell: int | None = None,
) -> UInt8[ndarray, "H W 3"]:
    """Lay images out in rows on a light ground.

    Args:
        rows: images by row, uint8 RGB, of any sizes; None leaves a place empty. Rows may differ in length.
        row_names: a name left of each row.
        column_names: a name above each column.
        title: a line above everything.
        cell: side in px to which every image is fitted; the largest image's side by default.

    Raises:
        ValueError: there is no image, or the numbers of names and rows or columns differ.
    """
    images = [image for row in rows for image in row if image is not None]
    if not images:
        raise ValueError("a sheet needs at least one image")
    columns = max(len(row) for row in rows)
    if row_names and len(row_names) != len(rows):
        raise ValueError(f"{len(row_names)} row names for {len(rows)} rows")
    if column_names and len(column_names) != columns:
        raise ValueError(f"{len(column_names)} column names for {columns} columns")
    side = cell or max(max(image.shape[:2]) for image in images)
    text_size = max(10, min(20, side // 7))
    font = ImageFont.load_default(size=text_size)
    left = max((int(font.getlength(name)) for name in row_names), default=-2 * GAP) + 3 * GAP
    line = int(text_size * 1.6)
    top = GAP + line * (bool(title) + bool(column_names))

    canvas = Image.new("RGB", (left + columns * (side + GAP), top + len(rows) * (side + GAP)), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    if title:
        draw.text((left, GAP), title, INK, font)
    for column, name in enumerate(column_names):
        draw.text((left + column * (side + GAP) + side // 2, top - line // 2), name, INK, font, anchor="mm")
    for number, row in enumerate(rows):
        y = top + number * (side + GAP)
        if row_names:
            draw.text((left - 2 * GAP, y + side // 2), row_names[number], INK, font, anchor="rm")
        for column, image in enumerate(row):
            if image is not None:
                picture = _fit(Image.fromarray(image), side)
                x = left + column * (side + GAP)
                canvas.paste(picture, (x + (side - picture.width) // 2, y + (side - picture.height) // 2))
    return np.asarray(canvas)


def save_picture(image: UInt8[ndarray, "h w 3"] | UInt8[ndarray, "h w"], path: str | Path) -> Path:
    """Write a picture as PNG or JPEG (by the name) whole or not at all, making its folder; returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as file:
        Image.fromarray(image).save(file, "PNG" if path.suffix.lower() == ".png" else "JPEG")
    return path


def _fit(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale == 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.NEAREST if scale > 2 else Image.Resampling.LANCZOS)
