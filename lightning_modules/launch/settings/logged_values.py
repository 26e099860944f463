"""Names of the values that a run logs, which a best checkpoint, early stopping or a sweep can monitor.

Nothing heavy is imported, so some names are repeated here; a test compares them with those in the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hairgan.evaluation.names import MODES
from hairgan.hair_attributes import HEADS

REGIONS = (
    "background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip",
    "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip

PARSING = ("mean_iou", "mean_f1", "hair_iou", "pixel_accuracy")
VALIDATION = {
    "stargan": (),
    "sean": ("psnr", "ssim", "rmse", "lpips_embedded"),
    "face_parser": (*PARSING, *(f"{score}/{region}" for score in ("iou", "f1") for region in REGIONS)),
    "hair_layout": (*PARSING, *(f"{score}/{region}" for score in ("iou", "f1") for region in REGIONS)),
    "hair_classifier": (
        "mean_accuracy", "mean_f1", *(f"{score}/{head}" for score in ("accuracy", "f1") for head in HEADS),
    ),
}  # fmt: skip
"""What validation logs, as `val/NAME`."""

ADVERSARIAL = ("loss", "grad_norm", "real", "fake")
TRANSLATION = ("loss", "grad_norm", "adv", "sty", "ds", "cyc")
LOSSES = {
    "stargan": {
        "d_latent": (*ADVERSARIAL, "reg"), "d_reference": (*ADVERSARIAL, "reg"),
        "g_latent": TRANSLATION, "g_reference": TRANSLATION, "schedule": ("lambda_ds",),
    },
    "sean": {"g": ("loss", "grad_norm", "adversarial", "feature_matching", "perceptual"), "d": ADVERSARIAL},
    "face_parser": {"parse": ("loss", "grad_norm")},
    "hair_classifier": {"classify": ("loss", "grad_norm", *HEADS)},
    "hair_layout": {"layout": ("loss", "grad_norm", "cross_entropy", "jaccard")},
}  # fmt: skip
"""What each phase and schedule logs, as `PHASE/TERM`."""

EVALUATE = "lightning_modules.callbacks.Evaluate"
DEFAULT_METRICS = {"stargan": ("fid", "lpips"), "sean": ("fid", "reconstruction")}
"""Family -> what an `Evaluate` callback measures unless `metrics` names others."""


def losses(family: str) -> list[str]:
    """Names of the losses, gradient norms and schedules of a family."""
    return [f"{phase}/{term}" for phase, terms in LOSSES[family].items() for term in terms]


def measured(family: str, callbacks: dict[str, Any], validates: bool) -> list[str]:
    """Names of what a run measures on validation images: of validation, where it validates, then of its callbacks."""
    found = [f"val/{name}" for name in VALIDATION[family]] if validates else []
    for callback in callbacks.values():
        found += _names_of_callback(family, callback)
    return list(dict.fromkeys(found))


def _names_of_callback(family: str, callback: dict[str, Any]) -> Iterator[str]:
    if callback["_target_"] == EVALUATE:
        metrics = callback.get("metrics") or DEFAULT_METRICS.get(family, ())
        options = {name: callback[name] for name in ("protocol", "modes") if callback.get(name)}
        yield from names_of_metrics(family, metrics, with_parser=bool(callback.get("parser")), **options)
        yield seconds_name(callback.get("name") or "generative_metrics")


def seconds_name(name: str) -> str:
    """The name under which an `Evaluate` callback of some name logs how long it took."""
    known = {
        "generative_metrics": "metrics/seconds",
        "edit_metrics": "metrics/seconds_edits",
        "segmentation_metrics": "metrics/seconds_segmentation",
    }
    return known.get(name, f"metrics/seconds_{name}")


def names_of_metrics(
    family: str,
    metrics: Sequence[str],
    protocol: str = "embedded",
    modes: Sequence[str] = MODES,
    with_parser: bool = False,
) -> list[str]:
    """Names under which a callback logs some metrics.

    Args:
        with_parser: whether a face parser judges the outputs, which measures more.
    """
    fid = {"embedded": "fid_embedded", "stargan_v2": "fid_stargan_v2", "standard": "fid"}[protocol]
    lpips = "lpips_embedded" if protocol == "embedded" else "lpips"
    found = {
        "fid": (fid,), "kid": (fid.replace("fid", "kid"),), "reconstruction": ("psnr", "ssim", "rmse", lpips),
        "edits": (
            "edits/outside_psnr", "edits/outside_ssim", f"edits/outside_{lpips}", "edits/outside_bytes_changed",
            "edits/hair_color_distance", *(("edits/hair_iou",) if with_parser else ()),
        ),
        "segmentation": tuple(f"segmentation/{name}" for name in PARSING),
        "identity": ("edits/identity_similarity",),
        "editbench": ("editbench/hair_ciede2000", "editbench/outside_ciede2000"),
    }  # fmt: skip
    if family == "stargan":
        found = {"fid": (fid,), "lpips": (f"{lpips}_diversity",), "domain_accuracy": ("domain_accuracy",),
                 "identity": ("identity_similarity",)}  # fmt: skip
    names = [name for metric in metrics for name in found.get(metric, ())]
    if family == "stargan":
        names = [f"{mode}/{name}/mean" for name in names for mode in modes]
    if "cost" in metrics:
        names += [f"cost/{name}" for name in ("million_parameters", "giga_multiply_adds", "seconds_per_image")]
    return [f"metrics/{name}" for name in names]
