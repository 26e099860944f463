"""Moves one label map so that its face lies where the face of another one is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from hairgan.regions import Region

FEATURES = ((Region.L_EYE,), (Region.R_EYE,), (Region.NOSE,), (Region.MOUTH, Region.U_LIP, Region.L_LIP))
"""Parts of the face whose centers are matched: they do not depend on the hair, unless it hides them."""
MIN_SHARE = 2e-4
"""Share of the label map that a part covers at least, to be used."""
RIDGE = 0.01
"""Added to the sum of squared distances, in squared halves of the side: few or close parts turn and scale little."""


def align_faces(labels: Int64[Tensor, "b s s"], onto: Int64[Tensor, "b s s"]) -> Int64[Tensor, "b s s"]:
    """Each label map, moved, turned and scaled so that its eyes, nose and mouth come to lie on those of another one.

    The similarity with the smallest squared error (Umeyama 1991), of the centers of the parts that both maps show, with
    a preference for no turn and no change of size. Without such parts a map stays as it is. What lies outside takes the
    nearest label.

    Args:
        labels: label maps to move.
        onto: label maps that stay.
    """
    grid = F.affine_grid(face_affine(labels, onto), [len(labels), 1, *labels.shape[1:]], align_corners=False)
    moved = F.grid_sample(labels[:, None].float(), grid, mode="nearest", padding_mode="border", align_corners=False)
    return moved[:, 0].long()


def face_affine(labels: Int64[Tensor, "b s s"], onto: Int64[Tensor, "b s s"]) -> Float[Tensor, "b 2 3"]:
    """From places of the one face to the same places of the other: maps for `torch.nn.functional.affine_grid`.

    Args:
        labels: label maps to move.
        onto: label maps that stay.
    """
    theirs, own = _centers(onto), _centers(labels)
    weight = (theirs[1] & own[1]).float()[..., None]
    count = weight.sum(1).clamp(min=1)
    their_mean, own_mean = (theirs[0] * weight).sum(1) / count, (own[0] * weight).sum(1) / count
    x, y = (theirs[0] - their_mean[:, None]) * weight, (own[0] - own_mean[:, None]) * weight
    spread = (x**2).sum((1, 2)) + RIDGE
    cosine = ((x * y).sum((1, 2)) + RIDGE) / spread
    sine = (x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]).sum(1) / spread
    turn = torch.stack([cosine, -sine, sine, cosine], 1).view(-1, 2, 2)
    shift = own_mean - (turn @ their_mean[..., None])[..., 0]
    return torch.cat([turn, shift[..., None]], 2)


def _centers(labels: Int64[Tensor, "b s s"]) -> tuple[Float[Tensor, "b parts 2"], Bool[Tensor, "b parts"]]:
    """Centers (x, y) of the parts of the face in [-1, 1], and whether they are there."""
    size = labels.shape[-1]
    axis = (2 * torch.arange(size, device=labels.device) + 1) / size - 1
    parts = [torch.stack([labels == region for region in regions]).any(0).float() for regions in FEATURES]
    masks = torch.stack(parts, 1)  # (B, parts, s, s)
    areas = masks.sum((2, 3))
    x, y = (masks.sum(2) * axis).sum(2), (masks.sum(3) * axis).sum(2)
    return torch.stack([x, y], 2) / areas.clamp(min=1)[..., None], areas > MIN_SHARE * size**2
