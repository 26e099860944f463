"""One LightningModule per model, on a common base.

Modules are imported on first use: checking settings (`lightning_modules.launch.settings`) needs neither torch nor
Lightning.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_modules.face_parser import FaceParserModule
    from lightning_modules.hair_classifier import HairClassifierModule
    from lightning_modules.hair_layout import HairLayoutModule
    from lightning_modules.sean import SEANModule
    from lightning_modules.stargan import StarGANv2Module

__all__ = ["FaceParserModule", "HairClassifierModule", "HairLayoutModule", "SEANModule", "StarGANv2Module"]

_MODULES = {
    "FaceParserModule": "face_parser",
    "HairClassifierModule": "hair_classifier",
    "HairLayoutModule": "hair_layout",
    "SEANModule": "sean",
    "StarGANv2Module": "stargan",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
