"""The salon as methods of the benchmark."""

from __future__ import annotations

from collections.abc import Callable

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.cases import EditCase
from hairgan.editing.edit import Edit
from hairgan.editing.salon import Salon


class SalonMethod:
    """One thing a salon does. It sees the two pictures and parses them itself; the true label maps it does not see.

    Attributes:
        refused: cases that the salon refused, for want of hair, say. They are handed back as they were, and scored so.
    """

    def __init__(self, edit: Callable[[EditCase], Edit]) -> None:
        self.edit, self.refused = edit, 0

    def __call__(self, case: EditCase) -> UInt8[ndarray, "s s 3"]:
        try:
            return self.edit(case).image
        except ValueError:
            self.refused += 1
            return case.source


def salon_methods(salon: Salon) -> dict[str, dict[str, SalonMethod]]:
    """What a salon can do, by task and name: `dye`, and where it has StarGAN v2 `restyle preserve` and `restyle seed`.

    Restyling is asked for hair like the reference's, read as of the case's domain where the salon knows it, and for the
    reference's colour.
    """
    methods = {
        "dye": {"dye": SalonMethod(lambda case: salon.dye(case.source, like=case.reference, aligned=True))},
        "restyle": {},
    }
    if salon.restyler is not None:
        known = salon.restyler.domains

        def restyle(mode: str) -> SalonMethod:
            return SalonMethod(
                lambda case: salon.restyle(
                    case.source,
                    like=case.reference,
                    domain=case.target_domain if case.target_domain in known else None,
                    color_like=case.reference,
                    mode=mode,
                    aligned=True,
                )
            )

        methods["restyle"] = {f"restyle {mode}": restyle(mode) for mode in ("preserve", "seed")}
    return methods
