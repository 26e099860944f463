"""What can be set, checked before anything heavy is imported: nothing in here needs torch or Lightning.

A group of settings is a class with an annotation per setting; `targets` finds it by the `_target_` of the config.
`validation` checks values against it and writes the message for a value that is refused. All of this is imported when
something is checked: help and completion do not wait for pydantic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hairgan.lazy import lazy_names

if TYPE_CHECKING:
    from lightning_modules.launch.settings.config_tree import enabled_components, targets_of
    from lightning_modules.launch.settings.consistency import check_derived
    from lightning_modules.launch.settings.current_names import use_current_names
    from lightning_modules.launch.settings.evaluation import check_evaluation, check_evaluation_of_runs
    from lightning_modules.launch.settings.sweep import check_sweep
    from lightning_modules.launch.settings.trainer import choose_strategy
    from lightning_modules.launch.settings.training import check_run_config, check_training
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "check_derived": "consistency:check_derived",
            "check_evaluation": "evaluation:check_evaluation",
            "check_evaluation_of_runs": "evaluation:check_evaluation_of_runs",
            "check_run_config": "training:check_run_config",
            "check_sweep": "sweep:check_sweep",
            "check_training": "training:check_training",
            "choose_strategy": "trainer:choose_strategy",
            "enabled_components": "config_tree:enabled_components",
            "targets_of": "config_tree:targets_of",
            "use_current_names": "current_names:use_current_names",
        },
    )

__all__ = [
    "check_derived",
    "check_evaluation",
    "check_evaluation_of_runs",
    "check_run_config",
    "check_sweep",
    "check_training",
    "choose_strategy",
    "enabled_components",
    "targets_of",
    "use_current_names",
]
