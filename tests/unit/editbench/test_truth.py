"""The truth in place of one stage's result changes that result, and what is made of it, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from hairgan.editbench.drawn_cases import EditCase, SolvedCase, Truth
from hairgan.editbench.methods import InformedMethod, apply
from hairgan.editbench.salon import SalonMethod, salon_methods
from hairgan.editbench.truth import STAGES
from hairgan.editing.color import hair_color
from hairgan.editing.edit import Edit
from hairgan.editing.salon import Salon
from hairgan.regions import Region, resize_labels
from tests.unit.heads import (
    SIZE,
    MeanColorSEAN,
    PaletteParser,
    draw_labels,
    head_restyler,
    paint_head,
)

HER_COLOR = (170, 60, 190)
LABELS = {"source": draw_labels(length=0.85), "reference": draw_labels(length=0.68, width=0.34)}
TRUE_LABELS = draw_labels(length=0.6, width=0.33)


class ShiftedParser(PaletteParser):
    """Sees everything some pixels lower than it is."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.roll(super().forward(images), 3, dims=2)


def solved(task: str) -> SolvedCase:
    source, reference = paint_head(LABELS["source"]), paint_head(LABELS["reference"], hair=HER_COLOR, seed=1)
    case = EditCase(task, 0, source, LABELS["source"], reference, LABELS["reference"], "bob")
    labels = TRUE_LABELS if task == "restyle" else LABELS["source"]
    return SolvedCase(case, Truth(paint_head(labels, hair=HER_COLOR, seed=2), labels))


@pytest.fixture(scope="module")
def salon() -> Salon:
    """A salon whose parser sees wrongly and whose SEAN paints too dark."""
    restyler = head_restyler()
    return Salon(ShiftedParser(), MeanColorSEAN(0.8), restyler)


def edits(salon: Salon, mode: str | None, stage: str) -> tuple[Edit, Edit]:
    """As the salon makes it, and with the truth in place of a stage's result."""
    one = solved("dye" if mode is None else "restyle")
    plain, true = (SalonMethod(salon, mode, which).edit(one.case, one.truth) for which in (None, stage))
    return plain, true


MODES = (None, "preserve", "seed")
PARTS = ("labels", "layout", "rough", "painted")


def changed(plain: Edit, true: Edit) -> set[str]:
    return {part for part in PARTS if not np.array_equal(getattr(plain, part), getattr(true, part))}


@pytest.mark.parametrize("mode", MODES)
def test_the_parsed_source(salon: Salon, mode: str | None) -> None:
    plain, true = edits(salon, mode, "source")
    assert np.array_equal(true.labels, resize_labels(LABELS["source"], SIZE))
    assert changed(plain, true) == {None: {"labels", "layout", "painted"}, "preserve": {*PARTS} - {"rough"}}.get(
        mode, {"labels", "painted"}
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_parsed_reference(salon: Salon, mode: str | None) -> None:
    plain, true = edits(salon, mode, "reference")
    assert changed(plain, true) == {"painted"}, "the color is that of the true hair"


@pytest.mark.parametrize("mode", ["preserve", "seed"])
def test_the_layout(salon: Salon, mode: str) -> None:
    plain, true = edits(salon, mode, "layout")
    assert np.array_equal(true.layout, resize_labels(TRUE_LABELS, SIZE))
    assert changed(plain, true) == {"layout", "painted"}


@pytest.mark.parametrize("mode", MODES)
def test_the_color(salon: Salon, mode: str | None) -> None:
    plain, true = edits(salon, mode, "color")
    assert changed(plain, true) == {"painted"}
    truth = solved("dye" if mode is None else "restyle").truth
    wanted = hair_color(truth.image, truth.labels == Region.HAIR).mean
    misses = [
        np.linalg.norm(hair_color(edit.painted, edit.layout == Region.HAIR).mean - wanted) for edit in (plain, true)
    ]
    assert misses[1] < misses[0]


@pytest.mark.parametrize(
    ("mode", "stage"), [(None, "paint"), *((mode, stage) for mode in MODES[1:] for stage in ("background", "paint"))]
)
def test_pixels_of_the_truth(salon: Salon, mode: str | None, stage: str) -> None:
    plain, true = edits(salon, mode, stage)
    assert changed(plain, true) == {"painted"}
    truth = solved("dye" if mode is None else "restyle").truth
    new, true_hair = true.layout == Region.HAIR, resize_labels(truth.labels, SIZE) == Region.HAIR
    there = new & true_hair if stage == "paint" else (true.labels == Region.HAIR) & ~new & ~true_hair
    assert there.mean() > 0.02
    crop = salon.parse(truth.image, aligned=True).crop_at(SIZE)
    assert np.array_equal(true.painted[there], crop[there])
    assert np.array_equal(true.painted[~there], plain.painted[~there])
    inner = there & (true.mask == 1)
    assert inner.any()
    assert np.array_equal(true.after[inner], crop[inner]), "it reaches the photo"


def test_rows_of_stages(salon: Salon) -> None:
    methods = salon_methods(salon, tuple(STAGES))
    assert [*methods["dye"]] == ["dye", *(f"dye, true {stage}" for stage in ("source", "reference", "color", "paint"))]
    assert len(methods["restyle"]) == 2 * (1 + len(STAGES)) and "restyle seed, true layout" in methods["restyle"]
    assert all(isinstance(method, InformedMethod) for named in methods.values() for method in named.values())
    one = solved("dye")
    edited = [apply(name, method, one) for name, method in methods["dye"].items()]
    assert len({picture.tobytes() for picture in edited}) == len(edited)


def test_unknown_stages_are_refused(salon: Salon) -> None:
    with pytest.raises(ValueError, match="there is no stage 'shoes' of an edit: the stages are source, reference"):
        salon_methods(salon, ["shoes"])
    with pytest.raises(ValueError, match="'layout' is one of restyling, for which the bundle has no networks"):
        salon_methods(Salon(PaletteParser()), ["layout"])
