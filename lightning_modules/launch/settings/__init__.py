"""What can be set, checked before anything heavy is imported: nothing in here needs torch or Lightning.

A group of settings is a class with an annotation for each setting (`parts`, `training`, `evaluation`, `sweeping`);
`kinds` says what values there are, and makes the sentence that refuses another.
"""

from lightning_modules.launch.settings.current_names import use_current_names
from lightning_modules.launch.settings.evaluation import check_evaluation
from lightning_modules.launch.settings.sweeping import check_sweep
from lightning_modules.launch.settings.training import (
    check_filled_in,
    check_run_config,
    check_training,
    choose_strategy,
    parts_of,
    targets_of,
)

__all__ = [
    "check_evaluation",
    "check_filled_in",
    "check_run_config",
    "check_sweep",
    "check_training",
    "choose_strategy",
    "parts_of",
    "targets_of",
    "use_current_names",
]
