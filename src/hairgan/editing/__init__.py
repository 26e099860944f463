"""The salon: dye, restyle, and hair as a layer that is pasted back into the photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.editing.color import parse_color
    from hairgan.editing.edit import Edit
    from hairgan.editing.references import Mix
    from hairgan.editing.salon import Salon
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Edit": "edit:Edit",
            "Mix": "references:Mix",
            "Salon": "salon:Salon",
            "parse_color": "color:parse_color",
        },
    )

__all__ = [
    "Edit",
    "Mix",
    "Salon",
    "parse_color",
]
