"""What EditBench asks of restyled hair: scores of the true result whose hair is out of place by a pixel or more.

    python benchmarks/misplaced_hair.py --pairs 40

Each edit is the true result with the old and the new hair's place moved by a smooth random field: every pixel is right,
but a little beside its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import click
import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench import EditCase, Truth, run, table
from hairgan.regions import Region

SMOOTH = 1 / 16
"""Standard deviation of the blur of the field, as a share of the side."""


@dataclass(frozen=True)
class Misplaced:
    """The true result, with hair out of place.

    Args:
        pixels: root mean square of the distance.
    """

    pixels: float

    def edit_with_truth(self, case: EditCase, truth: Truth) -> UInt8[ndarray, "s s 3"]:
        """The edited picture."""
        size = len(truth.image)
        noise = np.random.default_rng(case.index).normal(size=(size, size, 2))
        field = cv2.GaussianBlur(noise, (0, 0), SMOOTH * size)
        field *= self.pixels / np.sqrt((field**2).sum(axis=2).mean())
        y, x = np.mgrid[:size, :size] + np.moveaxis(field, 2, 0)
        moved = cv2.remap(
            truth.image, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        hair = (truth.labels == Region.HAIR) | (case.source_labels == Region.HAIR)
        return np.where(hair[..., None], moved, truth.image).astype(np.uint8)


@click.command()
@click.option("--pairs", default=40, show_default=True, type=click.IntRange(1))
@click.argument("pixels", nargs=-1, type=float)
def main(pairs: int, pixels: tuple[float, ...]) -> None:
    """Score restyled hair that is out of place by PIXELS; 0.5, 1, 2 and 4 by default."""
    methods = {f"the truth, {d:g} px out of place": Misplaced(d) for d in pixels or (0.5, 1, 2, 4)}
    click.echo(table(run(methods, pairs=pairs, tasks=["restyle"])))


if __name__ == "__main__":
    main()
