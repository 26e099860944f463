"""Lightning's messages: which are shown, and where."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

OWN_FOLDERS = tuple(Path(__file__).resolve().parents[2] / name for name in ("lightning_modules", "datamodules"))
LOGGERS = ("pytorch_lightning", "lightning_fabric")


def keep_lightning_apart() -> None:
    """Let Lightning's messages go to stderr as they are; Hydra's log would show them on stdout, with time and level.

    Call it before Hydra sets up logging. Lightning itself does this only if it is imported before Hydra's start.
    """
    for logger in map(logging.getLogger, LOGGERS):
        if not logger.handlers:
            logger.addHandler(logging.StreamHandler())
            logger.propagate = False


def silence_lightning() -> None:
    """Hide information messages of Lightning, and its warnings about intended settings."""
    for name in (*LOGGERS, "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in (
        "does not have many workers",
        "smaller than the logging interval",
        "treespec",
        "_register_pytree_node",
        "have no `validation_step`",
        "in eval mode at the start",
        "recommended to use `self.log.*sync_dist",  # what is logged was computed over all processes
    ):
        warnings.filterwarnings("ignore", message=f".*{message}.*")


def show_own_warnings_plainly() -> None:
    """Print a warning of hairgan's own training code as a sentence, without the file and line where it arose."""
    usual = warnings.formatwarning

    def formatted(message: Any, category: Any, filename: str, *rest: Any, **more: Any) -> str:
        if category is UserWarning and any(Path(filename).is_relative_to(folder) for folder in OWN_FOLDERS):
            return f"warning: {message}\n"
        return usual(message, category, filename, *rest, **more)

    warnings.formatwarning = formatted
