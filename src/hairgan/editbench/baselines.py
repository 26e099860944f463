"""Edits without a network, to compare methods with."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

from hairgan.editbench.drawn_cases import EditCase
from hairgan.editbench.methods import Method
from hairgan.regions import Region


def copy_source(case: EditCase) -> UInt8[ndarray, "s s 3"]:
    """No edit: right outside the hair, except for the shadow of the new hair."""
    return case.source


def lab_color_transfer(case: EditCase) -> UInt8[ndarray, "s s 3"]:
    """Mean and deviation of the reference's hair in Lab, given to the source's hair (Reinhard et al. 2001)."""
    source, reference = (
        cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
        for image in (case.source, case.reference)
    )
    hair = case.source_labels == Region.HAIR
    old, wanted = source[hair], reference[case.reference_labels == Region.HAIR]
    scale = wanted.std(axis=0) / np.maximum(old.std(axis=0), 1e-3)
    source[hair] = (old - old.mean(axis=0)) * scale + wanted.mean(axis=0)
    dyed = cv2.cvtColor(source, cv2.COLOR_LAB2RGB)
    return np.where(hair[..., None], np.rint(np.clip(dyed, 0, 1) * 255).astype(np.uint8), case.source)


def paste_reference_hair(case: EditCase) -> UInt8[ndarray, "s s 3"]:
    """The reference's hair on top of the source, at the same place; the source's own hair is not removed."""
    return np.where((case.reference_labels == Region.HAIR)[..., None], case.reference, case.source)


BASELINES: dict[str, Method] = {
    "copy the source": copy_source,
    "Lab color transfer": lab_color_transfer,
    "paste the reference's hair": paste_reference_hair,
}
