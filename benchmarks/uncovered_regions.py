"""Which uncovered part of a restyled head costs most: EditBench with the truth in the place of one at a time.

    python benchmarks/uncovered_regions.py --pairs 40     # with the bundle that ships

Uncovered is what the old hair covered and the true new hair does not. In each row the true pixels of one of its parts
stand in the restyled picture. In the last rows the truth is drawn with another grain of the same strength, because
nobody can know the one that the old hair hid: they are the best that any method can reach there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import click
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench import SEED, EditCase, Truth, run, table
from hairgan.editbench.drawn_cases import cases
from hairgan.editbench.salon import SalonMethod
from hairgan.editing.salon import Salon
from hairgan.portraits import film
from hairgan.regions import Region

PARTS: dict[str, tuple[Region, ...]] = {
    "nothing": (),
    "background": (Region.BACKGROUND,),
    "skin": (Region.SKIN, Region.NOSE),
    "eyes and brows": (Region.L_EYE, Region.R_EYE, Region.EYE_G, Region.L_BROW, Region.R_BROW),
    "ears": (Region.L_EAR, Region.R_EAR, Region.EAR_R),
    "neck and clothes": (Region.NECK, Region.NECK_L, Region.CLOTH),
    "everything": tuple(region for region in Region if region != Region.HAIR),
}
"""Names of rows -> the true regions whose pixels are the truth's."""


@dataclass(eq=False)
class Restyled:
    """Restyled pictures by a salon, each of which is made once."""

    method: SalonMethod
    _last: tuple[int, UInt8[ndarray, "s s 3"]] | None = field(default=None, init=False)

    def picture(self, case: EditCase, truth: Truth) -> UInt8[ndarray, "s s 3"]:
        if self._last is None or self._last[0] != case.index:
            self._last = case.index, self.method.edit_with_truth(case, truth)
        return self._last[1]


@dataclass(eq=False)
class OtherGrain:
    """The true pictures of the same cases, drawn with another grain of the same strength."""

    pairs: int
    seed: int
    _pictures: dict[int, UInt8[ndarray, "s s 3"]] = field(default_factory=dict, init=False)

    def picture(self, case: EditCase) -> UInt8[ndarray, "s s 3"]:
        if not self._pictures:
            generator = film.numpy_generator
            try:
                film.numpy_generator = lambda seed, purpose: generator(seed, f"other {purpose}")
                for solved in cases(case.task, self.pairs, len(case.source), self.seed):
                    self._pictures[solved.case.index] = solved.truth.image
            finally:
                film.numpy_generator = generator
        return self._pictures[case.index]


@dataclass(frozen=True)
class WithTruePart:
    """A restyled picture with the truth in the place of some uncovered regions, or of everything that changed.

    Args:
        regions: whose pixels are the truth's where the old hair was; hair among them: new hair too.
        grain: the truth with another grain; None for its own.
    """

    restyled: Restyled
    regions: tuple[Region, ...]
    grain: OtherGrain | None = None

    def edit_with_truth(self, case: EditCase, truth: Truth) -> UInt8[ndarray, "s s 3"]:
        """The edited picture."""
        either = (case.source_labels == Region.HAIR) | (truth.labels == Region.HAIR)
        true = truth.image if self.grain is None else self.grain.picture(case)
        return np.where(
            (either & np.isin(truth.labels, self.regions))[..., None], true, self.restyled.picture(case, truth)
        )


@click.command()
@click.option("--bundle", help="Folder of the networks; those that come with hairgan by default.")
@click.option("--pairs", default=40, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=SEED, show_default=True)
def main(bundle: str | None, pairs: int, seed: int) -> None:
    """Score restyled heads with the truth in the place of one uncovered part."""
    restyled = Restyled(SalonMethod(Salon.from_bundle(bundle), "layer"))
    methods = {f"true {part}": WithTruePart(restyled, regions) for part, regions in PARTS.items()}
    grain, everything = OtherGrain(pairs, seed), PARTS["everything"]
    for part, regions in {
        "background": PARTS["background"], "everything": everything, "everything and hair": (*everything, Region.HAIR)
    }.items():  # fmt: skip
        methods[f"true {part}, other grain"] = WithTruePart(restyled, regions, grain)
    click.echo(table(run(methods, pairs=pairs, seed=seed, tasks=["restyle"])))


if __name__ == "__main__":
    main()
