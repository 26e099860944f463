"""The errors of methods' edits against the truth."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

import cv2
import numpy as np
import torch
from jaxtyping import Bool, UInt8
from numpy import ndarray
from torch import Tensor

from hairgan.editbench.drawn_cases import SolvedCase, cases
from hairgan.editbench.dye_kinds import dye_kind
from hairgan.editbench.methods import InformedMethod, Method, apply
from hairgan.editbench.tasks import SEED, TASKS
from hairgan.metrics.color import ciede2000, rgb_to_lab
from hairgan.metrics.hair_edits import mask_iou
from hairgan.metrics.images import as_unit
from hairgan.metrics.perceptual import LPIPS
from hairgan.metrics.reconstruction import mean_over, psnr
from hairgan.regions import Region

RIM = 0.03
"""Width of the rim around the hair in which an edit may be blended, as a share of the picture's side."""

OUTLINE = 0.03
"""Distance from the old hair's edge, on both sides, in which the old outline may be left, as a share of the side."""

Parser = Callable[[UInt8[ndarray, "s s 3"]], UInt8[ndarray, "s s"]]
"""A face parser: a picture to its label map."""


@dataclass(frozen=True)
class Result:
    """One method on one task.

    Attributes:
        fingerprint: hash of all pictures of the task; only results with the same one can be compared.
        scores: means over the cases, by name; see `score`.
        seconds: median seconds per case.
        kinds: of dyes, the same scores of the cases of one kind (`hairgan.editbench.dye_kinds`), and their number
            `cases`, by kind.
    """

    method: str
    task: str
    pairs: int
    size: int
    seed: int
    fingerprint: str
    scores: dict[str, float]
    seconds: float
    kinds: dict[str, dict[str, float]] = field(default_factory=dict)


def run(
    methods: Mapping[str, Method | InformedMethod],
    *,
    pairs: int = 100,
    size: int = 256,
    seed: int = SEED,
    tasks: Sequence[str] = TASKS,
    lpips: LPIPS | None = None,
    parser: Parser | None = None,
) -> list[Result]:
    """Score methods on the same cases.

    Args:
        methods: by the name they have in the table.
        pairs: cases per task.
        size: of the pictures, 32 to 1024.
        seed: of the cases; published numbers use the default.
        tasks: `dye`, `restyle` or both.
        lpips: the perceptual distance; the embedded one if None.
        parser: finds the hair of an edit, for the score `hair_iou`; without it there is no such score.

    Returns:
        results by task, then by method.

    Raises:
        ValueError: a method failed, or its picture has another shape or type than the source.
    """
    lpips = lpips or LPIPS("embedded")
    return [result for task in tasks for result in _run_task(methods, task, pairs, size, seed, lpips, parser)]


def _run_task(
    methods: Mapping[str, Method | InformedMethod],
    task: str,
    pairs: int,
    size: int,
    seed: int,
    lpips: LPIPS,
    parser: Parser | None,
) -> list[Result]:
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    kinds: list[str] = []
    digest = hashlib.blake2b(digest_size=4)
    for solved in cases(task, pairs, size, seed):
        for picture in (solved.case.source, solved.case.reference, solved.truth.image):
            digest.update(picture.tobytes())
        if task == "dye":
            kinds.append(dye_kind(solved))
        for name, method in methods.items():
            start = time.perf_counter()
            edited = apply(name, method, solved)
            seconds[name].append(time.perf_counter() - start)
            scores[name].append(score(edited, solved, lpips, parser))
    results = []
    for name, rows in scores.items():
        by_kind: dict[str, dict[str, float]] = {}
        for kind in dict.fromkeys(sorted(kinds)):
            of_kind = [row for row, its_kind in zip(rows, kinds, strict=True) if its_kind == kind]
            by_kind[kind] = {"cases": len(of_kind)} | _means(of_kind)
        hashed, time_taken = digest.hexdigest(), median(seconds[name])
        results.append(Result(name, task, pairs, size, seed, hashed, _means(rows), time_taken, by_kind))
    return results


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Means over the rows that have a score; 0 if none has it."""
    names = dict.fromkeys(name for row in rows for name in row)
    known = {name: [row[name] for row in rows if not math.isnan(row[name])] for name in names}
    return {name: fmean(values) if values else 0.0 for name, values in known.items()}


@torch.no_grad()
def score(
    edited: UInt8[ndarray, "s s 3"], solved: SolvedCase, lpips: LPIPS, parser: Parser | None = None
) -> dict[str, float]:
    """Errors of one edit against the truth.

    `hair_` is the old and the new hair together, `outside_` the rest. In each: `rmse` on [0, 1], `psnr` (dB),
    `ciede2000` (mean over pixels), and LPIPS of the truth with the edit's pixels in this part against the truth.
    `leftover_outline` is the RMSE where an edit can leave the old outline: nearer than `OUTLINE` to the edge of the old
    hair, and outside the new; not a number if there is no such place, and left out of the means.
    `beyond_bytes_changed` is the share of bytes that differ from the source's, among those farther than `RIM` from the
    hair. `hair_iou`, only with a parser, is the intersection over union of the edit's and the truth's hair.
    """
    case, truth = solved.case, solved.truth
    source, image, true = (_tensor(x) for x in (case.source, edited, truth.image))
    old, new = (torch.from_numpy(labels == Region.HAIR)[None] for labels in (case.source_labels, truth.labels))
    difference = ciede2000(rgb_to_lab(image), rgb_to_lab(true))[:, None]
    scores: dict[str, float] = {}
    for part, mask in (("hair", old | new), ("outside", ~(old | new))):
        mse = mean_over(mask, (image - true).square())
        composite = torch.where(mask[:, None], image, true)
        scores |= {
            f"{part}_rmse": mse.sqrt().item(),
            f"{part}_psnr": psnr(mse).item(),
            f"{part}_ciede2000": mean_over(mask, difference).item(),
            f"{part}_{lpips.name}": lpips(2 * composite - 1, 2 * true - 1).item(),
        }
    beside = _beside_edge(case.source_labels == Region.HAIR) & ~new
    error = mean_over(beside, (image - true).square()).sqrt().item()
    scores["leftover_outline"] = error if beside.any() else math.nan
    far = _far_from((case.source_labels == Region.HAIR) | (truth.labels == Region.HAIR))
    scores["beyond_bytes_changed"] = mean_over(far, (image != source).float()).item() if far.any() else 0.0
    if parser is not None:
        scores["hair_iou"] = mask_iou(torch.from_numpy(parser(edited) == Region.HAIR)[None], new).item()
    return scores


def _beside_edge(hair: Bool[ndarray, "s s"]) -> Bool[Tensor, "1 s s"]:
    """Nearer than `OUTLINE` to the edge of the hair, inside or outside."""
    inner, outer = (
        cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for inside in (hair, ~hair)
    )
    return torch.from_numpy(np.where(hair, inner, outer) <= OUTLINE * len(hair))[None]


def _far_from(hair: Bool[ndarray, "s s"]) -> Bool[Tensor, "1 s s"]:
    distance = cv2.distanceTransform((~hair).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return torch.from_numpy(distance > RIM * len(hair))[None]


def _tensor(image: UInt8[ndarray, "s s 3"]) -> Tensor:
    return as_unit(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None])
