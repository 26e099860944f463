"""Photos: list them in folders, open, align and parse them, and write them back with their profile and EXIF.

Only `parser`, `classifier`, `faces` and `network_images` import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.photos.alignment import Alignment
    from hairgan.photos.classifier import HairAttributeClassifier
    from hairgan.photos.face_finders import default_finder
    from hairgan.photos.faces import align_face
    from hairgan.photos.listing import list_photos
    from hairgan.photos.opening import open_photo
    from hairgan.photos.parser import FaceParser
    from hairgan.photos.photo import Photo
    from hairgan.photos.saving import save_photo
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Alignment": "alignment:Alignment",
            "FaceParser": "parser:FaceParser",
            "HairAttributeClassifier": "classifier:HairAttributeClassifier",
            "Photo": "photo:Photo",
            "align_face": "faces:align_face",
            "default_finder": "face_finders:default_finder",
            "list_photos": "listing:list_photos",
            "open_photo": "opening:open_photo",
            "save_photo": "saving:save_photo",
        },
    )

__all__ = [
    "Alignment",
    "FaceParser",
    "HairAttributeClassifier",
    "Photo",
    "align_face",
    "default_finder",
    "list_photos",
    "open_photo",
    "save_photo",
]
