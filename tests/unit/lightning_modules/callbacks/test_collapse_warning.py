"""The warning about a discriminator with almost no loss."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import pytest

from lightning_modules.callbacks import CollapseWarning


def test_a_discriminator_with_almost_no_loss_gives_one_warning():
    callback = CollapseWarning(patience=3, threshold=0.02)

    def steps(*losses: tuple[float, float]) -> None:
        for real, fake in losses:
            module.checked_step += 1
            module.checked_logs = {"d/real": real, "d/fake": fake, "g/adv": 9.0}
            callback.on_train_batch_end(None, module)  # type: ignore[arg-type]

    module = SimpleNamespace(checked_step=0, checked_logs={})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        steps((0.01, 0.01), (0.01, 0.01), (0.01, 0.5), (0.01, 0.01), (0.0, 0.0))
    with pytest.warns(UserWarning, match="since step 4 the discriminator"):
        steps((0.01, 0.01))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        steps((0.01, 0.01), (0.01, 0.01))
