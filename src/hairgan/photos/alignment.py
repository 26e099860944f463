"""From a face in any photo to the aligned CelebA-HQ crop that the networks expect, and back into the photo.

The crop is that of CelebA-HQ (Karras et al. 2018, "Progressive growing of GANs", appendix C): a square
turned and scaled by the eyes and the corners of the mouth. Points are continuous pixel coordinates (x, y): the center
of the top left pixel is (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray

MIN_FACE = 16
"""Smallest side of a crop in photo pixels."""

BAND = 2**21
"""Photo pixels that are pasted at a time, because a whole photo in floating point could take gigabytes."""

_HALF_PIXEL = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])


@dataclass(frozen=True)
class Alignment:
    """A similarity transform from a photo to a square crop of `size` pixels."""

    matrix: Float[ndarray, "2 3"]
    """Photo coordinates to crop coordinates."""
    size: int

    @property
    def scale(self) -> float:
        """Crop pixels per photo pixel."""
        return float(np.hypot(self.matrix[0, 0], self.matrix[1, 0]))

    @property
    def inverse(self) -> Float[ndarray, "2 3"]:
        """Crop coordinates to photo coordinates."""
        return cv2.invertAffineTransform(self.matrix)

    @property
    def corners(self) -> Float[ndarray, "4 2"]:
        """The crop's corners in the photo, clockwise from its top left."""
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float64) * self.size
        return square @ self.inverse[:, :2].T + self.inverse[:, 2]

    def share_outside(self, height: int, width: int) -> float:
        """Share of the crop that lies outside a photo of `height` x `width` pixels."""
        frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
        area, _ = cv2.intersectConvexConvex(self.corners.astype(np.float32), frame)
        return float(np.clip(1 - area * (self.scale / self.size) ** 2, 0, 1))

    def resized(self, size: int) -> Alignment:
        """The same crop at another number of pixels."""
        return Alignment(self.matrix * (size / self.size), size)

    def widened(self, factor: float, down: float) -> Alignment:
        """A crop `factor` times as wide with as many pixels, moved down by `down` of its side."""
        center = self.size / 2
        matrix = self.matrix / factor
        matrix[:, 2] += center - center / factor - np.array([0, down * self.size])
        return Alignment(matrix, self.size)

    def crop(self, photo: UInt8[ndarray, "h w 3"]) -> UInt8[ndarray, "size size 3"]:
        """The aligned crop, without aliasing where the photo is larger; outside the photo it is mirrored."""
        low, high = self._frame(photo.shape[0], photo.shape[1], margin=2 + round(2 / self.scale))
        part = photo[low[1] : high[1], low[0] : high[0]]
        matrix = self.matrix @ _translation(*low.tolist())
        if self.scale < 1:  # area averaging down to about the crop's scale, then the rest of the way
            height, width = (max(1, round(side * self.scale)) for side in part.shape[:2])
            stretch = np.diag([part.shape[1] / width, part.shape[0] / height, 1.0])
            part, matrix = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), matrix @ stretch
        shifted = _between_centers(matrix)
        flags = cv2.INTER_LINEAR if self.scale < 1 else cv2.INTER_CUBIC
        return cv2.warpAffine(part, shifted, (self.size, self.size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)

    def around(self, photo: UInt8[ndarray, "h w 3"]) -> tuple[UInt8[ndarray, "y x 3"], Alignment]:
        """The part of a photo that the crop shows, at any size of at least 32 pixels, and the same crop in it."""
        low, high = self._frame(photo.shape[0], photo.shape[1], margin=2 + round(2 * self.size / (32 * self.scale)))
        part = photo[low[1] : high[1], low[0] : high[0]].copy()
        return part, Alignment(self.matrix @ _translation(*low.tolist()), self.size)

    def paste(
        self,
        photo: UInt8[ndarray, "h w 3"],
        before: Float32[ndarray, "size size 3"],
        after: Float32[ndarray, "size size 3"],
        mask: Float32[ndarray, "size size"],
        renewed: Float32[ndarray, "size size"],
    ) -> UInt8[ndarray, "h w 3"]:
        """Paste an edit of the crop back into the photo.

        The difference of the crops is added to the photo, so that where the photo is finer than the crop its own detail
        stays under a new color. Where the edit shows something else (`renewed`), the old detail is removed.

        Args:
            before, after: the crop and its edit, 0 to 255; equal where the mask is 0.
            mask: only photo pixels where it is above 0 may change; all others keep their bytes.
            renewed: 0 where the edit only changes the color, up to 1 where it shows something else; at most the mask.
        """
        size = max(1, round(self.size / self.scale))
        if size < self.size:  # the photo is coarser than the crop: average first
            shrunk = (cv2.resize(x, (size, size), interpolation=cv2.INTER_AREA) for x in (before, after, mask, renewed))
            return self.resized(size).paste(photo, *shrunk)
        out = photo.copy()
        ys, xs = np.nonzero(mask)
        if not len(ys):
            return out
        corners = np.array([(x, y) for x in (xs.min() - 1, xs.max() + 2) for y in (ys.min() - 1, ys.max() + 2)])
        low, high = _box(corners @ self.inverse[:, :2].T + self.inverse[:, 2], photo.shape[0], photo.shape[1])
        difference, is_renewed = after - before, bool(renewed.any())
        rows = max(1, BAND // max(1, high[0] - low[0]))
        for top in range(low[1], high[1], rows):
            part = out[top : min(top + rows, high[1]), low[0] : high[0]]
            matrix = _between_centers(self.matrix @ _translation(int(low[0]), top))

            def enlarged(image: ndarray, flags: int, part: ndarray = part, matrix: ndarray = matrix) -> ndarray:
                size, flags = (part.shape[1], part.shape[0]), flags | cv2.WARP_INVERSE_MAP
                return cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

            inside = enlarged(mask, cv2.INTER_LINEAR) > 1e-3
            if not inside.any():
                continue
            value = part + enlarged(difference, cv2.INTER_CUBIC)
            if is_renewed:
                old_detail = part - enlarged(before, cv2.INTER_CUBIC)
                value -= enlarged(renewed, cv2.INTER_LINEAR)[..., None] * old_detail
            part[inside] = np.clip(np.rint(value[inside]), 0, 255).astype(np.uint8)
        return out

    def ramp(self, height: int, width: int, feather: float) -> Float32[ndarray, "size size"]:
        """1, falling to 0 within `feather` pixels of those crop edges beyond which the photo continues."""
        pad = int(np.ceil(feather)) + 1
        ys, xs = np.mgrid[-pad : self.size + pad, -pad : self.size + pad] + 0.5
        (a, b, c), (d, e, f) = self.inverse
        x, y = a * xs + b * ys + c, d * xs + e * ys + f
        photo = ((x >= 0) & (x < width) & (y >= 0) & (y < height)).astype(np.uint8)
        photo[pad:-pad, pad:-pad] = 0
        if not photo.any():
            return np.ones((self.size, self.size), np.float32)
        distance = cv2.distanceTransform(1 - photo, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[pad:-pad, pad:-pad]
        return np.clip((distance - 1) / feather, 0, 1).astype(np.float32)

    def carry_labels(self, labels: UInt8[ndarray, "size size"], height: int, width: int) -> UInt8[ndarray, "h w"]:
        """The crop's label map, resampled to a label map of the whole photo; outside the crop it is 0."""
        out = np.zeros((height, width), np.uint8)
        low, high = self._frame(height, width, margin=1)
        part = out[low[1] : high[1], low[0] : high[0]]
        matrix = _between_centers(self.matrix @ _translation(*low.tolist()))
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        part[:] = cv2.warpAffine(labels, matrix, (part.shape[1], part.shape[0]), flags=flags, borderValue=0)
        return out

    def _frame(self, height: int, width: int, margin: int) -> tuple[ndarray, ndarray]:
        """The box of photo pixels that the crop shows, at least one pixel."""
        low, high = _box(self.corners, height, width, margin)
        low = np.minimum(low, [width - 1, height - 1])
        return low, np.maximum(high, low + 1)


def celeba_hq_alignment(points: Float[ndarray, "5 2"], size: int) -> Alignment:
    """The CelebA-HQ crop of a face (Karras et al. 2018, appendix C).

    Args:
        points: the eye on the left and on the right of the picture, the nose, the mouth's left and right corner.
        size: pixels of the crop's side.

    Raises:
        ValueError: the points coincide, or the crop would be less than 16 photo pixels wide.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = points
    eyes = (left_eye + right_eye) / 2
    across, down = right_eye - left_eye, (left_mouth + right_mouth) / 2 - eyes
    axis = across + np.array([down[1], -down[0]])
    side = max(4.0 * np.hypot(*across), 3.6 * np.hypot(*down))
    if side < MIN_FACE or np.hypot(*axis) == 0:
        raise ValueError(f"the face is too small to edit: {side:.0f} pixels, at least {MIN_FACE} are needed")
    axis /= np.hypot(*axis)
    scale = size / side
    linear = scale * np.array([[axis[0], axis[1]], [-axis[1], axis[0]]])
    center = eyes + 0.1 * down
    return Alignment(np.column_stack([linear, size / 2 - linear @ center]), size)


def whole_photo(height: int, width: int, size: int) -> Alignment:
    """The alignment of a photo that already is a CelebA-HQ crop.

    Raises:
        ValueError: it is far from square, or less than 16 pixels wide.
    """
    if min(height, width) < MIN_FACE:
        raise ValueError(f"the photo is too small to edit: {width} x {height} pixels, at least {MIN_FACE} are needed")
    if max(height, width) > 1.05 * min(height, width):
        raise ValueError(
            f"an aligned photo is square, this one has {width} x {height} pixels; leave out --aligned to find its face"
        )
    return Alignment(np.array([[size / width, 0, 0], [0, size / height, 0]]), size)


def _translation(x: int, y: int) -> Float[ndarray, "3 3"]:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], dtype=np.float64)


def _between_centers(matrix: ndarray) -> Float[ndarray, "2 3"]:
    """Convert a transform of continuous coordinates to one of pixel indices, which OpenCV expects."""
    matrix = matrix[:2] @ _HALF_PIXEL
    matrix[:, 2] -= 0.5
    return matrix


def _box(points: Float[ndarray, "n 2"], height: int, width: int, margin: int = 0) -> tuple[ndarray, ndarray]:
    """The smallest box of whole pixels around points, within the photo: its low and high corner (x, y)."""
    low = np.floor(points.min(axis=0)).astype(int) - margin
    high = np.ceil(points.max(axis=0)).astype(int) + margin
    return np.clip(low, 0, [width, height]), np.clip(high, 0, [width, height])
