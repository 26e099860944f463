"""Weights: published files, bundles and runs, all read without running anything in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.weights.bundles import Bundle, load_bundle, save_bundle
    from hairgan.weights.cards import read_card
    from hairgan.weights.collecting import collect
    from hairgan.weights.official import from_official
    from hairgan.weights.official_files import import_files
    from hairgan.weights.runs import networks_from_run
    from hairgan.weights.trusted import trust, trusting
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Bundle": "bundles:Bundle",
            "collect": "collecting:collect",
            "from_official": "official:from_official",
            "import_files": "official_files:import_files",
            "load_bundle": "bundles:load_bundle",
            "networks_from_run": "runs:networks_from_run",
            "read_card": "cards:read_card",
            "save_bundle": "bundles:save_bundle",
            "trust": "trusted:trust",
            "trusting": "trusted:trusting",
        },
    )

__all__ = [
    "Bundle",
    "collect",
    "from_official",
    "import_files",
    "load_bundle",
    "networks_from_run",
    "read_card",
    "save_bundle",
    "trust",
    "trusting",
]
