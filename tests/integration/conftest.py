"""Settings for small runs of every model."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modules.callbacks import Checkpoints
from lightning_modules.stop_signals import StoppedBySignal
from tests.integration import runs

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
        "callbacks.edit_metrics=null",
        "validate_every=2",
    ],
    "face_parser": ["model.parser.base_width=8", "model.schedule.warmup_steps=1", "validate_every=2"],
    "hair_classifier": ["model.classifier.base_width=8", "model.classifier.depth=18", "validate_every=2"],
}


GANS = ("stargan", "sean")

EXACT = 1e-9
"""Largest difference of two weights in float64 that counts as equal."""


@pytest.fixture
def stop_after_three_steps() -> Iterator[Callable[[], Any]]:
    """A context in which a training gets SIGTERM at its third step, and has to stop with a checkpoint of it."""

    @contextlib.contextmanager
    def stopping() -> Iterator[None]:
        def interrupt(
            self: Any, trainer: Any, module: Any, *_: Any, original: Any = Checkpoints.on_train_batch_end
        ) -> None:
            if module.steps_done == 3:
                signal.raise_signal(signal.SIGTERM)
            original(self, trainer, module)

        with pytest.MonkeyPatch.context() as patch, pytest.raises(StoppedBySignal):
            patch.setattr(Checkpoints, "on_train_batch_end", interrupt)
            yield

    yield stopping


@pytest.fixture(autouse=True)
def no_run_outlives_its_test() -> Iterator[None]:
    yield
    runs.kill_all()


@pytest.fixture
def settings(packed_faces: Callable[[int], Path]) -> Callable[..., list[str]]:
    """Overrides for a run of a few steps on test faces of 32 px."""

    def make(model: str, steps: int = 4, size: int = 32, **more: Any) -> list[str]:
        run = ["data=celeba_hq", f"data.root={packed_faces(size)}", f"image_size={size}", f"steps={steps}"]
        run.append("batch_size=4")
        every = [f"{what}.every_n_steps=2" for what in ("callbacks.checkpoints", "callbacks.sample_grids")]
        return [f"model={model}", *run, *every, "trainer.log_every_n_steps=1", *SMALL[model]] + [
            f"{name}={value}" for name, value in more.items()
        ]

    return make


@pytest.fixture
def exact_settings(settings: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """The same in float64, where two mathematically equal ways to compute a run agree to `EXACT`.

    In float32 they may not: Adam divides a gradient by its own size, and if that is about zero, rounding alone decides
    the sign of a step. SEAN gets images of 64 px: at 32 px its first maps are single pixels, mostly the same in all
    images, and batch norm divides the rounding of their zero variance by sqrt(eps), layer after layer.
    """

    def make(model: str, **more: Any) -> list[str]:
        return [*settings(model, size=64 if model == "sean" else 32, **more), "trainer.precision=64-true"]

    return make


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Use one thread, like the processes that `runs` starts: the number of threads changes the rounding of sums."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
