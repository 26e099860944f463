"""Procedural portraits: drawn people, rendered and packed on first use. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datamodules.base import HairDataModule
from hairgan.data.packing import pack
from hairgan.portraits.items import DRAW, VERSIONS, PortraitItem, Style


class PortraitDataModule(HairDataModule):
    """Drawn people with exact label maps and attributes (`hairgan.portraits`).

    Args:
        count: number of people: about 80 % train, 10 % val, 10 % test; each person is in one split only.
        portrait_seed: seed of the people, their hair and their photographs.
        style: `plain`, `randomized`, `hard` or a mixture, see `hairgan.portraits.items.Style`.
        shared_hair: N for groups of N people who wear each other's hairstyles (`PortraitItem`); None for one each.
        cache: folder in which the packed portraits are kept, once per image size.
        workers: processes that draw; None takes one per core.
        shared: see `HairDataModule`.
    """

    def __init__(
        self,
        *,
        count: int,
        portrait_seed: int,
        cache: str | Path,
        style: Style = "plain",
        shared_hair: int | None = None,
        workers: int | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        if count < 1:
            raise ValueError(f"data.count must be 1 or more, not {count}")
        if style not in DRAW:
            raise ValueError(f"data.style must be one of {', '.join(DRAW)}, not {style!r}")
        self.count, self.portrait_seed, self.style, self.shared_hair = count, portrait_seed, style, shared_hair
        self.cache, self.workers = Path(cache).absolute(), workers

    def make_packed(self) -> Path:
        version = VERSIONS[self.style]
        kind = "portraits" if self.style == "plain" else f"portraits_{self.style}"
        out = self.cache / f"{kind}_v{version}_{self.image_size}_{self.count}_{self.portrait_seed}"
        if self.shared_hair is not None:
            out = out.with_name(f"{out.name}_shared_hair_{self.shared_hair}")
            kind = f"{kind}_shared_hair_{self.shared_hair}"
        item = PortraitItem(self.portrait_seed, self.image_size, self.style, self.shared_hair)
        source = {"kind": kind, "version": version, "seed": self.portrait_seed}
        pack(item, self.count, out, size=self.image_size, source=source, workers=self.workers)
        return out
