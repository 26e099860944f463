"""Soft shading: a height field and a color over the frame, lit and seen through the camera.

Smooth properties of skin and cloth are computed on a grid of `GRID` x `GRID` cells, regardless of the picture's size,
and enlarged; edges are drawn over them at the picture's own resolution.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from hairgan.portraits.canvas import Canvas
from hairgan.portraits.identity import Scene

GRID = 160
_CELLS = (np.arange(GRID, dtype=np.float32) + 0.5) / GRID
X, Y = np.meshgrid(_CELLS - 0.5, _CELLS)
"""Head coordinates of the cells' centers."""
_WRAP = 0.3  # how far light reaches around an edge: skin and cloth are softer than Lambert's law
_SUBSURFACE = (0.86, 1.06, 1.14)  # shadows on skin turn red


def bump(x: float, y: float, width: float, height: float) -> Float32[ndarray, "g g"]:
    """A Gaussian hill of height 1 at (x, y) with these standard deviations."""
    across = np.exp(-0.5 * ((X[0] - x) / width) ** 2)
    down = np.exp(-0.5 * ((Y[:, 0] - y) / height) ** 2)
    return np.outer(down, across).astype(np.float32)


def bumps(x: float, y: float, width: float, height: float) -> Float32[ndarray, "g g"]:
    """A hill and its mirror image."""
    across = np.exp(-0.5 * ((X[0] - x) / width) ** 2) + np.exp(-0.5 * ((X[0] + x) / width) ** 2)
    down = np.exp(-0.5 * ((Y[:, 0] - y) / height) ** 2)
    return np.outer(down, across).astype(np.float32)


def crease(points: list[tuple[float, float]], width: float) -> Float32[ndarray, "g g"]:
    """A soft line of height 1 along a polyline, and its mirror image."""
    scale = 16.0
    out = np.zeros((GRID, GRID), dtype=np.uint8)
    for side in (-1, 1):
        line = [((side * x + 0.5) * GRID - 0.5, y * GRID - 0.5) for x, y in points]
        cv2.polylines(out, [np.rint(np.array(line) * scale).astype(np.int32)], False, 255, 1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(out.astype(np.float32), (0, 0), width * GRID)
    return soft / max(float(soft.max()), 1.0)


def light_color(scene: Scene) -> Float32[ndarray, 3]:
    """The key light's color, around 1."""
    return np.array([1 + 0.07 * scene.warmth, 1 + 0.005 * scene.warmth, 1 - 0.09 * scene.warmth], dtype=np.float32)


def surface(
    canvas: Canvas,
    scene: Scene,
    height: Float32[ndarray, "g g"],
    albedo: Float32[ndarray, "g g 3"],
    gloss: float,
    skin: bool = True,
) -> Float32[ndarray, "side side 3"]:
    """A lit surface seen through the camera.

    Args:
        canvas: determines size and camera.
        scene: determines the light.
        height: z over the frame, picture widths.
        albedo: RGB over the frame, 0 to 255.
        gloss: strength of the highlight, 0 to 1.
        skin: whether shadows turn red.

    Returns:
        RGB for each canvas pixel, also where the surface is not to be painted.
    """
    slope_y, slope_x = np.gradient(height, np.float32(1 / GRID))
    norm = np.sqrt(slope_x**2 + slope_y**2 + 1)
    light = np.array(scene.light, dtype=np.float32)
    facing = (light[2] - light[0] * slope_x - light[1] * slope_y) / norm
    diffuse = np.clip((facing + _WRAP) / (1 + _WRAP), 0, None)
    ahead = (light[2] + _WRAP) / (1 + _WRAP)
    shade = 1 + np.float32(scene.key) * (diffuse - ahead)
    cavity = cv2.GaussianBlur(height, (0, 0), 0.022 * GRID) - height
    shade *= np.clip(1 - 9 * cavity, 0.62, 1.08)
    shade = np.clip(shade, 0.06, None)

    half = light + np.array([0, 0, 1], dtype=np.float32)
    half /= np.linalg.norm(half)
    glint = np.clip((half[2] - half[0] * slope_x - half[1] * slope_y) / norm, 0, 1)
    glint = cv2.pow(glint, 26) * np.float32(40 * gloss)
    near = np.clip(diffuse, 0, 1)
    tint = light_color(scene)
    lit = np.empty((GRID, GRID, 3), dtype=np.float32)
    for c in range(3):
        factor = cv2.pow(shade, float(_SUBSURFACE[c])) if skin else shade
        lit[..., c] = albedo[..., c] * factor * (1 + (tint[c] - 1) * near) + glint * tint[c]

    x, y = canvas.camera.unproject(GRID, height)
    seen = cv2.remap(lit, (x + 0.5) * GRID - 0.5, y * GRID - 0.5, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    return cv2.resize(seen, (canvas.side, canvas.side), interpolation=cv2.INTER_LINEAR)


def heights_at(height: Float32[ndarray, "g g"], points: Float[ndarray, "n 2"]) -> Float32[ndarray, " n"]:
    """z of a height field at points (x, y)."""
    x = ((points[:, 0] + 0.5) * GRID - 0.5).astype(np.float32)
    y = (points[:, 1] * GRID - 0.5).astype(np.float32)
    return cv2.remap(height, x, y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE).ravel()
