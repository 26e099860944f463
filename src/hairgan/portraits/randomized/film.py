"""The effects of lens, film and file: exposure, focus, grading, noise, sharpening, compression."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from hairgan.portraits.identity import Identity
from hairgan.portraits.randomized.textures import white_noise
from hairgan.randomness import numpy_generator
from hairgan.regions import Region

_FACE = 165.0
"""Mean of a well exposed face."""
_SHOULDER = 185.0
"""Brighter values are compressed, as film saturates softly."""
_GRAY = np.array([0.299, 0.587, 0.114])

Picture = Float32[ndarray, "s s 3"]


def develop(image: Picture, labels: UInt8[ndarray, "s s"], person: Identity) -> UInt8[ndarray, "s s 3"]:
    """The photograph of a scene."""
    rng = numpy_generator(person.noise, "randomized/film")
    return _compressed(rng, _noisy(rng, _sharpened(rng, _graded(rng, _focused(rng, _exposed(rng, image, labels))))))


def _exposed(rng: np.random.Generator, image: Picture, labels: UInt8[ndarray, "s s"]) -> Picture:
    exposure = rng.normal(0.0, 0.14)
    face = labels == Region.SKIN
    if rng.random() < 0.75 and face.any():  # most photographs are exposed for the face
        exposure += rng.uniform(0.4, 0.9) * np.log(_FACE / max(float(image[face].mean()), 15.0))
    image = image * (np.exp(exposure) * np.exp(rng.normal(0, 0.04, 3))).astype(np.float32)
    bright, rest = image > _SHOULDER, np.float32(260 - _SHOULDER)
    image[bright] = _SHOULDER + rest * np.tanh((image[bright] - _SHOULDER) / rest)
    if rng.random() < 0.35:  # vignette
        axis = np.linspace(-0.5, 0.5, len(image), dtype=np.float32)
        image *= (1 - np.float32(rng.uniform(0.1, 1.0)) * (axis[:, None] ** 2 + axis[None] ** 2))[..., None]
    return image


def _focused(rng: np.random.Generator, image: Picture) -> Picture:
    size = len(image)
    if rng.random() < 0.55:
        sigma = float(np.exp(rng.uniform(np.log(0.35), np.log(1.7)))) * size / 256
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    if rng.random() < 0.15:  # enlarged from a smaller picture
        small = max(16, round(size * float(rng.uniform(0.35, 0.8))))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC)
    return image


def _graded(rng: np.random.Generator, image: Picture) -> Picture:
    """Saturation (or black and white), contrast, gamma."""
    vivid = 0.0 if rng.random() < 0.04 else float(np.clip(rng.normal(1.05, 0.25), 0.3, 1.7))
    middle, contrast = float(rng.uniform(90, 140)), float(np.exp(rng.normal(0.05, 0.16)))
    matrix = contrast * (vivid * np.eye(3) + (1 - vivid) * _GRAY)
    graded = cv2.transform(image, np.hstack([matrix, np.full((3, 1), middle * (1 - contrast))]))
    share = np.clip(graded, 0, 255).astype(np.float32) * np.float32(1 / 255)
    curved: Picture = np.float32(255) * cv2.pow(share, float(np.exp(rng.normal(0, 0.16))))
    return curved


def _sharpened(rng: np.random.Generator, image: Picture) -> Picture:
    if rng.random() < 0.35:
        strength, sigma = np.float32(rng.uniform(0.3, 1.6)), float(rng.uniform(0.7, 2.0)) * len(image) / 256
        image = image + strength * (image - cv2.GaussianBlur(image, (0, 0), sigma))
    return image


def _noisy(rng: np.random.Generator, image: Picture) -> Picture:
    size = len(image)
    image = image + np.float32(abs(rng.normal(0, 3.2))) * white_noise(rng, size, 1)
    if rng.random() < 0.2:  # of colors
        image = image + np.float32(rng.uniform(0.5, 5)) * white_noise(rng, size, 3)
    return image


def _compressed(rng: np.random.Generator, image: Picture) -> UInt8[ndarray, "s s 3"]:
    photo = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        return photo
    _, packed = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))])
    unpacked: UInt8[ndarray, "s s 3"] = cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1]  # type: ignore[index]
    return np.ascontiguousarray(unpacked)
