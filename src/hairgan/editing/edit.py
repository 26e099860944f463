"""Finish: from a painted crop to an edited photo in which only the hair changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

from hairgan.editing.blending import BLENDS, soft_mask
from hairgan.editing.color import hair_color
from hairgan.editing.subject import Subject
from hairgan.photos.pixels import to_bytes
from hairgan.regions import Region

FEATHER = 0.02
"""Width of the soft rim around the hair, as a share of the crop's side."""
EDGE = 0.04
"""Width of the fade at those edges of the crop beyond which the photo goes on, as a share of the crop's side."""


@dataclass(frozen=True, eq=False)
class Edit:
    """An edited photo, and what led to it. Pictures are RGB bytes, label maps in the project's order."""

    image: UInt8[ndarray, "h w 3"]
    """The photo at its own resolution; where `mask` is 0 its bytes are the source's, and outside the crop as well, but
    for dyed hair that goes on there."""
    before: UInt8[ndarray, "s s 3"]
    """The aligned crop."""
    after: UInt8[ndarray, "s s 3"]
    """The crop, edited and blended."""
    painted: UInt8[ndarray, "s s 3"]
    """The whole crop, painted anew and corrected (`hairgan.editing.tinting`), before it was blended in."""
    labels: UInt8[ndarray, "s s"]
    layout: UInt8[ndarray, "s s"]
    """Label maps before and after."""
    rough: UInt8[ndarray, "r r 3"] | None
    """The head StarGAN v2 made, when restyling."""
    mask: Float32[ndarray, "s s"]
    """1 in the old and the new hair, falling to 0 within the feather; 1 everywhere with the blend `none`."""
    method: str
    """How it was done."""
    color_error: float | None
    """Distance in Lab (CIE76) between the wanted and the resulting mean hair colour, where one was wanted."""
    warnings: tuple[str, ...]
    timings: dict[str, float]
    """Milliseconds per stage of the call that made it, all photos together."""


class Timings(dict[str, float]):
    """Milliseconds per stage."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to a stage."""
        start = time.perf_counter()
        yield
        self[name] = self.get(name, 0.0) + 1e3 * (time.perf_counter() - start)


def check_blend(name: str) -> None:
    """Raise ValueError for a way of blending there is not."""
    if name != "none" and name not in BLENDS:
        raise ValueError(f"unknown blend '{name}'; known are {', '.join(BLENDS)}, none")


def finish(
    subject: Subject,
    painted: Float32[ndarray, "s s 3"],
    layout: UInt8[ndarray, "s s"],
    blend: str,
    timings: Timings,
    *,
    method: str,
    rough: UInt8[ndarray, "r r 3"] | None = None,
    wanted: Float[ndarray, " 3"] | None = None,
    notes: tuple[str, ...] = (),
) -> Edit:
    """Blend a painting into the subject's crop and carry it into the photo.

    Args:
        painted: the whole crop, 0 to 255; its size is the edit's.
        layout: the label map it was painted from.
        blend: a name of `BLENDS`, or `"none"` to take the painting as it is.
        wanted: the mean hair colour aimed at, in Lab.
        notes: warnings besides the subject's.
    """
    size = len(painted)
    before, labels = subject.picture(size), subject.label_map(size)
    source, photo = before.astype(np.float32), subject.photo
    with timings.stage("blend"):
        hair = (labels == Region.HAIR) | (layout == Region.HAIR)
        ramp = subject.alignment.resized(size).ramp(photo.shape[0], photo.shape[1], EDGE * size)
        if blend == "none":
            mask = ramp
            after = source + ramp[..., None] * (painted - source)
            renewed = mask
        else:
            mask = soft_mask(hair, FEATHER * size) * ramp
            after = BLENDS[blend](source, painted, mask)
            other = cv2.GaussianBlur((labels != layout).astype(np.float32), (0, 0), size / 128)
            renewed = mask * other
    with timings.stage("paste"):
        image = subject.alignment.resized(size).paste(photo, source, after, mask, renewed)
    after_bytes = to_bytes(after)
    error = None
    if wanted is not None and (layout == Region.HAIR).any():
        error = float(np.linalg.norm(hair_color(after_bytes, layout == Region.HAIR)[0] - wanted))
    pictures = image, before, after_bytes, to_bytes(painted)
    return Edit(*pictures, labels, layout, rough, mask, method, error, (*subject.warnings, *notes), timings)
