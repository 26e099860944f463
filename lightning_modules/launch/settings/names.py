"""What a run logs, by name: what a best checkpoint, early stopping and a sweep can look at.

Nothing heavy is imported, so some names stand here a second time; a test holds them equal to those of the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hairgan.evaluation import names as evaluation

METRICS = evaluation.METRICS
PROTOCOLS = tuple(evaluation.PROTOCOLS)
MODES = evaluation.MODES
SPLITS = evaluation.SPLITS

FAMILIES = {
    "lightning_modules.StarGANv2Module": "stargan",
    "lightning_modules.SEANModule": "sean",
    "lightning_modules.FaceParserModule": "face_parser",
    "lightning_modules.HairClassifierModule": "hair_classifier",
}
BATCHES = {
    "stargan": "hairgan.data.batches.TranslationBatches",
    "sean": "hairgan.data.batches.Batches",
    "face_parser": "hairgan.data.batches.ParsingBatches",
    "hair_classifier": "hairgan.data.batches.AttributeBatches",
}
"""What a step of each family reads."""
DATA = {
    "datamodules.PortraitDataModule": "portraits",
    "datamodules.CelebAHQHairDataModule": "celeba_hq",
    "datamodules.ImageFolderDataModule": "image_folder",
}

REGIONS = (
    "background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip",
    "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
HEADS = ("bangs", "length", "texture", "color", "gender")

PARSING = ("mean_iou", "mean_f1", "hair_iou", "pixel_accuracy")
VALIDATION = {
    "stargan": (),
    "sean": ("psnr", "ssim", "rmse", "lpips_embedded"),
    "face_parser": (*PARSING, *(f"{score}/{region}" for score in ("iou", "f1") for region in REGIONS)),
    "hair_classifier": (
        "mean_accuracy", "mean_f1", *(f"{score}/{head}" for score in ("accuracy", "f1") for head in HEADS),
    ),
}  # fmt: skip
"""What a validation logs, as `val/NAME`."""

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
}  # fmt: skip
"""The terms of each phase, as `PHASE/TERM`."""

EVALUATE = "lightning_modules.callbacks.Evaluate"
DEFAULT_METRICS = {"stargan": ("fid", "lpips"), "sean": ("fid", "reconstruction")}
"""What `Evaluate` measures where no metrics are given, by family."""


def family_of(model: dict[str, Any]) -> str | None:
    """The family of a model's settings; None for a module of the user's own."""
    return FAMILIES.get(str(model.get("_target_")))


def losses(family: str) -> list[str]:
    """Names of the losses and schedules of a family."""
    return [f"{phase}/{term}" for phase, terms in LOSSES[family].items() for term in terms]


def measured(family: str, callbacks: dict[str, Any], validates: bool) -> list[str]:
    """Names of what a run measures on validation images, those that change rarely first."""
    found = [f"val/{name}" for name in VALIDATION[family]] if validates else []
    for callback in callbacks.values():
        found += _by_callback(family, callback)
    return list(dict.fromkeys(found))


def _by_callback(family: str, callback: dict[str, Any]) -> Iterator[str]:
    if callback["_target_"] == EVALUATE:
        metrics = callback.get("metrics") or DEFAULT_METRICS.get(family, ())
        options = {name: callback[name] for name in ("protocol", "modes") if callback.get(name)}
        yield from by_metrics(family, metrics, judged=bool(callback.get("parser")), **options)
        yield seconds_name(callback.get("name") or "generative_metrics")


def seconds_name(name: str) -> str:
    """The name under which an `Evaluate` callback logs its time, from its own name."""
    known = {
        "generative_metrics": "metrics/seconds",
        "edit_metrics": "metrics/seconds_edits",
        "segmentation_metrics": "metrics/seconds_segmentation",
    }
    return known.get(name, f"metrics/seconds_{name}")


def by_metrics(
    family: str, metrics: Sequence[str], protocol: str = "embedded", modes: Sequence[str] = MODES, judged: bool = False
) -> list[str]:
    """Names of what a callback logs of some metrics; `judged`: whether a parser judges outputs."""
    fid = {"embedded": "fid_embedded", "stargan_v2": "fid_stargan_v2", "standard": "fid"}[protocol]
    lpips = "lpips_embedded" if protocol == "embedded" else "lpips"
    found = {
        "fid": (fid,), "kid": (fid.replace("fid", "kid"),), "reconstruction": ("psnr", "ssim", "rmse", lpips),
        "edits": (
            "edits/outside_psnr", "edits/outside_ssim", f"edits/outside_{lpips}", "edits/outside_bytes_changed",
            "edits/hair_color_distance", *(("edits/hair_iou",) if judged else ()),
        ),
        "segmentation": tuple(f"segmentation/{name}" for name in PARSING),
        "editbench": ("editbench/hair_ciede2000", "editbench/outside_ciede2000"),
    }  # fmt: skip
    if family == "stargan":
        found = {"fid": (fid,), "lpips": (f"{lpips}_diversity",), "domain_accuracy": ("domain_accuracy",)}
    names = [name for metric in metrics for name in found.get(metric, ())]
    if family == "stargan":
        names = [f"{mode}/{name}/mean" for name in names for mode in modes]
    return [f"metrics/{name}" for name in names]
