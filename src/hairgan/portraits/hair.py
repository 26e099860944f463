"""Hair in layers: behind the body, behind the ears, and over the face with its shadow."""

from __future__ import annotations

import cv2
import numpy as np

from hairgan.portraits.canvas import Canvas, Mask
from hairgan.portraits.hair_flow import Locks, grow
from hairgan.portraits.hair_paint import colorize, paint_locks, tones
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.hat import Hat
from hairgan.portraits.identity import Identity
from hairgan.portraits.scalp import hairline, on_skull
from hairgan.regions import Region

SHADOW_REACH = 0.10
"""How far the shadow of hair on skin and clothes reaches, in picture widths."""


class Hair:
    """A hairstyle on a head; each method paints one layer.

    Args:
        canvas: where to paint.
        person: who wears it.
        style: the hairstyle.
        hat: hides the hair above its rim; None for no hat.
        density: share of the locks that are drawn; if it is below 1, they are wider.
    """

    def __init__(
        self, canvas: Canvas, person: Identity, style: Hairstyle, hat: Hat | None, density: float = 1.0
    ) -> None:
        self.canvas, self.person, self.style, self.hat = canvas, person, style, hat
        locks = grow(style, person.head, density)
        self._behind, self._front = locks[~locks.front], locks[locks.front]
        side = self._front.side
        self._tucked = (side > 0) & style.tucked_left | (side < 0) & style.tucked_right
        self._tucked &= ~self._front.bangs

    def paint_behind_body(self) -> None:
        if self.style.length != "short":
            self._paint("back", self._behind, 0.62)

    def paint_behind_ears(self) -> None:
        if self._tucked.any():
            self._paint("beside", self._front[self._tucked], 0.8)

    def paint_front(self, receivers: list[Mask]) -> None:
        """Paint scalp, sides and bangs, and their shadow on `receivers`."""
        locks = self._front
        if self._tucked.any():
            locks = locks.tucked(self._tucked)
        self._paint("front", locks, 1.0, _scalp(self.canvas, self.person), receivers)

    def _paint(
        self, name: str, locks: Locks, brightness: float, cap: Mask | None = None, receivers: list[Mask] | None = None
    ) -> None:
        canvas, scene = self.canvas, self.person.scene
        tone = tones(locks, self.style, scene) * brightness
        mask, buffer = paint_locks(canvas, locks, self.style, tone, name, cap)
        if not mask.alpha.size:
            return
        if self.hat:
            mask = mask.without(self.hat.above())
        if receivers:
            self._cast_shadow(mask, receivers)
        canvas.paint(mask, colorize(buffer, self.style, scene), Region.HAIR)

    def _cast_shadow(self, mask: Mask, receivers: list[Mask]) -> None:
        canvas, light = self.canvas, self.person.scene.light
        side = canvas.side
        lit = np.zeros((side, side), dtype=np.float32)
        for receiver in receivers:
            np.maximum(lit[receiver.window], receiver.alpha, out=lit[receiver.window])
        hair = np.zeros((side, side), dtype=np.float32)
        hair[mask.window] = mask.alpha
        for far, blur, strength in ((0.026, 0.014, 0.42), (0.008, 0.005, 0.30)):
            shift = np.array([-1.2 * far * light[0], far * (0.5 - light[1])]) * canvas.pixels(1.0)
            move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float32)
            shadow = Mask(cv2.warpAffine(hair, move, (side, side)), 0, 0).blurred(canvas.pixels(blur))
            shadow.alpha *= lit
            canvas.shade(shadow, 1 - strength * np.array([0.66, 0.86, 0.90]))


def _scalp(canvas: Canvas, person: Identity) -> Mask:
    """The visible part of the skin that hair grows on."""
    azimuth = np.deg2rad(np.linspace(-92, 92, 60))
    line = canvas.project(on_skull(person.head, azimuth, hairline(person.head, azimuth)))
    angle = np.linspace(0, np.pi, 40)
    crown = np.stack([0.262 * person.head.width * np.cos(angle), 0.40 - 0.330 * np.sin(angle)], axis=1)
    return canvas.polygon(np.concatenate([line, canvas.project(crown, -0.03)]), blur=0.0035)
