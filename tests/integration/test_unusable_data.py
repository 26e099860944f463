"""Data that lacks what training needs is refused before the first step, in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightning_modules.base import PhasedModule
from lightning_modules.launch.errors import one_sentence
from lightning_modules.launch.training import train
from tests.integration.conftest import SMALL

COMPLETE = {"train/a": 3, "train/b": 3, "val/a": 2, "val/b": 2}
SMALL_STARGAN = ["model=stargan", "model.generator.w_hpf=0", *SMALL["stargan"][1:4]]
METRICS = ["callbacks.generative_metrics.every_n_steps=2", "+callbacks.generative_metrics.num_outputs=2"]


@pytest.fixture
def photos(tmp_path: Path) -> Callable[[Mapping[str, int]], Path]:
    """Makes folders with the given numbers of photos."""

    def make(counts: Mapping[str, int]) -> Path:
        rng = np.random.default_rng(0)
        for folder, count in counts.items():
            (tmp_path / "photos" / folder).mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "photos" / folder / f"{number}.png")
        return tmp_path / "photos"

    return make


@pytest.fixture
def refusal(compose_config, monkeypatch) -> Callable[..., str]:
    """Starts a run that must be refused before its first step; returns the message."""

    def step(*_: object) -> None:
        raise AssertionError("a step was taken")

    monkeypatch.setattr(PhasedModule, "training_step", step)

    def message(root: Path, *overrides: str) -> str:
        small = ["image_size=32", "batch_size=4", "steps=2", "callbacks.sample_grids=null", "data.workers=0"]
        with pytest.raises(Exception) as raised:
            train(compose_config(*overrides, "data=image_folder", f"data.root={root}", *small))
        sentence = one_sentence(raised.value)
        assert sentence is not None and "\n" not in sentence, raised.value
        return sentence

    return message


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"val/b": 0},
            "generative_metrics needs an image of each domain in the split 'val', where b has none",
        ),
        ({"train/b": 1}, "needs 2 images or more of each domain in the split 'train', where b has 1"),
        ({"train/b": 0, "val/b": 0}, "needs two domains or more, and there is only a"),
    ],
)
def test_domains_that_cannot_be_evaluated_are_named(changed, sentence, photos, refusal):
    root = photos({name: count for name, count in (COMPLETE | changed).items() if count})
    message = refusal(root, *SMALL_STARGAN, *METRICS)
    assert sentence in message and message.endswith("callbacks.generative_metrics=null trains without it")


def test_lpips_needs_several_outputs(photos, refusal):
    message = refusal(photos(COMPLETE), *SMALL_STARGAN, "+callbacks.generative_metrics.num_outputs=1")
    assert "num_outputs must be 2 or more for lpips" in message


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["model=hair_classifier"],
            "AttributeBatches needs images of which bangs, length, texture, color,",
        ),
        (
            ["model=face_parser", *SMALL["face_parser"][:2]],
            "ParsingBatches needs label maps to learn from, and the dataset has none",
        ),
        (["model=sean"], "SEANModule needs label maps to paint from, and the dataset has none"),
        (["model=stargan", *SMALL["stargan"][1:]], "StarGANv2Module needs label maps to make masks of"),
    ],
)
def test_a_model_names_what_its_data_lacks(overrides, sentence, photos, refusal):
    assert sentence in refusal(photos(COMPLETE), *overrides)


def test_missing_label_maps_are_reported_before_an_empty_validation_split(photos, refusal):
    assert "label maps" in refusal(photos({"train/a": 3, "train/b": 3, "test/a": 2}), "model=sean")


def test_skipped_images_are_reported(photos, compose_config, capsys):
    root = photos(COMPLETE)
    (root / "train" / "a" / "broken.jpg").write_text("no photo")
    small = ["image_size=32", "batch_size=4", "steps=1", "callbacks=none", "data.workers=0", "dry_run=true"]
    train(compose_config(*SMALL_STARGAN[:5], "data=image_folder", f"data.root={root}", *small))
    assert (
        "  skipped  1 of 11 images (9%) cannot be used:\n             unreadable image 1: train/a/broken.jpg"
        in capsys.readouterr().out
    )
