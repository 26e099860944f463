"""Weights: published files, bundles and runs, all read without running anything in them.

    from hairgan.weights import from_official, load_bundle, networks_from_run

Names are imported when they are asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hairgan.weights.bundles import Bundle, load_bundle, save_bundle
    from hairgan.weights.cards import read_card
    from hairgan.weights.collecting import collect
    from hairgan.weights.official import from_official
    from hairgan.weights.official_files import import_files
    from hairgan.weights.runs import networks_from_run
    from hairgan.weights.trusted import trust, trusting

_PUBLIC = {
    "Bundle": "bundles",
    "collect": "collecting",
    "from_official": "official",
    "import_files": "official_files",
    "load_bundle": "bundles",
    "networks_from_run": "runs",
    "read_card": "cards",
    "save_bundle": "bundles",
    "trust": "trusted",
    "trusting": "trusted",
}
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


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
