"""Translations of an image in several styles do not depend on how many are decoded together."""

from __future__ import annotations

import pytest
import torch

from hairgan.evaluation.translator import translate
from hairgan.networks.stargan import Generator


@pytest.mark.parametrize("w_hpf", [0.0, 1.0])
@torch.no_grad()
def test_outputs_do_not_depend_on_how_many_are_decoded_together(w_hpf: float) -> None:
    torch.manual_seed(0)
    generator = Generator(32, style_dim=4, base_width=4, max_width=8, w_hpf=w_hpf)
    images, codes = torch.rand(2, 3, 32, 32), torch.randn(2, 5, 4)
    masks = (torch.rand(2, 1, 32, 32), torch.rand(2, 1, 32, 32)) if w_hpf else None
    each = [[generator(images[i : i + 1], codes[i, j : j + 1], masks and (masks[0][i : i + 1], masks[1][i : i + 1]))
             for j in range(5)] for i in range(2)]  # fmt: skip
    expected = torch.stack([torch.cat(row) for row in each])
    for at_once in (1, 4, 100):
        torch.testing.assert_close(translate(generator, images, codes, masks, at_once), expected, rtol=1e-4, atol=1e-5)
