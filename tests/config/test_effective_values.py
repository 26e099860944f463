"""Models and experiments keep the values of `effective_values.yaml`."""

from __future__ import annotations

import pytest
import yaml

from tests.config import effective_values

MONITORS = {
    "model=stargan": None,  # it logs no validation losses; callbacks measure metrics/...
    "model=sean": "val/ssim",
    "model=face_parser": "val/mean_iou",
    "model=hair_classifier": "val/mean_accuracy",
    "experiment=salon_sean": "val/ssim",
    "experiment=portraits_parser": "val/mean_iou",
    "experiment=portraits_classifier": "val/mean_accuracy",
}


@pytest.mark.parametrize("choice", MONITORS)
def test_the_best_checkpoint_is_chosen_by_the_models_metric(choice):
    values = effective_values.effective(choice)
    assert values["callbacks.checkpoints.monitor"] == MONITORS[choice]
    assert values["callbacks.checkpoints.keep"] == 2, "the other settings of the group are kept"


def test_models_and_experiments_keep_their_values():
    known, now = yaml.safe_load(effective_values.FILE.read_text()), effective_values.table()
    changed = [
        f"{choice}: {name} is {_shown(now, choice, name)}, was {_shown(known, choice, name)}"
        for choice in known | now
        for name in known.get(choice, {}) | now.get(choice, {})
        if _shown(known, choice, name) != _shown(now, choice, name)
    ]
    assert not changed, "\n".join([*changed, "If that is intended: python -m tests.config.effective_values"])


def _shown(table: dict[str, effective_values.Values], choice: str, name: str) -> str:
    values = table.get(choice, {})
    return repr(values[name]) if name in values else "not set"
