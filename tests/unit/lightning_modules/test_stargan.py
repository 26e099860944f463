"""StarGAN v2's phases, and the options that change them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch

from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from lightning_modules.stargan import StarGANv2Module


def module(**options: Any) -> StarGANv2Module:
    torch.manual_seed(0)
    widths = {"max_width": 8, "base_width": 4}
    networks = {
        "generator": Generator(32, 8, w_hpf=0.0, **widths),
        "mapping_network": MappingNetwork(2, style_dim=8, hidden_dim=8),
        "style_encoder": StyleEncoder(32, 2, 8, **widths),
        "discriminator": Discriminator(32, 2, **widths),
    }
    optimizers = dict.fromkeys(networks, partial(torch.optim.Adam, lr=1e-3))
    return StarGANv2Module(**networks, optimizers=optimizers, domain_names=["a", "b"], **options)


def batch() -> dict[str, Any]:
    torch.manual_seed(1)
    images = {name: torch.rand(2, 3, 32, 32) * 2 - 1 for name in ("x", "x_ref", "x_ref2")}
    domains = {name: torch.tensor([0, 1]) for name in ("y_org", "y_trg")}
    return images | domains | {"step": 0, "first_row": 0, "global_batch": 2}


def losses(made: StarGANv2Module) -> dict[str, float]:
    return {phase.name: float(phase.loss().total.detach()) for phase in made.phases(batch())}


def test_the_published_step_is_the_default() -> None:
    names = ["d_latent", "d_reference", "g_latent", "g_reference"]
    assert list(losses(module())) == names
    assert losses(module()) == losses(module(phases="separate", half_resolution_steps=0, reg_every=1))


def test_fused_phases_are_two() -> None:
    fused = {phase.name: phase.updates for phase in module(phases="fused").phases(batch())}
    assert fused == {"d_both": ("discriminator",), "g_both": ("generator", "mapping_network", "style_encoder")}
    with pytest.raises(ValueError, match="phases must be separate or fused, not both"):
        module(phases="both")


@pytest.mark.parametrize("phases", ["separate", "fused"])
def test_images_have_half_the_side_until_the_warm_up_ends(phases: str) -> None:
    made, sides = module(phases=phases, half_resolution_steps=2), []
    made.networks["discriminator"].register_forward_pre_hook(lambda _, inputs: sides.append(inputs[0].shape[2:]))
    for step, side in ((0, 16), (1, 16), (2, 32), (3, 32)):
        made.steps_done = step
        sides.clear()
        for name, loss in losses(made).items():
            assert loss == loss, name
        assert sides and set(sides) == {(side, side)}
