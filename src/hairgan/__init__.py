"""hairgan: train, evaluate and run GANs that edit hair.

    from hairgan import Salon

The package is plain PyTorch: it imports neither Lightning nor Hydra nor wandb. Public names (docs/api.md) are imported
when they are first used, so that command-line tools answer at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from hairgan.editing.salon import Salon
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "Salon": "editing.salon:Salon",
        },
    )

__all__ = [
    "Salon",
]
__version__ = "0.2.0"
