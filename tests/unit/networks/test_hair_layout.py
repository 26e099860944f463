from __future__ import annotations

import pytest
import torch

from hairgan.networks.face_alignment import align_faces
from hairgan.networks.hair_layout import DISPLACEMENT, CarriedOutline, HairLayoutNet
from hairgan.regions import NUM_REGIONS


def label_maps(seed: int, size: int = 32) -> torch.Tensor:
    return torch.randint(0, NUM_REGIONS, (2, size, size), generator=torch.Generator().manual_seed(seed))


def test_logits_have_the_size_of_the_label_maps() -> None:
    torch.manual_seed(0)
    network = HairLayoutNet(image_size=32).eval()
    for size in (32, 64):
        logits = network(label_maps(0, size), label_maps(1, size))
        assert logits.shape == (2, NUM_REGIONS, size, size)


def test_both_label_maps_count_and_not_in_the_same_way() -> None:
    torch.manual_seed(0)
    network, first, second = HairLayoutNet(image_size=32).eval(), label_maps(0), label_maps(1)
    swapped = network(second, first)
    assert not torch.allclose(network(first, second), swapped)
    assert not torch.allclose(network(first, first), network(first, second))


def test_the_config_makes_the_same_network() -> None:
    torch.manual_seed(0)
    network = HairLayoutNet(image_size=48, base_width=48, embedding_dim=3).eval()
    again = HairLayoutNet(**network.config).eval()
    again.load_state_dict(network.state_dict())
    source, reference = label_maps(0, 48), label_maps(1, 48)
    torch.testing.assert_close(again(source, reference), network(source, reference), rtol=0, atol=0)


def test_detail_changes_nothing_before_it_is_trained_but_that_faces_are_aligned() -> None:
    torch.manual_seed(0)
    plain, detailed = HairLayoutNet(image_size=32).eval(), HairLayoutNet(image_size=32, detail=True).eval()
    missing, unexpected = detailed.load_state_dict(plain.state_dict(), strict=False)
    assert not unexpected and all(name.startswith("carried_outline.") for name in missing)
    source, reference = label_maps(0), label_maps(1)
    aligned = align_faces(reference, source)
    torch.testing.assert_close(detailed(source, reference), plain(source, aligned), rtol=0, atol=0)


def test_the_displacement_moves_what_the_reference_shows() -> None:
    """With a displacement of 4 pixels to the right, it sees a pixel where another one is 4 pixels to the left."""
    torch.manual_seed(0)
    carried = CarriedOutline(quarter=4, half=16, embedding_dim=3).eval()
    torch.nn.init.normal_(carried.head.weight)
    reference = torch.zeros(2, 32, 32, dtype=torch.int64)
    reference[:, 12:22, 12:22] = label_maps(2)[:, 12:22, 12:22]
    quarter, half = torch.zeros(2, 4, 8, 8), torch.zeros(2, 16, 16, 16)
    unmoved, shifted = (carried(reference.roll(-by, dims=2), quarter, half) for by in (0, 4))
    with torch.no_grad():
        carried.displacement.bias[0] = 4 * (2 / 31) / DISPLACEMENT
    moved = carried(reference, quarter, half)
    assert not torch.allclose(unmoved, shifted, atol=1e-2)
    torch.testing.assert_close(moved, shifted, rtol=0, atol=1e-2)


def test_sizes_and_widths_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="image_size must be a multiple of 16, not 40"):
        HairLayoutNet(image_size=40)
    with pytest.raises(ValueError, match="base_width must be a multiple of 24, not 32"):
        HairLayoutNet(base_width=32)
    with pytest.raises(ValueError, match="multiple of 16, not 40"):
        HairLayoutNet()(label_maps(0, 40), label_maps(1, 40))
