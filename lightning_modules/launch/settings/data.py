"""Settings of the data modules, and of the batches and domains they are given."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from lightning_modules.launch.settings.validation import Meaning, Settings
from lightning_modules.launch.settings.value_types import (
    BatchSize,
    Component,
    Count,
    ImageSize,
    Path,
    Seed,
    Share,
    ShareAboveZero,
    Text,
    Workers,
    whole,
)

Scale = Annotated[float, Field(ge=1 / 16, le=16, allow_inf_nan=False)]
PORTRAITS_ONLY = {
    name: f"only data=portraits has it; where an experiment sets it, ~data.{name} removes it"
    for name in ("count", "portrait_seed", "style", "shared_hair")
}


class Batches(Settings):
    PARTIAL: ClassVar = True

    flip_probability: Share = 0.5
    crop_probability: Share = 0.0


class ParsingBatches(Settings):
    PARTIAL: ClassVar = True

    flip_probability: Share = 0.5
    crop_share: ShareAboveZero = 0.875
    scales: Annotated[list[Scale], Field(min_length=1), Meaning("a list of numbers from 0.0625 to 16")]


class Domains(Settings):
    queries: Annotated[dict[Text, Text], Field(min_length=1), Meaning("a query for each domain, as text")]


class Data(Settings):
    """Shared by all data modules."""

    batches: Component
    image_size: ImageSize
    batch_size: BatchSize
    steps: Count
    seed: Seed
    num_workers: Workers
    repeat_batches: Count | None = None
    order: Literal["counter", "permutation"] = "permutation"
    cache: Path
    workers: Workers | None = None


class Portraits(Data):
    domains: Component
    count: whole(1, 10_000_000) = 4000
    portrait_seed: Seed = 0
    style: Literal["plain", "randomized", "mixed", "hard", "mixed_hard"] = "plain"
    shared_hair: whole(2, 100) | None = None

    @model_validator(mode="after")
    def _shares_plain_hair(self) -> Portraits:
        if self.shared_hair is not None and self.style != "plain":
            raise ValueError(f"data.shared_hair={self.shared_hair} is for data.style=plain, not for {self.style}")
        return self


class Photographs(Data):
    HINTS: ClassVar = PORTRAITS_ONLY

    root: Path


class CelebAHQ(Photographs):
    domains: Component


class ImageFolder(Photographs):
    pass


class Streaming(Photographs):
    domains: Component | None
    cache_limit: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class HairSwapBatches(Settings):
    PARTIAL: ClassVar = True

    flip_probability: Share = 0.5
    smooth_share: Share = 0.5


TARGETS: dict[str, type[Settings]] = {
    "hairgan.data.batches.Batches": Batches,
    "hairgan.data.batches.TranslationBatches": Batches,
    "hairgan.data.batches.AttributeBatches": Batches,
    "hairgan.data.batches.ParsingBatches": ParsingBatches,
    "hairgan.data.hair_swaps.HairSwapBatches": HairSwapBatches,
    "hairgan.domains.Domains": Domains,
    "datamodules.PortraitDataModule": Portraits,
    "datamodules.CelebAHQHairDataModule": CelebAHQ,
    "datamodules.ImageFolderDataModule": ImageFolder,
    "datamodules.StreamingDataModule": Streaming,
}
