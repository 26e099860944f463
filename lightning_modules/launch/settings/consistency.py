"""Checks of values that must fit each other, such as an image size that several components are given."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig

from lightning_modules.launch.settings.config_tree import plain, select
from lightning_modules.launch.settings.families import BATCHES, family_of
from lightning_modules.launch.settings.wording import shown

SET_FROM_DATA = ("domain_names", "num_domains")
SIZED_NETWORKS = ("generator", "style_encoder", "discriminator", "parser", "classifier")
STYLE_NETWORKS = ("mapping_network", "style_encoder")
SOURCES = {  # derived setting -> the setting that it is taken from
    **{f"data.{name}": name for name in ("image_size", "batch_size", "steps", "seed", "batches")},
    **{f"model.{network}.image_size": "image_size" for network in SIZED_NETWORKS},
    **{f"model.{network}.num_domains": "num_domains" for network in (*STYLE_NETWORKS, "discriminator")},
    **{f"model.{network}.style_dim": "model.generator.style_dim" for network in STYLE_NETWORKS},
    "model.seed": "seed",
    "model.domain_names": "domain_names",
    "trainer.val_check_interval": "validate_every",
}
SMALLEST_CROP = 16  # pixels; what a face parser can still read


def check_derived(cfg: DictConfig) -> None:
    """Refuse derived settings that differ from the one they are taken from; of use again once the data is known.

    Raises:
        ValueError: naming both settings.
    """
    check_derived_values(plain(cfg))


def check_derived_values(values: dict[str, Any]) -> None:
    """`check_derived` for plain values."""
    missing = object()
    for name, source in SOURCES.items():
        value, wanted = (select(values, path, missing) for path in (name, source))
        if missing in (value, wanted) or value == wanted:
            continue
        if source in SET_FROM_DATA:
            raise ValueError(f"{name} is set from the data (data.domains) and cannot be {shown(value)}")
        raise ValueError(
            f"{name} is taken from {source}, which is {shown(wanted)}: set {source}, not {name}={shown(value)}"
        )


def check_step(values: dict[str, Any]) -> None:
    """Refuse settings with which a step cannot be computed: accumulation, batches, crops, checkpointing.

    Raises:
        ValueError: naming the settings.
    """
    batch_size, parts = values["batch_size"], values.get("accumulate", 1)
    if batch_size % parts:
        raise ValueError(f"accumulate={parts} does not divide the {batch_size} images of a batch (batch_size)")
    family = family_of(values["model"])
    target, wanted = values["batches"]["_target_"], BATCHES.get(str(family))
    if wanted and target != wanted and target in BATCHES.values():
        raise ValueError(f"batches._target_ must be {wanted} for {family}, or a class of your own, not {target}")
    if target == BATCHES["face_parser"]:
        share, size = values["batches"].get("crop_share", 1.0), values["image_size"]
        if share * size < SMALLEST_CROP:
            raise ValueError(
                f"batches.crop_share={share} of image_size={size} makes crops of {share * size:.0f} px; a face parser "
                f"needs {SMALLEST_CROP} px or more"
            )
    if values.get("activation_checkpointing") and family in ("face_parser", "hair_classifier", "hair_layout"):
        raise ValueError(f"activation_checkpointing=true is for stargan and sean, not for {family}")
