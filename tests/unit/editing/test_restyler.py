"""Rough heads: styles by domain and seed, truncation, and the masks of the high-pass skip."""

from __future__ import annotations

import pytest
import torch

from hairgan.editing.restyler import Restyler
from hairgan.networks.fan import FAN
from hairgan.networks.region_masks import region_masks
from hairgan.networks.stargan import Generator, MappingNetwork, StyleEncoder

NARROW = {"image_size": 32, "base_width": 4, "max_width": 8}


@pytest.fixture(scope="module")
def restyler() -> Restyler:
    torch.manual_seed(0)
    generator = Generator(**NARROW, w_hpf=1.0)
    mapping, encoder = MappingNetwork(3, hidden_dim=16), StyleEncoder(**NARROW, num_domains=3)
    return Restyler(generator, mapping, encoder, None, ("a", "b", "c"))


@torch.inference_mode()
def test_styles_are_functions_of_domain_seed_and_psi(restyler: Restyler) -> None:
    style = restyler.style_of_domain("b", seed=3)
    assert torch.equal(style, restyler.style_of_domain("b", seed=3))
    assert not torch.equal(style, restyler.style_of_domain("b", seed=4))
    assert not torch.equal(style, restyler.style_of_domain("c", seed=3))
    mean = restyler.style_of_domain("b", seed=3, psi=0.0)
    assert torch.equal(mean, restyler.style_of_domain("b", seed=9, psi=0.0))
    assert torch.allclose(restyler.style_of_domain("b", seed=3, psi=0.5), (mean + style) / 2, atol=1e-6)
    many = torch.stack([restyler.style_of_domain("b", seed=i) for i in range(300)])
    assert (many.mean(0) - mean).abs().max() < 0.3 * many.std(0).max()


@torch.inference_mode()
def test_masks_come_from_labels_or_from_fan(restyler: Restyler, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = torch.rand(1, 3, 32, 32), torch.zeros(1, 32, 32, dtype=torch.long)
    labels[:, 10:14, 10:20] = 2
    style = restyler.style_of_domain("a")[None]
    expected = restyler.generator(images, style, region_masks(images, labels))
    assert torch.equal(restyler(images, style, labels), expected)
    masks = (torch.ones(1, 1, 256, 256), torch.ones(1, 1, 256, 256))
    monkeypatch.setattr(FAN, "masks", lambda self, images: masks)
    with_fan = Restyler(restyler.generator, restyler.mapping, restyler.encoder, FAN(), restyler.domains)
    assert torch.equal(with_fan(images, style, labels), restyler.generator(images, style, masks))
    assert not torch.equal(with_fan(images, style, labels), expected)


def test_networks_that_do_not_fit_each_other(restyler: Restyler) -> None:
    with pytest.raises(ValueError, match="has 3 domains, 2 are named"):
        Restyler(restyler.generator, restyler.mapping, None, None, ("a", "b"))
    large = StyleEncoder(image_size=64, base_width=4, max_width=8, num_domains=3)
    with pytest.raises(ValueError, match="64 px beside a generator for 32 px"):
        Restyler(restyler.generator, None, large, None, ())
    alone = Restyler(restyler.generator, None, None, None, ())
    with pytest.raises(ValueError, match="need the mapping network"):
        alone.style_of_domain("a")
    with pytest.raises(ValueError, match="need the style encoder"):
        alone.style_of_images(torch.zeros(1, 3, 32, 32), "a")
