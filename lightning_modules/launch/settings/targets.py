"""The settings of what a config builds, found by its `_target_`.

The classes named here are checked in full. A class of the user's own takes whatever settings it is given.
"""

from __future__ import annotations

from lightning_modules.launch.settings import callbacks, data, loggers, modules, networks, optimizers
from lightning_modules.launch.settings.validation import Settings

TARGETS: dict[str, type[Settings]] = (
    networks.TARGETS | modules.TARGETS | optimizers.TARGETS | data.TARGETS | callbacks.TARGETS | loggers.TARGETS
)
"""`_target_` -> its settings."""


def settings_of(target: str) -> type[Settings] | None:
    """The settings of a target; None for a class of the user's own."""
    other = optimizers.AnyOptimizer if target.startswith("torch.optim.") else None
    return TARGETS.get(target, other)
