"""Procedural portraits: drawn people with exact label maps, in which any person can wear any hair.

`portrait(seed, index, size)` draws one person of an endless set; `draw(Identity.sample(seed, i), Hairstyle.sample(seed,
j), size)` draws person `i` with hairstyle `j`. The same arguments give the same bytes.
"""

from hairgan.portraits.hair import SHADOW_REACH
from hairgan.portraits.hairstyle import Hairstyle
from hairgan.portraits.identity import Identity
from hairgan.portraits.render import Portrait, draw, portrait

__all__ = ["SHADOW_REACH", "Hairstyle", "Identity", "Portrait", "draw", "portrait"]
