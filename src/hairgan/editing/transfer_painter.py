"""The painter of bundles without SEAN: color transfer, and the rough head's own pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from hairgan.editing.color import hair_color
from hairgan.editing.painter import DyedCrop, DyeJob, RestyleJob
from hairgan.editing.tones import recolor
from hairgan.editing.unmixing import unmix_hair
from hairgan.editing.wanted_color import WantedColor
from hairgan.regions import Region, resize_labels


class TransferPainter:
    """Moves colors in Lab; it paints nothing new."""

    def describe(self, color: WantedColor | None) -> str:
        return "color transfer (there is no SEAN)" if color else "the rough head's own pixels (there is no SEAN)"

    def dye(self, jobs: Sequence[DyeJob], *, as_painted: bool = False) -> list[DyedCrop]:
        painted = []
        for job in jobs:
            photo, picture = job.photo, job.photo.crop_at(job.photo.painted_size)
            hair = unmix_hair(photo.labels, photo.hair, photo.crop, picture)
            weight = np.float32(job.strength) * hair.share
            dyed = recolor(picture.astype(np.float32), weight, photo.hair_color(), job.color.lab, hair.color)
            painted.append(DyedCrop(dyed, hair.share))
        return painted

    def restyle(self, jobs: Sequence[RestyleJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        painted = []
        for job in jobs:
            picture = job.head.picture.astype(np.float32)
            hair = resize_labels(job.head.labels, len(picture)) == Region.HAIR
            if job.color is not None and hair.any():
                picture = recolor(picture, hair.astype(np.float32), hair_color(picture, hair), job.color.lab)
            painted.append(picture)
        return painted
