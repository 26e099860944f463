"""The results of labelling a folder, written once all its photos are done.

attributes.csv    a row per photo, doubtful ones first: attributes, confidences, domains, doubts
skipped.csv       photos that could not be used, and why
raw/              the attribute and mapping files of the raw CelebAMask-HQ layout
domains/train/    a folder of crops per domain (hard links into raw/), as `data=image_folder` reads them
packed/           the packed dataset for `data=celeba_hq`; unknown attributes are null in it
sheets/           a contact sheet of overlays per domain
"""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, UInt8
from numpy import ndarray
from PIL import Image

from hairgan.data.celebamask import CelebAMaskHQ
from hairgan.data.celebamask.names import ATTRIBUTES, IMAGES, MAPPING
from hairgan.data.celebamask.writer import attribute_table, mapping_table
from hairgan.data.items import Item
from hairgan.data.packed_dataset import PackedDataset
from hairgan.data.packing import pack
from hairgan.data.source_changes import stamp
from hairgan.data.unfinished_dataset import remove
from hairgan.domains import Domains
from hairgan.files import write_text, write_whole
from hairgan.labelling.attributes import TYPES
from hairgan.photos.names import printable
from hairgan.photos.opening import open_image
from hairgan.pictures import save_picture, sheet

SHEET = 64  # largest number of pictures on a contact sheet, doubtful ones first
THUMBNAIL = 160  # side in pixels
FIRST = ("photo", "id", "domains", "doubts", "certainty")
"""The first columns of the table; `certainty` is the lowest of the parser's and the classifier's."""


@dataclass(frozen=True)
class Labelled:
    """The results of labelling a folder."""

    table: pl.DataFrame
    """A row per photo, doubtful ones first."""
    skipped: list[dict[str, Any]]
    """`photo` and `reason`."""
    dataset: PackedDataset
    changed: list[str] = field(default_factory=list)
    """Photos that have changed since an earlier call labelled them; their labels are the old ones."""


def write_results(
    out: Path,
    rows: list[dict[str, Any]],
    skipped: list[dict[str, Any]],
    domains: Domains,
    *,
    pack_size: int,
    workers: int,
    progress: bool | None,
) -> Labelled:
    """Write the results that need all photos: tables, domains, sheets and the packed dataset.

    Args:
        rows: of `hairgan.labelling.attributes.describe`, with `photo` and `id` = 0, 1, ...; at least one.
        skipped: dicts of `photo` and `reason`.
    """
    reasons = [{"photo": printable(line["photo"]), "reason": printable(line["reason"])} for line in skipped]
    _write_csv(pl.DataFrame(reasons, schema=["photo", "reason"]), out / "skipped.csv")
    write_text(out / "raw" / ATTRIBUTES, attribute_table(rows))
    write_text(out / "raw" / MAPPING, mapping_table(len(rows)))

    columns = {name: [row[name] for row in rows] for name in TYPES}
    attributes = pl.DataFrame(columns, schema=TYPES, strict=False)
    member = _membership(domains, attributes)
    sureness = ["parser_certainty", *(c for c in attributes.columns if c.endswith("_confidence"))]
    table = attributes.with_columns(
        pl.Series("id", [row["id"] for row in rows]),
        pl.Series("photo", [printable(row["photo"]) for row in rows]),
        pl.Series("domains", [" ".join(itertools.compress(domains.names, row)) for row in member]),
        pl.Series("doubts", ["; ".join(row["doubts"]) for row in rows]),
        certainty=pl.min_horizontal(sureness),
    )
    table = table.sort(pl.col("doubts") == "", "certainty", "id")
    table = table.select(*FIRST, pl.exclude(FIRST))
    _write_csv(table, out / "attributes.csv")
    _show_domains(out, domains, member, table["id"].to_list())
    return Labelled(table, skipped, _pack(out, rows, pack_size, workers, progress))


def _membership(domains: Domains, attributes: pl.DataFrame) -> Bool[ndarray, "n k"]:
    """Whether each photo is in each domain; unlike in training, a domain may have no photo."""
    counts = domains.counts(attributes)
    member = np.zeros((attributes.height, len(domains)), dtype=bool)
    filled = {name: domains.queries[name] for name, count in counts.items() if count}
    if filled:
        member[:, [name in filled for name in domains.names]] = Domains(filled).membership(attributes)
    return member


def _show_domains(out: Path, domains: Domains, member: Bool[ndarray, "n k"], doubtful_first: list[int]) -> None:
    """Write a folder of crops and a contact sheet of overlays per domain."""
    for folder in ("domains", "sheets"):
        shutil.rmtree(out / folder, ignore_errors=True)
    for column, name in enumerate(domains.names):
        numbers = [number for number in doubtful_first if member[number, column]]
        for number in numbers:
            _link(out / "raw" / IMAGES / f"{number}.jpg", out / "domains" / "train" / name / f"{number}.jpg")
        if numbers:
            pictures = [_thumbnail(out / "overlays" / f"{number}.jpg") for number in numbers[:SHEET]]
            rows = [pictures[i : i + 8] for i in range(0, len(pictures), 8)]
            save_picture(sheet(rows, title=f"{name}: {len(numbers)} photos"), out / "sheets" / f"{name}.jpg")


def _write_csv(table: pl.DataFrame, path: Path) -> None:
    with write_whole(path) as file:
        table.write_csv(file)


def _thumbnail(path: Path) -> UInt8[ndarray, "h w 3"]:
    with open_image(path) as image:
        return np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, reducing_gap=2.0))


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def _pack(out: Path, rows: list[dict[str, Any]], size: int, workers: int, progress: bool | None) -> PackedDataset:
    """Pack `raw/` with the table's attributes; in an existing dataset, only what has changed is packed again."""
    raw = CelebAMaskHQ.open(out / "raw")
    packed = out / "packed"
    if packed.exists() and not _is_usable(packed, size):
        remove(packed)
    stamps = {name: stamp(state, row) for (name, state), row in zip(raw.stamps().items(), rows, strict=False)}
    attributes = [{name: row[name] for name in TYPES} for row in rows]
    return pack(
        partial(_packed_item, raw, attributes),
        len(rows),
        packed,
        size=size,
        source={"kind": "labelled"},
        stamps=stamps,
        workers=workers,
        progress=progress,
        say=lambda sentence: None,
    ).dataset


def _is_usable(packed: Path, size: int) -> bool:
    """Whether a packed dataset can be updated."""
    try:
        before = PackedDataset.open(packed)
        return before.size == size and before.stamps() is not None
    except ValueError:  # damaged
        return False


def _packed_item(raw: CelebAMaskHQ, attributes: list[dict[str, Any]], index: int) -> Item:
    place = {"name": raw.name(index), "split": raw.split(index)}
    return Item(raw.read_image(index), raw.read_labels(index), place | attributes[index])
