"""Small runs of every model, in this process or in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL: dict[str, list[str]] = {
    "stargan": [
        "data/domains=gender2",  # few pairs of domains to evaluate
        "model.generator.base_width=8",
        "model.generator.max_width=16",
        "model.mapping_network.hidden_dim=16",
        "callbacks.generative_metrics=null",
    ],
    "sean": [
        "model.generator.width=4",
        "model.generator.style_dim=8",
        "model.discriminator.width=8",
        "model.perceptual=null",
        "callbacks.generative_metrics=null",
        "validate_every=2",
    ],
    "face_parser": ["model.parser.base_width=8", "model.schedule.warmup_steps=1", "validate_every=2"],
    "hair_classifier": ["model.classifier.base_width=8", "model.classifier.depth=18", "validate_every=2"],
}


# Adam divides a gradient by its own size: where that is about zero, rounding alone decides the sign of a step. So two
# ways to compute the same step are compared in float64 where the networks allow it, and else with plain SGD.
COMPARABLE: dict[str, tuple[list[str], float]] = {  # settings, and the tolerance that they allow
    "stargan": (["trainer.precision=64-true", "callbacks.sample_grids=null"], 1e-9),
    "sean": (
        [
            setting.format(network)
            for network in ("generator", "discriminator")
            for setting in (
                "model.optimizers.{}._target_=torch.optim.SGD",
                "model.optimizers.{}.lr=1e-4",
                "~model.optimizers.{}.betas",
            )
        ],
        1e-5,
    ),
}


@pytest.fixture
def settings(packed_faces: Callable[[int], Path]) -> Callable[..., list[str]]:
    """Overrides for a run of a few steps of a model on test faces of 32 px."""

    def make(model: str, steps: int = 4, **more: Any) -> list[str]:
        run = ["data=celeba_hq", f"data.root={packed_faces(32)}", "image_size=32", f"steps={steps}", "batch_size=4"]
        every = [f"{what}.every_n_steps=2" for what in ("callbacks.checkpoints", "callbacks.sample_grids")]
        return [f"model={model}", *run, *every, "trainer.log_every_n_steps=1", *SMALL[model]] + [
            f"{name}={value}" for name, value in more.items()
        ]

    return make
