"""Lightning's messages: which are shown, and where."""

from __future__ import annotations

import logging
import warnings

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
