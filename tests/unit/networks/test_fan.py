"""FAN and its masks against goldens of the published implementation."""

import pytest
import torch
from torch import Tensor, nn

from hairgan.networks.fan import FAN, FANMasks, masks_from_heatmaps
from hairgan.weights.official import from_official
from tests.golden.rule import Golden, image


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden("stargan_v2/fan")


@pytest.fixture(scope="module")
def fan(golden: Golden) -> nn.Module:
    return from_official("stargan_v2/fan", golden.state())


@torch.no_grad()
def test_golden_heatmaps_and_landmarks(fan: FAN, golden: Golden) -> None:
    x = image(1, 2)[:1]
    assert golden.error("raw", fan(0.5 * x + 0.5)) < 1e-4
    assert golden.error("landmark", fan.landmarks(x)) < 1e-4


def test_golden_masks_of_an_image(fan: FAN, golden: Golden) -> None:
    with torch.no_grad():
        fan.l0.bias -= golden["l0shift"]
    try:
        face, detail = FANMasks(fan)(image(1, 2)[:1])
    finally:
        with torch.no_grad():
            fan.l0.bias += golden["l0shift"]
    assert not face.requires_grad
    assert golden.error("mask0_shift", face) < 1e-4
    assert golden.error("mask1_shift", detail) < 1e-4


def blobs(centres: Tensor) -> Tensor:
    """Heat maps with a Gaussian of sigma 6 at each (row, column)."""
    axis = torch.arange(256.0)
    rows, columns = ((axis - centres[..., i, None]).pow(2) for i in (0, 1))
    return torch.exp(-(rows[..., :, None] + columns[..., None, :]) / 72)


def test_golden_masks_of_heatmaps(golden: Golden) -> None:
    face, detail = masks_from_heatmaps(blobs(golden["pp_centres"]))
    assert golden.error("pp_mask0", face) < 1e-4
    assert golden.error("pp_mask1", detail) < 1e-4


def test_masks_of_heatmaps_that_are_not_numbers_are_empty() -> None:
    for mask in masks_from_heatmaps(torch.full((1, 98, 256, 256), float("nan"))):
        assert not mask.any()


def test_images_of_any_size_get_masks(fan: FAN) -> None:
    face, detail = fan.masks(torch.rand(1, 3, 128, 128) * 2 - 1)
    assert face.shape == detail.shape == (1, 1, 256, 256)
    assert 0 <= float(face.min()) <= float(face.max()) <= 1


def test_stays_in_evaluation_mode() -> None:
    holder = nn.Sequential(FAN()).train()
    assert not any(module.training for module in holder[0].modules())


def test_parameters_and_entries() -> None:
    fan = FAN()
    assert sum(p.numel() for p in fan.parameters()) == 6_333_603
    assert len(fan.state_dict()) == 336


def test_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="128 x 128 pixels; FAN takes 256 x 256"):
        FAN()(torch.zeros(1, 3, 128, 128))
