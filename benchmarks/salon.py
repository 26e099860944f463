"""Speed of the salon at 256 px, compared with a plain form of the published pipeline.

Networks of the published sizes with random weights; photos and label maps are procedural portraits. A parser with
random weights finds no regions, so after its computation the portraits' own label maps are returned. The plain
pipeline computes what the published one computes for one pair of photos: it parses both at 512 px with batch norm,
makes the rough head as published, and runs SEAN written with loops. Alignment, blending and pasting, which it lacks,
are counted for the salon only. Both have their networks loaded, and keep freed memory, as the command line does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.measuring import Settings, Table, measure
from hairgan.editing.edit import Edit
from hairgan.editing.inference import PRECISIONS
from hairgan.editing.restyler import Restyler
from hairgan.editing.salon import Salon
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.fan import FAN
from hairgan.networks.resnet import fold_batch_norm
from hairgan.networks.sean import SEANGenerator
from hairgan.networks.stargan import Generator, StyleEncoder
from hairgan.portraits import Hairstyle, Identity, draw
from hairgan.regions import NUM_REGIONS, Region
from hairgan.weights.official import from_official
from tests.oracles import published_stargan as published
from tests.oracles.sean_loop import SEANLoop, settle_spectral_norm

SIZE = 256


class Prompted(nn.Module):
    """A parser that runs its network and then returns prepared label maps, one after another."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.image_size = network, 512
        self.prompts: list[Tensor] = []

    def forward(self, images: Tensor) -> Tensor:
        self.network(images)
        labels = self.prompts.pop(0).expand(len(images), -1, -1)
        return 20 * F.one_hot(labels, NUM_REGIONS).permute(0, 3, 1, 2).float()  # b h w 19 -> b 19 h w


class Subjects:
    """A photo, a reference, and the head that an ideal StarGAN v2 would make of the two."""

    def __init__(self) -> None:
        person = Identity.sample(0, 0)
        self.portraits = [
            draw(person, Hairstyle.sample(0, 0), 1024),
            draw(Identity.sample(0, 1), Hairstyle.sample(0, 1), 1024),
            draw(person, Hairstyle.sample(0, 1), 512),
        ]
        self.photo, self.reference = (portrait.image for portrait in self.portraits[:2])
        maps = [torch.from_numpy(portrait.labels[None]).long() for portrait in self.portraits]
        self.labels = [labels[:, :: labels.shape[1] // 512, :: labels.shape[1] // 512] for labels in maps]

    def images(self, size: int) -> list[Tensor]:
        """The three as images in [-1, 1], `(1, 3, size, size)`."""
        steps = [len(portrait.image) // size for portrait in self.portraits]
        pictures = [
            np.ascontiguousarray(portrait.image[::step, ::step])
            for portrait, step in zip(self.portraits, steps, strict=True)
        ]
        return [torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1 for picture in pictures]


class Networks:
    """Networks of the published or of very small sizes with random weights, in the plain form and in the salon's."""

    def __init__(self, tiny: bool) -> None:
        self.bisenet = BiSeNet(base_width=8 if tiny else 64).eval()
        self.loop = (SEANLoop(SIZE, 2, style_dim=8) if tiny else SEANLoop(SIZE)).eval()
        settle_spectral_norm(self.loop)
        widths = {"base_width": 4, "max_width": 16} if tiny else {}
        self.generator, self.encoder = Generator(SIZE, **widths), StyleEncoder(SIZE, num_domains=7, **widths)
        self.fan = FAN()

    def salons(self, parser: Prompted) -> dict[str, Salon]:
        """A salon per precision."""
        sean = from_official("sean/generator", self.loop.state_dict(), image_size=SIZE)
        assert isinstance(sean, SEANGenerator)
        restyler = Restyler(self.generator, None, self.encoder, self.fan, [str(i) for i in range(7)])
        return {name: Salon(parser, sean, restyler, precision=name) for name in PRECISIONS}


def edits(subjects: Subjects, networks: Networks) -> dict[str, Callable[[str], Edit]]:
    """What the salon is timed with: functions of a precision."""
    prompted = Prompted(fold_batch_norm(networks.bisenet))
    salons = networks.salons(prompted)
    photo, reference = subjects.photo, subjects.reference

    def dye(precision: str) -> Edit:
        prompted.prompts = subjects.labels[:2]
        return salons[precision].dye(photo, like=reference, aligned=True)

    def restyle(precision: str) -> Edit:
        prompted.prompts = subjects.labels[:3]
        return salons[precision].restyle(photo, like=reference, domain="3", aligned=True)

    parsed = {}
    for precision, salon in salons.items():
        prompted.prompts = subjects.labels[:2]
        parsed[precision] = salon.parse(photo, aligned=True), salon.parse(reference, aligned=True)

    def dye_again(precision: str) -> Edit:
        subject, other = parsed[precision]
        return salons[precision].dye(subject, like=other)

    return {"dye": dye, "restyle by reference": restyle, "a second color for the same photo": dye_again}


def plain_edits(subjects: Subjects, networks: Networks) -> dict[str, Callable[[], Tensor]]:
    """The published pipeline, restated."""
    bisenet, loop, fan = networks.bisenet, networks.loop, networks.fan
    large, small = subjects.images(512), subjects.images(SIZE)
    maps = [labels[:, ::2, ::2] for labels in subjects.labels]
    generator, encoder = dict(networks.generator.named_parameters()), dict(networks.encoder.named_parameters())

    @torch.inference_mode()
    def dye() -> Tensor:
        for image in large[:2]:
            bisenet(image)
        codes, others = (loop.encode_styles(small[i], maps[i]) for i in (0, 1))
        codes[:, Region.HAIR] = others[:, Region.HAIR]
        return loop(maps[0], codes)

    @torch.inference_mode()
    def restyle() -> Tensor:
        style = published.style_encoder(encoder, small[1], torch.tensor([3]))
        rough = published.generator(generator, small[0], style, fan.masks(small[0]), 1.0)
        for image in (large[0], F.interpolate(rough, size=(512, 512), mode="bilinear")):
            bisenet(image)
        return loop(maps[2], loop.encode_styles(small[0], maps[0]))

    return {"dye": dye, "restyle by reference": restyle}


def tables(settings: Settings) -> Iterator[Table]:
    subjects, networks = Subjects(), Networks(settings.quick)
    ours, plain = edits(subjects, networks), plain_edits(subjects, networks)
    precisions = PRECISIONS if settings.bf16 and not settings.quick else PRECISIONS[:1]
    for name, baselines in PLAIN.items():
        works: dict[str, Callable[[], object]] = {PLAIN_NAME: plain[name]}
        for each in baselines:
            works |= {f"{each}, {precision}": partial(ours[each], precision) for precision in precisions}
        rows = measure(works, repeats=settings.repeats, memory=not settings.quick, gflop=not settings.quick)
        stages = {}
        for each, precision in itertools.product(baselines[:1], precisions):
            timings = ours[each](precision).timings
            stages[f"ms per stage, {precision}"] = {stage: round(ms, 1) for stage, ms in timings.items()}
        yield Table(f"{name}, {SIZE} px", rows, PLAIN_NAME, stages)


PLAIN_NAME = "plain"
PLAIN = {"dye": ("dye", "a second color for the same photo"), "restyle by reference": ("restyle by reference",)}
"""Plain edits, each with the salon's edits that are compared with it."""
