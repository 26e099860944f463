"""Colour: names and hex codes, and hair colour in CIE Lab (D65; L 0 to 100)."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8
from numpy import ndarray
from PIL import ImageColor

HAIR_COLORS: dict[str, str] = {
    # mean colours of hair in photos, which are darker and duller than the words suggest
    "black": "#231d1b",
    "brown": "#4b3527",
    "chestnut": "#5e3a28",
    "auburn": "#6d3320",
    "red": "#8a3f22",
    "ginger": "#a8562b",
    "copper": "#94512f",
    "blond": "#b8935f",
    "blonde": "#b8935f",
    "platinum": "#d3c3a6",
    "grey": "#8d8985",
    "gray": "#8d8985",
    "silver": "#b5b3b2",
    "white": "#dcdad6",
}


def parse_color(text: str) -> UInt8[ndarray, " 3"]:
    """RGB of a hair colour (`HAIR_COLORS`), any CSS colour name, or a hex code such as `#7a3b1e`.

    Raises:
        ValueError: the text is none of these, is transparent, or asks for more than there is, as `rgb(999, 0, 0)`.
    """
    try:
        if not text.isascii():  # Pillow would read digits of other scripts
            raise ValueError
        values = ImageColor.getrgb(HAIR_COLORS.get(text.strip().lower(), text.strip()))
    except ValueError as error:
        raise ValueError(
            f"'{text}' is not a colour: give a hex code such as #7a3b1e, a CSS name, or one of {', '.join(HAIR_COLORS)}"
        ) from error
    if max(values) > 255 or min(values) < 0:
        raise ValueError(f"'{text}' is not a colour: red, green and blue are 0 to 255 (0 to 100 %), here {values}")
    if len(values) > 3 and values[3] < 255:
        raise ValueError(f"'{text}' is transparent; hair is not: leave the fourth value out")
    return np.array(values[:3], dtype=np.uint8)


def rgb_to_lab(image: Float32[ndarray, "*shape 3"]) -> Float32[ndarray, "*shape 3"]:
    """RGB, 0 to 255, to Lab."""
    return cv2.cvtColor(image.reshape(-1, 1, 3) / np.float32(255), cv2.COLOR_RGB2LAB).reshape(image.shape)


def lab_to_rgb(lab: Float32[ndarray, "*shape 3"]) -> Float32[ndarray, "*shape 3"]:
    """Lab to RGB, 0 to 255, clipped."""
    return 255 * cv2.cvtColor(lab.reshape(-1, 1, 3), cv2.COLOR_LAB2RGB).reshape(lab.shape).clip(0, 1)


def hair_color(
    image: Float32[ndarray, "h w 3"] | UInt8[ndarray, "h w 3"], hair: Bool[ndarray, "h w"]
) -> tuple[Float[ndarray, " 3"], Float[ndarray, " 3"]]:
    """Mean and standard deviation of hair in Lab, away from its rim where there is enough of it."""
    inner = cv2.erode(hair.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    lab = rgb_to_lab(image[inner if inner.sum() >= 50 else hair].astype(np.float32))
    return lab.mean(axis=0, dtype=np.float64), lab.std(axis=0, dtype=np.float64)


def spread_factors(now: Float[ndarray, " 3"], wanted: Float[ndarray, " 3"]) -> Float[ndarray, " 3"]:
    """Factors from one standard deviation in Lab to another, at most half as much again: more would show noise."""
    return np.clip(wanted / np.maximum(now, 1e-3), 0.5, 1.5)


def recolor(
    image: Float32[ndarray, "h w 3"],
    weight: Float32[ndarray, "h w"],
    now: tuple[Float[ndarray, " 3"], Float[ndarray, " 3"]],
    wanted: tuple[Float[ndarray, " 3"], Float[ndarray, " 3"] | None],
) -> Float32[ndarray, "h w 3"]:
    """Colour transfer: move the weighted pixels' mean and spread in Lab (Reinhard et al. 2001).

    Args:
        weight: how much each pixel moves, 0 to 1.
        now, wanted: mean and standard deviation of the hair; a wanted deviation of None keeps the spread.
    """
    spread = np.ones(3) if wanted[1] is None else spread_factors(now[1], wanted[1])
    lab = rgb_to_lab(image)
    moved = (lab - now[0]) * spread + wanted[0]
    moved[..., 0] = moved[..., 0].clip(0, 100)
    changed = lab_to_rgb(moved.astype(np.float32))
    return np.where(weight[..., None] > 0, image + weight[..., None] * (changed - image), image)


def matte(
    hair: Float32[ndarray, "h w"], picture: UInt8[ndarray, "h w 3"], radius: int, eps: float = 1e-3
) -> Float32[ndarray, "h w"]:
    """Hair probabilities drawn to the picture's edges: a guided filter (He et al. 2010) with the grey picture as guide.

    Strands outside the parser's outline come in, and what shines through inside it goes out.

    Args:
        radius: of the filter's windows, in pixels.
        eps: variance of the guide, in (0, 1)^2, above which it counts as an edge.
    """
    guide = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255

    def mean(values: ndarray) -> ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_hair = mean(guide), mean(hair)
    slope = (mean(guide * hair) - mean_guide * mean_hair) / (mean(guide * guide) - mean_guide**2 + eps)
    return np.clip(mean(slope) * guide + mean(mean_hair - slope * mean_guide), 0, 1)
