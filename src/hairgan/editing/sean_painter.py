"""The painter of bundles with SEAN: style codes on label maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.editing.color import LabColor, hair_color, spread_factors
from hairgan.editing.corrections import correct_tone, keep_strands, remove_outline
from hairgan.editing.painter import DyedCrop, DyeJob, RestyleJob
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.rough_head import RoughHead
from hairgan.editing.tones import recolor
from hairgan.editing.wanted_color import WantedColor
from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.sean import SEANGenerator
from hairgan.photos.network_images import from_images, to_images, to_label_maps
from hairgan.regions import Region, resize_labels

SEARCH_STEPS = 3
CLOSE_ENOUGH = 2.0
"""Distance in Lab (CIE76) at which the search for a color stops; differences below about 2 are hard to see."""

STAND_INS: dict[Region, tuple[Region, ...]] = {
    # a region that the photo does not show -> regions that look like it, best first
    Region.L_EAR: (Region.R_EAR, Region.SKIN),
    Region.R_EAR: (Region.L_EAR, Region.SKIN),
    Region.L_BROW: (Region.R_BROW,),
    Region.R_BROW: (Region.L_BROW,),
    Region.L_EYE: (Region.R_EYE,),
    Region.R_EYE: (Region.L_EYE,),
    Region.NOSE: (Region.SKIN,),
    Region.NECK: (Region.SKIN,),
    Region.SKIN: (Region.NECK, Region.NOSE),
    Region.U_LIP: (Region.L_LIP,),
    Region.L_LIP: (Region.U_LIP,),
    Region.MOUTH: (Region.L_LIP, Region.U_LIP),
}


@dataclass(frozen=True, eq=False)
class CodedLayout:
    """A label map with a style code per region: what SEAN paints."""

    photo: ParsedPhoto
    labels: UInt8[ndarray, "s s"]
    codes: Float[Tensor, "regions dim"]


class SEANPainter:
    """Paints label maps with style codes.

    Args:
        network: SEAN, in evaluation mode.
        means: codes for regions that neither the photo shows nor anything that looks like them; without them such a
            region takes its code from the rough head.
    """

    def __init__(self, network: SEANGenerator, means: MeanStyles | None = None) -> None:
        self.network, self.means = network, means
        self.device = next(network.parameters()).device

    @property
    def size(self) -> int:
        """Side of the paintings in pixels."""
        return self.network.image_size

    def describe(self, color: WantedColor | None) -> str:
        if color is None:
            return "SEAN with the rough head's hair code"
        if color.references:
            return f"SEAN with {color.owner}'s hair code"
        return "SEAN with a hair code found for the color"

    def dye(self, jobs: Sequence[DyeJob], *, as_painted: bool = False) -> list[DyedCrop]:
        pictures = self.paint([self._coded_for_dye(job) for job in jobs])
        if not as_painted:
            pictures = [self._with_own_strands(job, picture) for job, picture in zip(jobs, pictures, strict=True)]
        return [DyedCrop(picture) for picture in pictures]

    def restyle(self, jobs: Sequence[RestyleJob], *, as_painted: bool = False) -> list[Float32[ndarray, "s s 3"]]:
        coded = [self._coded_for_restyle(job) for job in jobs]
        pictures = self.paint(coded)
        if as_painted:
            return pictures
        corrected = []
        for job, layout, picture in zip(jobs, coded, pictures, strict=True):
            hair = layout.labels == Region.HAIR
            picture = remove_outline(picture, hair)
            corrected.append(picture if job.color is None else correct_tone(picture, hair, job.color.lab.mean))
        return corrected

    def codes(self, photo: ParsedPhoto) -> Float[Tensor, "regions dim"]:
        """A photo's style codes, computed once; zero for absent regions."""
        if photo.codes is None:
            photo.codes = self._encode(photo.crop_at(self.size), photo.labels_at(self.size))
        return photo.codes

    def paint(self, coded: Sequence[CodedLayout]) -> list[Float32[ndarray, "s s 3"]]:
        """Paint label maps with their codes, as one batch.

        For a single one, what depends on the label map alone is kept with the photo, so that painting the same map
        again takes less time.
        """
        codes = torch.stack([one.codes for one in coded])
        if len(coded) > 1:
            return from_images(self.network(to_label_maps([one.labels for one in coded], self.device), codes))
        photo, labels = coded[0].photo, coded[0].labels
        key = labels.tobytes()
        if key not in photo.layouts:
            photo.layouts.clear()
            photo.layouts[key] = self.network.layout(to_label_maps([labels], self.device))
        return from_images(self.network.paint(photo.layouts[key], codes))

    def hair_code(
        self, photo: ParsedPhoto, color: WantedColor, layout: UInt8[ndarray, "s s"], model: RoughHead | None = None
    ) -> Float[Tensor, " dim"]:
        """The hair code of a color: the mean of the references' codes, or one that is searched for.

        Args:
            layout: the label map that is to be painted with the code.
            model: whose hair is recolored for the search where the photo shows none.
        """
        if color.references:
            shares = torch.tensor([reference.share for reference in color.references], device=self.device)
            codes = torch.stack([self.codes(reference.photo)[Region.HAIR] for reference in color.references])
            return (shares[:, None] * codes).sum(0)
        picture, labels = photo.crop_at(self.size), photo.labels_at(self.size)
        if model is not None and not photo.has_hair:
            picture, labels = model.picture_at(self.size), resize_labels(model.labels, self.size)
        if not ((labels == Region.HAIR).any() and (layout == Region.HAIR).any()):
            return self.codes(photo)[Region.HAIR]
        return self._search(photo, layout, color.lab, picture, labels)

    def _search(
        self,
        photo: ParsedPhoto,
        layout: UInt8[ndarray, "s s"],
        wanted: LabColor,
        picture: UInt8[ndarray, "s s 3"],
        labels: UInt8[ndarray, "s s"],
    ) -> Float[Tensor, " dim"]:
        """The hair code that paints hair of a wanted mean color.

        A candidate is the style encoder's code of the picture with recolored hair. The next one is recolored to the
        wanted color plus all that the candidates before it missed when they were painted. Nothing is random.
        """
        hair, painted_hair = labels == Region.HAIR, layout == Region.HAIR
        codes = self.codes(photo)
        own, aim, best, code = hair_color(picture, hair), wanted.mean, float("inf"), codes[Region.HAIR]
        for _ in range(SEARCH_STEPS):
            recolored = recolor(picture.astype(np.float32), hair.astype(np.float32), own, LabColor(aim))
            candidate = self._encode(np.rint(recolored).astype(np.uint8), labels)[Region.HAIR]
            painted = self.paint([CodedLayout(photo, layout, _with_hair(codes, candidate))])[0]
            miss = wanted.mean - hair_color(painted, painted_hair).mean
            distance = float(np.linalg.norm(miss))
            if distance < best:
                best, code = distance, candidate
            if best < CLOSE_ENOUGH:
                break
            aim = aim + miss
        return code

    def _coded_for_dye(self, job: DyeJob) -> CodedLayout:
        codes, labels = self.codes(job.photo), job.photo.labels_at(self.size)
        hair = codes[Region.HAIR].lerp(self.hair_code(job.photo, job.color, labels), job.strength)
        return CodedLayout(job.photo, labels, _with_hair(codes, hair))

    def _coded_for_restyle(self, job: RestyleJob) -> CodedLayout:
        head, photo = job.head, job.head.photo
        labels = resize_labels(job.layout, self.size)
        codes = self.codes(photo).clone()
        borrowed = self._fill_missing_codes(codes, labels)
        if job.color is None:
            borrowed.append(Region.HAIR)
        if borrowed:
            rough = self._encode(head.picture_at(self.size), resize_labels(head.labels, self.size))
            codes[borrowed] = rough[borrowed]
        if job.color is not None:
            codes[Region.HAIR] = self.hair_code(photo, job.color, labels, head)
        return CodedLayout(photo, labels, codes)

    def _fill_missing_codes(self, codes: Float[Tensor, "regions dim"], labels: UInt8[ndarray, "s s"]) -> list[int]:
        """Give regions of a label map that have no code that of a stand-in, or a mean code; returns those left without.

        Hair is passed over.
        """
        present = (codes != 0).any(1).tolist()
        missing = []
        for label in np.unique(labels).tolist():
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

    def _with_own_strands(self, job: DyeJob, painted: Float32[ndarray, "s s 3"]) -> Float32[ndarray, "s s 3"]:
        photo, wanted, strength = job.photo, job.color.lab, job.strength
        picture, hair = photo.crop_at(self.size), photo.labels_at(self.size) == Region.HAIR
        if not hair.any():
            return picture.astype(np.float32)
        own = hair_color(picture, hair)
        contrast = float(spread_factors(own, wanted)[0])
        return keep_strands(
            picture,
            painted,
            hair,
            photo.hair_at(self.size),
            wanted=own.mean + strength * (wanted.mean - own.mean),
            contrast=1 + strength * (contrast - 1),
        )

    def _encode(self, picture: UInt8[ndarray, "s s 3"], labels: UInt8[ndarray, "s s"]) -> Float[Tensor, "regions dim"]:
        return self.network.encode_styles(to_images([picture], self.device), to_label_maps([labels], self.device))[0]


def _with_hair(codes: Float[Tensor, "regions dim"], hair: Float[Tensor, " dim"]) -> Float[Tensor, "regions dim"]:
    out = codes.clone()
    out[Region.HAIR] = hair
    return out
