"""The salon as methods of the benchmark, as it is or with the truth in place of one stage's result."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.drawn_cases import EditCase, Truth
from hairgan.editbench.scoring import Parser
from hairgan.editbench.truth import DYE_STAGES, STAGES, TrueResult, check_stages
from hairgan.editing.edit import Edit
from hairgan.editing.salon import Salon
from hairgan.photos.network_images import to_images
from hairgan.photos.parser import FaceParser


class SalonMethod:
    """One kind of edit of a salon. The salon parses the pictures itself and does not see their true label maps.

    Args:
        mode: of a restyling; None dyes.
        stage: whose result is replaced by the truth (`hairgan.editbench.truth.STAGES`); None for no stage.

    Attributes:
        refused: how many cases the salon refused, for example because it found no hair. Their edit is the source.
    """

    def __init__(self, salon: Salon, mode: str | None = None, stage: str | None = None) -> None:
        self.salon, self.mode, self.stage = salon, mode, stage
        self.refused = 0

    def edit_with_truth(self, case: EditCase, truth: Truth) -> UInt8[ndarray, "s s 3"]:
        """The edited picture. The truth is used in `stage` alone."""
        try:
            return self.edit(case, truth).image
        except ValueError:
            self.refused += 1
            return case.source

    def edit(self, case: EditCase, truth: Truth) -> Edit:
        """The edit, with what its steps made.

        Raises:
            ValueError: as in `Salon.dye_all` and `Salon.restyle_all`.
        """
        true = TrueResult(self.stage, case, truth)
        source = true.source(self.salon.parse(case.source, aligned=True))
        reference = true.reference(self.salon.parse(case.reference, aligned=True))
        color = true.color(self.salon, reference)
        salon = self.salon.with_steps(true.steps())
        if self.mode is None:
            return salon.dye(source, like=color)
        known = self.mode != "layer" and salon.restyler is not None and case.target_domain in salon.restyler.domains
        domain = case.target_domain if known else None
        return salon.restyle(source, like=reference, domain=domain, color_like=color, mode=self.mode)


def salon_methods(salon: Salon, stages: Sequence[str] = ()) -> dict[str, dict[str, SalonMethod]]:
    """What a salon can do, by task and name: `dye`, and `restyle MODE` for each mode of restyling.

    Restyling takes the reference's hair and its color; the reference is read as of the case's domain if the salon
    knows that.

    Args:
        stages: for each of these, every edit that has such a stage is also made with the truth in its place.

    Raises:
        ValueError: there is no such stage, or only restyling has it and the salon cannot restyle.
    """
    check_stages(stages)
    for stage in stages:
        if stage not in DYE_STAGES and not salon.restyling_modes():
            raise ValueError(f"stage '{stage}' is one of restyling, for which the bundle has no networks")

    def with_stages(name: str, mode: str | None, known: Sequence[str]) -> dict[str, SalonMethod]:
        methods = {name: SalonMethod(salon, mode)}
        return methods | {f"{name}, true {one}": SalonMethod(salon, mode, one) for one in stages if one in known}

    restyle: dict[str, SalonMethod] = {}
    for mode in salon.restyling_modes():
        restyle |= with_stages(f"restyle {mode}", mode, tuple(STAGES))
    return {"dye": with_stages("dye", None, DYE_STAGES), "restyle": restyle}


def labels_by(parser: FaceParser) -> Parser:
    """The label map that a face parser finds in an edited picture, for the score `hair_iou`."""

    def labels(picture: UInt8[ndarray, "s s 3"]) -> UInt8[ndarray, "s s"]:
        return parser.label_maps(to_images([picture], parser.device))[0].byte().cpu().numpy()

    return labels
