"""From a person and a hairstyle to a picture with its label map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.data.portraits.accessories import Hat, paint_earrings, paint_glasses, paint_necklace
from hairgan.data.portraits.canvas import SUPERSAMPLING, Canvas, Mask
from hairgan.data.portraits.eyes import paint_eyes
from hairgan.data.portraits.face import Face, paint_beard, paint_brows, paint_ears, paint_head, paint_nose
from hairgan.data.portraits.hair_flow import Locks, grow
from hairgan.data.portraits.hair_paint import colourize, paint_locks, tones
from hairgan.data.portraits.hairstyle import Hairstyle
from hairgan.data.portraits.head import HeadShape
from hairgan.data.portraits.identity import Identity
from hairgan.data.portraits.mouth import paint_mouth
from hairgan.data.portraits.scalp import hairline, on_skull
from hairgan.data.portraits.scene import BodyPainter, paint_background
from hairgan.data.sampling import numpy_generator
from hairgan.regions import Region

MIN_SIZE, MAX_SIZE = 32, 1024
SHADOW_REACH = 0.09
"""How far hair throws its shadow on skin and clothes, in picture widths."""


@dataclass(frozen=True)
class Portrait:
    """A drawn person.

    Attributes:
        image: RGB.
        labels: regions, the CelebAMask-HQ order of `hairgan.regions`.
        attributes: CelebA's names as bool; `hair_length`, `hair_texture` and `hair_color` as str.
    """

    image: UInt8[ndarray, "size size 3"]
    labels: UInt8[ndarray, "size size"]
    attributes: dict[str, bool | str | float]


def portrait(seed: int, index: int, size: int) -> Portrait:
    """The portrait number `index` of the endless set `seed`: person `index` with hairstyle `index`."""
    return draw(Identity.sample(seed, index), Hairstyle.sample(seed, index), size)


def draw(identity: Identity, hairstyle: Hairstyle, size: int) -> Portrait:
    """Draw a person with a hairstyle.

    Two hairstyles on one person give the same bytes wherever neither has hair nor throws a shadow (`SHADOW_REACH`).

    Args:
        identity: who, and in which scene.
        hairstyle: the hair.
        size: of the square picture in pixels, 32 to 1024.

    Raises:
        ValueError: size out of range.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"a portrait's size must be {MIN_SIZE} to {MAX_SIZE} pixels, got {size}")
    canvas = Canvas(size, identity.scene.camera)
    shape = HeadShape(identity)
    face = Face(canvas, identity, shape)
    body = BodyPainter(canvas, identity, shape)
    hat = Hat(canvas, identity) if identity.accessories.hat != "none" else None
    locks = grow(hairstyle, identity.head)

    paint_background(canvas, identity)
    if hairstyle.length != "short":
        _hair(canvas, locks[~locks.front], hairstyle, identity, hat, "back", 0.62)
    skin = [body.body()]
    paint_necklace(canvas, identity, skin[0])
    skin.append(body.clothes())
    front = locks[locks.front]
    beside = front if hairstyle.length != "short" else front[:0]
    tucked = (beside.side > 0) & hairstyle.tucked_left | (beside.side < 0) & hairstyle.tucked_right
    _hair(canvas, beside[tucked], hairstyle, identity, hat, "beside", 0.8)
    paint_ears(face)
    head = paint_head(face)
    paint_nose(face)
    paint_eyes(face)
    paint_brows(face)
    paint_mouth(face)
    paint_beard(face)
    paint_glasses(canvas, identity, shape)
    paint_earrings(canvas, identity)
    _hair(canvas, front, hairstyle, identity, hat, "front", 1.0, scalp=True, receivers=[head, *skin])
    if hat:
        hat.paint()
    labels = canvas.labels
    return Portrait(_develop(canvas, identity), labels, _attributes(identity, hairstyle, labels))


def _hair(
    canvas: Canvas,
    locks: Locks,
    style: Hairstyle,
    person: Identity,
    hat: Hat | None,
    name: str,
    dim: float,
    scalp: bool = False,
    receivers: list[Mask] | None = None,
) -> None:
    """Paint one layer of hair with the shadow it throws on `receivers`."""
    if not len(locks):
        return
    cap = _scalp(canvas, person) if scalp else None
    tone = tones(locks, style, person.scene) * dim
    mask, buffer = paint_locks(canvas, locks, style, tone, name, cap)
    if hat and mask.alpha.size:
        hidden = hat.above().clip(mask)
        y, x = hidden.y - mask.y, hidden.x - mask.x
        mask.alpha[y : y + hidden.alpha.shape[0], x : x + hidden.alpha.shape[1]] *= _outside(hidden, mask)
    if receivers:
        light = person.scene.light
        for far, blur, strength in ((0.026, 0.014, 0.42), (0.008, 0.005, 0.30)):
            shift = np.array([-light[0] * far * 1.2, far * (0.5 - light[1])]) * canvas.pixels(1.0)
            shadow = _shifted(canvas, mask, shift).blurred(canvas.pixels(blur))
            for receiver in receivers:
                canvas.shade(shadow.clip(receiver), 1 - strength * np.array([0.66, 0.86, 0.90]))
    canvas.paint(mask, colourize(mask, buffer, style, person.scene), Region.HAIR)


def _outside(hidden: Mask, mask: Mask) -> ndarray:
    y, x = hidden.y - mask.y, hidden.x - mask.x
    inside = mask.alpha[y : y + hidden.alpha.shape[0], x : x + hidden.alpha.shape[1]]
    return 1 - np.divide(hidden.alpha, inside, out=np.zeros_like(inside), where=inside > 0)


def _shifted(canvas: Canvas, mask: Mask, shift: ndarray) -> Mask:
    """The whole canvas' coverage, moved by `shift` pixels."""
    full = np.zeros((canvas.side, canvas.side), dtype=np.float32)
    full[mask.window] = mask.alpha
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float32)
    return Mask(cv2.warpAffine(full, move, (canvas.side, canvas.side)), 0, 0)


def _scalp(canvas: Canvas, person: Identity) -> Mask:
    """The skin that hair grows on, as far as it is seen."""
    azimuth = np.deg2rad(np.linspace(-92, 92, 60))
    line = canvas.project(on_skull(person.head, azimuth, hairline(person.head, azimuth)))
    angle = np.linspace(0, np.pi, 40)
    centre, axes = np.array([0.0, 0.40]), np.array([0.262 * person.head.width, 0.330])
    crown = canvas.project(
        np.stack([centre[0] + axes[0] * np.cos(angle), centre[1] - axes[1] * np.sin(angle)], axis=1), -0.03
    )
    return canvas.polygon(np.concatenate([line, crown]), blur=0.0035)


def _develop(canvas: Canvas, person: Identity) -> UInt8[ndarray, "size size 3"]:
    """What the camera makes of the scene: exposure, colour cast, contrast, vignette, grain."""
    scene, size = person.scene, canvas.size
    image = cv2.resize(canvas.image, (size, size), interpolation=cv2.INTER_AREA)
    image *= np.array(scene.cast, dtype=np.float32) * np.float32(scene.exposure)
    image += (image - 128) * np.float32(scene.contrast - 1)
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size - 0.5
    image *= (1 - np.float32(scene.vignette) * (axis[:, None] ** 2 + axis**2))[..., None]
    g = numpy_generator(person.noise, "grain")
    image += (g.standard_normal((size, size), dtype=np.float32) * np.float32(scene.grain))[..., None]
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _attributes(person: Identity, style: Hairstyle, labels: UInt8[ndarray, "s s"]) -> dict[str, bool | str | float]:
    seen = np.bincount(labels.ravel(), minlength=19) > 0
    return {
        "Bangs": style.bangs != "none",
        "Blond_Hair": style.color_name == "blond",
        "Black_Hair": style.color_name == "black",
        "Brown_Hair": style.color_name == "brown",
        "Gray_Hair": style.color_name == "grey",
        "Straight_Hair": style.texture == "straight",
        "Wavy_Hair": style.texture == "perm",
        "Bald": False,
        "Male": person.male,
        "Young": person.age < 0.5,
        "Smiling": person.mouth.smile > 0.45,
        "Mouth_Slightly_Open": bool(seen[Region.MOUTH]),
        "Eyeglasses": bool(seen[Region.EYE_G]),
        "Wearing_Hat": bool(seen[Region.HAT]),
        "Wearing_Earrings": bool(seen[Region.EAR_R]),
        "Wearing_Necklace": bool(seen[Region.NECK_L]),
        "No_Beard": person.beard.kind in ("none", "stubble"),
        "hair_length": style.length,
        "hair_texture": style.texture,
        "hair_color": style.color_name,
    }


__all__ = ["SHADOW_REACH", "SUPERSAMPLING", "Portrait", "draw", "portrait"]
