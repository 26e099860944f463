"""Backgrounds: walls with lettering, lights, rooms, leaves, other people, darkness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.portraits.canvas import Canvas
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import CLOTH_TONES, SKIN_TONES, Color, Identity
from hairgan.portraits.randomized.textures import Kind, texture
from hairgan.randomness import numpy_generator

_SHARES = {
    "wall": 0.15, "press": 0.25, "dark": 0.15, "blur": 0.12, "room": 0.10, "leaves": 0.08, "crowd": 0.08, "grain": 0.07,
}  # fmt: skip
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_COMPLEX | cv2.FONT_ITALIC,
)  # fmt: skip
_FONT_HEIGHT = 22  # of Hershey's capitals, pixels at scale 1
_LETTERS = list("AABCDEEEFGHIIKLMNNOOPRSSTTUVWXYZaabcdeefghiklmnoprstuvwy0123456789&.!-'")

Picture = UInt8[ndarray, "s s 3"]


def paint_background(canvas: Canvas, person: Identity, style: Hairstyle) -> None:
    """Fill the canvas with a random background, sometimes in the color of the hair."""
    rng = numpy_generator(person.noise, "randomized/backdrop")
    size = canvas.size
    kind = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    if np.mean(style.color) < 70 and rng.random() < 0.3:
        kind = "dark"
    first, second = _tones(rng, kind, style)
    back = _ramp(rng, size, first, second, 0.45 if kind in ("wall", "press") else 1.0)
    back = _PAINTERS[kind](rng, back)
    if kind != "dark" and rng.random() < 0.25:
        back = _dark_patches(rng, back)
    strength = float(rng.uniform(0.0, 0.10)) * 255 * (0.4 if kind in ("wall", "press") else 1.0)
    zoom = _log_uniform(rng, 0.5, 4) * size / 256
    rough = back.astype(np.float32) + (texture(rng, "cloud", size, size, zoom) * np.float32(strength))[..., None]
    np.clip(rough, 0, 255, rough)
    cv2.resize(rough, (canvas.side, canvas.side), canvas.image, interpolation=cv2.INTER_LINEAR)


def _tones(rng: np.random.Generator, kind: str, style: Hairstyle) -> tuple[ndarray, ndarray]:
    """Two colors; one picture in six has a background of the hair's color."""
    if rng.random() < 0.16 and kind != "press":
        first = np.array(style.color) * rng.uniform(0.5, 1.5)
    elif kind in ("wall", "press") and rng.random() < 0.72:
        first = rng.uniform(150, 255) * np.exp(rng.normal(0, 0.03, 3))
    elif kind == "dark":
        first = rng.uniform(3, 45) * np.exp(rng.normal(0, 0.25, 3))
    else:
        first = rng.uniform(20, 235) * np.exp(rng.normal(0, 0.35, 3))
    second = (
        rng.uniform(10, 240) * np.exp(rng.normal(0, 0.4, 3)) if rng.random() < 0.6 else first * rng.uniform(0.4, 1.5)
    )
    return np.clip(first, 2, 255), np.clip(second, 2, 255)


def _color(rng: np.random.Generator) -> Color:
    value, vivid = rng.uniform(5, 250), rng.uniform(0, 0.9)
    return _rgb(value * np.exp(rng.normal(0, vivid, 3)))


def _rgb(color: ndarray) -> Color:
    red, green, blue = (float(v) for v in np.clip(color, 0, 255))
    return red, green, blue


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _ramp(rng: np.random.Generator, size: int, first: ndarray, second: ndarray, strength: float) -> Picture:
    small = 24
    axis = np.linspace(-0.5, 0.5, small, dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.6:
        share = 0.5 + axis[None, :] * np.cos(angle) + axis[:, None] * np.sin(angle)
    else:
        x, y = rng.uniform(-0.5, 0.5, 2)
        share = 1.3 * np.sqrt((axis[None, :] - x) ** 2 + (axis[:, None] - y) ** 2)
    back = first + (second - first) * np.clip(share * strength * rng.uniform(0.3, 1.3), 0, 1)[..., None]
    return cv2.resize(np.clip(back, 0, 255).astype(np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


def _soft(rng: np.random.Generator, back: Picture, low: float, high: float) -> Picture:
    """Blur a background by a random share of the side between `low` and `high`."""
    sigma = _log_uniform(rng, low, high) * len(back)
    if sigma < 0.4:
        return back
    coarse = max(1, int(sigma / 2))
    side = max(4, len(back) // coarse)
    small = cv2.resize(back, (side, side), interpolation=cv2.INTER_AREA) if coarse > 1 else back
    small = cv2.GaussianBlur(small, (0, 0), sigma * side / len(back))
    return cv2.resize(small, (len(back), len(back)), interpolation=cv2.INTER_CUBIC) if coarse > 1 else small


def _wall(rng: np.random.Generator, back: Picture) -> Picture:
    """A wall without anything on it."""
    return back


@dataclass(frozen=True)
class _Word:
    text: str
    font: int
    height: float  # shares of the side
    thickness: float

    @staticmethod
    def sample(rng: np.random.Generator, low: float, high: float) -> _Word:
        height = _log_uniform(rng, low, high)
        return _Word(
            text="".join(rng.choice(_LETTERS, int(rng.integers(1, 9)))),
            font=_FONTS[int(rng.integers(len(_FONTS)))],
            height=height,
            thickness=height * float(rng.uniform(0.04, 0.24)),
        )


def _press(rng: np.random.Generator, back: Picture) -> Picture:
    """Lettering and logos, sometimes repeated."""
    size = len(back)
    dark = rng.uniform(0, 110) * np.exp(rng.normal(0, 0.5, 3))
    light = rng.uniform(130, 255) * np.exp(rng.normal(0, 0.25, 3))
    inks = [_rgb(dark if back.mean() > 110 else light), _color(rng)]
    if rng.random() < 0.3:
        _boxes(rng, back, int(rng.integers(1, 4)))
    if rng.random() < 0.45:
        words = [_Word.sample(rng, 0.035, 0.16) for _ in range(2)] * int(rng.integers(3, 11))
    else:
        words = [_Word.sample(rng, 0.05, 0.55) for _ in range(int(rng.integers(1, 7)))]
    for word in words:
        x, y = rng.uniform(-0.35, 0.95), rng.uniform(0.0, 1.1)
        if rng.random() < 0.65:  # beside the head
            x = rng.uniform(-0.45, 0.05) if rng.random() < 0.5 else rng.uniform(0.72, 0.95)
        place, high, thick = (
            (round(x * size), round(y * size)),
            word.height * size,
            max(1, round(word.thickness * size)),
        )
        ink = inks[int(rng.random() < 0.3)]
        cv2.putText(back, word.text, place, word.font, high / _FONT_HEIGHT, ink, thick, cv2.LINE_AA)
        if rng.random() < 0.2:
            axes = [max(1, round(high * float(v))) for v in rng.uniform(0.4, 1.2, 2)]
            cv2.ellipse(back, place, axes, 0, 0, 360, inks[1], -1 if rng.random() < 0.4 else thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        back = _tilted(rng, back, 8)
    return _soft(rng, back, 0.0008, 0.018)


def _tilted(rng: np.random.Generator, back: Picture, degrees: float) -> Picture:
    size = len(back)
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), float(rng.normal(0, degrees)), 1.1)
    return cv2.warpAffine(back, turn, (size, size), borderMode=cv2.BORDER_REFLECT)


def _boxes(rng: np.random.Generator, back: Picture, count: int) -> None:
    size = len(back)
    for _ in range(count):
        x, y, width, height = (
            rng.uniform(-0.3, 0.9),
            rng.uniform(-0.3, 0.9),
            rng.uniform(0.05, 0.6),
            rng.uniform(0.05, 0.9),
        )
        low, high = (round(x * size), round(y * size)), (round((x + width) * size), round((y + height) * size))
        cv2.rectangle(back, low, high, _color(rng), -1 if rng.random() < 0.8 else max(1, size // 60))


def _spots(rng: np.random.Generator, back: Picture, count: int, small: float, large: float, bright: float) -> None:
    size = len(back)
    layer = back.copy()
    for _ in range(count):
        radius = max(1, round(_log_uniform(rng, small, large) * size))
        center = (round(rng.uniform(-0.05, 1.05) * size), round(rng.uniform(-0.05, 1.05) * size))
        color = tuple(min(255.0, v * bright) for v in _color(rng))
        cv2.circle(layer, center, radius, color, -1, cv2.LINE_AA)
    share = float(rng.uniform(0.3, 1.0))
    cv2.addWeighted(layer, share, back, 1 - share, 0.0, back)


def _dark(rng: np.random.Generator, back: Picture) -> Picture:
    back = (back * np.float32(rng.uniform(0.15, 0.6))).astype(np.uint8)
    if rng.random() < 0.6:
        _spots(rng, back, int(rng.integers(2, 16)), 0.01, 0.09, 1.4)
    if rng.random() < 0.4:
        _boxes(rng, back, int(rng.integers(1, 4)))
    back = _soft(rng, back, 0.004, 0.09)
    return (back * np.float32(rng.uniform(0.3, 1.0))).astype(np.uint8)


def _dark_patches(rng: np.random.Generator, back: Picture) -> Picture:
    """Dark shapes beside the head that are not hair."""
    size = len(back)
    layer = np.zeros((size, size), dtype=np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        x = rng.uniform(-0.05, 0.3) if rng.random() < 0.5 else rng.uniform(0.7, 1.05)
        center = (round(x * size), round(rng.uniform(0, 1.05) * size))
        axes = (round(rng.uniform(0.04, 0.25) * size) + 1, round(rng.uniform(0.05, 0.4) * size) + 1)
        cv2.ellipse(layer, center, axes, float(rng.uniform(-40, 40)), 0, 360, 255, -1, cv2.LINE_AA)
    share = _soft(rng, cv2.merge([layer] * 3), 0.003, 0.05) * np.float32(rng.uniform(0.5, 1.0) / 255)
    tone = (rng.uniform(4, 60) * np.exp(rng.normal(0, 0.15, 3))).astype(np.float32)
    return (back + (tone - back) * share).astype(np.uint8)


def _grain(rng: np.random.Generator, back: Picture) -> Picture:
    """Wood, curtains, grass, fur: as streaky as hair."""
    size = len(back)
    kind: Kind = "strands" if rng.random() < 0.7 else "spots"
    pattern = texture(rng, kind, size, size, _log_uniform(rng, 0.6, 6) * size / 256, float(rng.normal(0, 0.6)))
    factor = np.clip(1 + np.float32(rng.uniform(0.1, 0.5)) * pattern, 0.1, 2.5)
    return _soft(rng, np.clip(back * factor[..., None], 0, 255).astype(np.uint8), 0.0008, 0.012)


def _blur(rng: np.random.Generator, back: Picture) -> Picture:
    size = len(back)
    for _ in range(int(rng.integers(1, 4))):
        share = np.clip(0.5 + 0.5 * texture(rng, "cloud", size, size, size * float(rng.uniform(0.4, 2.5)) / 256), 0, 1)
        change = np.array(_color(rng), dtype=np.float32) - back
        back = (back + change * (share * np.float32(rng.uniform(0.3, 0.9)))[..., None]).astype(np.uint8)
    if rng.random() < 0.5:
        _spots(rng, back, int(rng.integers(3, 25)), 0.01, 0.12, 1.2)
    return _soft(rng, back, 0.006, 0.07)


def _room(rng: np.random.Generator, back: Picture) -> Picture:
    """Boxes, stripes, shelves, panels."""
    size = len(back)
    _boxes(rng, back, int(rng.integers(2, 9)))
    if rng.random() < 0.6:
        period, vertical = rng.uniform(0.02, 0.2), rng.random() < 0.65
        ink, thick = _color(rng), max(1, round(rng.uniform(0.004, 0.05) * size))
        for at in np.arange(rng.uniform(0, period), 1.0, period):
            p = round(at * size)
            cv2.line(back, (p, 0) if vertical else (0, p), (p, size) if vertical else (size, p), ink, thick)
    if rng.random() < 0.4:  # books
        x, y = float(rng.uniform(-0.1, 0.3)), float(rng.uniform(0.1, 0.8))
        for _ in range(30):
            width, height = rng.uniform(0.01, 0.05), rng.uniform(0.08, 0.25)
            low, high = (round(x * size), round((y - height) * size)), (round((x + width) * size), round(y * size))
            cv2.rectangle(back, low, high, _color(rng), -1)
            x += width
            if x > 1:
                x, y = float(rng.uniform(-0.1, 0.3)), y + 0.3
    if rng.random() < 0.5:
        back = _tilted(rng, back, 12)
    return _soft(rng, back, 0.001, 0.03)


def _leaves(rng: np.random.Generator, back: Picture) -> Picture:
    size = len(back)
    hue = np.array(
        [(60, 95, 40), (190, 30, 30), (90, 75, 40), (110, 130, 70), (200, 120, 140), (230, 90, 40)][
            int(rng.integers(6))
        ]
    )
    for _ in range(int(rng.integers(60, 160))):
        center = (round(rng.uniform(0, 1) * size), round(rng.uniform(0, 1) * size))
        axes = (max(1, round(rng.uniform(0.008, 0.08) * size)), max(1, round(rng.uniform(0.004, 0.05) * size)))
        color = _rgb(hue * np.exp(rng.normal(0, 0.55)) * np.exp(rng.normal(0, 0.15, 3)))
        cv2.ellipse(back, center, axes, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
    return _soft(rng, back, 0.0015, 0.03)


def _crowd(rng: np.random.Generator, back: Picture) -> Picture:
    """Heads and shoulders of other people, out of focus."""
    size = len(back)
    for _ in range(int(rng.integers(1, 6))):
        x, y, r = rng.uniform(-0.05, 1.05), rng.uniform(0.05, 0.9), rng.uniform(0.05, 0.22)
        skin = SKIN_TONES[int(rng.integers(len(SKIN_TONES)))] * rng.uniform(0.3, 0.9)
        cloth = CLOTH_TONES[int(rng.integers(len(CLOTH_TONES)))] * rng.uniform(0.3, 1.0)
        hair = np.array(_color(rng)) * 0.5

        parts = (  # offset and half axes in radii, color
            (2.9, 2.2, 1.7, cloth), (-0.2, 1.0, 1.15, hair), (1.0, 0.45, 0.8, skin * 0.8), (0.15, 0.8, 1.0, skin),
        )  # fmt: skip
        for down, wide, high, tone in parts:
            center = (round(x * size), round((y + down * r) * size))
            axes = (max(1, round(wide * r * size)), max(1, round(high * r * size)))
            cv2.ellipse(back, center, axes, 0, 0, 360, _rgb(tone), -1, cv2.LINE_AA)
    return _soft(rng, back, 0.012, 0.06)


_PAINTERS = {
    "wall": _wall, "press": _press, "dark": _dark, "blur": _blur, "room": _room, "leaves": _leaves, "crowd": _crowd,
    "grain": _grain,
}  # fmt: skip
