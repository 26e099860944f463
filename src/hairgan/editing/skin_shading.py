"""Skin that nobody has seen: it is lit as the visible skin is, and a face is round."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from hairgan.editing.blending import continued
from hairgan.editing.corrections import smoothed

# Lengths are shares of the crop's side.
DETAIL = 1 / 128
"""Standard deviation of the blur that leaves the shading of skin and none of its details."""
RIM = 0.97
"""Distance from the middle of the face, as a share of its radius, beyond which its surface turns away no more."""
CAUTION = 1e-3
"""Weight of the squared strength of the light against the mean squared error of the fit."""
ROUNDS = 3
"""How often the light is fitted; each time what the one before explains badly counts less."""
STRONGEST = (-1.2, 0.6)
"""Least and greatest change of log lightness by shading."""


def continued_skin(
    picture: Float32[ndarray, "s s 3"], visible: Bool[ndarray, "s s"], face: Bool[ndarray, "s s"]
) -> Float32[ndarray, "s s 3"]:
    """Skin everywhere in a crop, as it is lit where it is visible.

    The face is taken for an ellipsoid whose log lightness is linear in its normals (for lightness itself see Basri and
    Jacobs 2003, "Lambertian reflectance and linear subspaces"). Vertical normals are left out, because nothing tells
    their effect where the forehead is hidden. What the fit leaves is continued harmonically.

    Args:
        picture: 0 to 255.
        visible: skin that tells; at least one pixel.
        face: the whole face, hidden parts included.
    """
    logs = np.log(np.maximum(smoothed(picture, visible, DETAIL * len(picture)), 1))
    if not face.any():
        return np.exp(continued(logs, visible))
    normals = _normals(face)
    shading = _fitted(normals, logs.mean(axis=2), visible).clip(*STRONGEST)[..., None]
    return np.exp(continued(logs - shading, visible) + shading)


def _normals(face: Bool[ndarray, "s s"]) -> Float32[ndarray, "s s 2"]:
    """Normals of the ellipsoid with the extent of a face: to the right, and toward the camera."""
    rows, columns = np.nonzero(face)
    (left, right), (top, bottom) = np.percentile(columns, [1, 99]), np.percentile(rows, [1, 99])
    y, x = np.mgrid[: len(face), : len(face)]
    across = (x - (left + right) / 2) / ((right - left) / 2 + 1)
    down = (y - (top + bottom) / 2) / ((bottom - top) / 2 + 1)
    inward = np.minimum(1, RIM / np.maximum(np.hypot(across, down), 1e-6))
    across, down = across * inward, down * inward
    return np.stack([across, np.sqrt(1 - across**2 - down**2)], axis=-1).astype(np.float32)


def _fitted(
    normals: Float32[ndarray, "s s n"], values: Float32[ndarray, "s s"], visible: Bool[ndarray, "s s"]
) -> Float32[ndarray, "s s"]:
    """What of the values is linear in the normals, less its mean where they are visible."""
    center = normals[visible].mean(axis=0)
    known, wanted = normals[visible] - center, values[visible] - values[visible].mean()
    caution = CAUTION * len(known) * np.eye(known.shape[1])
    weights, light = np.ones(len(known)), np.zeros(known.shape[1])
    for _ in range(ROUNDS):
        weighted = known * weights[:, None]
        light = np.linalg.solve(weighted.T @ known + caution, weighted.T @ wanted)
        rest = wanted - known @ light
        weights = 1 / (1 + (rest / (1.5 * np.median(np.abs(rest)) + 1e-3)) ** 2)
    return np.asarray((normals - center) @ light, np.float32)
