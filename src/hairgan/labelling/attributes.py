"""The attributes of one photo, from its label map and the classifier's answers, and doubts about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import UInt8
from numpy import ndarray

from hairgan.data.attribute_targets import COLUMNS
from hairgan.data.measured_attributes import measure
from hairgan.hair_attributes import HEADS
from hairgan.labelling.overlay import region_shares
from hairgan.photos.classifier import Answer

VISIBLE = 0.001
"""Smallest share of the pixels with which a region counts as visible."""
BANGS = 0.5
"""Without a classifier: smallest share of the forehead under hair that counts as bangs."""
WORN = {"Wearing_Hat": "hat", "Eyeglasses": "eye_g", "Wearing_Earrings": "ear_r", "Wearing_Necklace": "neck_l"}
"""CelebA attribute -> region that shows it."""
COLORS = {"Black_Hair": "black", "Blond_Hair": "blond", "Brown_Hair": "brown", "Gray_Hair": "grey"}
TEXTURES = {"Straight_Hair": "straight", "Wavy_Hair": "perm"}
TYPES: dict[str, type] = {
    **dict.fromkeys(["hair_area", "hair_below_chin", "forehead_covered", "parser_certainty"], float),
    **{f"{head}_confidence": float for head in HEADS},
    **dict.fromkeys([*COLORS, *TEXTURES, *WORN, "Bangs", "Male", "Bald"], bool),
    **dict.fromkeys(["hair_length", "hair_texture", "hair_color"], str),
}
"""The columns of the table that `describe` fills."""


def describe(
    labels: UInt8[ndarray, "s s"],
    certainty: float,
    answers: Mapping[str, Answer],
    min_confidence: float,
) -> dict[str, Any]:
    """The attributes of one photo, under CelebA's names and ours, and doubts about them.

    An answer with a probability below `min_confidence` counts as unknown (null). Hair length is measured, as in every
    other dataset; if the classifier predicts another length, that is a doubt.

    Args:
        labels: label map of the aligned crop.
        certainty: of the parser, 0 to 1.
        answers: head -> answer of the classifier; may be empty.
        min_confidence: probability below which an answer counts as unknown.

    Returns:
        the columns of `TYPES`, and `doubts`: one short sentence per doubt.
    """
    shares = region_shares(labels)
    sure = {head: answer.name for head, answer in answers.items() if answer.probability >= min_confidence}
    known: dict[str, Any] = {attribute: shares[region] >= VISIBLE for attribute, region in WORN.items()}
    known |= {COLUMNS[head]: sure.get(head) for head in ("texture", "color")}
    row = known | measure(labels, known)
    covered = row["forehead_covered"]
    if "bangs" in answers:
        row["Bangs"] = {"bangs": True, "no_bangs": False}.get(sure.get("bangs", ""))
    else:
        row["Bangs"] = None if covered is None else covered >= BANGS
    row["Male"] = {"male": True, "female": False}.get(sure.get("gender", ""))
    row["Bald"] = shares["hair"] < VISIBLE and shares["hat"] < VISIBLE
    for column, names in (("hair_color", COLORS), ("hair_texture", TEXTURES)):
        row |= {attribute: None if row[column] is None else row[column] == name for attribute, name in names.items()}

    doubts = [
        f"{head} {answer.name}? ({answer.probability:.2f})"
        for head, answer in answers.items()
        if answer.probability < min_confidence
    ]
    if "length" in sure and row["hair_length"] not in (None, sure["length"]):
        doubts.append(f"length measured {row['hair_length']}, seen {sure['length']}")
    if row["hair_length"] is None:
        doubts.append("no face or no hair to measure")
    row["parser_certainty"] = certainty
    row |= {f"{head}_confidence": answers[head].probability if head in answers else None for head in HEADS}
    row["doubts"] = doubts
    return row
