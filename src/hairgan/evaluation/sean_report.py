"""The report on SEAN: tables, the best and worst images, and dyeing on EditBench compared with the baselines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.data.augment import to_bytes, to_float
from hairgan.editbench import BASELINES, EditCase, contact_sheet, run
from hairgan.evaluation.painter import Painter, with_hair_of
from hairgan.evaluation.result import Evaluation, Picture, Table
from hairgan.metrics.definitions import define
from hairgan.metrics.registry import SIMILARITY
from hairgan.networks.sean import SEANGenerator
from hairgan.pictures import sheet
from hairgan.regions import colorize

EXAMPLES = 6
EDITBENCH_PAIRS = 20
TABLES = (  # title, prefix of the values, note
    ("Reconstructions", "", "Images painted from their own label map and styles, against the images."),
    ("Edits", "edits/", "The hair's style of the next image on the source's label map, as painted."),
    ("Segmentation", "segmentation/", "What the face parser sees in reconstructions, against the label maps."),
)


def tables(values: Mapping[str, float], headline: Sequence[str], num_images: int) -> list[Table]:
    """One table per kind of value that was measured."""
    found = []
    for title, prefix, note in TABLES:
        names = [name for name in headline if (name.startswith(prefix) if prefix else "/" not in name)]
        if names:
            row = (f"{num_images} images", [values[name] for name in names])
            found.append(Table(title, [name.removeprefix(prefix) for name in names], [row], note=note))
    return found


def best_and_worst(painter: Painter, of_images: Mapping[int, Mapping[str, float]]) -> list[Picture]:
    """The images with the best and the worst values.

    Args:
        of_images: position of the image -> its values by name.
    """
    pictures = []
    for name in next(iter(of_images.values()), {}):
        definition = define(name)
        values = {position: scores[name] for position, scores in of_images.items() if not math.isnan(scores[name])}
        if definition is None or not values:
            continue
        best_first = sorted(values, key=values.__getitem__, reverse=definition.better == "higher")
        for rank, positions in (("Best", best_first), ("Worst", best_first[::-1])):
            shown = np.array(positions[:EXAMPLES])
            batch = painter(shown)
            painted = {"labels": batch.labels, "painted": batch.painted}
            edited = {"reference": batch.references, "edited": batch.edited}
            is_own = "/" not in name and not name.startswith((*SIMILARITY, "lpips"))  # may look at either
            rows = {"source": batch.images} | (painted | edited if is_own else edited if "/" in name else painted)
            columns = [f"{values[int(position)]:.3f}" for position in shown]
            picture = sheet([_pictures(row) for row in rows.values()], [*rows], columns)
            pictures.append(Picture(f"{rank} by {name}", picture, definition.text, section="Best and worst"))
    return pictures


def _pictures(batch: Tensor) -> list[UInt8[ndarray, "h w 3"]]:
    """Images in [-1, 1], or label maps, as pictures."""
    return list(to_bytes(batch).cpu().numpy()) if batch.ndim == 4 else [colorize(m) for m in batch.cpu().numpy()]


@torch.no_grad()
def add_editbench(result: Evaluation, generator: SEANGenerator, size: int, device: torch.device | str) -> None:
    """Score dyeing on EditBench's people, with their true label maps, and compare it with the baselines.

    Args:
        result: values, a table and a picture are added.
        size: of the people's pictures, px.
    """

    def dye(case: EditCase) -> UInt8[ndarray, "s s 3"]:
        pictures = np.stack([case.source, case.reference])
        labels = torch.from_numpy(np.stack([case.source_labels, case.reference_labels])).to(device).long()
        images = to_float(torch.from_numpy(pictures).to(device))
        styles = generator.encode_styles(images[:1], labels[:1])
        styles = with_hair_of(generator, styles, images[1:], labels[1:])
        painted = generator.paint(generator.layout(labels[:1]), styles)
        edited: UInt8[ndarray, "s s 3"] = to_bytes(painted)[0].cpu().numpy()
        return edited

    methods = {"this model": dye, **BASELINES}
    scored = run(methods, pairs=EDITBENCH_PAIRS, size=size, tasks=("dye",))
    scores = {of_method.method: of_method.scores for of_method in scored}
    columns = ("hair_ciede2000", "hair_psnr", "outside_ciede2000", "outside_psnr")
    result.values |= {f"editbench/{name}": value for name, value in scores["this model"].items()}
    result.headline += ("editbench/hair_ciede2000", "editbench/outside_ciede2000")
    rows = [(method, [values[name] for name in columns]) for method, values in scores.items()]
    note = f"Dyeing {EDITBENCH_PAIRS} drawn people of {size} px, against the true result (docs/editbench.md)."
    result.tables.append(Table("EditBench", columns, rows, note=note))
    examples = contact_sheet({"this model": dye}, "dye", pairs=EXAMPLES, size=size)
    result.pictures.append(Picture("EditBench: dye", examples, section="Examples"))
