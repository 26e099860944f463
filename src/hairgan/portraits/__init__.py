"""Procedural portraits: drawn people with exact label maps, in which any person can wear any hair.

`portrait(seed, index, size)` draws one person of an endless set; `draw(Identity.sample(seed, i), Hairstyle.sample(seed,
j), size)` draws person `i` with hairstyle `j`. The same arguments give the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.portraits.hair import SHADOW_REACH
    from hairgan.portraits.hairstyle import Hairstyle
    from hairgan.portraits.identity import Identity
    from hairgan.portraits.render import Portrait, draw, portrait
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "SHADOW_REACH": "hair:SHADOW_REACH",
            "Hairstyle": "hairstyle:Hairstyle",
            "Identity": "identity:Identity",
            "Portrait": "render:Portrait",
            "draw": "render:draw",
            "portrait": "render:portrait",
        },
    )

__all__ = [
    "SHADOW_REACH",
    "Hairstyle",
    "Identity",
    "Portrait",
    "draw",
    "portrait",
]
