"""A salon of networks that read and paint palette colors exactly, and photos that they understand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from hairgan.editing.restyler import Restyler
from hairgan.editing.salon import Salon
from hairgan.photos.face_finders import RegionFinder
from hairgan.photos.parser import FaceParser
from tests.unit.heads import (
    HeadGenerator,
    MeanColorSEAN,
    PaletteParser,
    ShapeEncoder,
    ShapeMapping,
    draw_labels,
    paint_head,
)

DOMAINS = ("short", "bob", "long_straight")


def tiny_salon(restyles: bool = True) -> Salon:
    """Every network, or only a face parser."""
    parser = PaletteParser()
    if not restyles:
        return Salon(parser, finder=RegionFinder(FaceParser(parser)))
    restyler = Restyler(HeadGenerator(), ShapeMapping(), ShapeEncoder(), None, DOMAINS)
    return Salon(parser, MeanColorSEAN(), restyler, RegionFinder(FaceParser(parser)))


def tiny_head(length: float = 0.75, hair: tuple[int, int, int] = (150, 84, 214)) -> np.ndarray:
    """A photo of 320 x 300 px with a head in the middle of it."""
    head = paint_head(draw_labels(256, length), hair)
    return np.pad(head, ((22, 22), (32, 32), (0, 0)), mode="edge")


def tiny_photo(folder: Path, name: str = "me.png", **how: object) -> Path:
    """The same in a file."""
    path = folder / name
    Image.fromarray(tiny_head(**how)).save(path)  # type: ignore[arg-type]
    return path
