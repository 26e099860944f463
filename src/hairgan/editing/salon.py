"""The salon: dyes and restyles hair in photos of any size.

    salon = Salon.from_bundle("bundle")
    edit = salon.dye(open_rgb("me.jpg"), like=open_rgb("her.jpg"))
    edit.image                                  # the photo, at its own resolution, in which only the hair changed

An edit goes through these steps, each in a module of its own:

    align, parse           photo_parser.py      Photo -> AlignedPhoto -> ParsedPhoto
    style, rough head      rough_head.py        StyleRequest -> style code -> RoughHead      (restyle only)
    layout                 layout.py            RoughHead -> label map                       (restyle only)
    layer                  layer_restyler.py    StyleRequest -> Painting, in the place of all steps up to match
    style codes, paint     sean_painter.py      DyeJob or RestyleJob -> Painting
    match                  painting.py          Painting -> Painting                         (restyle only)
    blend, paste back      painting.py          Painting -> BlendedCrop -> Edit
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hairgan.devices import choose_device
from hairgan.editing.batching import as_list, batches, broadcast
from hairgan.editing.edit import Edit, Timings
from hairgan.editing.hair_outside_crop import HairBeyondNewHair, dye_hair_outside_crop
from hairgan.editing.inference import check_precision, inference
from hairgan.editing.layer_restyler import COLOR_DOMAINS, LayerRestyler
from hairgan.editing.layout import LAYOUTS
from hairgan.editing.painter import DyeJob, Painter, RestyleJob
from hairgan.editing.painting import Painting, check_blend, collect_edit, match_painting, paste_back
from hairgan.editing.parsed_photo import ParsedPhoto
from hairgan.editing.photo_parser import PhotoParser
from hairgan.editing.references import Photo, Reference, WeightedReference
from hairgan.editing.restyler import Restyler
from hairgan.editing.rough_head import RoughHeadMaker, StyleRequest
from hairgan.editing.sean_painter import SEANPainter
from hairgan.editing.steps import Steps
from hairgan.editing.transfer_painter import TransferPainter
from hairgan.editing.wanted_color import WantedColor
from hairgan.networks.hair_layout import HairLayoutNet
from hairgan.networks.low_precision import in_low_precision
from hairgan.networks.mean_styles import MeanStyles
from hairgan.networks.sean import SEANGenerator
from hairgan.photos.face_finders import FANFinder, MTCNNFinder, RegionFinder
from hairgan.photos.faces import FaceFinder
from hairgan.photos.parser import FaceParser
from hairgan.regions import resize_labels
from hairgan.weights.bundles import load_bundle
from hairgan.weights.collecting import collect
from hairgan.weights.shipped import bundle_or_shipped

PARTS = ("parser", "sean", "mean_styles", "stargan_generator", "mapping_network", "style_encoder", "fan", "hair_layout")
"""Names of the parts of a bundle that the salon uses."""

STRANDS = ("photo", "painted")
"""Whose strands dyed hair has."""

HAIR_STAYS_OUTSIDE = "the hair continues outside the crop that the networks see; there it is not changed"
SHAPE_STAYS_OUTSIDE = "the hair continues outside the crop that the networks see; there it keeps its shape"

MAX_AMOUNT = 10
"""Largest strength and truncation; 0 to 1 is usual, and more exaggerates."""


class Salon:
    """Finds faces, parses, restyles, dyes and blends with the networks of a bundle.

    Args:
        parser: images in [-1, 1] to logits of 19 regions; needed for everything.
        sean: paints label maps. Without it, dyeing is color transfer, and restyling uses the rough head's own pixels.
        restyler: makes rough heads; needed for restyling.
        finder: finds faces in photos. By default the installed detector, else FAN or the parser, which need photos
            that are mostly one face.
        batch_size: photos in a network at a time; by default 1 on a CPU, where larger batches are no faster, and 8
            elsewhere.
        precision: of the networks' arithmetic, `"float32"` or `"bfloat16"`, which is faster on some hardware
            (docs/performance.md compares speed and pictures).
        mean_styles: SEAN's codes for regions that a photo does not show and that have no stand-in there; without them
            such regions look like those of the rough head.
        hair_layout: says where hair like another head's goes; with it restyled hair is a layer.
    """

    def __init__(
        self,
        parser: nn.Module | FaceParser,
        sean: SEANGenerator | None = None,
        restyler: Restyler | None = None,
        finder: FaceFinder | None = None,
        batch_size: int | None = None,
        mean_styles: MeanStyles | None = None,
        precision: str = "float32",
        hair_layout: HairLayoutNet | None = None,
    ) -> None:
        check_precision(precision)
        self.precision = precision
        self.parser = parser if isinstance(parser, FaceParser) else FaceParser(parser)
        self.device = self.parser.device
        self.batch_size = batch_size or (1 if self.device.type == "cpu" else 8)
        self.photo_parser = PhotoParser(self.parser, finder, self.batch_size)
        if sean is not None and precision == "bfloat16" and isinstance(sean, SEANGenerator):
            sean = in_low_precision(sean)
        self.painter: Painter = TransferPainter() if sean is None else SEANPainter(sean, mean_styles)
        self.restyler = restyler
        self.rough_heads = None if restyler is None else RoughHeadMaker(restyler, self.parser, self.batch_size)
        self.layers = None if hair_layout is None else LayerRestyler(hair_layout, self.rough_heads)
        self.steps = Steps()

    @classmethod
    def from_bundle(cls, source: Path | str | None = None, device: str | torch.device = "cpu", **options: Any) -> Salon:
        """The salon of a bundle: a folder, or `owner/name[@revision]` on the Hugging Face hub.

        Args:
            source: the bundle; None takes the one that comes with hairgan, whose networks learned from drawn people.
            device: as in `hairgan.devices.choose_device`: `"auto"` takes a GPU if there is one.
            options: `finder`, `batch_size` and `precision`, as above.

        Raises:
            ValueError: the bundle cannot be loaded (`hairgan.weights.bundles.load_bundle`), has no parser or networks
                that do not fit each other, or there is no such device.
        """
        bundle = load_bundle(bundle_or_shipped(source), PARTS, choose_device(device))
        return cls.from_networks(bundle.networks, bundle.domains, **options)

    @classmethod
    def from_pretrained(
        cls, name: str, revision: str | None = None, device: str | torch.device = "cpu", **options: Any
    ) -> Salon:
        """The salon of a bundle on the Hugging Face hub, downloaded once.

        Args:
            name: `owner/name` of a model repository, or a folder.
            revision: a branch, a tag or a commit; None for the newest.
            device, options: as in `from_bundle`.

        Raises:
            ValueError: as in `from_bundle`, and there is no such repository or revision, or the hub is not reached.
        """
        bundle = load_bundle(name, PARTS, choose_device(device), revision=revision)
        return cls.from_networks(bundle.networks, bundle.domains, **options)

    @classmethod
    def from_run(
        cls, *runs: Path | str, checkpoint: str = "last", device: str | torch.device = "cpu", **options: Any
    ) -> Salon:
        """The salon of the networks in run directories and bundles; see `hairgan.weights.collecting.collect`."""
        where = choose_device(device)
        networks, facts = collect(runs, checkpoint)
        return cls.from_networks({name: n.to(where) for name, n in networks.items()}, facts["domains"], **options)

    @classmethod
    def from_networks(cls, networks: dict[str, nn.Module], domains: Sequence[str] = (), **options: Any) -> Salon:
        """The salon of networks named as in `PARTS`; see `from_bundle`."""
        if "parser" not in networks:
            raise ValueError(f"a face parser is needed; there are only {', '.join(networks) or 'no networks'}")
        get: Any = networks.get
        parser = FaceParser(networks["parser"])
        restyler = None
        if "stargan_generator" in networks:
            heads = get("mapping_network"), get("style_encoder"), get("fan")
            restyler = Restyler(get("stargan_generator"), *heads, domains)
        if "finder" not in options and not MTCNNFinder.available():
            options["finder"] = FANFinder(get("fan")) if "fan" in networks else RegionFinder(parser)
        return cls(
            parser, get("sean"), restyler,
            mean_styles=get("mean_styles"), hair_layout=get("hair_layout"), **options,
        )  # fmt: skip

    def with_steps(self, steps: Steps) -> Salon:
        """A salon with the same networks and other steps."""
        salon = copy.copy(self)
        salon.steps = steps
        return salon

    @inference
    def parse(self, photo: Photo, aligned: bool = False) -> ParsedPhoto:
        """Align and parse a photo once, for any number of edits of it or like it.

        Args:
            photo: RGB bytes.
            aligned: the photo is a CelebA-HQ crop already; no face is looked for.

        Raises:
            ValueError: there is no face, or it is too small.
        """
        return self.photo_parser([photo], aligned, Timings())[0]

    def dye(self, photo: Photo | ParsedPhoto, **how: Any) -> Edit:
        """Change the color of the hair; arguments and errors as in `dye_all`."""
        return self.dye_all([photo], **how)[0]

    @inference
    def dye_all(
        self,
        photos: Sequence[Photo | ParsedPhoto],
        *,
        like: Reference | Sequence[Reference] | None = None,
        color: str | None = None,
        strength: float | Sequence[float] = 1.0,
        strands: str = "photo",
        blend: str = "alpha",
        aligned: bool = False,
    ) -> list[Edit]:
        """Change the color of hair: in many photos like one, in one like many, or pair by pair.

        With SEAN the hair's style code becomes that of the reference, or the one found to give the wanted color.
        Without it color statistics are transferred. `Edit.method` says which.

        Args:
            photos: RGB bytes, or photos that `parse` returned.
            like: a photo whose hair color to take, or a `Mix` of two; one for all photos, or one per photo.
            color: instead, a hair color's name, a CSS color or a hex code.
            strength: 0 keeps the color, 1 takes the wanted one; one for all photos, or one per photo.
            strands: `"photo"`: the photo's own, in the painted colors; `"painted"`: SEAN's. Color transfer always
                keeps the photo's.
            blend: `"alpha"`, `"poisson"`, or `"none"`: the whole painting as it is, as published.
            aligned: all photos are CelebA-HQ crops already.

        Raises:
            ValueError: a photo without a face or hair, not exactly one of `like` and `color`, or an unknown color,
                blend or choice of strands.
        """
        if (like is None) == (color is None):
            raise ValueError("give either like, a photo whose hair color to take, or color")
        if strands not in STRANDS:
            raise ValueError(f"unknown strands '{strands}'; known are {', '.join(STRANDS)}")
        check_blend(blend)
        strengths = as_list(strength)
        _check_amount("strength", *strengths)
        timings = Timings()
        parsed = self.photo_parser(photos, aligned, timings)
        for photo in parsed:
            photo.require_hair("the photo")
        if color is not None:
            colors = [WantedColor.from_text(color)]
        else:
            references = [one for one in as_list(like) if one is not None]
            colors = [
                WantedColor.from_references(self.photo_parser.reference(one, aligned=aligned, timings=timings))
                for one in references
            ]
        jobs = [DyeJob(*row) for row in broadcast(parsed, colors, strengths)]
        edits: list[Edit] = []
        for batch in batches(jobs, self.batch_size):
            edits += self._dye_batch(batch, strands, blend, timings)
        return edits

    def restyle(self, photo: Photo | ParsedPhoto, **how: Any) -> Edit:
        """Change the shape of the hair, and its color if asked to; arguments and errors as in `restyle_all`."""
        return self.restyle_all([photo], **how)[0]

    @inference
    def restyle_all(
        self,
        photos: Sequence[Photo | ParsedPhoto],
        *,
        domain: str | None = None,
        seed: int | Sequence[int] = 0,
        psi: float = 1.0,
        like: Reference | Sequence[Reference] | None = None,
        color_like: Reference | None = None,
        color: str | None = None,
        mode: str | None = None,
        blend: str | None = None,
        aligned: bool = False,
    ) -> list[Edit]:
        """Change the shape of hair: of many photos one way, of one photo in many ways, or pair by pair.

        Args:
            photos: RGB bytes, or photos that `parse` returned.
            domain: the hair domain to go to. With `like` the domain to read the reference as; left out, all are tried
                and the one is taken whose rough head has hair most like the reference's.
            seed: which style of the domain; one for all photos, or one per photo.
            psi: truncation of that style: 1 as drawn, 0 the domain's mean.
            like: a photo whose hair style to take, or a `Mix` of two; one for all photos, or one per photo.
            color_like: a photo, or a `Mix`, whose hair color to take. By default the color stays, except in domains
                that are about color.
            color: instead, a color as in `dye_all`.
            mode: `"layer"`, the default if the bundle has a hair layout network, removes the old hair and lays new hair
                over the photo; `"preserve"`, the default without one, takes only the hair of the rough head; `"seed"`
                takes its whole layout and blends nothing, as published.
            blend: as in `dye_all`; by default `"alpha"`, and `"none"` in mode `"seed"`. Mode `"layer"` has none.
            aligned: all photos are CelebA-HQ crops already.

        Raises:
            ValueError: as in `dye_all`, or there is no such domain, or no network that the mode needs.
        """
        mode = self._restyling_mode(mode)
        if domain is None and like is None:
            raise ValueError("give a domain, or like, a photo whose hair style to take")
        if color_like is not None and color is not None:
            raise ValueError("give color_like or color, not both")
        if mode == "layer" and blend is not None:
            raise ValueError("a layer of hair has no other blend: leave blend out, or choose mode='preserve'")
        blend = blend or ("none" if mode == "seed" else "alpha")
        check_blend(blend)
        _check_amount("psi", psi)
        if mode == "layer":
            assert self.layers is not None
            self.layers.check(domain, psi, has_references=like is not None)
        timings = Timings()
        parsed = self.photo_parser(photos, aligned, timings)
        references = [
            () if one is None else self.photo_parser.reference(one, aligned=aligned, timings=timings)
            for one in as_list(like)
        ]
        wanted = None
        if color is not None:
            wanted = WantedColor.from_text(color)
        elif color_like is not None:
            wanted = WantedColor.from_references(self.photo_parser.reference(color_like, aligned, timings))
        requests = [
            StyleRequest(photo, references, domain, seed, psi)
            for photo, references, seed in broadcast(parsed, references, as_list(seed))
        ]
        if mode == "layer":
            return [self._restyle_as_layer(request, wanted, timings) for request in requests]
        edits: list[Edit] = []
        for batch in batches(requests, self.batch_size):
            edits += self._restyle_batch(batch, wanted, mode, blend, timings)
        return edits

    @property
    def domains(self) -> tuple[str, ...]:
        """The hair domains that `restyle` can go to."""
        if self.restyler is not None and self.restyler.mapping is not None:
            return self.restyler.domains
        if self.layers is None:
            return ()
        from hairgan.editing.drawn_donors import drawn_domains  # imports polars

        return drawn_domains().names

    def restyling_modes(self) -> tuple[str, ...]:
        """The modes of restyling that the networks allow, the default one first."""
        return (*(() if self.layers is None else ("layer",)), *(() if self.restyler is None else LAYOUTS))

    def _restyling_mode(self, mode: str | None) -> str:
        modes = self.restyling_modes()
        if mode not in (None, "layer", *LAYOUTS):
            raise ValueError(f"unknown mode '{mode}'; known are layer, {', '.join(LAYOUTS)}")
        if not modes:
            raise ValueError("restyling needs a hair layout network or StarGAN v2, and the bundle has neither")
        if mode is not None and mode not in modes:
            needed = "a hair layout network" if mode == "layer" else "StarGAN v2"
            raise ValueError(f"restyling with mode='{mode}' needs {needed}, which is not in the bundle")
        return mode or modes[0]

    def _restyle_as_layer(self, request: StyleRequest, wanted: WantedColor | None, timings: Timings) -> Edit:
        assert self.layers is not None
        painting = self.layers.paint(request, wanted, self.steps.place_hair, timings)
        if not request.photo.leaves_crop:
            return self._blend_and_paste(painting, "alpha", timings)
        outside = HairBeyondNewHair(request.photo, painting.layout, self.parser)
        edit = self._blend_and_paste(replace(painting, up_to_edge=outside.at_edges), "alpha", timings)
        with timings.stage("hair outside crop"):
            image, stays = outside.finish(edit)
        return replace(edit, image=image, warnings=(*edit.warnings, SHAPE_STAYS_OUTSIDE) if stays else edit.warnings)

    def _dye_batch(self, jobs: Sequence[DyeJob], strands: str, blend: str, timings: Timings) -> list[Edit]:
        with timings.stage("paint"):
            crops = self.painter.dye(jobs, as_painted=strands == "painted" or blend == "none")
        edits = []
        for job, crop in zip(jobs, crops, strict=True):
            painting = Painting(
                photo=job.photo,
                picture=crop.picture,
                layout=job.photo.labels_at(len(crop.picture)),
                dyed=crop.share,
                method=self.painter.describe(job.color),
                wanted=job.color.lab.mean if job.strength == 1 else None,
            )
            edit = self._blend_and_paste(painting, blend, timings)
            if job.photo.leaves_crop and blend != "none":
                with timings.stage("hair outside crop"):
                    edit = replace(edit, image=dye_hair_outside_crop(job.photo, edit, self.parser))
            edits.append(edit)
        return edits

    def _restyle_batch(
        self, requests: Sequence[StyleRequest], wanted: WantedColor | None, mode: str, blend: str, timings: Timings
    ) -> list[Edit]:
        assert self.rough_heads is not None
        with timings.stage("style"):
            styles = torch.stack([self.rough_heads.style(request) for request in requests])
        with timings.stage("rough head"):
            heads = self.rough_heads.make([request.photo for request in requests], styles)
        jobs = []
        for request, head in zip(requests, heads, strict=True):
            color = wanted
            if color is None and request.domain not in COLOR_DOMAINS and request.photo.has_hair:
                color = WantedColor.from_references([WeightedReference(request.photo, 1.0)], "the photo")
            jobs.append(RestyleJob(head, self.steps.lay_out(head, mode), color))
        with timings.stage("paint"):
            pictures = self.painter.restyle(jobs, as_painted=blend == "none")
        edits = []
        for request, job, picture in zip(requests, jobs, pictures, strict=True):
            painting = Painting(
                photo=request.photo,
                picture=picture,
                layout=resize_labels(job.layout, len(picture)),
                method=self.painter.describe(job.color),
                wanted=None if wanted is None else wanted.lab.mean,
                rough=job.head.picture,
                warnings=(HAIR_STAYS_OUTSIDE,) if request.photo.leaves_crop else (),
            )
            if blend != "none":
                with timings.stage("match"):
                    painting = match_painting(painting, request.references)
            edits.append(self._blend_and_paste(painting, blend, timings))
        return edits

    def _blend_and_paste(self, painting: Painting, blend: str, timings: Timings) -> Edit:
        with timings.stage("blend"):
            crop = self.steps.blend(painting, blend)
        with timings.stage("paste"):
            image = paste_back(crop)
        return collect_edit(crop, image, timings)


def _check_amount(what: str, *values: float) -> None:
    for value in values:
        if not -MAX_AMOUNT <= value <= MAX_AMOUNT:
            raise ValueError(f"{what} is a number from -{MAX_AMOUNT} to {MAX_AMOUNT}, not {value}")
