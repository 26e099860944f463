"""The drawn people on the page: examples to start from, and a picture for each hair domain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.pictures import save_picture
from hairgan.portraits import Hairstyle, Identity, draw, portrait
from hairgan.portraits.contact_sheet import ROWS

Picture = UInt8[ndarray, "h w 3"]

SEED = 777
EXAMPLES = (35, 52, 73, 19, 59)
"""Numbers of the drawn people to start from."""
EXAMPLE_SIZE = 512  # px
MODEL = 12
"""The person on the pictures of the domains."""
TILE_SIZE = 160  # px
BLOND = "blond"

TYPICAL: dict[str, Callable[[Hairstyle], bool]] = {
    "bang": lambda style: style.bangs == "full" and style.length == "long" and style.texture == "straight",
    "no_bang": lambda style: style.length == "bob" and style.texture == "straight",
    "long_straight": lambda style: style.bangs == "none",
    "long_perm": lambda style: style.bangs == "none",
    "bob": lambda style: style.bangs == "swept" and style.texture == "straight",
    "short": lambda style: style.bangs == "none",
    "blond": lambda style: style.bangs == "none" and style.length == "long",
}
"""What the picture of a domain shows besides the domain itself, so that no two of them look the same."""


def example_name(number: int) -> str:
    """File name of an example."""
    return f"person_{number}.png"


def tile_name(domain: str) -> str:
    """File name of a domain's picture."""
    return f"domain_{domain}.jpg"


class Drawings:
    """Draws the pictures of the page into a folder, in the background; `wait` for one of them.

    Args:
        folder: where to; it exists.
        example_size: side of the examples in px.
    """

    def __init__(self, folder: Path, example_size: int = EXAMPLE_SIZE) -> None:
        self.folder = folder
        tiles = {tile_name(domain): partial(_draw_tile, domain) for domain in ROWS}
        people = {example_name(number): partial(_draw_example, number, example_size) for number in EXAMPLES}
        self._jobs: dict[str, Callable[[], Picture]] = {**people, **tiles}
        self._drawn = {name: threading.Event() for name in self._jobs}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="drawings", daemon=True)

    @property
    def examples(self) -> list[Path]:
        """The examples' files, which may not be drawn yet."""
        return [self.folder / example_name(number) for number in EXAMPLES]

    def start(self) -> None:
        """Begin to draw."""
        self._thread.start()

    def close(self) -> None:
        """Stop drawing."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def wait(self, name: str, timeout: float = 60) -> Path | None:
        """The file of a picture once it is drawn; None if there is no such picture, or it takes too long."""
        if name not in self._drawn or not self._drawn[name].wait(timeout):
            return None
        return self.folder / name

    def _draw(self) -> None:
        for name, job in self._jobs.items():
            if self._closed.is_set():
                return
            save_picture(job(), self.folder / name)
            self._drawn[name].set()


def _draw_example(number: int, size: int) -> Picture:
    return portrait(SEED, number, size).image


def _draw_tile(domain: str) -> Picture:
    return draw(Identity.sample(SEED, MODEL), _hairstyle_of(domain), TILE_SIZE).image


def _hairstyle_of(domain: str) -> Hairstyle:
    """The first hairstyle of a domain that shows what sets it apart from the other domains."""
    shows, colors = TYPICAL[domain], (BLOND,) if domain == BLOND else ("brown", "black")
    for index in range(10_000):
        style = Hairstyle.sample(SEED, index)
        if ROWS[domain](style) and shows(style) and style.color_name in colors:
            return style
    raise ValueError(f"no hairstyle of domain {domain} among the first 10,000")
