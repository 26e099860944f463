"""Warnings of the training code are sentences."""

from __future__ import annotations

import warnings

import lightning_modules.base
from lightning_modules.launch.log_filters import show_own_warnings_plainly


def test_only_own_warnings_lose_the_place_where_they_arose(monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    show_own_warnings_plainly()
    own = warnings.formatwarning("too slow", UserWarning, lightning_modules.base.__file__, 3)
    other = warnings.formatwarning("too slow", UserWarning, "/elsewhere/module.py", 3)
    assert own == "warning: too slow\n"
    assert other.startswith("/elsewhere/module.py:3: UserWarning: too slow")
