"""Filters for Lightning's messages."""

from __future__ import annotations

import logging
import warnings


def silence_lightning() -> None:
    """Hide information messages of Lightning, and its warnings about intended settings."""
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric"):
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
