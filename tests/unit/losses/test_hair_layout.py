from __future__ import annotations

import torch
import torch.nn.functional as F

from hairgan.losses.hair_layout import UNCHANGED_WEIGHT, hair_layout_losses
from hairgan.regions import NUM_REGIONS, Region


def logits_of(labels: torch.Tensor, certainty: float = 50.0) -> torch.Tensor:
    return certainty * F.one_hot(labels, NUM_REGIONS).permute(0, 3, 1, 2).float()


def test_the_true_label_map_costs_nothing() -> None:
    source = torch.randint(0, NUM_REGIONS, (2, 8, 8), generator=torch.Generator().manual_seed(0))
    target = source.roll(3, dims=2)
    cross_entropy, jaccard = hair_layout_losses(logits_of(target), source, target)
    assert cross_entropy < 1e-6 and abs(jaccard) < 1e-6


def test_changed_pixels_weigh_more() -> None:
    """A uniform prediction costs log(19) in each pixel; half of the pixels are new hair."""
    source = torch.full((1, 4, 4), int(Region.SKIN))
    target = source.clone()
    target[:, :2] = Region.HAIR
    cross_entropy, _ = hair_layout_losses(torch.zeros(1, NUM_REGIONS, 4, 4), source, target)
    expected = torch.log(torch.tensor(19.0)) * (UNCHANGED_WEIGHT + 0.5)
    torch.testing.assert_close(cross_entropy, expected)


def test_hair_in_the_wrong_place_has_no_overlap() -> None:
    target = torch.full((1, 16, 16), int(Region.SKIN))
    wrong = target.clone()
    target[:, :8], wrong[:, 8:] = Region.HAIR, Region.HAIR
    _, jaccard = hair_layout_losses(logits_of(wrong), target, target)
    torch.testing.assert_close(jaccard, torch.tensor(1 - 1 / 257), rtol=1e-4, atol=1e-4)
