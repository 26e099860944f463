"""Label folders of photos with label maps, attributes and domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.labelling.folder import label_folder
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "label_folder": "folder:label_folder",
        },
    )

__all__ = [
    "label_folder",
]
