"""What is where in a run directory; without PyTorch, so that a mistyped path is said at once."""

from __future__ import annotations

from pathlib import Path

CONFIG = "config.yaml"


def config_file(run: str | Path) -> Path:
    """The resolved config of a run.

    Raises:
        ValueError: the folder is not a run directory.
    """
    file = Path(run) / CONFIG
    if not file.is_file():
        raise ValueError(f"{run} is not a run directory: there is no {CONFIG} in it")
    return file
