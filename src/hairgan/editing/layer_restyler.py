"""Restyling with hair as a layer: the hair layout network says where new hair goes, donors what it looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hairgan.editing.color import LabColor
from hairgan.editing.edit import Timings
from hairgan.editing.hair_layer import layer_hair
from hairgan.editing.new_hair import HairLayouter, NewHair, WantedShape
from hairgan.editing.painting import Painting
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.references import WeightedReference
from hairgan.editing.rough_head import RoughHeadMaker, StyleRequest
from hairgan.editing.wanted_color import WantedColor
from hairgan.networks.hair_layout import HairLayoutNet
from hairgan.photos.alignment import whole_photo
from hairgan.photos.network_images import resize_picture
from hairgan.regions import Region

COLOR_DOMAINS = {"blond": "blond"}
"""Domains that are about color, and the color that restyling to them dyes hair in."""
TEXTURE_DOMAINS = ("long_perm",)
"""Domains that are about strands: restyling to them keeps none of the photo's. Drawn donors of others are straight."""


class LayerRestyler:
    """Gives photos the hair of references, or of a domain, as a layer.

    The donor of a domain's hair is the rough head of StarGAN v2 where that is there, and else a drawn person.

    Args:
        network: the hair layout network, in evaluation mode.
        rough_heads: StarGAN v2's.
    """

    def __init__(self, network: HairLayoutNet, rough_heads: RoughHeadMaker | None) -> None:
        self.layouter, self.rough_heads = HairLayouter(network), rough_heads

    def check(self, domain: str | None, psi: float, has_references: bool) -> None:
        """Refuse what cannot be done.

        Raises:
            ValueError: a domain beside references, no such domain, or a truncation of drawn donors.
        """
        if has_references:
            if domain is not None:
                raise ValueError("hair like a reference's is taken as it is: leave domain out, or take mode='preserve'")
        elif self.rough_heads is not None:
            self.rough_heads.restyler.domain(domain or "")
        else:
            _drawn_donor(domain or "", 0, 64)
            if psi != 1:
                raise ValueError("psi is for StarGAN v2, which is not in the bundle; seed chooses another head of hair")

    def paint(
        self,
        request: StyleRequest,
        wanted: WantedColor | None,
        place_hair: Callable[[NewHair], NewHair],
        timings: Timings,
    ) -> Painting:
        """The crop of a photo with new hair.

        Args:
            wanted: color of the new hair; None keeps that of the photo's hair, except in `COLOR_DOMAINS`.
            place_hair: exchanges where the new hair goes; the identity in an edit.
        """
        photo = request.photo
        with timings.stage("donor"):
            donors = request.references or (WeightedReference(self._donor(request), 1.0),)
        donor = _main(donors)
        with timings.stage("layout"):
            shapes = [WantedShape(one.photo.labels, one.share) for one in donors]
            new = place_hair(self.layouter(photo, shapes, photo.painted_size))
        with timings.stage("paint"):
            keeps_own = photo.has_hair and not request.references and request.domain not in TEXTURE_DOMAINS
            whose, color = _color(request, donor, wanted)
            layer = layer_hair(
                photo, new, None if keeps_own else donor, donor, color,
                dyed=not _same(whose, photo if keeps_own else donor), keeps_own=keeps_own,
                loose_strands=bool(request.references),
            )  # fmt: skip
        return Painting(
            photo=photo,
            picture=layer.picture,
            layout=new.labels,
            method=f"a layer of hair in the shape of {self._owner(request)}'s",
            wanted=None if wanted is None else wanted.lab.mean,
            changed=layer.changed,
        )

    def _donor(self, request: StyleRequest) -> ParsedPhoto:
        assert request.domain is not None
        if self.rough_heads is None:
            return _drawn_donor(request.domain, request.seed, request.photo.painted_size)
        size = len(request.photo.crop)
        style = self.rough_heads.style(request)
        (head,) = self.rough_heads.make([request.photo], style[None])
        picture = resize_picture(head.picture, size)
        hair = (head.labels == Region.HAIR).astype(np.float32)
        return ParsedPhoto(picture, whole_photo(size, size, size), picture, head.labels, hair)

    def _owner(self, request: StyleRequest) -> str:
        if request.references:
            return "the reference"
        return "a drawn person" if self.rough_heads is None else "StarGAN v2's rough head"


def _drawn_donor(domain: str, number: int, size: int) -> ParsedPhoto:
    from hairgan.editing.drawn_donors import drawn_donor  # imports polars

    return drawn_donor(domain, number, size, straight=domain not in TEXTURE_DOMAINS)


def _same(first: ParsedPhoto | None, second: ParsedPhoto) -> bool:
    """Whether two are the same photo, perhaps read twice."""
    return first is not None and (first is second or np.array_equal(first.crop, second.crop))


def _main(references: Sequence[WeightedReference]) -> ParsedPhoto:
    return max(references, key=lambda reference: reference.share).photo


def _color(
    request: StyleRequest, donor: ParsedPhoto, wanted: WantedColor | None
) -> tuple[ParsedPhoto | None, LabColor]:
    """Whose hair has the color of the new hair, None if it is named, and the color."""
    if wanted is not None:
        return (_main(wanted.references) if wanted.references else None), wanted.lab
    if request.domain in COLOR_DOMAINS:
        return None, WantedColor.from_text(COLOR_DOMAINS[request.domain]).lab
    color_of = request.photo if request.photo.has_hair else donor
    return color_of, color_of.hair_color()
