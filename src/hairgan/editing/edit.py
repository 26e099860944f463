"""The result of an edit, with what each step made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jaxtyping import Float32, UInt8
from numpy import ndarray


class Timings(dict[str, float]):
    """Milliseconds per stage."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent in the `with` block to a stage."""
        start = time.perf_counter()
        yield
        self[name] = self.get(name, 0.0) + 1e3 * (time.perf_counter() - start)


@dataclass(frozen=True, eq=False)
class Edit:
    """An edited photo, and what led to it. Pictures are RGB bytes, label maps in the project's order."""

    image: UInt8[ndarray, "h w 3"]
    """The photo at its own resolution. Where `mask` is 0 and outside the crop, its bytes are the source's; only hair
    that leaves the crop is dyed or removed there as well."""
    before: UInt8[ndarray, "s s 3"]
    """The aligned crop."""
    after: UInt8[ndarray, "s s 3"]
    """The crop, edited and blended."""
    painted: UInt8[ndarray, "s s 3"]
    """The whole crop as it was painted and corrected (`hairgan.editing.corrections`), before blending."""
    labels: UInt8[ndarray, "s s"]
    """The label map of `before`."""
    layout: UInt8[ndarray, "s s"]
    """The label map that was painted."""
    rough: UInt8[ndarray, "r r 3"] | None
    """The head that StarGAN v2 made; None after dyeing."""
    mask: Float32[ndarray, "s s"]
    """1 in the old and the new hair, falling to 0 within the feather; after a color transfer how much of each pixel is
    hair; 1 everywhere with the blend `none`."""
    method: str
    """How the hair was painted, in a few words."""
    color_error: float | None
    """Distance in Lab (CIE76) between the wanted and the resulting mean hair color; None if no color was wanted."""
    warnings: tuple[str, ...]
    timings: dict[str, float]
    """Milliseconds per stage of the call that made it, all photos together."""
