"""Part masks are read whatever wrote them, and damaged ones are refused."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image

from hairgan.data.celebamask import masks
from hairgan.data.celebamask.masks import read_mask
from hairgan.portraits import portrait


def mask(index: int) -> UInt8[ndarray, "h w"]:
    labels = portrait(0, 0, 128).labels
    parts = [part for part in range(1, 19) if (labels == part).any()]
    return (labels == parts[index]).astype(np.uint8) * 255


def png(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


MODES = ("L", "RGB", "RGBA", "LA", "P", "1", "I;16")


@pytest.mark.parametrize("level", [1, 6, 9])
@pytest.mark.parametrize("mode", MODES)
def test_every_part_is_read_from_every_kind_of_png(mode: str, level: int) -> None:
    for index in range(8):
        image = Image.fromarray(mask(index))
        image = Image.fromarray(mask(index).astype(np.uint16)) if mode == "I;16" else image.convert(mode)
        data = png(image, compress_level=level)
        np.testing.assert_array_equal(read_mask(data, "mask"), mask(index) > 0)


FILTERS = [cv2.IMWRITE_PNG_FILTER_NONE, cv2.IMWRITE_PNG_FILTER_SUB, cv2.IMWRITE_PNG_FILTER_UP,
           cv2.IMWRITE_PNG_FILTER_AVG, cv2.IMWRITE_PNG_FILTER_PAETH, cv2.IMWRITE_PNG_ALL_FILTERS]  # fmt: skip


@pytest.mark.parametrize("kind", FILTERS)
def test_every_filter_is_undone(kind: int) -> None:
    colors = cv2.cvtColor(mask(0), cv2.COLOR_GRAY2BGR)
    colors[..., 2] = mask(3)  # red, the first channel of the file, differs from the others
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    for pixels in (colors, noise, np.zeros_like(colors), colors[:, ::-1], colors[::-1]):
        _, data = cv2.imencode(".png", np.ascontiguousarray(pixels), [cv2.IMWRITE_PNG_FILTER, kind])
        np.testing.assert_array_equal(read_mask(data.tobytes(), "mask"), pixels[..., 2] != 0)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_masks_as_they_are_published_are_read_without_pillow(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "open_image", None)
    for index in range(8):
        data = png(Image.fromarray(mask(index)).convert(mode))
        np.testing.assert_array_equal(read_mask(data, "mask"), mask(index) > 0)


def test_a_damaged_mask_is_refused_with_pillows_words() -> None:
    data = png(Image.fromarray(mask(0)).convert("RGB"))
    for damaged in (data[: len(data) // 2], data[:60] + bytes([data[60] ^ 255]) + data[61:]):
        with pytest.raises(ValueError, match="the mask is damaged or incomplete"):
            read_mask(damaged, "the mask")
    with pytest.raises(ValueError, match="the mask is not a picture of a known format"):
        read_mask(b"mask", "the mask")
