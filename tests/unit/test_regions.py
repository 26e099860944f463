"""Face regions, and what is done to every label map."""

import numpy as np
import torch

from hairgan.regions import (
    FROM_BISENET,
    NUM_REGIONS,
    PALETTE,
    TO_BISENET,
    Region,
    colorize,
    resize_labels,
    swap_left_right,
)


def test_halving_label_maps_keeps_odd_rows_and_columns() -> None:
    labels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert resize_labels(labels, 2).tolist() == [[5, 7], [13, 15]]
    assert resize_labels(labels, 4) is labels


def test_only_left_and_right_regions_are_exchanged() -> None:
    labels = torch.arange(NUM_REGIONS)
    swapped = swap_left_right(labels)
    assert swapped[Region.L_EYE] == Region.R_EYE and swapped[Region.R_EAR] == Region.L_EAR
    assert (swapped != labels).sum() == 6 and torch.equal(swap_left_right(swapped), labels)


def test_hair_is_17_for_the_public_face_parser() -> None:
    assert FROM_BISENET[17] == Region.HAIR and TO_BISENET[Region.HAIR] == 17
    assert (FROM_BISENET[TO_BISENET] == np.arange(NUM_REGIONS)).all()


def test_each_region_has_a_color_of_its_own() -> None:
    assert len(np.unique(PALETTE, axis=0)) == NUM_REGIONS
    assert (colorize(np.array([[Region.HAIR]])) == PALETTE[Region.HAIR]).all()
