"""Paint: hair of another colour or on another layout, with SEAN, or without it by moving colours.

Both painters take subjects and give whole crops, values 0 to 255; blending comes after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.editing.color import hair_color, matte, parse_color, recolor, rgb_to_lab, spread_factors
from hairgan.editing.layout import STAND_INS, resize_labels
from hairgan.editing.subject import RoughHead, Subject
from hairgan.editing.tinting import MATTE, correct_tone, keep_strands, without_outline
from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.sean import SEANGenerator
from hairgan.photos.pixels import from_images, to_images, to_label_maps
from hairgan.regions import Region

SEARCH_STEPS = 3
CLOSE_ENOUGH = 2.0
"""Distance in Lab (CIE76) at which the search for a colour stops; differences below about 2 are hard to see."""


@dataclass(frozen=True, eq=False)
class HairColor:
    """A wanted hair colour: its mean in Lab, and the subjects it is taken from with their shares, if any."""

    mean: Float[ndarray, " 3"]
    spread: Float[ndarray, " 3"] | None = None
    """Standard deviation in Lab; None to keep that of the hair there is."""
    references: tuple[tuple[Subject, float], ...] = ()
    origin: str = "the reference"
    """Whose the references are, for `Edit.method`."""

    @staticmethod
    def of_text(text: str) -> HairColor:
        """A named or hex colour; raises ValueError as `parse_color` does."""
        return HairColor(rgb_to_lab(parse_color(text).astype(np.float32)).astype(np.float64))

    @staticmethod
    def of_references(references: Sequence[tuple[Subject, float]], origin: str = "the reference") -> HairColor:
        """The colour of references' hair, averaged with shares that add up to 1."""
        colors = [(subject.hair_color(), share) for subject, share in references]
        mean, spread = (sum(share * color[i] for color, share in colors) for i in (0, 1))
        return HairColor(np.asarray(mean), np.asarray(spread), tuple(references), origin)


DyeJob = tuple[Subject, HairColor, float]
"""Whose hair, its new colour, and how much of it."""
StyleJob = tuple[RoughHead, UInt8[ndarray, "size size"], HairColor | None]
"""Whose hair, the new label map, and the hair's colour."""


class Painter(Protocol):
    """What the salon needs of a painter."""

    def dye(self, jobs: Sequence[DyeJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        """Crops in which the hair has another colour, by a strength of 0 to 1 and beyond, and its own strands.

        Args:
            as_painted: what a network paints is taken as it is, strands and all.
        """

    def restyle(self, jobs: Sequence[StyleJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        """Crops with the hair of a layout; the hair has the given colour, or that of the rough head for None.

        Args:
            as_painted: as in `dye`; otherwise outlines of hair are taken out and its mean colour is corrected.
        """

    def describe(self, color: HairColor | None) -> str:
        """How it goes about a colour, in a few words."""


class SEANPainter:
    """Lays style codes on label maps.

    Args:
        network: SEAN, in evaluation mode.
        means: codes for regions that a picture has no code of; without them such a region's code is zero until one is
            borrowed.
    """

    def __init__(self, network: SEANGenerator, means: MeanStyles | None = None) -> None:
        self.network, self.means = network, means
        self.device = next(network.parameters()).device

    @property
    def size(self) -> int:
        """Side of what is painted in pixels."""
        return self.network.image_size

    def describe(self, color: HairColor | None) -> str:
        if color is None:
            return "SEAN with the rough head's hair code"
        return "SEAN with " + (
            f"{color.origin}'s hair code" if color.references else "a hair code found for the colour"
        )

    def dye(self, jobs: Sequence[DyeJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        ready = []
        for subject, color, strength in jobs:
            codes, layout = self.codes(subject), subject.label_map(self.size)
            mixed = codes[Region.HAIR].lerp(self.hair_code(subject, color, layout), strength)
            ready.append((subject, layout, _with_hair(codes, mixed)))
        pictures = self.paint(ready)
        if as_painted:
            return pictures
        return [
            self._with_own_strands(subject, picture, color, strength)
            for (subject, color, strength), picture in zip(jobs, pictures, strict=True)
        ]

    def restyle(self, jobs: Sequence[StyleJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        ready = []
        for head, layout, color in jobs:
            layout = resize_labels(layout, self.size)
            codes = self.codes(head.subject).clone()
            borrowed = self._regions_to_borrow(codes, layout)
            if borrowed or color is None:
                rough = self._encode(head.picture_at(self.size), resize_labels(head.labels, self.size))
                regions = [*borrowed, *([Region.HAIR] if color is None else [])]
                codes[regions] = rough[regions]
            if color is not None:
                codes[Region.HAIR] = self.hair_code(head.subject, color, layout, head)
            ready.append((head.subject, layout, codes))
        pictures = self.paint(ready)
        if as_painted:
            return pictures
        return [
            _put_right(picture, layout == Region.HAIR, color)
            for (_, _, color), (_, layout, _), picture in zip(jobs, ready, pictures, strict=True)
        ]

    def codes(self, subject: Subject) -> Float[Tensor, "regions dim"]:
        """A subject's style codes, worked out once; zero for absent regions."""
        if subject.codes is None:
            subject.codes = self._encode(subject.picture(self.size), subject.label_map(self.size))
        return subject.codes

    def paint(
        self, jobs: Sequence[tuple[Subject, UInt8[ndarray, "s s"], Float[Tensor, "regions dim"]]]
    ) -> list[Float32[ndarray, "s s 3"]]:
        """Paint label maps with codes, as one batch.

        What does not depend on the codes is kept for the subject, so that painting the same map again is cheap.
        """
        codes = torch.stack([code for _, _, code in jobs])
        if len(jobs) > 1:
            return from_images(self.network(to_label_maps([labels for _, labels, _ in jobs], self.device), codes))
        subject, labels, _ = jobs[0]
        key = labels.tobytes()
        if key not in subject.layouts:
            subject.layouts.clear()
            subject.layouts[key] = self.network.layout(to_label_maps([labels], self.device))
        return from_images(self.network.paint(subject.layouts[key], codes))

    def hair_code(
        self, subject: Subject, color: HairColor, layout: UInt8[ndarray, "s s"], model: RoughHead | None = None
    ) -> Float[Tensor, " dim"]:
        """The hair code of a colour: the references' own, or one that is searched for.

        The search: candidates are the style encoder's codes for recoloured hair, and each next one aims off by what
        the last one missed when it was painted. Nothing is drawn at random.

        Args:
            layout: the label map that is to be painted with the code.
            model: whose hair is recoloured where the subject has none.
        """
        if color.references:
            shares = torch.tensor([share for _, share in color.references], device=self.device)
            codes = torch.stack([self.codes(other)[Region.HAIR] for other, _ in color.references])
            return (shares[:, None] * codes).sum(0)
        picture, labels = subject.picture(self.size), subject.label_map(self.size)
        if model is not None and not subject.has_hair:
            picture, labels = model.picture_at(self.size), resize_labels(model.labels, self.size)
        hair, painted_hair = labels == Region.HAIR, layout == Region.HAIR
        codes = self.codes(subject)
        if not (hair.any() and painted_hair.any()):
            return codes[Region.HAIR]
        own, aim, best, code = hair_color(picture, hair), color.mean, float("inf"), codes[Region.HAIR]
        for _ in range(SEARCH_STEPS):
            recolored = recolor(picture.astype(np.float32), hair.astype(np.float32), own, (aim, None))
            candidate = self._encode(np.rint(recolored).astype(np.uint8), labels)[Region.HAIR]
            painted = self.paint([(subject, layout, _with_hair(codes, candidate))])[0]
            miss = color.mean - hair_color(painted, painted_hair)[0]
            distance = float(np.linalg.norm(miss))
            if distance < best:
                best, code = distance, candidate
            if best < CLOSE_ENOUGH:
                break
            aim = aim + miss
        return code

    def _with_own_strands(
        self, subject: Subject, painted: Float32[ndarray, "s s 3"], color: HairColor, strength: float
    ) -> Float32[ndarray, "s s 3"]:
        picture, hair = subject.picture(self.size), subject.label_map(self.size) == Region.HAIR
        if not hair.any():
            return picture.astype(np.float32)
        own, own_spread = hair_color(picture, hair)
        contrast = 1.0 if color.spread is None else float(spread_factors(own_spread, color.spread)[0])
        return keep_strands(
            picture,
            painted,
            hair,
            subject.probability(self.size),
            wanted=own + strength * (color.mean - own),
            contrast=1 + strength * (contrast - 1),
        )

    def _encode(self, picture: UInt8[ndarray, "s s 3"], labels: UInt8[ndarray, "s s"]) -> Float[Tensor, "regions dim"]:
        return self.network.encode_styles(to_images([picture], self.device), to_label_maps([labels], self.device))[0]

    def _regions_to_borrow(self, codes: Float[Tensor, "regions dim"], layout: UInt8[ndarray, "s s"]) -> list[int]:
        """Regions of a layout for which there is no code: not the source's own, nor one that looks like it, nor a mean.

        Those that have one of the latter two get it here.
        """
        present = (codes != 0).any(1).tolist()
        missing = []
        for label in np.unique(layout).tolist():
            if present[label] or label == Region.HAIR:
                continue
            stand_in = next((other for other in STAND_INS.get(Region(label), ()) if present[other]), None)
            if stand_in is not None:
                codes[label] = codes[stand_in]
            elif self.means is not None and self.means.counts[label]:
                codes[label] = self.means.codes[label]
            else:
                missing.append(label)
        return missing


class TransferPainter:
    """Colour transfer, and the rough head's own pixels: what can be done without SEAN."""

    def describe(self, color: HairColor | None) -> str:
        return "colour transfer (there is no SEAN)" if color else "the rough head's own pixels (there is no SEAN)"

    def dye(self, jobs: Sequence[DyeJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        painted = []
        for subject, color, strength in jobs:
            weight = np.float32(strength) * matte(subject.hair, subject.crop, max(1, round(MATTE * len(subject.crop))))
            wanted = color.mean, color.spread
            painted.append(recolor(subject.crop.astype(np.float32), weight, subject.hair_color(), wanted))
        return painted

    def restyle(self, jobs: Sequence[StyleJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        painted = []
        for head, _, color in jobs:
            picture = head.picture.astype(np.float32)
            hair = resize_labels(head.labels, len(picture)) == Region.HAIR
            if color is not None and hair.any():
                now = hair_color(picture, hair)
                picture = recolor(picture, hair.astype(np.float32), now, (color.mean, color.spread))
            painted.append(picture)
        return painted


def _put_right(
    painted: Float32[ndarray, "s s 3"], hair: Bool[ndarray, "s s"], color: HairColor | None
) -> Float32[ndarray, "s s 3"]:
    painted = without_outline(painted, hair)
    return painted if color is None else correct_tone(painted, hair, color.mean)


def _with_hair(codes: Float[Tensor, "regions dim"], hair: Float[Tensor, " dim"]) -> Float[Tensor, "regions dim"]:
    out = codes.clone()
    out[Region.HAIR] = hair
    return out
