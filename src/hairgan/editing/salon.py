"""The salon: align -> parse -> restyle or dye -> blend -> paste back, for photos as people have them.

    salon = Salon.from_bundle("bundle")
    edit = salon.dye(open_rgb("me.jpg"), like=open_rgb("her.jpg"))
    edit.image                                  # the photo, at its own resolution, in which only the hair changed

Every step is a component that can be called on its own, and an `Edit` holds what each of them made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from torch import Tensor, nn

from hairgan.devices import choose_device
from hairgan.editing.batching import chunks, listed, together
from hairgan.editing.beyond import dye_beyond
from hairgan.editing.edit import EDGE, Edit, Timings, check_blend, finish
from hairgan.editing.layout import LAYOUTS, resize_labels
from hairgan.editing.painting import HairColor, Painter, SEANPainter, TransferPainter
from hairgan.editing.restyling import Restyler
from hairgan.editing.subject import Parser, RoughHead, Subject, leaves_crop, wears_hat
from hairgan.editing.tinting import borrow_strands, match_surroundings
from hairgan.networks.bisenet import BiSeNet
from hairgan.networks.lowered import lowered
from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.resnet import fold_batch_norm
from hairgan.networks.sean import SEANGenerator
from hairgan.photos.alignment import Alignment, whole_photo
from hairgan.photos.faces import FaceFinder, FANFinder, MTCNNFinder, RegionFinder, find_face
from hairgan.photos.pixels import from_images, resize_picture, to_bytes, to_images, to_label_maps
from hairgan.regions import Region
from hairgan.weights.bundling import collect
from hairgan.weights.cards import load_bundle
from hairgan.weights.shipped import bundle_or_shipped

Photo = UInt8[ndarray, "_ _ 3"]
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

PARTS = ("parser", "sean", "mean_styles", "stargan_generator", "mapping_network", "style_encoder", "fan")
"""Names of the parts of a bundle that the salon makes use of."""

COLOR_DOMAINS = ("blond",)
"""Domains that are about colour: restyling to them takes the rough head's hair colour."""

PRECISIONS = ("float32", "bfloat16")

STRANDS = ("photo", "painted")
"""Whose strands dyed hair has."""

MOST = 10
"""Strength and truncation may go beyond 0 and 1, but not out of all proportion."""

GOES_ON = "the hair goes on outside the crop the networks see; there it stays as it is"


@dataclass(frozen=True)
class Mix:
    """Between two references: `share` 0 is the first, 1 the second."""

    first: Photo | Subject
    second: Photo | Subject
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"a share of two references is 0 to 1, not {self.share}")


Reference = Photo | Subject | Mix
Shares = list[tuple[Subject, float]]
"""A reference, aligned and parsed: subjects and their shares, which add up to 1."""


def _computing(
    method: Callable[Concatenate[Salon, Arguments], Answer],
) -> Callable[Concatenate[Salon, Arguments], Answer]:
    """A method that runs networks: without gradients, in the salon's precision."""

    @wraps(method)
    def run(salon: Salon, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        lower = salon.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(salon.device.type, torch.bfloat16, enabled=lower):
            return method(salon, *args, **kwargs)

    return run


class Salon:
    """Finds faces, parses, restyles, dyes and blends with whatever networks are there.

    Args:
        parser: images in [-1, 1] to logits of 19 regions; needed for everything.
        sean: paints layouts. Without it, dyeing is colour transfer, and restyling uses the rough head's own pixels.
        restyler: makes rough heads; needed for restyling.
        finder: finds faces in photos. By default the installed detector, else FAN or the parser, which want photos
            that one face fills roughly.
        batch_size: photos in a network at a time; by default 1 on a CPU, where more do not help, and 8 elsewhere.
        precision: of the networks' arithmetic, `"float32"` or `"bfloat16"`, which is faster on hardware that has it
            (docs/performance.md says how much, and how much pictures differ).
        mean_styles: SEAN's codes for regions that a photo does not show, nor anything that looks like them; without
            them such regions look like those of the rough head.
    """

    def __init__(
        self,
        parser: nn.Module,
        sean: SEANGenerator | None = None,
        restyler: Restyler | None = None,
        finder: FaceFinder | None = None,
        batch_size: int | None = None,
        mean_styles: MeanStyles | None = None,
        precision: str = "float32",
    ) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f"unknown precision '{precision}'; known are {', '.join(PRECISIONS)}")
        self.precision = precision
        self.device = next(parser.parameters()).device
        self.parser = Parser(parser)
        if sean is not None and precision == "bfloat16" and isinstance(sean, SEANGenerator):
            sean = lowered(sean)
        self.painter: Painter = TransferPainter() if sean is None else SEANPainter(sean, mean_styles)
        self.restyler = restyler
        self.parser_size = self.parser.size
        self.batch_size = batch_size or (1 if self.device.type == "cpu" else 8)
        self._finder = finder

    @classmethod
    def from_bundle(cls, source: Path | str | None = None, device: str | torch.device = "cpu", **options: Any) -> Salon:
        """The salon of a bundle: a folder, or a model repository on the Hugging Face hub.

        Args:
            source: the bundle; None takes the one that comes with hairgan, whose networks learned from drawn people.
            device: as in `hairgan.devices.choose_device`: `"auto"` takes a GPU if there is one.
            options: `finder`, `batch_size` and `precision`, as above.

        Raises:
            ValueError: the bundle will not load (`hairgan.weights.cards.load_bundle`), has no parser, its parts do not
                go together, or there is no such device.
        """
        bundle = load_bundle(bundle_or_shipped(source), PARTS, choose_device(device))
        return cls.from_networks(bundle.networks, bundle.domains, **options)

    @classmethod
    def from_run(
        cls, *runs: Path | str, checkpoint: str = "last", device: str | torch.device = "cpu", **options: Any
    ) -> Salon:
        """The salon of the networks in run directories and bundles; see `hairgan.weights.bundling.collect`."""
        where = choose_device(device)
        networks, facts = collect(runs, checkpoint)
        return cls.from_networks({name: n.to(where) for name, n in networks.items()}, facts["domains"], **options)

    @classmethod
    def from_networks(cls, networks: dict[str, nn.Module], domains: Sequence[str] = (), **options: Any) -> Salon:
        """The salon of networks named as in `PARTS`; see `from_bundle`."""
        if "parser" not in networks:
            raise ValueError(f"a face parser is needed; there are only {', '.join(networks) or 'no networks'}")
        get: Any = networks.get
        restyler = None
        if "stargan_generator" in networks:
            heads = get("mapping_network"), get("style_encoder"), get("fan")
            restyler = Restyler(get("stargan_generator"), *heads, domains)
        if "finder" not in options and not MTCNNFinder.available():
            options["finder"] = FANFinder(get("fan")) if "fan" in networks else RegionFinder(networks["parser"])
        parser = networks["parser"]
        parser = fold_batch_norm(parser) if isinstance(parser, BiSeNet) else parser
        return cls(parser, get("sean"), restyler, mean_styles=get("mean_styles"), **options)

    @_computing
    def subject(self, photo: Photo, aligned: bool = False) -> Subject:
        """Align and parse a photo: once, however many edits follow.

        Args:
            photo: RGB bytes.
            aligned: the photo is a CelebA-HQ crop already; no face is looked for.

        Raises:
            ValueError: there is no face, or it is too small.
        """
        return self._subjects([photo], aligned, Timings())[0]

    def dye(
        self,
        photo: Photo | Subject,
        *,
        like: Reference | None = None,
        color: str | None = None,
        strength: float = 1.0,
        strands: str = "photo",
        blend: str = "alpha",
        aligned: bool = False,
    ) -> Edit:
        """Change the colour of the hair.

        With SEAN the hair's style code becomes that of the reference, or the one found to give the wanted colour.
        Without it colour statistics are transferred. `Edit.method` says which.

        Args:
            photo: RGB bytes, or a `subject` made of them.
            like: a photo whose hair colour to take, or a `Mix` of two.
            color: instead, a hair colour's name, a CSS colour or a hex code.
            strength: 0 keeps the colour, 1 takes the wanted one.
            strands: `"photo"`: the photo's own, in the painted colours; `"painted"`: SEAN's. Colour transfer always
                keeps the photo's.
            blend: `"alpha"`, `"laplacian"`, `"poisson"`, or `"none"`: the whole painting as it is, as published.
            aligned: both photos are CelebA-HQ crops already.

        Raises:
            ValueError: no face, no hair in a photo, not exactly one of `like` and `color`, or an unknown colour, blend
                or choice of strands.
        """
        how: Any = {"strength": strength, "strands": strands, "blend": blend, "aligned": aligned}
        return self.dye_all([photo], like=like, color=color, **how)[0]

    @_computing
    def dye_all(
        self,
        photos: Sequence[Photo | Subject],
        *,
        like: Reference | Sequence[Reference] | None = None,
        color: str | None = None,
        strength: float | Sequence[float] = 1.0,
        strands: str = "photo",
        blend: str = "alpha",
        aligned: bool = False,
    ) -> list[Edit]:
        """Dye many photos like one, one like many, or pair by pair; arguments and errors as in `dye`."""
        if (like is None) == (color is None):
            raise ValueError("say either what the hair is to be like or what colour it is to have")
        if strands not in STRANDS:
            raise ValueError(f"unknown strands '{strands}'; known are {', '.join(STRANDS)}")
        check_blend(blend)
        _check_amount("strength", *listed(strength))
        timings = Timings()
        subjects = self._subjects(photos, aligned, timings)
        for subject in subjects:
            subject.require_hair("the photo")
        if color is not None:
            colors = [HairColor.of_text(color)]
        else:
            likes = [one for one in listed(like) if one is not None]
            colors = [HairColor.of_references(self._shares(one, aligned, timings)) for one in likes]
        edits: list[Edit] = []
        for jobs in chunks(together(subjects, colors, listed(strength)), self.batch_size):
            with timings.stage("paint"):
                painted = self.painter.dye(jobs, as_painted=strands == "painted" or blend == "none")
            for (subject, hue, amount), picture in zip(jobs, painted, strict=True):
                layout, method = subject.label_map(len(picture)), self.painter.describe(hue)
                wanted = hue.mean if amount == 1 else None
                edit = finish(subject, picture, layout, blend, timings, method=method, wanted=wanted)
                if subject.leaves_crop and blend != "none":
                    with timings.stage("beyond"):
                        edit = replace(edit, image=dye_beyond(subject, edit, self.parser))
                edits.append(edit)
        return edits

    def restyle(self, photo: Photo | Subject, **how: Any) -> Edit:
        """Change the shape of the hair, and its colour if asked to; arguments and errors as in `restyle_all`."""
        return self.restyle_all([photo], **how)[0]

    @_computing
    def restyle_all(
        self,
        photos: Sequence[Photo | Subject],
        *,
        domain: str | None = None,
        seed: int | Sequence[int] = 0,
        psi: float = 1.0,
        like: Reference | Sequence[Reference] | None = None,
        color_like: Reference | None = None,
        color: str | None = None,
        mode: str = "preserve",
        blend: str | None = None,
        aligned: bool = False,
    ) -> list[Edit]:
        """Restyle many photos one way, one photo in many ways, or pair by pair.

        Args:
            photos: RGB bytes, or `subject`s made of them.
            domain: the hair domain to go to. With `like` it says as which domain the reference is read; left out, all
                are tried and the one is taken whose rough head has hair most like the reference's.
            seed, psi: which style of the domain, and its truncation: 1 as drawn, 0 the domain's mean.
            like: photos whose hair style to take, or a `Mix` of two.
            color_like: a photo, or a `Mix`, whose hair colour to take. By default the colour stays, except in domains
                that are about colour.
            color: instead, a colour as in `dye`.
            mode: `"preserve"` takes only the hair of the rough head; `"seed"` takes its whole layout and blends
                nothing, as published.
            blend: as in `dye`; by default `"alpha"`, and `"none"` in mode `"seed"`.
            aligned: the photos are CelebA-HQ crops already.

        Raises:
            ValueError: as in `dye`, or there is no such domain, or no StarGAN v2.
        """
        if self.restyler is None:
            raise ValueError("restyling needs StarGAN v2, which is not in the bundle")
        if mode not in LAYOUTS:
            raise ValueError(f"unknown mode '{mode}'; known are {', '.join(LAYOUTS)}")
        if domain is None and like is None:
            raise ValueError("say which domain the hair is to go to, or what it is to be like")
        if color_like is not None and color is not None:
            raise ValueError("say either what the colour is to be like or which colour it is to be")
        blend = blend or ("none" if mode == "seed" else "alpha")
        check_blend(blend)
        _check_amount("psi", psi)
        timings = Timings()
        subjects = self._subjects(photos, aligned, timings)
        references = [self._shares(one, aligned, timings) if one is not None else [] for one in listed(like)]
        hue = None
        if color is not None:
            hue = HairColor.of_text(color)
        elif color_like is not None:
            hue = HairColor.of_references(self._shares(color_like, aligned, timings))
        edits: list[Edit] = []
        for part in chunks(together(subjects, references, listed(seed)), self.batch_size):
            with timings.stage("style"):
                styles = [self._style(subject, shares, one, domain, psi) for subject, shares, one in part]
            with timings.stage("rough head"):
                heads = self._rough_heads([subject for subject, _, _ in part], torch.stack(styles))
            jobs = []
            for head in heads:
                used = hue
                if used is None and domain not in COLOR_DOMAINS and head.subject.has_hair:
                    used = HairColor.of_references([(head.subject, 1.0)], "the photo")
                jobs.append((head, LAYOUTS[mode](head.subject.labels, head.labels), used))
            with timings.stage("paint"):
                painted = self.painter.restyle(jobs, as_painted=blend == "none")
            for (head, layout, used), picture, (subject, shares, _) in zip(jobs, painted, part, strict=True):
                layout = resize_labels(layout, len(picture))
                if blend != "none":
                    with timings.stage("match"):
                        picture = _matched(picture, layout, subject, shares)
                edit = finish(
                    subject,
                    picture,
                    layout,
                    blend,
                    timings,
                    method=self.painter.describe(used),
                    wanted=None if hue is None else hue.mean,
                    rough=head.picture,
                    notes=(GOES_ON,) if subject.leaves_crop else (),
                )
                edits.append(edit)
        return edits

    # -- steps --

    def _subjects(self, photos: Sequence[Photo | Subject], aligned: bool, timings: Timings) -> list[Subject]:
        subjects: dict[int, Subject] = {id(photo): photo for photo in photos if isinstance(photo, Subject)}
        found = []
        with timings.stage("align"):
            for photo in photos:
                if not isinstance(photo, Subject):
                    alignment, warnings = self._align(photo, aligned)
                    found.append((photo, alignment, alignment.crop(photo), warnings))
        for part in chunks(found, self.batch_size):
            with timings.stage("parse"):
                parsed = self.parser([crop for _, _, crop, _ in part])
            for (photo, alignment, crop, warnings), (labels, hair) in zip(part, parsed, strict=True):
                ramp = alignment.ramp(photo.shape[0], photo.shape[1], EDGE * self.parser_size)
                notes = (*warnings, *(["a hat covers hair; it stays as it is"] if wears_hat(labels) else []))
                goes_on = leaves_crop(labels, ramp)
                subjects[id(photo)] = Subject(photo, alignment, crop, labels, hair, notes, goes_on)
        return [subjects[id(photo)] for photo in photos]

    def _align(self, photo: Photo, aligned: bool) -> tuple[Alignment, list[str]]:
        if aligned:
            return whole_photo(photo.shape[0], photo.shape[1], self.parser_size), []
        self._finder = self._finder or MTCNNFinder()
        return find_face(photo, self._finder, self.parser_size)

    def _shares(self, reference: Reference, aligned: bool, timings: Timings) -> Shares:
        mix = reference if isinstance(reference, Mix) else Mix(reference, reference, 0.0)
        shares = [(photo, share) for photo, share in ((mix.first, 1 - mix.share), (mix.second, mix.share)) if share]
        subjects = self._subjects([photo for photo, _ in shares], aligned, timings)
        for subject in subjects:
            subject.require_hair("the reference")
        return [(subject, share) for subject, (_, share) in zip(subjects, shares, strict=True)]

    def _style(
        self, subject: Subject, shares: Shares, seed: int, domain: str | None, psi: float
    ) -> Float[Tensor, " style"]:
        assert self.restyler is not None
        if not shares:
            assert domain is not None
            return self.restyler.style_of_domain(domain, seed, psi)
        total = torch.zeros((), device=self.device)
        for other, share in shares:
            image = to_images([other.picture(self.restyler.size)], self.device)
            style = self.restyler.style_of_images(image, domain or self._closest_domain(subject, other))[0]
            total = total + share * style
        return total

    def _closest_domain(self, subject: Subject, other: Subject) -> str:
        """As which domain a reference is best read: the one whose rough head's hair overlaps the reference's most."""
        assert self.restyler is not None
        image = to_images([other.picture(self.restyler.size)], self.device)
        target = other.labels == Region.HAIR
        overlaps = {}
        for names in chunks(list(self.restyler.domains), self.batch_size):
            styles = torch.cat([self.restyler.style_of_images(image, name) for name in names])
            for name, head in zip(names, self._rough_heads([subject] * len(names), styles), strict=True):
                hair = head.labels == Region.HAIR
                overlaps[name] = (hair & target).sum() / (hair | target).sum()
        return max(overlaps, key=lambda name: overlaps[name])

    def _rough_heads(self, subjects: list[Subject], styles: Float[Tensor, "b style"]) -> list[RoughHead]:
        assert self.restyler is not None
        size = self.restyler.size
        images = to_images([subject.picture(size) for subject in subjects], self.device)
        labels = to_label_maps([subject.label_map(size) for subject in subjects], self.device)
        pictures = [to_bytes(picture) for picture in from_images(self.restyler(images, styles, labels))]
        parsed = self.parser([resize_picture(picture, self.parser_size) for picture in pictures])
        return [
            RoughHead(subject, picture, found)
            for subject, picture, (found, _) in zip(subjects, pictures, parsed, strict=True)
        ]


def _check_amount(what: str, *values: float) -> None:
    for value in values:
        if not -MOST <= value <= MOST:
            raise ValueError(f"{what} is a number from -{MOST} to {MOST}, not {value}")


def _matched(
    painted: Float32[ndarray, "s s 3"], layout: UInt8[ndarray, "s s"], subject: Subject, references: Shares
) -> Float32[ndarray, "s s 3"]:
    """A painting with the strands of its main reference, if it has one, that goes with the subject's picture."""
    size = len(painted)
    if references:
        donor = max(references, key=lambda reference: reference[1])[0]
        theirs = donor.label_map(size) == Region.HAIR
        painted = borrow_strands(painted, layout == Region.HAIR, donor.picture(size), theirs)
    return match_surroundings(painted, subject.picture(size), subject.label_map(size), layout)
