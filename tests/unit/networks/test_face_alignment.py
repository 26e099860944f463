"""One face is moved onto another one."""

from __future__ import annotations

import numpy as np
import torch

from hairgan.networks.face_alignment import align_faces
from hairgan.regions import Region

SIZE = 64


def face(scale: float = 1.0, angle: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)) -> torch.Tensor:
    """A label map with discs for eyes, nose and mouth, and hair above; places are in halves of the side."""
    places = {Region.R_EYE: (-0.25, -0.1), Region.L_EYE: (0.25, -0.1), Region.NOSE: (0, 0.1), Region.U_LIP: (0, 0.35),
              Region.HAIR: (0.0, -0.5)}  # fmt: skip
    axis = (2 * torch.arange(SIZE) + 1) / SIZE - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    labels = torch.zeros(SIZE, SIZE, dtype=torch.int64)
    for region, (u, v) in places.items():
        across = scale * (u * np.cos(angle) - v * np.sin(angle)) + shift[0]
        down = scale * (u * np.sin(angle) + v * np.cos(angle)) + shift[1]
        labels[(x - across) ** 2 + (y - down) ** 2 < (0.11 * scale) ** 2] = int(region)
    return labels


def same(first: torch.Tensor, second: torch.Tensor) -> float:
    """Share of the pixels of either's parts that have the same region."""
    either = (first > 0) | (second > 0)
    return float((first == second)[either].float().mean())


def test_a_moved_turned_and_larger_face_comes_to_lie_on_the_other_with_its_hair() -> None:
    wanted, other = face(), face(1.25, 0.15, (0.1, -0.06))
    assert same(other, wanted) < 0.4
    assert same(align_faces(other[None], wanted[None])[0], wanted) > 0.8


def test_each_map_of_a_batch_is_moved_by_itself() -> None:
    wanted = torch.stack([face(), face(shift=(0.2, 0.1))])
    moved = align_faces(torch.stack([face(shift=(-0.2, 0.0)), face()]), wanted)
    for one, other in zip(moved, wanted, strict=True):
        assert same(one, other) > 0.8


def test_parts_that_only_one_map_shows_do_not_count() -> None:
    wanted, other = face(), face(shift=(0.15, 0.1))
    wanted[wanted == Region.L_EYE] = Region.HAIR
    moved = align_faces(other[None], wanted[None])[0]
    assert same(moved * (moved == Region.NOSE), wanted * (wanted == Region.NOSE)) > 0.8


def test_without_a_common_part_a_map_stays_as_it_is() -> None:
    other = face(1.1, 0.1)
    torch.testing.assert_close(align_faces(other[None], torch.zeros(1, SIZE, SIZE, dtype=torch.int64))[0], other)
