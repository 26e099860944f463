"""Settings of the LightningModules: networks, optimizers, loss weights."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from lightning_modules.launch.settings.validation import Settings
from lightning_modules.launch.settings.value_types import (
    BelowOne,
    Component,
    Count,
    CountOrZero,
    NotNegative,
    Seed,
    ShareAboveZero,
    Text,
)

WRONG_EXPERIMENT = "leave out the experiment that sets it, or model="
STARGAN_ONLY = dict.fromkeys(
    ("mapping_network", "style_encoder", "masks", "ema_decay", "lambda_reg", "reg_every", "phases",
     "half_resolution_steps", "lambda_sty", "lambda_ds",
     "lambda_cyc", "ds_steps", "domain_names"),
    f"only stargan has it; {WRONG_EXPERIMENT}",
)  # fmt: skip
GANS_ONLY = dict.fromkeys(
    ("generator", "discriminator", "mapping_network", "style_encoder", "optimizers"),
    f"only stargan and sean have it; {WRONG_EXPERIMENT}",
)
OPTIMIZER = "choose a file of conf/model/optimizer with model/optimizer=NAME"


class StarGANOptimizers(Settings):
    generator: Component
    style_encoder: Component
    discriminator: Component
    mapping_network: Component


class SEANOptimizers(Settings):
    HINTS: ClassVar = STARGAN_ONLY

    generator: Component
    discriminator: Component


class Module(Settings):
    seed: Seed


class StarGANv2Module(Module):
    generator: Component
    mapping_network: Component
    style_encoder: Component
    discriminator: Component
    optimizers: StarGANOptimizers
    masks: Component | None = None
    lambda_reg: NotNegative = 1.0
    reg_every: Count = 1
    phases: Literal["separate", "fused"] = "separate"
    half_resolution_steps: CountOrZero = 0
    lambda_sty: NotNegative = 1.0
    lambda_ds: NotNegative = 1.0
    lambda_cyc: NotNegative = 1.0
    ds_steps: CountOrZero = 100_000
    ema_decay: BelowOne = 0.999
    domain_names: list[str] | None

    @model_validator(mode="after")
    def _has_masks(self) -> StarGANv2Module:
        w_hpf = self.generator.get("w_hpf", 0.0)
        if self.masks is None and isinstance(w_hpf, (int, float)) and w_hpf > 0:
            raise ValueError(
                f"model.masks must not be null while model.generator.w_hpf is {w_hpf}: the high-pass skip needs masks "
                "(model.generator.w_hpf=0 turns it off)"
            )
        return self


class SEANModule(Module):
    HINTS: ClassVar = STARGAN_ONLY

    generator: Component
    discriminator: Component
    optimizers: SEANOptimizers
    lambda_feat: NotNegative = 10.0
    lambda_vgg: NotNegative = 10.0
    perceptual: Component | None = None
    ema: BelowOne | None = 0.999
    noise: bool = True
    schedule: Component | None = None


class FaceParserModule(Module):
    HINTS: ClassVar = {"optimizer": OPTIMIZER} | GANS_ONLY

    parser: Component
    optimizer: Component
    imagenet: bool = False
    weight_decay: NotNegative = 5e-4
    head_lr_factor: NotNegative = 10.0
    ohem_threshold: ShareAboveZero = 0.7
    ohem_share: ShareAboveZero = 1 / 16
    lambda_jaccard: NotNegative = 0.0
    schedule: Component | None = None


class HairClassifierModule(Module):
    HINTS: ClassVar = {"optimizer": OPTIMIZER} | GANS_ONLY

    classifier: Component
    optimizer: Component
    balance: bool = True
    schedule: Component | None = None


class HairLayoutModule(Module):
    HINTS: ClassVar = {"optimizer": OPTIMIZER} | GANS_ONLY

    hair_layout: Component
    optimizer: Component
    lambda_jaccard: NotNegative = 1.0
    ema_decay: BelowOne = 0.998
    schedule: Component | None = None


class Function(Settings):
    """A function by its full name, e.g. the one that makes StarGAN v2's masks."""

    path: Text


TARGETS: dict[str, type[Settings]] = {
    "hydra.utils.get_method": Function,
    "lightning_modules.StarGANv2Module": StarGANv2Module,
    "lightning_modules.SEANModule": SEANModule,
    "lightning_modules.FaceParserModule": FaceParserModule,
    "lightning_modules.HairClassifierModule": HairClassifierModule,
    "lightning_modules.HairLayoutModule": HairLayoutModule,
}
