"""What each part of a config may be told: networks, modules, batches, callbacks, loggers, optimizers, data.

A part is whatever `_target_` names. Those named here are checked in full; a class of the user's own is left to itself.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from lightning_modules.launch.settings import names
from lightning_modules.launch.settings.kinds import (
    BelowOne,
    Count,
    CountOrZero,
    ImageSize,
    Meaning,
    NotNegative,
    Number,
    Part,
    Path,
    Positive,
    Seed,
    Settings,
    Share,
    ShareAboveZero,
    Text,
    Width,
    Workers,
    distinct,
    one_of,
)  # fmt: skip

# networks


class Generator(Settings):
    image_size: ImageSize
    style_dim: Width = 64
    base_width: Width | None = None
    max_width: Width = 512
    w_hpf: NotNegative = 1.0


class MappingNetwork(Settings):
    num_domains: Count | None  # null until the data is known
    latent_dim: Width = 16
    style_dim: Width = 64
    hidden_dim: Width = 512


class StyleEncoder(Settings):
    image_size: ImageSize
    num_domains: Count | None  # null until the data is known
    style_dim: Width = 64
    base_width: Width | None = None
    max_width: Width = 512


class Discriminator(Settings):
    image_size: ImageSize
    num_domains: Count | None  # null until the data is known
    base_width: Width | None = None
    max_width: Width = 512


class SEANGenerator(Settings):
    image_size: ImageSize
    width: Width = 64
    max_width: Width | None = None
    label_width: Width = 128
    style_dim: Width = 512
    upsampling: Literal["normal", "more", "most"] = "normal"

    @model_validator(mode="after")
    def _doubles_from_a_pixel(self) -> SEANGenerator:
        smallest = {"normal": 32, "more": 64, "most": 128}[self.upsampling]
        if self.image_size < smallest:
            raise ValueError(
                f"model.generator.upsampling={self.upsampling} needs an image_size of {smallest} or more, "
                f"not {self.image_size}"
            )
        return self


class SEANDiscriminator(Settings):
    width: Width = 64
    num_scales: Annotated[int, Field(ge=1, le=5)] = 2


class BiSeNet(Settings):
    image_size: ImageSize
    depth: one_of(18, 34, 50) = 18
    base_width: Width = 64
    detail: bool = False
    stem_stride: one_of(1, 2, 4) = 4


class HairClassifier(Settings):
    image_size: ImageSize
    depth: one_of(18, 34, 50) = 18
    base_width: Width = 64
    dropout: BelowOne = 0.0


class VGG19Perceptual(Settings):
    weights: Path = "torchvision"


# how they train


class StarGANOptimizers(Settings):
    generator: Part
    style_encoder: Part
    discriminator: Part
    mapping_network: Part


OF_STARGAN = dict.fromkeys(
    ("mapping_network", "style_encoder", "masks", "ema_decay", "lambda_reg", "reg_every", "lambda_sty", "lambda_ds",
     "lambda_cyc", "ds_steps", "domain_names"),
    "it is of StarGAN v2; an experiment that sets it is not for this model: leave the experiment or model= out",
)  # fmt: skip


class SEANOptimizers(Settings):
    HINTS: ClassVar = OF_STARGAN

    generator: Part
    discriminator: Part


class Module(Settings):
    seed: Seed


class StarGANv2Module(Module):
    generator: Part
    mapping_network: Part
    style_encoder: Part
    discriminator: Part
    optimizers: StarGANOptimizers
    masks: Part | None = None
    lambda_reg: NotNegative = 1.0
    reg_every: Count = 1
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
                f"model.masks must say where the high-pass skip passes, as model.generator.w_hpf is {w_hpf}, not null; "
                "model.generator.w_hpf=0 needs none"
            )
        return self


class SEANModule(Module):
    HINTS: ClassVar = OF_STARGAN

    generator: Part
    discriminator: Part
    optimizers: SEANOptimizers
    lambda_feat: NotNegative = 10.0
    lambda_vgg: NotNegative = 10.0
    perceptual: Part | None = None
    ema: BelowOne | None = 0.999
    noise: bool = True
    schedule: Part | None = None


OF_GANS = dict.fromkeys(
    ("generator", "discriminator", "mapping_network", "style_encoder", "optimizers"),
    "it is of the GANs; an experiment that sets it is not for this model: leave the experiment or model= out",
)
OPTIMIZER = "model/optimizer=NAME chooses a file of conf/model/optimizer"


class FaceParserModule(Module):
    HINTS: ClassVar = {"optimizer": OPTIMIZER} | OF_GANS

    parser: Part
    optimizer: Part
    imagenet: bool = False
    weight_decay: NotNegative = 5e-4
    head_lr_factor: NotNegative = 10.0
    ohem_threshold: ShareAboveZero = 0.7
    ohem_share: ShareAboveZero = 1 / 16
    lambda_jaccard: NotNegative = 0.0
    schedule: Part | None = None


class HairClassifierModule(Module):
    HINTS: ClassVar = {"optimizer": OPTIMIZER} | OF_GANS

    classifier: Part
    optimizer: Part
    balance: bool = True
    schedule: Part | None = None


class Located(Settings):
    """A function by its full name."""

    path: Text


class LinearDecay(Settings):
    PARTIAL: ClassVar = True

    steps: Count
    constant_share: Share = 0.5


class BiSeNetLR(Settings):
    PARTIAL: ClassVar = True

    total_steps: Count
    peak: Positive = 1e-2
    start: Positive = 1e-5
    warmup_steps: CountOrZero = 1000
    power: NotNegative = 0.9

    @model_validator(mode="after")
    def _warms_up_in_time(self) -> BiSeNetLR:
        if self.warmup_steps >= self.total_steps:
            raise ValueError(
                f"model.schedule.warmup_steps={self.warmup_steps} is not below the run's {self.total_steps} steps: "
                "give it fewer, or steps more"
            )
        return self


class Optimizer(Settings):
    """Any of `torch.optim`; what is not named here is its own."""

    model_config = ConfigDict(extra="allow")
    PARTIAL: ClassVar = True

    lr: NotNegative
    weight_decay: NotNegative = 0.0


Betas = Annotated[list[BelowOne], Field(min_length=2, max_length=2), Meaning("two numbers of 0 or more and below 1")]


class Adam(Settings):
    PARTIAL: ClassVar = True

    lr: NotNegative
    betas: Betas = Field(default=[0.9, 0.999])
    eps: Positive = 1e-8
    weight_decay: NotNegative = 0.0
    amsgrad: bool = False
    maximize: bool = False
    foreach: bool | None = None
    fused: bool | None = None
    capturable: bool = False
    differentiable: bool = False
    decoupled_weight_decay: bool = False


class SGD(Settings):
    PARTIAL: ClassVar = True

    lr: NotNegative
    momentum: BelowOne = 0.0
    dampening: Share = 0.0
    weight_decay: NotNegative = 0.0
    nesterov: bool = False
    maximize: bool = False
    foreach: bool | None = None
    fused: bool | None = None
    differentiable: bool = False


# what they read


class Batches(Settings):
    PARTIAL: ClassVar = True

    flip_probability: Share = 0.5
    crop_probability: Share = 0.0


Scale = Annotated[float, Field(ge=1 / 16, le=16, allow_inf_nan=False)]


class ParsingBatches(Settings):
    PARTIAL: ClassVar = True

    flip_probability: Share = 0.5
    crop_share: ShareAboveZero = 0.875
    scales: Annotated[list[Scale], Field(min_length=1), Meaning("a list of numbers from 0.0625 to 16")]


BatchSize = Annotated[int, Field(ge=1, le=65536)]


class Data(Settings):
    """What every source of data is told; a class of the user's own may take more."""

    batches: Part
    image_size: ImageSize
    batch_size: BatchSize
    steps: Count
    seed: Seed
    num_workers: Workers
    repeat_batches: Count | None = None


class PackedOnFirstUse(Data):
    cache: Path
    workers: Workers | None = None


class Portraits(PackedOnFirstUse):
    domains: Part
    count: Annotated[int, Field(ge=1, le=10_000_000)] = 4000
    portrait_seed: Seed = 0
    style: Literal["plain", "randomized"] = "plain"


DRAWN = "it is of data=portraits, the data of the experiments that set it; ~data.{name} leaves it out"
OF_PORTRAITS = {name: DRAWN.format(name=name) for name in ("count", "portrait_seed", "style")}


class CelebAHQ(PackedOnFirstUse):
    HINTS: ClassVar = OF_PORTRAITS

    domains: Part
    root: Path


class ImageFolder(PackedOnFirstUse):
    HINTS: ClassVar = OF_PORTRAITS

    root: Path


class Domains(Settings):
    queries: Annotated[dict[Text, Text], Field(min_length=1), Meaning("a query for each domain, as text")]


# what happens around the steps


class Checkpoints(Settings):
    every_n_steps: Count
    keep: Count = 2
    monitor: Text | None = None
    mode: Literal["min", "max"] = "max"


class SampleGrids(Settings):
    every_n_steps: Count
    sources: Annotated[int, Field(ge=1, le=1000)] = 6


class LossCurves(Settings):
    pass


class CollapseWarning(Settings):
    patience: Count = 500
    threshold: NotNegative = 0.02


class Progress(Settings):
    show: list[str] | None = None
    refresh_seconds: NotNegative = 0.5
    line_seconds: NotNegative = 30.0


class MeanStyleCodes(Settings):
    max_images: Count = 1000
    batch_size: BatchSize = 8


Metrics = distinct(Text)
Modes = distinct(Literal[names.MODES])
Protocol = Literal[names.PROTOCOLS]


class Evaluate(Settings):
    every_n_steps: Count
    cache: Path
    metrics: Metrics | None = None
    name: Text = "generative_metrics"
    protocol: Protocol = "embedded"
    inception: Path | None = None
    alexnet: Path | None = None
    classifier: Path | None = None
    parser: Path | None = None
    modes: Modes = Field(default=["latent", "reference"])
    num_outputs: Annotated[int, Field(ge=1, le=10_000)] = 10
    max_sources: Count | None = 64
    batch_size: BatchSize = 8
    max_share: NotNegative = 0.2


class EarlyStopping(Settings):
    monitor: Text
    mode: Literal["min", "max"] = "min"
    patience: CountOrZero = 3
    min_delta: Number = 0.0
    verbose: bool = False
    strict: bool = False
    check_finite: bool = True
    stopping_threshold: Number | None = None
    divergence_threshold: Number | None = None
    check_on_train_epoch_end: bool | None = None
    log_rank_zero_only: bool = False


# where values go


class CurvesLogger(Settings):
    save_dir: Path | None


class WandbLogger(Settings):
    """What wandb itself takes is let pass on."""

    model_config = ConfigDict(extra="allow")

    project: Text = "hairgan"
    name: Text | None = None
    group: Text | None = None
    tags: list[Text] = Field(default=[])
    notes: Text | None = None
    save_dir: Path | None
    mode: Literal["offline", "online", "disabled"] = "offline"


class TensorBoard(Settings):
    model_config = ConfigDict(extra="allow")

    save_dir: Path | None


PARTS: dict[str, type[Settings]] = {
    "hydra.utils.get_method": Located,
    "hairgan.networks.stargan.Generator": Generator,
    "hairgan.networks.stargan.MappingNetwork": MappingNetwork,
    "hairgan.networks.stargan.StyleEncoder": StyleEncoder,
    "hairgan.networks.stargan.Discriminator": Discriminator,
    "hairgan.networks.sean.SEANGenerator": SEANGenerator,
    "hairgan.networks.sean.SEANDiscriminator": SEANDiscriminator,
    "hairgan.networks.face_parser.BiSeNet": BiSeNet,
    "hairgan.networks.hair_classifier.HairClassifier": HairClassifier,
    "hairgan.losses.perceptual.VGG19Perceptual": VGG19Perceptual,
    "lightning_modules.StarGANv2Module": StarGANv2Module,
    "lightning_modules.SEANModule": SEANModule,
    "lightning_modules.FaceParserModule": FaceParserModule,
    "lightning_modules.HairClassifierModule": HairClassifierModule,
    "hairgan.optimizers.linear_decay": LinearDecay,
    "hairgan.optimizers.bisenet_lr": BiSeNetLR,
    "torch.optim.Adam": Adam,
    "torch.optim.AdamW": Adam,
    "torch.optim.SGD": SGD,
    "hairgan.data.batches.Batches": Batches,
    "hairgan.data.batches.TranslationBatches": Batches,
    "hairgan.data.batches.AttributeBatches": Batches,
    "hairgan.data.batches.ParsingBatches": ParsingBatches,
    "datamodules.PortraitDataModule": Portraits,
    "datamodules.CelebAHQHairDataModule": CelebAHQ,
    "datamodules.ImageFolderDataModule": ImageFolder,
    "hairgan.domains.Domains": Domains,
    "lightning_modules.callbacks.Checkpoints": Checkpoints,
    "lightning_modules.callbacks.SampleGrids": SampleGrids,
    "lightning_modules.callbacks.LossCurves": LossCurves,
    "lightning_modules.callbacks.CollapseWarning": CollapseWarning,
    "lightning_modules.callbacks.Progress": Progress,
    "lightning_modules.callbacks.MeanStyleCodes": MeanStyleCodes,
    "lightning_modules.callbacks.Evaluate": Evaluate,
    "lightning_modules.callbacks.EarlyStopping": EarlyStopping,
    "pytorch_lightning.callbacks.EarlyStopping": EarlyStopping,
    "lightning_modules.loggers.CurvesLogger": CurvesLogger,
    "lightning_modules.loggers.QuietWandbLogger": WandbLogger,
    "lightning_modules.loggers.TensorBoard": TensorBoard,
}
"""Settings by what they make."""


def settings_of(target: str) -> type[Settings] | None:
    """The settings of a part; None for a class of the user's own."""
    return PARTS.get(target, Optimizer if target.startswith("torch.optim.") else None)
