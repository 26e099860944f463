"""The registry of metrics: their names, and the values that each measures.

Checks of settings, the callback `Evaluate`, `evaluate.py` and the report all read it. Nothing heavy is imported here:
it holds names, and the code is in `hairgan.metrics` (what is computed) and `hairgan.evaluation` (on which images). What
each value means is in `hairgan.metrics.definitions`.

A metric of your own needs no line here: it is named by its class, `my_metrics.HairBrightness`, or declared by an
installed package in the entry point group `hairgan.metrics` (docs/extending.md).
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from hairgan.region_names import REGION_NAMES

# -- what is measured with what --

Mode = Literal["latent", "reference"]

MODES: tuple[Mode, ...] = ("latent", "reference")
"""Sources of StarGAN v2's styles."""

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class ProtocolNames:
    """A choice of networks behind FID and LPIPS: its description, and the names of values that they measure."""

    description: str
    fid: str
    lpips: str

    @property
    def kid(self) -> str:
        return self.fid.replace("fid", "kid")


PROTOCOLS = {
    "embedded": ProtocolNames(
        "fixed random networks that ship with hairgan; for trends, never to be quoted as FID or LPIPS",
        fid="fid_embedded", lpips="lpips_embedded",
    ),
    "stargan_v2": ProtocolNames(
        "as published for StarGAN v2: torchvision's Inception and AlexNet, ImageNet weights",
        fid="fid_stargan_v2", lpips="lpips",
    ),
    "standard": ProtocolNames(
        "the TF-ported Inception of the standard FID (torch-fidelity), LPIPS on torchvision's AlexNet",
        fid="fid", lpips="lpips",
    ),
}  # fmt: skip
"""Choices of networks behind FID and LPIPS. Values are comparable only under the same protocol."""


@dataclass(frozen=True)
class NeededJudge:
    """A judge by name, what it is, and how it is given."""

    name: str
    description: str
    given_as: str


_CLASSIFIER = NeededJudge("classifier", "hair classifier", "RUN_OR_BUNDLE")
_PARSER = NeededJudge("parser", "face parser", "RUN_OR_BUNDLE")
_EMBEDDER = NeededJudge("embedder", "face-embedding network", "FILE.onnx")

# -- names of values, from which the classes of `hairgan.metrics` take theirs --

PARSING = ("mean_iou", "mean_f1", "hair_iou", "pixel_accuracy")
PARSING_OF_REGIONS = tuple(f"{score}/{region}" for score in ("iou", "f1") for region in REGION_NAMES)
SIMILARITY = ("psnr", "ssim", "rmse")
"""Of reconstructions; LPIPS is added under the name that its network gives it."""
OUTSIDE_HAIR = ("outside_psnr", "outside_ssim", "outside_{lpips}", "outside_bytes_changed")
ATTRIBUTES = ("mean_accuracy", "mean_f1")
COST = ("million_parameters", "giga_multiply_adds", "seconds_per_image")


def of_heads(heads: Sequence[str] | Mapping[str, object]) -> tuple[str, ...]:
    """Names of the scores of a hair classifier's heads."""
    return tuple(f"{score}/{head}" for head in heads for score in ("accuracy", "f1"))


# -- the metrics --


@dataclass(frozen=True)
class DeclaredMetric:
    """A metric of a family.

    Attributes:
        values: names of its main values, as in results; `{fid}`, `{kid}` and `{lpips}` stand for those of the protocol,
            `{mode}` for each source of styles.
        judge: the judge that it needs.
        network: the network of a protocol that it needs.
        with_parser: further values, which are measured if a face parser is given.
    """

    values: tuple[str, ...]
    judge: NeededJudge | None = None
    network: Literal["extractor", "lpips"] | None = None
    with_parser: tuple[str, ...] = ()


_COST = DeclaredMetric(tuple(f"cost/{name}" for name in COST))
METRICS: dict[str, dict[str, DeclaredMetric]] = {
    "face_parser": {"segmentation": DeclaredMetric(PARSING), "cost": _COST},
    "hair_classifier": {"attributes": DeclaredMetric(ATTRIBUTES), "cost": _COST},
    "hair_layout": {"segmentation": DeclaredMetric(PARSING), "cost": _COST},
    "stargan": {
        "fid": DeclaredMetric(("{mode}/{fid}/mean",), network="extractor"),
        "lpips": DeclaredMetric(("{mode}/{lpips}_diversity/mean",), network="lpips"),
        "domain_accuracy": DeclaredMetric(("{mode}/domain_accuracy/mean",), _CLASSIFIER),
        "identity": DeclaredMetric(("{mode}/identity_similarity/mean",), _EMBEDDER),
        "cost": _COST,
    },
    "sean": {
        "fid": DeclaredMetric(("{fid}",), network="extractor"),
        "kid": DeclaredMetric(("{kid}",), network="extractor"),
        "reconstruction": DeclaredMetric((*SIMILARITY, "{lpips}"), network="lpips"),
        "edits": DeclaredMetric(
            (*(f"edits/{name}" for name in OUTSIDE_HAIR), "edits/hair_color_distance"),
            network="lpips",
            with_parser=("edits/hair_iou",),
        ),
        "segmentation": DeclaredMetric(tuple(f"segmentation/{name}" for name in PARSING), _PARSER),
        "identity": DeclaredMetric(("edits/identity_similarity",), _EMBEDDER),
        "editbench": DeclaredMetric(("editbench/hair_ciede2000", "editbench/outside_ciede2000")),
        "cost": _COST,
    },
}
"""Family -> metric -> what it measures."""

WHILE_TRAINING = {"stargan": ("fid", "lpips"), "sean": ("fid", "reconstruction")}
"""Family -> what an `Evaluate` callback measures unless `metrics` names others."""


def value_names(
    family: str,
    metrics: Sequence[str],
    protocol: str = "embedded",
    modes: Sequence[str] = MODES,
    with_parser: bool = False,
) -> list[str]:
    """Names of the main values of some metrics. Metrics of the user's own are left out.

    Args:
        with_parser: whether a face parser judges the outputs, which measures more.
    """
    names = PROTOCOLS[protocol]
    found: list[str] = []
    for metric in metrics:
        declared = METRICS[family].get(metric)
        if declared is None:
            continue
        for value in (*declared.values, *(declared.with_parser if with_parser else ())):
            of_modes = modes if "{mode}" in value else ("",)
            found += [value.format(mode=mode, fid=names.fid, kid=names.kid, lpips=names.lpips) for mode in of_modes]
    return found


# -- metrics of the user's own --

INSTALLED = "hairgan.metrics"
"""Entry point group in which installed packages declare metrics: `hair_brightness = "my_metrics:HairBrightness"`."""


@cache
def installed_metrics() -> dict[str, str]:
    """Metrics of installed packages: name -> dotted name of the class. The names of hairgan's own are not replaced."""
    known = {metric for of_family in METRICS.values() for metric in of_family}
    points = importlib.metadata.entry_points(group=INSTALLED)
    return {point.name: point.value.replace(":", ".").strip() for point in points if point.name not in known}


def class_of(metric: str) -> str | None:
    """The dotted name of the class of a metric of the user's own; None for any other name."""
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", metric):
        return metric
    return installed_metrics().get(metric)


def known_metrics(family: str) -> str:
    """The metrics that can be named for a family, for messages."""
    return ", ".join([*METRICS[family], *installed_metrics()]) + ", or your own as module.Class"
